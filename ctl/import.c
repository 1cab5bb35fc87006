/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/import.h"

#include "scep/change.h"
#include "scep/profile_row.h"
#include "ctl/plan.h"
#include "ctl/value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE (2 * VALUE_TEXT + 100)
/* How often a Set is tried that was not made and not clearly refused. */
#define TRIES 5
/* A single profile with all values at their longest needs some 6,000. */
#define ROOM_MIN 8000

/* How a Set ended. */
enum verdict {
	SET_MADE,
	SET_REFUSED,
	SET_TOO_BIG,
	SET_ENDED, /* it was told to end before it */
	SET_MIXED, /* the device is neither as before nor as after it */
	SET_LOST,  /* the device has not come back */
	SET_SHORT, /* of memory */
};

struct run {
	const struct import_device *device;
	struct reading reading; /* the last one */
	struct snapshot original;
	struct snapshot model; /* what the device has, as far as it is known */
	struct snapshot written; /* the same if what is uncertain was made */
	uint32_t lock;
	bool is_backwards;
	char reason[ANSWER_REASON];
};

void reading_free(struct reading *reading)
{
	snapshot_free(&reading->snapshot);
	free(reading->uses);
	memset(reading, 0, sizeof(*reading));
}

static void run_free(struct run *run)
{
	reading_free(&run->reading);
	snapshot_free(&run->original);
	snapshot_free(&run->model);
	snapshot_free(&run->written);
}

__attribute__((format(printf, 2, 3))) static void say(struct run *run,
						      const char *format, ...)
{
	char line[LINE];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	run->device->say(run->device->context, line);
}

/* --------------------------------------------------------------- reading -- */

static bool read_once(struct run *run)
{
	reading_free(&run->reading);
	return run->device->read(run->device->context, &run->reading,
				 run->reason);
}

/* Waits for a device that may be away. */
static bool read_patiently(struct run *run)
{
	for (unsigned attempt = 0; !read_once(run); attempt++)
		if (!run->device->wait(run->device->context, attempt))
			return false;
	return true;
}

/* Whether the device has just this, but for what a restart takes away. */
static bool has_just(struct run *run, const struct snapshot *expected)
{
	struct snapshot found = {0}, wanted = {0};
	bool is_same;

	is_same = snapshot_copy(&found, &run->reading.snapshot) &&
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
	struct run *run = context;
	char name[SNAPSHOT_NAME];

	(void)before;
	(void)after;
	snprintf(run->reason, sizeof(run->reason),
		 "another manager has changed %s meanwhile",
		 snapshot_name(field, index, name));
}

/*
 * Reads what has become of a Set that was not clearly answered.  SET_MIXED if
 * the device has neither what it had nor what the Set makes of it.
 */
static enum verdict find_out(struct run *run, const struct snapshot *after,
			     bool *was_made)
{
	*was_made = false;
	if (!read_patiently(run))
		return SET_LOST;
	run->lock = run->reading.lock;
	if (has_just(run, after)) {
		*was_made = true;
		return SET_MADE;
	}
	if (has_just(run, &run->model))
		return SET_MADE;
	snprintf(run->reason, sizeof(run->reason),
		 "another manager has changed profiles meanwhile");
	snapshot_differences(&run->model, &run->reading.snapshot, note_foreign,
			     run);
	return SET_MIXED;
}

static void note_refusal(struct run *run, const struct scep_change *change,
			 const struct answer *answer)
{
	const struct scep_item *item = &change->items[answer->item];
	char name[SNAPSHOT_NAME];
	char text[VALUE_TEXT];

	if (answer->item >= change->count)
		snprintf(run->reason, sizeof(run->reason), "%.200s",
			 answer->reason);
	else
		snprintf(run->reason, sizeof(run->reason),
			 "%s = %.100s: %.150s",
			 snapshot_name(item->field, item->index, name),
			 value_print(item->field, &item->value, text),
			 answer->reason);
}

static enum verdict set_until_known(struct run *run,
				    const struct scep_change *change,
				    const struct snapshot *after)
{
	const struct import_device *device = run->device;
	struct answer answer;
	bool was_made;

	for (unsigned tries = 1;; tries++) {
		enum verdict verdict;

		if (!run->is_backwards && device->is_ended(device->context))
			return SET_ENDED;
		device->set(device->context, run->lock, change, &answer);
		note_refusal(run, change, &answer);
		switch (answer.kind) {
		case ANSWER_DONE:
			run->lock = lock_after(run->lock);
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
		verdict = find_out(run, after, &was_made);
		if (verdict != SET_MADE || was_made)
			return verdict;
		/* Nothing was done, and nothing else has changed. */
		if (tries == TRIES) {
			note_refusal(run, change, &answer);
			return SET_REFUSED;
		}
	}
}

static enum verdict make_set(struct run *run, const struct scep_change *change)
{
	struct snapshot after = {0};
	enum verdict verdict = SET_SHORT;

	if (snapshot_copy(&after, &run->model) &&
	    snapshot_apply(&after, change) &&
	    snapshot_copy(&run->written, &after))
		verdict = set_until_known(run, change, &after);
	/* Only then it is known to be made; else it may be. */
	if (verdict == SET_MADE && !snapshot_copy(&run->model, &after))
		verdict = SET_SHORT;
	snapshot_free(&after);
	return verdict;
}

static enum verdict make_sets(struct run *run, const struct plan *plan)
{
	enum verdict verdict = SET_MADE;

	for (size_t i = 0; verdict == SET_MADE && i < plan->count; i++)
		verdict = make_set(run, &plan->sets[i]);
	return verdict;
}

/* ----------------------------------------------------------- putting back --
 */

/* Whether it is a value that we have set, or may have set. */
static bool is_ours(const struct run *run, enum scep_field field,
		    uint32_t index, const struct scep_value *is)
{
	const struct scep_value *known =
	    snapshot_get(&run->model, field, index);
	const struct scep_value *uncertain =
	    snapshot_get(&run->written, field, index);

	return (known && value_is_same(field, known, is)) ||
	       (uncertain && value_is_same(field, uncertain, is));
}

/* Whether we have set it to something else than it was, or may have. */
static bool is_touched(const struct run *run, enum scep_field field,
		       uint32_t index, const struct scep_value *was)
{
	const struct scep_value *known =
	    snapshot_get(&run->model, field, index);
	const struct scep_value *uncertain =
	    snapshot_get(&run->written, field, index);

	return (known && !value_is_same(field, known, was)) ||
	       (uncertain && !value_is_same(field, uncertain, was));
}

/* Wants the value back that the device had, if it has ours. */
static void want_back(struct run *run, struct snapshot *back,
		      enum scep_field field, uint32_t index)
{
	const struct scep_value *was =
	    snapshot_get(&run->original, field, index);
	const struct scep_value *is =
	    snapshot_get(&run->reading.snapshot, field, index);
	char name[SNAPSHOT_NAME];

	if (!was || !is || value_is_same(field, was, is) ||
	    !is_touched(run, field, index, was))
		return;
	if (is_ours(run, field, index, is))
		snapshot_put(back, field, index, was);
	else
		say(run,
		    "%s: another manager has changed it meanwhile; it stays",
		    snapshot_name(field, index, name));
}

/* Whether a row is just as it was written, so that it can go. */
static bool is_our_row(const struct run *run, uint32_t index)
{
	for (size_t i = 0; i < object_count; i++) {
		enum scep_field field = objects[i].field;
		const struct scep_value *is =
		    snapshot_object(field)
			? snapshot_get(&run->reading.snapshot, field, index)
			: NULL;

		if (is && !is_ours(run, field, index, is))
			return false;
	}
	return true;
}

/* What is to be set so that the device has what it had. */
static bool make_back(struct run *run, struct snapshot *back)
{
	static const struct scep_value gone = {.number = SCEP_ROW_DESTROY};

	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++) {
		if (!run->reading.snapshot.row[index] ||
		    !run->written.row[index])
			continue;
		if (!snapshot_add_row(back, index))
			return false;
		if (!run->original.row[index] && is_our_row(run, index))
			snapshot_put(back, SCEP_PROFILE_ROW_STATUS, index,
				     &gone);
		else if (!run->original.row[index])
			say(run,
			    "profile %" PRIu32 ": another manager has changed "
			    "it meanwhile; it stays",
			    index);
		for (size_t i = 0; i < object_count; i++)
			if (snapshot_object(objects[i].field))
				want_back(run, back, objects[i].field, index);
	}
	return true;
}

static void say_left(void *context, enum scep_field field, uint32_t index,
		     const struct scep_value *before,
		     const struct scep_value *after)
{
	char name[SNAPSHOT_NAME];
	char was[VALUE_TEXT];
	char is[VALUE_TEXT];

	if (field == SCEP_PROFILE_ROW_STATUS &&
	    after->number == SCEP_ROW_DESTROY)
		say(context, "not put back: profile %" PRIu32 " is still there",
		    index);
	else if (before)
		say(context, "not put back: %s: %s, was %s",
		    snapshot_name(field, index, name),
		    value_print(field, before, is),
		    value_print(field, after, was));
}

static enum import_outcome put_back_to(struct run *run, struct snapshot *back,
				       size_t room)
{
	struct plan plan;
	enum verdict verdict;

	if (!plan_make(&run->reading.snapshot, back, room, &plan))
		return IMPORT_PARTLY;
	if (plan.count == 0)
		return IMPORT_ABSENT;
	say(run, "putting back what was set");
	verdict = make_sets(run, &plan);
	plan_free(&plan);
	if (verdict != SET_MADE)
		say(run, "putting back: %s", run->reason);
	if (verdict == SET_LOST || !read_patiently(run))
		return IMPORT_PARTLY;
	/* A row that is gone has none of what it is to have. */
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++)
		if (!run->reading.snapshot.row[index])
			snapshot_remove_row(back, index);
	return snapshot_differences(&run->reading.snapshot, back, say_left, run)
		   ? IMPORT_PARTLY
		   : IMPORT_ABSENT;
}

static enum import_outcome put_back(struct run *run, size_t room)
{
	enum import_outcome outcome = IMPORT_PARTLY;
	struct snapshot back = {0};

	run->is_backwards = true;
	/* Nothing was sent: nothing to be read either. */
	if (!run->written.row[0])
		return IMPORT_ABSENT;
	if (!read_patiently(run)) {
		say(run, "%s", run->reason);
		return IMPORT_PARTLY;
	}
	run->lock = run->reading.lock;
	/* From here on it is the device of now that is changed. */
	if (make_back(run, &back) &&
	    snapshot_copy(&run->model, &run->reading.snapshot))
		outcome = put_back_to(run, &back, room);
	snapshot_free(&back);
	run->is_backwards = false;
	return outcome;
}

/* ------------------------------------------------------------- the import --
 */

static void warn(struct run *run, const struct plan *plan,
		 const struct snapshot *after)
{
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++) {
		if (plan->switches_off[index] &&
		    run->reading.has_challenge[index])
			say(run,
			    "warning: scepAutoEnable.%u turns false%s, which "
			    "wipes scepAutoChallengePassword.%u: give it anew",
			    index,
			    plan->enables_last[index] ? " for a while" : "",
			    index);
		else if (snapshot_number(after, SCEP_AUTO_ENABLE, index, 0) &&
			 !snapshot_number(&run->reading.snapshot,
					  SCEP_AUTO_ENABLE, index, 0) &&
			 !run->reading.has_challenge[index])
			say(run,
			    "note: scepAutoEnable.%u turns true and "
			    "scepAutoChallengePassword.%u is not set",
			    index, index);
	}
}

/* Plans, warns and judges what can be judged before the first Set. */
static bool prepare(struct run *run, const struct snapshot *file, size_t room,
		    struct plan *plan)
{
	struct snapshot after = {0};
	bool is_good;

	if (!plan_make(&run->reading.snapshot, file, room, plan)) {
		snprintf(run->reason, sizeof(run->reason), "memory is short");
		return false;
	}
	is_good = snapshot_copy(&after, &run->reading.snapshot);
	for (size_t i = 0; is_good && i < plan->count; i++)
		is_good = snapshot_apply(&after, &plan->sets[i]);
	if (!is_good)
		snprintf(run->reason, sizeof(run->reason), "memory is short");
	is_good =
	    is_good && plan_is_ready(plan, &after,
				     run->reading.uses ? run->reading.uses : "",
				     run->reason);
	if (is_good)
		warn(run, plan, &after);
	else
		plan_free(plan);
	snapshot_free(&after);
	return is_good;
}

static bool is_as_wanted(struct run *run, const struct snapshot *file)
{
	if (!read_patiently(run))
		return false;
	snprintf(run->reason, sizeof(run->reason), "not all was taken over");
	return snapshot_differences(&run->reading.snapshot, file, note_foreign,
				    run) == 0;
}

static enum verdict attempt(struct run *run, const struct snapshot *file,
			    size_t room)
{
	enum verdict verdict = SET_REFUSED;
	struct plan plan;

	if (!prepare(run, file, room, &plan))
		return SET_REFUSED;
	run->lock = run->reading.lock;
	snapshot_free(&run->written);
	if (snapshot_copy(&run->original, &run->reading.snapshot) &&
	    snapshot_copy(&run->model, &run->reading.snapshot))
		verdict = make_sets(run, &plan);
	if (verdict == SET_MADE && plan.count > 0 && !is_as_wanted(run, file))
		verdict = SET_MIXED;
	plan_free(&plan);
	return verdict;
}

/* What a second import does not mend unless its file names it. */
static void say_lost(struct run *run)
{
	say(run, "nobody knows what of it is set: run the import again");
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++)
		if (snapshot_number(&run->original, SCEP_AUTO_ENABLE, index,
				    0) &&
		    !(snapshot_number(&run->model, SCEP_AUTO_ENABLE, index,
				      0) &&
		      snapshot_number(&run->written, SCEP_AUTO_ENABLE, index,
				      0)))
			say(run,
			    "scepAutoEnable.%u was true and may be false now",
			    index);
}

static const char *reason_of(struct run *run, enum verdict verdict)
{
	switch (verdict) {
	case SET_ENDED:
		return "told to end";
	case SET_SHORT:
		return "memory is short";
	case SET_MADE:
	case SET_REFUSED:
	case SET_TOO_BIG:
	case SET_MIXED:
	case SET_LOST:
		break;
	}
	return run->reason;
}

enum import_outcome import_run(const struct import_device *device,
			       const struct snapshot *file, size_t room)
{
	struct run run = {.device = device};
	enum import_outcome outcome = IMPORT_ABSENT;
	enum verdict verdict;

	for (;; room /= 2) {
		if (!read_once(&run)) {
			say(&run, "%s", run.reason);
			break;
		}
		verdict = attempt(&run, file, room);
		if (verdict == SET_MADE) {
			outcome = IMPORT_MADE;
			break;
		}
		if (verdict != SET_TOO_BIG || room / 2 < ROOM_MIN)
			say(&run, "%s", reason_of(&run, verdict));
		if (verdict == SET_LOST) {
			say_lost(&run);
			outcome = IMPORT_PARTLY;
			break;
		}
		outcome = put_back(&run, room);
		if (outcome != IMPORT_ABSENT || verdict != SET_TOO_BIG ||
		    room / 2 < ROOM_MIN)
			break;
	}
	run_free(&run);
	return outcome;
}

/* -------------------------------------------------------------- dry run -- */

static void say_difference(void *context, enum scep_field field, uint32_t index,
			   const struct scep_value *before,
			   const struct scep_value *after)
{
	struct run *run = context;
	char name[SNAPSHOT_NAME];
	char old[VALUE_TEXT] = "(none)";
	char new[VALUE_TEXT];
	char line[LINE];

	snprintf(line, sizeof(line), "%s: %s -> %s",
		 snapshot_name(field, index, name),
		 before ? value_print(field, before, old) : old,
		 value_print(field, after, new));
	run->device->print(run->device->context, line);
}

bool import_compare(const struct import_device *device,
		    const struct snapshot *file)
{
	struct run run = {.device = device};
	bool is_good = read_once(&run);
	struct plan plan;

	if (is_good) {
		snapshot_differences(&run.reading.snapshot, file,
				     say_difference, &run);
		is_good = prepare(&run, file, IMPORT_ROOM, &plan);
	}
	if (is_good)
		plan_free(&plan);
	else
		say(&run, "%s", run.reason);
	run_free(&run);
	return is_good;
}
