/* SPDX-License-Identifier: Apache-2.0 */
/* The meaning of a view: states of keys, expiry, and scepAgentHealth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/state/health.h"
#include "scep/state/health_text.h"
#include "scep/base/rows.h"

#define NOW INT64_C(1800000000)
#define DAY 86400

struct world {
	struct scep_view view;
	struct scep_profile *profile;
	struct scep_status *status;
	struct scep_key *key;
	struct scep_ca *ca;
};

static void *add(struct scep_rows *rows, size_t size, uint32_t index)
{
	uint32_t *row = row_new(size);

	assert_non_null(row);
	*row = index;
	assert_true(rows_reserve(rows, 1));
	rows_put(rows, row);
	return row;
}

/* All is well. */
static int setup(void **state)
{
	static struct world world;

	world = (struct world){0};
	world.view.agent.notify_expiry_days = 30;
	world.view.agent.key_limit = 2;
	world.profile =
	    add(&world.view.profiles, sizeof(struct scep_profile), 1);
	world.status = add(&world.view.statuses, sizeof(struct scep_status), 5);
	world.status->profile_index = 1;
	world.status->state = SCEP_STATE_SUCCESSFUL;
	world.status->detail = SCEP_NONE;
	world.status->finish_time = NOW - 100;
	world.key = add(&world.view.keys, sizeof(struct scep_key), 1);
	world.key->not_before = NOW - DAY;
	world.key->not_after = NOW + 100 * DAY;
	world.ca = add(&world.view.cas, sizeof(struct scep_ca), 1);
	world.ca->trust = SCEP_CA_TRUSTED;
	world.ca->not_after = NOW + 1000 * DAY;
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	rows_free(&world->view.profiles);
	rows_free(&world->view.statuses);
	rows_free(&world->view.keys);
	rows_free(&world->view.cas);
	rows_free(&world->view.uses);
	return 0;
}

static void assert_health(struct world *world, enum scep_health health,
			  uint32_t reason)
{
	const struct health_facts facts = {.now = NOW, .clock_skew_limit = 600};

	health_judge(&world->view, &facts);
	assert_int_equal(world->view.agent.health_reason, reason);
	assert_int_equal(world->view.agent.health, health);
}

static void a_key_is_what_its_times_say(void **state)
{
	struct scep_key key = {.not_before = 1000, .not_after = 10 * DAY};

	(void)state;
	assert_int_equal(scep_key_state_at(&key, 999, 1),
			 SCEP_KEY_NOT_YET_VALID);
	assert_int_equal(scep_key_state_at(&key, 1000, 1), SCEP_KEY_VALID);
	assert_int_equal(scep_key_state_at(&key, 9 * DAY, 1), SCEP_KEY_VALID);
	assert_int_equal(scep_key_state_at(&key, 9 * DAY + 1, 1),
			 SCEP_KEY_EXPIRING);
	assert_int_equal(scep_key_state_at(&key, 10 * DAY, 1),
			 SCEP_KEY_EXPIRING);
	assert_int_equal(scep_key_state_at(&key, 10 * DAY + 1, 1),
			 SCEP_KEY_EXPIRED);
	key.not_after = 0;
	assert_int_equal(scep_key_state_at(&key, 1000, 1),
			 SCEP_KEY_NO_CERTIFICATE);
	key.is_corrupt = 1;
	assert_int_equal(scep_key_state_at(&key, 1000, 1), SCEP_KEY_CORRUPT);
}

static void the_earliest_expiry_is_of_those_with_a_certificate(void **state)
{
	struct world *world = *state;
	struct scep_key *other =
	    add(&world->view.keys, sizeof(struct scep_key), 2);

	assert_int_equal(scep_view_earliest_expiry(&world->view, NOW),
			 NOW + 100 * DAY);
	other->not_after = NOW - 5;
	assert_int_equal(scep_view_earliest_expiry(&world->view, NOW), NOW - 5);
	world->key->not_after = 0;
	other->not_after = 0;
	assert_int_equal(scep_view_earliest_expiry(&world->view, NOW), 0);
}

/* Adds a use location that has the key. */
static struct scep_use *add_use(struct world *world, uint32_t key_index)
{
	struct scep_use *use =
	    add(&world->view.uses, sizeof(struct scep_use), 1);

	use->key_index = key_index;
	return use;
}

static bool is_in_service(struct world *world)
{
	return scep_view_key_is_in_service(&world->view, world->key, NOW);
}

static void a_key_that_is_replaced_is_in_service_where_it_is_used(void **state)
{
	struct world *world = *state;
	struct scep_key *other =
	    add(&world->view.keys, sizeof(struct scep_key), 2);
	struct scep_use *use;

	other->not_before = NOW;
	assert_true(is_in_service(world));
	world->key->replaced_by = 2;
	assert_false(is_in_service(world));
	use = add_use(world, 1);
	assert_true(is_in_service(world));
	use->key_index = 2;
	assert_false(is_in_service(world));
	/* It has left the table since. */
	world->key->replaced_by = 3;
	assert_false(is_in_service(world));
}

static void what_is_not_valid_yet_replaces_nothing(void **state)
{
	struct world *world = *state;
	struct scep_key *other =
	    add(&world->view.keys, sizeof(struct scep_key), 2);

	world->key->replaced_by = 2;
	other->not_before = NOW + 1;
	assert_true(is_in_service(world));
	other->not_before = NOW;
	assert_false(is_in_service(world));
}

static void the_default_key_is_in_service_where_it_is_used(void **state)
{
	struct world *world = *state;

	world->key->is_default = 1;
	assert_false(is_in_service(world));
	add_use(world, 1);
	assert_true(is_in_service(world));
}

static const struct scep_key *key_of(struct world *world, uint32_t profile)
{
	return scep_view_profile_key(&world->view, profile, NOW);
}

static void the_key_of_a_profile_is_its_newest_in_service(void **state)
{
	struct world *world = *state;
	struct scep_key *other;

	world->key->profile_index = 1;
	world->key->install_time = 5;
	assert_null(key_of(world, 2));
	other = add(&world->view.keys, sizeof(struct scep_key), 2);
	other->profile_index = 2;
	other->install_time = 9;
	assert_ptr_equal(key_of(world, 1), world->key);
	other->profile_index = 1;
	assert_ptr_equal(key_of(world, 1), other);
	other->install_time = 4;
	assert_ptr_equal(key_of(world, 1), world->key);
	/* One that has begun goes before one that has not. */
	other->install_time = 9;
	other->not_before = NOW + 1;
	assert_ptr_equal(key_of(world, 1), world->key);
	other->not_before = NOW;
	other->replaced_by = 3;
	assert_ptr_equal(key_of(world, 1), world->key);
	world->key->replaced_by = 3;
	assert_null(key_of(world, 1));
}

static void open_and_processing_are_told_apart(void **state)
{
	struct world *world = *state;

	assert_false(scep_status_is_open(world->status));
	assert_int_equal(scep_view_processing(&world->view), 0);
	world->status->state = SCEP_STATE_TO_BE_PROCESSED;
	assert_true(scep_status_is_open(world->status));
	assert_int_equal(scep_view_processing(&world->view), 0);
	world->status->state = SCEP_STATE_PROCESSING;
	assert_true(scep_status_is_open(world->status));
	assert_int_equal(scep_view_processing(&world->view), 1);
	world->status->state = SCEP_STATE_ERROR;
	assert_false(scep_status_is_open(world->status));
}

static void without_a_reason_health_is_ok(void **state)
{
	assert_health(*state, SCEP_HEALTH_OK, 0);
}

static void certificates_warn_and_then_alarm(void **state)
{
	struct world *world = *state;

	world->key->not_after = NOW + 29 * DAY;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_CERT_EXPIRING);
	world->key->not_after = NOW - 1;
	assert_health(world, SCEP_HEALTH_CRITICAL, HEALTH_CERT_EXPIRED);
	world->key->is_corrupt = 1;
	assert_health(world, SCEP_HEALTH_CRITICAL, HEALTH_STORAGE_ERROR);
}

static void a_key_that_is_not_in_service_raises_no_alarm(void **state)
{
	struct world *world = *state;
	struct scep_key *other =
	    add(&world->view.keys, sizeof(struct scep_key), 2);

	world->view.agent.key_limit = 3;
	other->not_after = NOW + 100 * DAY;
	world->key->replaced_by = 2;
	world->key->not_after = NOW + 29 * DAY;
	assert_health(world, SCEP_HEALTH_OK, 0);
	world->key->not_after = NOW - 1;
	assert_health(world, SCEP_HEALTH_OK, 0);
	assert_int_equal(scep_view_earliest_expiry(&world->view, NOW),
			 NOW + 100 * DAY);
	world->key->is_corrupt = 1;
	assert_health(world, SCEP_HEALTH_OK, 0);
	add_use(world, 1);
	assert_health(world, SCEP_HEALTH_CRITICAL, HEALTH_STORAGE_ERROR);
	assert_int_equal(scep_view_earliest_expiry(&world->view, NOW), NOW - 1);
}

static void the_last_outcome_of_a_profile_counts(void **state)
{
	struct world *world = *state;
	struct scep_outcome *outcome = &world->profile->outcome;

	outcome->result = SCEP_RESULT_FAILED;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_LAST_REQUEST_FAILED);
	outcome->is_acknowledged = true;
	assert_health(world, SCEP_HEALTH_OK, 0);
	outcome->is_acknowledged = false;
	outcome->result = SCEP_RESULT_SUCCEEDED;
	assert_health(world, SCEP_HEALTH_OK, 0);
}

static void a_poll_is_late_after_two_minutes(void **state)
{
	struct world *world = *state;

	world->status->state = SCEP_STATE_PROCESSING;
	world->status->detail = SCEP_DEFERRED;
	world->status->next_poll = NOW - 120;
	assert_health(world, SCEP_HEALTH_OK, 0);
	world->status->next_poll = NOW - 121;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_POLLING_LATE);
}

static void a_clock_of_a_server_that_is_far_off_warns(void **state)
{
	struct world *world = *state;

	world->profile->facts.clock_skew = -600;
	assert_health(world, SCEP_HEALTH_OK, 0);
	world->profile->facts.clock_skew = -601;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_CLOCK_SUSPECT);
	world->profile->facts.clock_skew = 601;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_CLOCK_SUSPECT);
}

static void cas_and_the_limit_warn(void **state)
{
	struct world *world = *state;

	world->ca->not_after = NOW + 30 * DAY - 1;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_CA_EXPIRING);
	world->ca->trust = SCEP_CA_REJECTED;
	assert_health(world, SCEP_HEALTH_OK, 0);
	world->ca->not_after = NOW + 1000 * DAY;
	world->ca->trust = SCEP_CA_PENDING;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_CA_UNTRUSTED);
	world->ca->trust = SCEP_CA_TRUSTED;
	world->view.agent.key_limit = 1;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_KEY_LIMIT_REACHED);
	world->view.agent.key_limit = 2;
	world->view.agent.restart_pending = 1;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_RESTART_PENDING);
}

static void a_ca_that_another_has_followed_warns_no_more(void **state)
{
	struct world *world = *state;
	struct scep_ca *next;

	world->ca->role = SCEP_CA_ROOT;
	world->ca->not_after = NOW - DAY;
	assert_health(world, SCEP_HEALTH_WARNING, HEALTH_CA_EXPIRING);
	next = add(&world->view.cas, sizeof(struct scep_ca), 2);
	next->role = SCEP_CA_ROOT;
	next->trust = SCEP_CA_TRUSTED;
	next->not_before = NOW - DAY;
	next->not_after = NOW + 1000 * DAY;
	assert_health(world, SCEP_HEALTH_OK, 0);
}

static void a_clock_that_is_wrong_judges_no_certificate(void **state)
{
	struct world *world = *state;
	struct health_facts facts = {
	    .now = NOW, .sane_from = NOW + 1, .clock_skew_limit = 600};

	world->key->not_after = NOW - 1;
	world->ca->not_after = NOW - 1;
	health_judge(&world->view, &facts);
	assert_int_equal(world->view.agent.health_reason, HEALTH_CLOCK_SUSPECT);
	assert_int_equal(world->view.agent.health, SCEP_HEALTH_WARNING);
	facts.storage_is_failing = true;
	health_judge(&world->view, &facts);
	assert_int_equal(world->view.agent.health_reason,
			 HEALTH_CLOCK_SUSPECT | HEALTH_STORAGE_ERROR);
	assert_int_equal(world->view.agent.health, SCEP_HEALTH_CRITICAL);
}

static void assert_text(struct world *world, int64_t now, const char *text)
{
	const struct health_facts facts = {.now = now, .clock_skew_limit = 600};

	health_judge(&world->view, &facts);
	health_text_write(&world->view, &facts);
	assert_string_equal(world->view.agent.health_text, text);
}

static void the_reasons_stand_in_words_the_worst_first(void **state)
{
	struct world *world = *state;
	struct scep_profile *second =
	    add(&world->view.profiles, sizeof(struct scep_profile), 2);

	assert_text(world, NOW, "ok");
	strcpy(world->key->name, "web");
	world->key->not_after = NOW + 6 * DAY + 5;
	second->outcome.result = SCEP_RESULT_FAILED;
	strcpy(second->outcome.text, "Communication Error (TOP ERROR 503)");
	assert_text(world, NOW,
		    "certificate of web expires in 6 days; profile 2: "
		    "Communication Error (TOP ERROR 503)");
	assert_text(world, NOW + 6 * DAY,
		    "certificate of web expires in less than a day; profile 2: "
		    "Communication Error (TOP ERROR 503)");
	second->outcome.is_acknowledged = true;
	world->view.agent.restart_pending = 1;
	assert_text(world, NOW + 7 * DAY,
		    "certificate of web has expired; a restart is pending");
}

static void each_reason_has_words(void **state)
{
	struct world *world = *state;
	struct scep_key *other =
	    add(&world->view.keys, sizeof(struct scep_key), 2);
	struct scep_use *use = add_use(world, 1);

	other->not_after = NOW + DAY;
	world->key->not_after = NOW + 3 * DAY;
	assert_text(world, NOW,
		    "certificate of key 2 expires in 1 day, and 1 more; "
		    "the registry is full (2 keys)");
	other->is_corrupt = 1;
	world->view.agent.key_limit = 9;
	world->key->not_after = NOW + 99 * DAY;
	strcpy(other->name, "vpn");
	assert_text(world, NOW, "key 2 (vpn) is corrupt");
	other->is_corrupt = 0;
	other->not_after = 0;
	strcpy(use->name, "web");
	strcpy(use->text, "key 2: check ended with 1");
	use->applied = SCEP_APPLIED_FAILED;
	assert_text(world, NOW, "use location web: key 2: check ended with 1");
	use->applied = SCEP_APPLIED_YES;
	strcpy(world->ca->subject, "CN=CA");
	world->ca->trust = SCEP_CA_PENDING;
	world->ca->not_after = NOW + 2 * DAY;
	assert_text(world, NOW,
		    "CA 1 (CN=CA) waits for trust; "
		    "CA 1 (CN=CA) expires in 2 days");
	world->ca->trust = SCEP_CA_REJECTED;
	world->profile->facts.clock_skew = -700;
	world->profile->timer.enable = 1;
	world->profile->timer.lacks_challenge = 1;
	assert_text(world, NOW,
		    "profile 1: the timer needs a challenge password; "
		    "profile 1: the clock of the server differs by -700 s");
}

static void a_text_that_is_too_long_keeps_the_worst(void **state)
{
	struct world *world = *state;
	char *text = world->view.agent.health_text;

	for (uint32_t i = 2; i < 12; i++) {
		struct scep_profile *profile =
		    add(&world->view.profiles, sizeof(*profile), i);

		profile->outcome.result = SCEP_RESULT_FAILED;
		strcpy(profile->outcome.text, "Faulty Response Error: "
					      "the answer is malformed");
	}
	world->key->not_after = NOW - 1;
	health_judge(&world->view, &(struct health_facts){.now = NOW});
	health_text_write(&world->view, &(struct health_facts){.now = NOW});
	assert_in_range(strlen(text), 200, 255);
	assert_ptr_equal(strstr(text, "certificate of key 1 has"), text);
	assert_string_equal(strrchr(text, ';'), "; and more");
	/* Each one is whole. */
	for (const char *at = text; (at = strstr(at, "profile ")); at++)
		assert_ptr_equal(strstr(at, " is malformed;"),
				 strchr(at, ';') - 13);
}

static int64_t next_change(struct world *world, int64_t now)
{
	const struct health_facts facts = {.now = now, .sane_from = 5};

	return health_next_change(&world->view, &facts);
}

static void what_time_will_change_is_known(void **state)
{
	struct world *world = *state;
	struct scep_key *key = world->key;

	key->not_after = NOW + 100 * DAY;
	world->ca->not_after = NOW + 200 * DAY;
	key->not_before = NOW;
	assert_int_equal(next_change(world, 0), 5);
	assert_int_equal(next_change(world, 5), NOW);
	assert_int_equal(next_change(world, NOW), NOW + 70 * DAY + 1);
	/* The text counts the days. */
	assert_int_equal(next_change(world, NOW + 70 * DAY + 1),
			 NOW + 71 * DAY + 1);
	assert_int_equal(next_change(world, NOW + 99 * DAY + 1),
			 NOW + 100 * DAY + 1);
	assert_int_equal(next_change(world, NOW + 100 * DAY + 1),
			 NOW + 170 * DAY + 1);
	assert_int_equal(next_change(world, NOW + 199 * DAY + 1),
			 NOW + 200 * DAY + 1);
	assert_int_equal(next_change(world, NOW + 200 * DAY + 1),
			 HEALTH_NO_CHANGE);
	world->status->next_poll = NOW + 1;
	assert_int_equal(next_change(world, NOW), NOW + 70 * DAY + 1);
	world->status->state = SCEP_STATE_PROCESSING;
	assert_int_equal(next_change(world, NOW), NOW + 122);
	key->not_after = 0;
	world->status->next_poll = 0;
	assert_int_equal(next_change(world, NOW), NOW + 170 * DAY + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_key_is_what_its_times_say),
	    TEST(the_earliest_expiry_is_of_those_with_a_certificate),
	    TEST(a_key_that_is_replaced_is_in_service_where_it_is_used),
	    TEST(what_is_not_valid_yet_replaces_nothing),
	    TEST(the_default_key_is_in_service_where_it_is_used),
	    TEST(the_key_of_a_profile_is_its_newest_in_service),
	    TEST(open_and_processing_are_told_apart),
	    TEST(without_a_reason_health_is_ok),
	    TEST(certificates_warn_and_then_alarm),
	    TEST(a_key_that_is_not_in_service_raises_no_alarm),
	    TEST(the_last_outcome_of_a_profile_counts),
	    TEST(a_poll_is_late_after_two_minutes),
	    TEST(a_clock_of_a_server_that_is_far_off_warns),
	    TEST(cas_and_the_limit_warn),
	    TEST(a_ca_that_another_has_followed_warns_no_more),
	    TEST(a_clock_that_is_wrong_judges_no_certificate),
	    TEST(the_reasons_stand_in_words_the_worst_first),
	    TEST(each_reason_has_words),
	    TEST(a_text_that_is_too_long_keeps_the_worst),
	    TEST(what_time_will_change_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
