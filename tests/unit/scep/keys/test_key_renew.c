/* SPDX-License-Identifier: Apache-2.0 */
/* scepKeyAction renew renews that certificate (MIB, rule 16). */
#include "tests/unit/scep/keys/use_world.h"

#include <sqlite3.h>

#include "scep/key_row.h"
#include "scep/store/store.h"

static void assert_refused_as(struct device *d, uint32_t number,
			      const char *reason)
{
	assert_int_equal(try_act(d, number, SCEP_KEY_RENEW),
			 SCEP_INCONSISTENT_VALUE);
	if (strstr(d->verdict.reason, reason) == NULL)
		fail_msg("%s", d->verdict.reason);
}

/* Changes the row as no Set can.  Takes it. */
static void put_key(struct device *d, struct scep_key *row)
{
	struct txn txn;

	txn_init(&txn);
	txn_put(&txn, STORE_KEY, row);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
}

/* Enrols by hand a certificate that no default leads to. */
static uint32_t enrol_special(struct device *d, const char *locations)
{
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "special");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "device.example");
	device_text(d, SCEP_REQUEST_ORGANIZATION, 1, "Example");
	device_text(d, SCEP_REQUEST_SUBJECT_EXTRA, 1, "OU=Print");
	device_text(d, SCEP_REQUEST_TEMPLATE, 1, "Machine");
	device_number(d, SCEP_REQUEST_KEY_LENGTH, 1, 1024);
	device_text(d, SCEP_REQUEST_USE_LOCATION, 1, locations);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
	device_set(d);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	return device_status(d)->key_index;
}

/* The values of the timer are for another certificate. */
static void fill_timer(struct device *d)
{
	device_text(d, SCEP_AUTO_KEY_NAME, 1, "web");
	device_text(d, SCEP_AUTO_COMMON_NAME, 1, "printer.example");
	device_text(d, SCEP_AUTO_USE_LOCATION, 1, "vpn");
	device_set(d);
}

static void assert_is_special(struct device *d, uint32_t number)
{
	assert_non_null(key(d, number));
	assert_string_equal(key(d, number)->name, "special");
	assert_int_equal(key(d, number)->length, 1024);
	assert_string_equal(key(d, number)->asked.common_name,
			    "device.example");
	assert_string_equal(key(d, number)->asked.organization, "Example");
	assert_string_equal(key(d, number)->asked.subject_extra, "OU=Print");
	assert_string_equal(key(d, number)->asked.template_name, "Machine");
	assert_int_equal(key(d, number)->asked.challenge_password.length, 0);
}

/* ----------------------------------------------------------------- tests -- */

static void what_was_enrolled_by_hand_is_renewed_as_it_is(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "web");

	act(d, number, SCEP_KEY_RENEW);
	assert_int_equal(result_of(d, number), SCEP_IN_PROGRESS);
	assert_int_equal(device_status(d)->trigger, SCEP_TRIGGER_RENEWAL);
	assert_string_equal(device_status(d)->key_name, "special");
	assert_string_equal(device_status(d)->use_location, "web");
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(result_of(d, number), SCEP_NONE);
	assert_is_special(d, number + 1);
	assert_int_equal(key(d, number + 1)->replaces, number);
	assert_int_equal(use(d, WEB)->key_index, number + 1);
	assert_int_equal(device_view(d)->stats.renewals, 1);
	/* And again, after a restart. */
	device_restart(d);
	act(d, number + 1, SCEP_KEY_RENEW);
	run_deploying(d);
	assert_is_special(d, number + 2);
	assert_int_equal(use(d, WEB)->key_index, number + 2);
}

static void the_values_of_the_tables_do_not_matter(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "web");

	fill_timer(d);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "next");
	device_set(d);
	act(d, number, SCEP_KEY_RENEW);
	run_deploying(d);
	assert_is_special(d, number + 1);
	assert_int_equal(use(d, WEB)->key_index, number + 1);
	assert_int_equal(use(d, VPN)->key_index, 0);
	assert_string_equal(device_profile(d, 1)->request.key_name, "next");
	assert_int_equal(timer(d)->memory.last_run, 0);
}

static void it_goes_where_the_key_is_now(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "web");

	assign(d, number, "vpn");
	run_deploying(d);
	act(d, number, SCEP_KEY_RENEW);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, number + 1);
	assert_int_equal(use(d, VPN)->key_index, number + 1);
}

static void what_came_of_it_is_the_result(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, SCEP_FAIL_BAD_REQUEST,
			      2);
	act(d, number, SCEP_KEY_RENEW);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_int_equal(result_of(d, number), SCEP_SCEP_ERROR);
	/* It is no error of the timer. */
	assert_int_equal(timer(d)->memory.last_failed, 0);
	assert_int_equal(timer(d)->lacks_challenge, 0);
}

/* A RenewalReq that is refused is followed by a PKCSReq with a challenge. */
static void a_renewal_that_pollNow_resumes_runs_again(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	act(d, number, SCEP_KEY_RENEW);
	assert_result(d, number, SCEP_DEFERRED,
		      "Deferred: the server says PENDING");
	d->io.holds_work = true;
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	assert_result(d, number, SCEP_IN_PROGRESS,
		      "requesting a new certificate");
	d->io.holds_work = false;
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_result(d, number, SCEP_NONE, "successful");
}

static void renew_with_challenge(struct device *d, uint32_t number)
{
	d->ca.challenge[0] = '\0';
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, SCEP_FAIL_BAD_REQUEST,
			      1);
	act(d, number, SCEP_KEY_RENEW);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_challenge_that_is_needed_is_that_of_the_profile(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");

	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, "of the timer");
	device_set(d);
	renew_with_challenge(d, number);
	assert_string_equal(d->ca.challenge, "of the timer");
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "by hand");
	device_set(d);
	renew_with_challenge(d, number + 1);
	assert_string_equal(d->ca.challenge, "by hand");
	/* It was for this request. */
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length, 0);
	assert_int_not_equal(timer(d)->values.challenge_password.length, 0);
}

static void a_challenge_for_the_next_request_stays(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");

	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, "of the timer");
	device_set(d);
	d->io.holds_work = true;
	act(d, number, SCEP_KEY_RENEW);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "for the next");
	device_set(d);
	d->io.holds_work = false;
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length,
	    strlen("for the next"));
}

static void what_cannot_be_renewed_is_refused_with_the_reason(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");

	d->state.config.allow_short_keys = false;
	assert_refused_as(d, number, "allowShortKeys in scepagentd.conf is no");
	d->state.config.allow_short_keys = true;
	device_text(d, SCEP_SERVER_URL, 1, "");
	device_set(d);
	assert_refused_as(d, number, "scepServerUrl is empty");
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 1,
			  SCEP_ROW_NOT_IN_SERVICE);
	assert_refused_as(d, number, "its profile is not active");
}

static void the_default_key_is_not_renewed(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");
	struct scep_key *row = row_copy(key(d, number));

	row->is_default = true;
	put_key(d, row);
	assert_refused_as(d, number, "the default key has no server");
}

/* Two requests of a profile would share its challenge. */
static void one_request_of_a_profile_at_a_time(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");

	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_SEND);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "other");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "other.example");
	assert_refused_as(d, number, "a request of its profile is open");
	d->io.holds_work = true;
	device_send(d, 1);
	assert_refused_as(d, number, "a request of its profile is open");
}

static void a_location_that_is_gone_is_the_reason(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "");
	struct scep_key *row = row_copy(key(d, number));

	strcpy(row->use_location, "gone");
	put_key(d, row);
	assert_refused_as(
	    d, number,
	    "scepKeyUseLocation has a name that scepUseTable does not have");
	row = row_copy(key(d, number));
	row->asked.key_length = 0;
	put_key(d, row);
	assert_refused_as(d, number,
			  "its certificate cannot be read, or has longer names "
			  "than a request");
}

static void a_profile_that_is_gone_is_the_reason(void **state)
{
	struct device *d = *state;
	uint32_t number;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	device_send(d, 2);
	device_run(d);
	number = device_status(d)->key_index;
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	assert_refused_as(d, number, "the profile that requested it is gone");
}

/* -------------------------------------------------------- older databases */

/* Has the database forget what no older scepagent knew. */
static void forget_what_was_asked(struct device *d)
{
	char path[4400];
	sqlite3 *sqlite;

	device_kill(d);
	snprintf(path, sizeof(path), "%s/%s", d->config.state_directory,
		 STORE_FILE);
	assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(sqlite,
			 "UPDATE key SET \"asked.key_length\" = NULL, "
			 "\"asked.common_name\" = NULL, "
			 "\"asked.organization\" = NULL, "
			 "\"asked.subject_extra\" = NULL",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(sqlite);
	device_start(d);
}

static void
a_key_of_an_older_database_is_renewed_by_its_certificate(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_special(d, "web");

	forget_what_was_asked(d);
	/* The scripted CA issues another subject than asked. */
	assert_string_equal(key(d, number)->subject, "CN=printer.example");
	assert_string_equal(key(d, number)->asked.common_name,
			    "printer.example");
	assert_int_equal(key(d, number)->asked.key_length, 1024);
	assert_string_equal(key(d, number)->asked.organization, "");
	assert_string_equal(key(d, number)->asked.subject_extra, "");
	act(d, number, SCEP_KEY_RENEW);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(key(d, number + 1)->name, "special");
	assert_int_equal(use(d, WEB)->key_index, number + 1);
	/* It is found out once. */
	device_restart(d);
	assert_string_equal(key(d, number)->asked.common_name,
			    "printer.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(what_was_enrolled_by_hand_is_renewed_as_it_is),
	    USE_TEST(the_values_of_the_tables_do_not_matter),
	    USE_TEST(it_goes_where_the_key_is_now),
	    USE_TEST(what_came_of_it_is_the_result),
	    USE_TEST(a_renewal_that_pollNow_resumes_runs_again),
	    USE_TEST(a_challenge_that_is_needed_is_that_of_the_profile),
	    USE_TEST(what_cannot_be_renewed_is_refused_with_the_reason),
	    USE_TEST(a_profile_that_is_gone_is_the_reason),
	    USE_TEST(a_challenge_for_the_next_request_stays),
	    USE_TEST(the_default_key_is_not_renewed),
	    USE_TEST(one_request_of_a_profile_at_a_time),
	    USE_TEST(a_location_that_is_gone_is_the_reason),
	    USE_TEST(a_key_of_an_older_database_is_renewed_by_its_certificate),
	};

	return cmocka_run_group_tests_name("key renew", tests, NULL, NULL);
}
