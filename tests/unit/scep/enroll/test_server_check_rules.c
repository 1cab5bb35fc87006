/* SPDX-License-Identifier: Apache-2.0 */
/* When scepServerCheck and scepCaRowStatus may be written, and what a Set of
 * them asks for. */
#include "tests/unit/scep/settings/draft_world.h"

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"

static void assert_asks(struct world *world, enum scep_field field,
			uint32_t index, uint32_t number)
{
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 1);
	assert_int_equal(world->draft.actions[0].field, field);
	assert_int_equal(world->draft.actions[0].index, index);
	assert_int_equal(world->draft.actions[0].number, number);
}

static void assert_no_check(struct world *world, const char *reason)
{
	set(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, world->change.count - 1);
	assert_memory_equal(world->verdict.reason, "scepServerCheck.1: ", 19);
	assert_string_equal(world->verdict.reason + 19, reason);
}

/* ------------------------------------------------------------------ checks */

static void every_check_is_noted_and_changes_no_row(void **state)
{
	struct world *world = *state;

	for (uint32_t kind = SCEP_CHECK_CA_CAPS; kind <= SCEP_CHECK_CRL;
	     kind++) {
		forget(world);
		set(world, SCEP_SERVER_CHECK, 1, kind);
		assert_asks(world, SCEP_SERVER_CHECK, 1, kind);
		assert_int_equal(world->draft.profiles.count, 0);
		assert_false(world->draft.is_durable[1]);
	}
}

static void noop_is_no_check(void **state)
{
	struct world *world = *state;

	world->profile->server.url[0] = '\0';
	set(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_NOOP);
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 0);
}

static void a_check_that_is_none_is_wrong_value(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_CHECK, 1, 0);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
	forget(world);
	set(world, SCEP_SERVER_CHECK, 1, 6);
	assert_refused(world, SCEP_WRONG_VALUE, 0);
}

static void a_check_of_a_missing_profile_is_inconsistent_name(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CAPS);
	assert_refused(world, SCEP_INCONSISTENT_NAME, 0);
}

static void a_check_needs_a_url(void **state)
{
	struct world *world = *state;

	set_text(world, SCEP_SERVER_URL, 1, "");
	assert_no_check(world, "scepServerUrl is empty");
}

static void a_check_goes_by_the_url_of_the_same_set(void **state)
{
	struct world *world = *state;

	world->profile->server.url[0] = '\0';
	set(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
	set_text(world, SCEP_SERVER_URL, 1, URL);
	assert_asks(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
}

static void a_check_waits_for_the_end_of_another(void **state)
{
	struct world *world = *state;

	world->profile->facts.check_result = SCEP_IN_PROGRESS;
	assert_no_check(world, "a check of this profile is running");
	/* One of another profile does not matter. */
	forget(world);
	add_profile(world, 2);
	set(world, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CAPS);
	assert_asks(world, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CAPS);
}

static void a_profile_that_goes_away_is_not_checked(void **state)
{
	struct world *world = *state;

	add_profile(world, 2);
	set(world, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	set(world, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CAPS);
	assert_refused(world, SCEP_INCONSISTENT_VALUE, 1);
}

/* MIB, rule 1: Check is no setting. */
static void a_check_is_free_of_timer_and_open_request(void **state)
{
	struct world *world = *state;

	enable_timer(world->profile);
	add_status(world, 1, 1, SCEP_STATE_PROCESSING, SCEP_NONE);
	set(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CRL);
	assert_asks(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CRL);
}

static void a_profile_is_checked_before_it_is_active(void **state)
{
	struct world *world = *state;

	world->profile->row_status = SCEP_ROW_NOT_IN_SERVICE;
	set(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	assert_asks(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
}

static void a_check_and_a_request_may_come_in_one_set(void **state)
{
	struct world *world = *state;

	set(world, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	send_now(world, 1);
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 2);
}

/* ------------------------------------------------------- rows of scepCaTable
 */

static void a_ca_is_destroyed_whatever_was_decided_about_it(void **state)
{
	struct world *world = *state;

	for (uint32_t trust = SCEP_CA_PENDING; trust <= SCEP_CA_CHAINED;
	     trust++) {
		add_ca(world, trust, trust);
		forget(world);
		set(world, SCEP_CA_ROW_STATUS, trust, SCEP_ROW_DESTROY);
		assert_asks(world, SCEP_CA_ROW_STATUS, trust, SCEP_ROW_DESTROY);
		assert_int_equal(world->draft.cas.count, 0);
	}
}

static void nothing_but_destroy_may_be_written(void **state)
{
	struct world *world = *state;

	add_ca(world, 1, SCEP_CA_TRUSTED);
	for (int64_t status = 0; status <= 7; status++) {
		if (status == SCEP_ROW_DESTROY)
			continue;
		forget(world);
		set(world, SCEP_CA_ROW_STATUS, 1, status);
		assert_refused(world, SCEP_WRONG_VALUE, 0);
	}
}

static void destroying_a_missing_ca_is_accepted(void **state)
{
	struct world *world = *state;

	set(world, SCEP_CA_ROW_STATUS, 7, SCEP_ROW_DESTROY);
	assert_accepted(world);
	assert_int_equal(world->draft.cas.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    claim(every_check_is_noted_and_changes_no_row),
	    claim(noop_is_no_check),
	    claim(a_check_that_is_none_is_wrong_value),
	    claim(a_check_of_a_missing_profile_is_inconsistent_name),
	    claim(a_check_needs_a_url),
	    claim(a_check_goes_by_the_url_of_the_same_set),
	    claim(a_check_waits_for_the_end_of_another),
	    claim(a_profile_that_goes_away_is_not_checked),
	    claim(a_check_is_free_of_timer_and_open_request),
	    claim(a_profile_is_checked_before_it_is_active),
	    claim(a_check_and_a_request_may_come_in_one_set),
	    claim(a_ca_is_destroyed_whatever_was_decided_about_it),
	    claim(nothing_but_destroy_may_be_written),
	    claim(destroying_a_missing_ca_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
