/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/import.h"

#include "scep/change.h"
#include "scep/profile_row.h"
#include "ctl/plan.h"
#include "ctl/revision.h"
#include "ctl/value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE (2 * VALUE_TEXT + 100)
/* Tries of a Set that was neither made nor clearly refused. */
#define TRIES 5
/* A single profile with all values at their longest needs some 6,000. */
#define ROOM_MIN 8000

/* The end of a Set. */
enum verdict {
	SET_MADE,
	SET_REFUSED,
	SET_TOO_BIG,
	SET_ENDED, /* it was not sent: the import was asked to end */
	SET_MIXED, /* the device is neither as before nor as after it */
	SET_GONE,  /* the device has not come back */
	SET_SHORT, /* of memory */
};

struct import {
	const struct import_device *device;
	struct device_state state; /* as it was read last */
	struct snapshot wanted;	   /* the file, as the device can have it */
	struct snapshot original;
	struct snapshot model;	 /* what the device has, as far as is known */
	struct snapshot written; /* the same if an uncertain Set was made */
	uint32_t lock;
	bool is_restoring;
	struct reason reason;
};

static void import_free(struct import *import)
{
	device_state_free(&import->state);
	snapshot_free(&import->wanted);
	snapshot_free(&import->original);
	snapshot_free(&import->model);
	snapshot_free(&import->written);
}

__attribute__((format(printf, 2, 3))) static void
import_say(struct import *import, const char *format, ...)
{
	char line[LINE];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	import->device->say(import->device->context, line);
}

/* --------------------------------------------------------------- reading -- */

static bool import_read(struct import *import)
{
	device_state_free(&import->state);
	return import->device->read(import->device->context, &import->state,
				    &import->reason);
}

/* Reads a device, and waits for it if it does not answer. */
static bool import_read_patiently(struct import *import)
{
	for (unsigned attempt = 0; !import_read(import); attempt++)
		if (!import->device->wait(import->device->context, attempt))
			return false;
	return true;
}

/* Returns whether the device has just this, apart from what a restart removes.
 */
static bool has_just(struct import *import, const struct snapshot *expected)
{
	struct snapshot found = {0}, wanted = {0};
	bool is_same;

	is_same = snapshot_copy(&found, &import->state.snapshot) &&
		  snapshot_copy(&wanted, expected);
	snapshot_drop_volatile(&found);
	snapshot_drop_volatile(&wanted);
	is_same = is_same && snapshot_is_same(&found, &wanted);
	snapshot_free(&found);
	snapshot_free(&wanted);
	return is_same;
}

/* ----------------------------------------------------------------- a Set -- */

/* RFC 2579, TestAndIncr */
static uint32_t lock_after(uint32_t lock)
{
	return lock == INT32_MAX ? 0 : lock + 1;
}

static void note_foreign(void *context, enum scep_field field, uint32_t index,
			 const struct scep_value *before,
			 const struct scep_value *after)
{
	struct import *import = context;
	char name[SNAPSHOT_NAME];

	(void)before;
	(void)after;
	reason_set(&import->reason, "another manager has changed %s meanwhile",
		   snapshot_name(field, index, name));
}

/*
 * Finds out by reading what became of a Set that was not clearly answered.
 * Returns SET_MIXED if the device has neither what it had nor what the Set
 * makes of it.
 */
static enum verdict import_find_out(struct import *import,
				    const struct snapshot *after,
				    bool *was_made)
{
	*was_made = false;
	if (!import_read_patiently(import))
		return SET_GONE;
	import->lock = import->state.lock;
	if (has_just(import, after)) {
		*was_made = true;
		return SET_MADE;
	}
	if (has_just(import, &import->model))
		return SET_MADE;
	reason_set(&import->reason,
		   "another manager has changed profiles meanwhile");
	snapshot_differences(&import->model, &import->state.snapshot,
			     note_foreign, import);
	return SET_MIXED;
}

static void note_refusal(struct import *import,
			 const struct scep_change *change,
			 const struct answer *answer)
{
	const struct scep_item *item = &change->items[answer->item];
	char name[SNAPSHOT_NAME];
	char text[VALUE_TEXT];

	if (answer->item >= change->count)
		reason_set(&import->reason, "%.200s", answer->reason.text);
	else
		reason_set(&import->reason, "%s = %.100s: %.300s",
			   snapshot_name(item->field, item->index, name),
			   value_print(item->field, &item->value, text),
			   answer->reason.text);
}

static enum verdict set_until_known(struct import *import,
				    const struct scep_change *change,
				    const struct snapshot *after)
{
	const struct import_device *device = import->device;
	struct answer answer;
	bool was_made;

	for (unsigned tries = 1;; tries++) {
		enum verdict verdict;

		if (!import->is_restoring && device->is_ended(device->context))
			return SET_ENDED;
		device->set(device->context, import->lock, change, &answer);
		note_refusal(import, change, &answer);
		switch (answer.kind) {
		case ANSWER_DONE:
			import->lock = lock_after(import->lock);
			return SET_MADE;
		case ANSWER_REFUSED:
			return SET_REFUSED;
		case ANSWER_TOO_BIG:
			return SET_TOO_BIG;
		case ANSWER_LOCKED:
		case ANSWER_NOBODY:
		case ANSWER_UNCERTAIN:
			break;
		}
		verdict = import_find_out(import, after, &was_made);
		if (verdict != SET_MADE || was_made)
			return verdict;
		/* Nothing was done, and nothing else has changed. */
		if (tries == TRIES) {
			note_refusal(import, change, &answer);
			return SET_REFUSED;
		}
	}
}

static enum verdict import_make_set(struct import *import,
				    const struct scep_change *change)
{
	struct snapshot after = {0};
	enum verdict verdict = SET_SHORT;

	if (snapshot_copy(&after, &import->model) &&
	    snapshot_apply(&after, change) &&
	    snapshot_copy(&import->written, &after))
		verdict = set_until_known(import, change, &after);
	/* Only now the Set is known to be made; until then it may be. */
	if (verdict == SET_MADE && !snapshot_copy(&import->model, &after))
		verdict = SET_SHORT;
	snapshot_free(&after);
	return verdict;
}

static enum verdict import_make_sets(struct import *import,
				     const struct plan *plan)
{
	enum verdict verdict = SET_MADE;

	for (size_t i = 0; verdict == SET_MADE && i < plan->count; i++)
		verdict = import_make_set(import, &plan->sets[i]);
	return verdict;
}

/* ------------------------------------------------------------- restoring -- */

/* Returns whether this import has set that value, or may have set it. */
static bool is_ours(const struct import *import, enum scep_field field,
		    uint32_t index, const struct scep_value *is)
{
	const struct scep_value *known =
	    snapshot_get(&import->model, field, index);
	const struct scep_value *uncertain =
	    snapshot_get(&import->written, field, index);

	return (known && value_is_same(field, known, is)) ||
	       (uncertain && value_is_same(field, uncertain, is));
}

/* Returns whether this import has changed the value, or may have changed it. */
static bool is_touched(const struct import *import, enum scep_field field,
		       uint32_t index, const struct scep_value *was)
{
	const struct scep_value *known =
	    snapshot_get(&import->model, field, index);
	const struct scep_value *uncertain =
	    snapshot_get(&import->written, field, index);

	return (known && !value_is_same(field, known, was)) ||
	       (uncertain && !value_is_same(field, uncertain, was));
}

/* Restores the value that the device had, if it has ours. */
static void restore_value(struct import *import, struct snapshot *back,
			  enum scep_field field, uint32_t index)
{
	const struct scep_value *was =
	    snapshot_get(&import->original, field, index);
	const struct scep_value *is =
	    snapshot_get(&import->state.snapshot, field, index);
	char name[SNAPSHOT_NAME];

	if (!was || !is || value_is_same(field, was, is) ||
	    !is_touched(import, field, index, was))
		return;
	if (is_ours(import, field, index, is))
		snapshot_put(back, field, index, was);
	else
		import_say(
		    import,
		    "%s: another manager has changed it meanwhile; it stays",
		    snapshot_name(field, index, name));
}

/* Returns whether a row is just as it was written, so that it can go. */
static bool is_our_row(const struct import *import, uint32_t index)
{
	for (size_t i = 0; i < object_count; i++) {
		enum scep_field field = objects[i].field;
		const struct scep_value *is =
		    snapshot_object(field)
			? snapshot_get(&import->state.snapshot, field, index)
			: NULL;

		if (is && !is_ours(import, field, index, is))
			return false;
	}
	return true;
}

/* Works out what is to be set so that the device has what it had. */
static bool restore_all(struct import *import, struct snapshot *back)
{
	static const struct scep_value gone = {.number = SCEP_ROW_DESTROY};

	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++) {
		if (!import->state.snapshot.row[index] ||
		    !import->written.row[index])
			continue;
		if (!snapshot_add_row(back, index))
			return false;
		if (!import->original.row[index] && is_our_row(import, index))
			snapshot_put(back, SCEP_PROFILE_ROW_STATUS, index,
				     &gone);
		else if (!import->original.row[index])
			import_say(import,
				   "profile %" PRIu32
				   ": another manager has changed "
				   "it meanwhile; it stays",
				   index);
		for (size_t i = 0; i < object_count; i++)
			if (snapshot_object(objects[i].field))
				restore_value(import, back, objects[i].field,
					      index);
	}
	return true;
}

/* Says what could not be restored. */
static void say_unrestored(void *context, enum scep_field field, uint32_t index,
			   const struct scep_value *before,
			   const struct scep_value *after)
{
	char name[SNAPSHOT_NAME];
	char was[VALUE_TEXT];
	char is[VALUE_TEXT];

	if (field == SCEP_PROFILE_ROW_STATUS &&
	    after->number == SCEP_ROW_DESTROY)
		import_say(context,
			   "not put back: profile %" PRIu32 " is still there",
			   index);
	else if (before)
		import_say(context, "not put back: %s: %s, was %s",
			   snapshot_name(field, index, name),
			   value_print(field, before, is),
			   value_print(field, after, was));
}

static enum import_outcome import_restore_to(struct import *import,
					     struct snapshot *back, size_t room)
{
	struct plan plan;
	enum verdict verdict;

	if (!plan_make(&import->state.snapshot, back, room, &plan))
		return IMPORT_PARTLY;
	if (plan.count == 0)
		return IMPORT_ABSENT;
	import_say(import, "putting back what was set");
	verdict = import_make_sets(import, &plan);
	plan_free(&plan);
	if (verdict != SET_MADE)
		import_say(import, "putting back: %s", import->reason.text);
	if (verdict == SET_GONE || !import_read_patiently(import))
		return IMPORT_PARTLY;
	/* A row that is gone cannot get its old values back. */
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++)
		if (!import->state.snapshot.row[index])
			snapshot_remove_row(back, index);
	return snapshot_differences(&import->state.snapshot, back,
				    say_unrestored, import)
		   ? IMPORT_PARTLY
		   : IMPORT_ABSENT;
}

static enum import_outcome import_restore(struct import *import, size_t room)
{
	enum import_outcome outcome = IMPORT_PARTLY;
	struct snapshot back = {0};

	import->is_restoring = true;
	/* Nothing was sent: there is nothing to read either. */
	if (!import->written.row[0])
		return IMPORT_ABSENT;
	if (!import_read_patiently(import)) {
		import_say(import, "%s", import->reason.text);
		return IMPORT_PARTLY;
	}
	import->lock = import->state.lock;
	/* From here on the Sets start from what the device has now. */
	if (restore_all(import, &back) &&
	    snapshot_copy(&import->model, &import->state.snapshot))
		outcome = import_restore_to(import, &back, room);
	snapshot_free(&back);
	import->is_restoring = false;
	return outcome;
}

/* ------------------------------------------------------------ the import -- */

static void import_warn(struct import *import, const struct plan *plan,
			const struct snapshot *after)
{
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++) {
		if (plan->disables[index] && import->state.has_challenge[index])
			import_say(
			    import,
			    "warning: scepAutoEnable.%u turns false%s, which "
			    "wipes scepAutoChallengePassword.%u: give it anew",
			    index,
			    plan->enables_last[index] ? " for a while" : "",
			    index);
		else if (snapshot_number(after, SCEP_AUTO_ENABLE, index, 0) &&
			 !snapshot_number(&import->state.snapshot,
					  SCEP_AUTO_ENABLE, index, 0) &&
			 !import->state.has_challenge[index])
			import_say(import,
				   "note: scepAutoEnable.%u turns true and "
				   "scepAutoChallengePassword.%u is not set",
				   index, index);
	}
}

/* Plans, warns, and judges what can be judged before the first Set. */
static bool import_prepare(struct import *import, const struct snapshot *file,
			   size_t room, bool is_dry, struct plan *plan)
{
	struct snapshot after = {0};
	const char *uses = import->state.uses ? import->state.uses : "";
	bool is_good;

	if (!revision_has_objects(&import->state, file, &import->reason))
		return false;
	if (!plan_make(&import->state.snapshot, file, room, plan)) {
		reason_set(&import->reason, "memory is short");
		return false;
	}
	is_good = snapshot_copy(&after, &import->state.snapshot);
	for (size_t i = 0; is_good && i < plan->count; i++)
		is_good = snapshot_apply(&after, &plan->sets[i]);
	if (!is_good)
		reason_set(&import->reason, "memory is short");
	is_good = is_good &&
		  plan_is_ready(plan, &after, uses, &import->reason) &&
		  (!is_dry ||
		   plan_is_acceptable(plan, &after, uses, &import->reason));
	if (is_good)
		import_warn(import, plan, &after);
	else
		plan_free(plan);
	snapshot_free(&after);
	return is_good;
}

static bool is_as_wanted(struct import *import, const struct snapshot *file)
{
	if (!import_read_patiently(import))
		return false;
	reason_set(&import->reason, "not all was taken over");
	return snapshot_differences(&import->state.snapshot, file, note_foreign,
				    import) == 0;
}

static enum verdict import_attempt(struct import *import,
				   const struct snapshot *file, size_t room)
{
	enum verdict verdict = SET_REFUSED;
	struct plan plan;

	if (!revision_fit(&import->state, file, &import->wanted))
		return SET_SHORT;
	file = &import->wanted;
	if (!import_prepare(import, file, room, false, &plan))
		return SET_REFUSED;
	import->lock = import->state.lock;
	snapshot_free(&import->written);
	if (snapshot_copy(&import->original, &import->state.snapshot) &&
	    snapshot_copy(&import->model, &import->state.snapshot))
		verdict = import_make_sets(import, &plan);
	if (verdict == SET_MADE && plan.count > 0 &&
	    !is_as_wanted(import, file))
		verdict = SET_MIXED;
	plan_free(&plan);
	return verdict;
}

/* Says what a second import mends only if its file names it. */
static void say_unknown(struct import *import)
{
	import_say(import,
		   "nobody knows what of it is set: run the import again");
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++)
		if (snapshot_number(&import->original, SCEP_AUTO_ENABLE, index,
				    0) &&
		    !(snapshot_number(&import->model, SCEP_AUTO_ENABLE, index,
				      0) &&
		      snapshot_number(&import->written, SCEP_AUTO_ENABLE, index,
				      0)))
			import_say(
			    import,
			    "scepAutoEnable.%u was true and may be false now",
			    index);
}

static const char *reason_of(struct import *import, enum verdict verdict)
{
	switch (verdict) {
	case SET_ENDED:
		return "asked to end";
	case SET_SHORT:
		return "memory is short";
	case SET_MADE:
	case SET_REFUSED:
	case SET_TOO_BIG:
	case SET_MIXED:
	case SET_GONE:
		break;
	}
	return import->reason.text;
}

enum import_outcome import_run(const struct import_device *device,
			       const struct snapshot *file, size_t room)
{
	struct import import = {.device = device};
	enum import_outcome outcome = IMPORT_ABSENT;
	enum verdict verdict;

	for (;; room /= 2) {
		if (!import_read(&import)) {
			import_say(&import, "%s", import.reason.text);
			break;
		}
		verdict = import_attempt(&import, file, room);
		if (verdict == SET_MADE) {
			outcome = IMPORT_MADE;
			break;
		}
		if (verdict != SET_TOO_BIG || room / 2 < ROOM_MIN)
			import_say(&import, "%s", reason_of(&import, verdict));
		if (verdict == SET_GONE) {
			say_unknown(&import);
			outcome = IMPORT_PARTLY;
			break;
		}
		outcome = import_restore(&import, room);
		if (outcome != IMPORT_ABSENT || verdict != SET_TOO_BIG ||
		    room / 2 < ROOM_MIN)
			break;
	}
	import_free(&import);
	return outcome;
}

/* -------------------------------------------------------------- dry import --
 */

static void say_difference(void *context, enum scep_field field, uint32_t index,
			   const struct scep_value *before,
			   const struct scep_value *after)
{
	struct import *import = context;
	char name[SNAPSHOT_NAME];
	char old[VALUE_TEXT] = "(none)";
	char new[VALUE_TEXT];
	char line[LINE];

	snprintf(line, sizeof(line), "%s: %s -> %s",
		 snapshot_name(field, index, name),
		 before ? value_print(field, before, old) : old,
		 value_print(field, after, new));
	import->device->print(import->device->context, line);
}

bool import_compare(const struct import_device *device,
		    const struct snapshot *file)
{
	struct import import = {.device = device};
	bool is_good = import_read(&import);
	struct plan plan;

	if (is_good && !revision_fit(&import.state, file, &import.wanted))
		is_good = reason_set(&import.reason, "memory is short");
	if (is_good) {
		snapshot_differences(&import.state.snapshot, &import.wanted,
				     say_difference, &import);
		is_good = import_prepare(&import, &import.wanted, IMPORT_ROOM,
					 true, &plan);
	}
	if (is_good)
		plan_free(&plan);
	else
		import_say(&import, "%s", import.reason.text);
	import_free(&import);
	return is_good;
}
