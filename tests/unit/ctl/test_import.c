/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The import against a device that exists in this file only, with the lock,
 * rules 1 and 17 of the MIB, and faults wherever a test wants them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/view.h"
#include "ctl/import.h"

enum fault {
	NO_FAULT,
	REFUSE,	      /* a good reason, and nothing done */
	LOSE,	      /* nothing done, and no answer */
	LOSE_ANSWER,  /* done, and no answer */
	NOBODY,	      /* the master alone answers */
	RESTART,      /* as LOSE, and the lock and what is volatile are gone */
	MOVE_LOCK,    /* another manager does something else */
	INTERFERE,    /* another manager changes a setting of ours */
	END,	      /* told to end before this Set is made */
	AWAY_FOR_GOOD /* as LOSE_ANSWER, and nothing answers any more */
};

#define FAULTS (AWAY_FOR_GOOD + 1)

struct fake {
	struct snapshot snapshot;
	uint32_t lock;
	unsigned sets;	   /* that were sent */
	unsigned fault_at; /* the number of a Set, from 1 */
	enum fault fault;
	bool is_lasting;     /* and of all after it */
	unsigned refused_at; /* one more fault: REFUSE */
	size_t most_items;   /* more is too big; 0: no limit */
	bool is_away;
	unsigned silent_reads; /* how many reads are not answered */
	bool is_ended;
	unsigned waits;
	char said[4000];
	char printed[4000];
};

static struct fake fake;

/* ------------------------------------------------------------ the device -- */

static bool fake_read(void *context, struct device_state *state,
		      struct reason *reason)
{
	(void)context;
	if (fake.is_away || fake.silent_reads > 0) {
		fake.silent_reads -= fake.silent_reads > 0;
		reason_set(reason, "no answer");
		return false;
	}
	state->lock = fake.lock;
	state->has_challenge[1] = true;
	return snapshot_copy(&state->snapshot, &fake.snapshot);
}

static bool is_locked(const struct scep_item *item)
{
	return snapshot_number(&fake.snapshot, SCEP_AUTO_ENABLE, item->index,
			       0) &&
	       scep_field_info(item->field)->group == SCEP_GROUP_SERVER;
}

static bool disables(const struct scep_change *change, uint32_t index)
{
	for (size_t i = 0; i < change->count; i++)
		if (change->items[i].field == SCEP_AUTO_ENABLE &&
		    change->items[i].index == index)
			return change->items[i].value.number == 0;
	return false;
}

static void answer_with(struct answer *answer, enum answer_kind kind,
			size_t item, const char *reason)
{
	answer->kind = kind;
	answer->item = item;
	reason_set(&answer->reason, "%s", reason);
}

/* Does what a sound agent does. */
static void set_soundly(uint32_t lock, const struct scep_change *change,
			struct answer *answer)
{
	size_t none = change->count;

	if (lock != fake.lock) {
		answer_with(answer, ANSWER_LOCKED, none, "inconsistentValue");
		return;
	}
	if (fake.most_items && change->count > fake.most_items) {
		answer_with(answer, ANSWER_TOO_BIG, none, "tooBig");
		return;
	}
	for (size_t i = 0; i < change->count; i++)
		if (is_locked(&change->items[i]) &&
		    !disables(change, change->items[i].index)) {
			answer_with(answer, ANSWER_REFUSED, i,
				    "inconsistentValue");
			return;
		}
	assert_true(snapshot_apply(&fake.snapshot, change));
	fake.lock++;
	answer_with(answer, ANSWER_DONE, none, "");
}

static void interfere(void)
{
	static const struct scep_value theirs = {.number = 77};

	snapshot_put(&fake.snapshot, SCEP_SERVER_TIMEOUT, 1, &theirs);
	fake.lock++;
}

static void set_faultily(enum fault fault, uint32_t lock,
			 const struct scep_change *change,
			 struct answer *answer)
{
	size_t none = change->count;

	switch (fault) {
	case NO_FAULT:
		break;
	case REFUSE:
		answer_with(answer, ANSWER_REFUSED, 0, "wrongValue");
		return;
	case RESTART:
		fake.lock = 0;
		snapshot_drop_volatile(&fake.snapshot);
		/* fall through */
	case LOSE:
		fake.silent_reads = 3;
		answer_with(answer, ANSWER_UNCERTAIN, none, "no answer");
		return;
	case AWAY_FOR_GOOD:
		fake.is_away = true;
		/* fall through */
	case LOSE_ANSWER:
		set_soundly(lock, change, answer);
		answer_with(answer, ANSWER_UNCERTAIN, none, "no answer");
		return;
	case NOBODY:
		answer_with(answer, ANSWER_NOBODY, 0, "notWritable");
		return;
	case MOVE_LOCK:
		fake.lock++;
		break;
	case INTERFERE:
		interfere();
		break;
	case END:
		fake.is_ended = true;
		break;
	}
	set_soundly(lock, change, answer);
}

static void fake_set(void *context, uint32_t lock,
		     const struct scep_change *change, struct answer *answer)
{
	(void)context;
	fake.sets++;
	if (fake.sets == fake.refused_at)
		set_faultily(REFUSE, lock, change, answer);
	else if (fake.sets == fake.fault_at ||
		 (fake.is_lasting && fake.sets > fake.fault_at))
		set_faultily(fake.fault, lock, change, answer);
	else
		set_soundly(lock, change, answer);
}

static bool fake_wait(void *context, unsigned attempt)
{
	(void)context;
	fake.waits++;
	return attempt < 5;
}

static bool fake_is_ended(void *context)
{
	(void)context;
	return fake.is_ended;
}

static void add_line(char *text, size_t size, const char *line)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s\n", line);
}

static void fake_say(void *context, const char *line)
{
	(void)context;
	add_line(fake.said, sizeof(fake.said), line);
}

static void fake_print(void *context, const char *line)
{
	(void)context;
	add_line(fake.printed, sizeof(fake.printed), line);
}

static const struct import_device device = {
    .read = fake_read,
    .set = fake_set,
    .wait = fake_wait,
    .is_ended = fake_is_ended,
    .say = fake_say,
    .print = fake_print,
};

/* -------------------------------------------------------------- the file -- */

static void put(struct snapshot *snapshot, enum scep_field field,
		uint32_t index, int64_t number, const char *text)
{
	struct scep_value value = {.number = number,
				   .length = (uint32_t)strlen(text)};

	memcpy(value.octets, text, value.length);
	assert_true(snapshot_add_row(snapshot, index));
	snapshot_put(snapshot, field, index, &value);
}

static void enable(struct snapshot *snapshot, uint32_t index)
{
	put(snapshot, SCEP_SERVER_URL, index, 0, "http://h/");
	put(snapshot, SCEP_AUTO_START_TIME, index, 0, "\x07\xf0\1\1\1\1\1");
	snapshot->row[index]->value[SCEP_AUTO_START_TIME].length = 8;
	put(snapshot, SCEP_AUTO_KEY_NAME, index, 0, "k");
	put(snapshot, SCEP_AUTO_COMMON_NAME, index, 0, "c");
	put(snapshot, SCEP_AUTO_ENABLE, index, 1, "");
}

/* A device with an enabled timer, and a file that needs two Sets: another
 * server, a new profile with a timer, and a scalar. */
static void begin(struct snapshot *file)
{
	snapshot_free(&fake.snapshot);
	memset(&fake, 0, sizeof(fake));
	memset(file, 0, sizeof(*file));
	assert_true(snapshot_preset_row(&fake.snapshot, 0));
	assert_true(snapshot_preset_row(&fake.snapshot, 1));
	assert_true(snapshot_preset_row(&fake.snapshot, 3));
	put(&fake.snapshot, SCEP_PROFILE_STORAGE_TYPE, 3, SCEP_STORAGE_VOLATILE,
	    "");
	enable(&fake.snapshot, 1);
	fake.lock = 41;
	put(file, SCEP_NOTIFY_EXPIRY_DAYS, 0, 9, "");
	put(file, SCEP_SERVER_TIMEOUT, 1, 60, "");
	put(file, SCEP_PROFILE_NAME, 1, 0, "new");
	put(file, SCEP_SERVER_PORT, 5, 80, "");
	enable(file, 5);
}

static int tear_down(void **state)
{
	(void)state;
	snapshot_free(&fake.snapshot);
	return 0;
}

static bool is_whole(const struct snapshot *file)
{
	return snapshot_differences(&fake.snapshot, file, NULL, NULL) == 0 &&
	       snapshot_number(&fake.snapshot, SCEP_AUTO_ENABLE, 1, 0) == 1;
}

/* ----------------------------------------------------------------- tests -- */

static void an_import_is_made_and_a_second_one_sets_nothing(void **state)
{
	struct snapshot file;

	(void)state;
	begin(&file);
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM), IMPORT_MADE);
	assert_true(is_whole(&file));
	assert_int_equal(fake.sets, 2);
	assert_non_null(strstr(fake.said, "wipes scepAutoChallengePassword.1"));
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM), IMPORT_MADE);
	assert_int_equal(fake.sets, 2);
	snapshot_free(&file);
}

/* The outcome that a fault at a Set must have. */
static enum import_outcome expected(enum fault fault, unsigned at)
{
	switch (fault) {
	case NO_FAULT:
	case LOSE:
	case LOSE_ANSWER:
	case NOBODY:
	case RESTART:
	case MOVE_LOCK:
		return IMPORT_MADE;
	case REFUSE:
	case INTERFERE:
		return IMPORT_ABSENT;
	case END:
		return at == 1 ? IMPORT_ABSENT : IMPORT_MADE;
	case AWAY_FOR_GOOD:
		return IMPORT_PARTLY;
	}
	return IMPORT_PARTLY;
}

/* Faults at the first Set and at the second; at a third there is none. */
static void whatever_happens_the_import_is_whole_or_absent(void **state)
{
	struct snapshot before = {0};
	struct snapshot file;

	(void)state;
	for (int fault = NO_FAULT; fault < FAULTS; fault++) {
		for (unsigned at = 1; at <= 2; at++) {
			enum import_outcome outcome;

			begin(&file);
			assert_true(snapshot_copy(&before, &fake.snapshot));
			fake.fault = (enum fault)fault;
			fake.fault_at = at;
			outcome = import_run(&device, &file, IMPORT_ROOM);
			if (outcome != expected((enum fault)fault, at))
				fail_msg("fault %d at Set %u: %d\n%s", fault,
					 at, (int)outcome, fake.said);
			if (fault == INTERFERE)
				put(&before, SCEP_SERVER_TIMEOUT, 1, 77, "");
			if (fault == RESTART)
				snapshot_drop_volatile(&before);
			if (outcome == IMPORT_MADE)
				assert_true(is_whole(&file));
			if (outcome == IMPORT_ABSENT &&
			    !snapshot_is_same(&fake.snapshot, &before))
				fail_msg("fault %d at Set %u:\n%s", fault, at,
					 fake.said);
			snapshot_free(&file);
		}
	}
	snapshot_free(&before);
}

/* The second Set is refused, and the third one puts back. */
static void putting_back_stands_faults_of_its_own(void **state)
{
	static const enum fault faults[] = {LOSE,    LOSE_ANSWER, NOBODY,
					    RESTART, MOVE_LOCK,	  END};
	struct snapshot before = {0};
	struct snapshot file;

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		enum import_outcome outcome;

		begin(&file);
		snapshot_drop_volatile(&fake.snapshot);
		assert_true(snapshot_copy(&before, &fake.snapshot));
		fake.refused_at = 2;
		fake.fault = faults[i];
		fake.fault_at = 3;
		outcome = import_run(&device, &file, IMPORT_ROOM);
		if (outcome != IMPORT_ABSENT || fake.sets < 3 ||
		    !snapshot_is_same(&fake.snapshot, &before))
			fail_msg("fault %zu: %d\n%s", i, (int)outcome,
				 fake.said);
		snapshot_free(&file);
	}
	snapshot_free(&before);
}

/* Then it says what it could not. */
static void what_cannot_be_put_back_is_said(void **state)
{
	struct snapshot file;

	(void)state;
	begin(&file);
	fake.refused_at = 2;
	fake.fault_at = 3;
	fake.fault = REFUSE;
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM),
			 IMPORT_PARTLY);
	assert_non_null(
	    strstr(fake.said, "not put back: scepServerTimeout.1: 60, was 30"));
	assert_non_null(strstr(fake.said, "profile 5 is still there"));
	assert_non_null(
	    strstr(fake.said, "not put back: scepAutoEnable.1: false"));
	snapshot_free(&file);
}

static void what_is_too_big_is_tried_in_smaller_Sets(void **state)
{
	char text[SCEP_TEXT255] = "";
	struct snapshot before = {0};
	struct snapshot file = {0};

	(void)state;
	begin(&file);
	memset(text, 'x', sizeof(text) - 1);
	for (uint32_t index = 2; index <= SCEP_PROFILE_MAX; index++) {
		put(&file, SCEP_SERVER_CA_IDENTIFIER, index, 0, text);
		put(&file, SCEP_SERVER_PROXY_URL, index, 0, text);
	}
	fake.most_items = 100;
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM), IMPORT_MADE);
	assert_true(is_whole(&file));
	snapshot_free(&file);

	/* A limit that not even one profile keeps. */
	begin(&file);
	assert_true(snapshot_copy(&before, &fake.snapshot));
	fake.most_items = 2;
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM),
			 IMPORT_ABSENT);
	assert_true(snapshot_is_same(&fake.snapshot, &before));
	assert_non_null(strstr(fake.said, "tooBig"));
	snapshot_free(&file);
	snapshot_free(&before);
}

static void a_refusal_names_object_value_and_reason(void **state)
{
	struct snapshot file = {0};

	(void)state;
	begin(&file);
	fake.fault = REFUSE;
	fake.fault_at = 1;
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM),
			 IMPORT_ABSENT);
	assert_non_null(
	    strstr(fake.said, "scepNotifyExpiryDays.0 = 9: wrongValue"));
	snapshot_free(&file);
}

static void
a_device_that_does_not_answer_at_first_is_not_waited_for(void **state)
{
	struct snapshot file = {0};

	(void)state;
	begin(&file);
	fake.is_away = true;
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM),
			 IMPORT_ABSENT);
	assert_false(import_compare(&device, &file));
	assert_int_equal(fake.waits + fake.sets, 0);
	assert_non_null(strstr(fake.said, "no answer"));
	snapshot_free(&file);
}

/* A disk that is full: each try is refused, and each time it is looked at. */
static void a_Set_that_is_never_made_is_given_up(void **state)
{
	struct snapshot before = {0};
	struct snapshot file = {0};

	(void)state;
	begin(&file);
	assert_true(snapshot_copy(&before, &fake.snapshot));
	fake.fault = LOSE;
	fake.fault_at = 1;
	fake.is_lasting = true;
	assert_int_equal(import_run(&device, &file, IMPORT_ROOM),
			 IMPORT_ABSENT);
	assert_true(snapshot_is_same(&fake.snapshot, &before));
	assert_in_range(fake.sets, 2, 10);
	snapshot_free(&file);
	snapshot_free(&before);
}

static void a_comparison_prints_and_sets_nothing(void **state)
{
	struct snapshot before = {0};
	struct snapshot file = {0};

	(void)state;
	begin(&file);
	assert_true(snapshot_copy(&before, &fake.snapshot));
	assert_true(import_compare(&device, &file));
	assert_non_null(
	    strstr(fake.printed, "scepServerTimeout.1: 30 -> 60\n"));
	assert_non_null(
	    strstr(fake.printed, "scepServerPort.5: (none) -> 80\n"));
	assert_int_equal(fake.sets, 0);
	assert_true(snapshot_is_same(&fake.snapshot, &before));
	snapshot_free(&file);
	snapshot_free(&before);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_import_is_made_and_a_second_one_sets_nothing),
	    TEST(whatever_happens_the_import_is_whole_or_absent),
	    TEST(putting_back_stands_faults_of_its_own),
	    TEST(what_cannot_be_put_back_is_said),
	    TEST(what_is_too_big_is_tried_in_smaller_Sets),
	    TEST(a_refusal_names_object_value_and_reason),
	    TEST(a_device_that_does_not_answer_at_first_is_not_waited_for),
	    TEST(a_Set_that_is_never_made_is_given_up),
	    TEST(a_comparison_prints_and_sets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
