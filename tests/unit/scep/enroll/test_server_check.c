/* SPDX-License-Identifier: Apache-2.0 */
/* scepServerCheck: what a manager learns of a server without a request.  What
 * it learns of CAs is in test_server_check_cas.c. */
#include "tests/unit/scep/enroll/check_world.h"
#include "tests/lib/log_lines.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/status_row.h"

static void assert_refused(struct device *d, const char *reason)
{
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
	assert_non_null(strstr(d->verdict.reason, reason));
}

/* --------------------------------------------------------------- the Set -- */

static void the_set_is_answered_at_once_and_the_result_is_polled(void **state)
{
	struct device *d = *state;

	assert_result(d, SCEP_NONE);
	begin(d, SCEP_CHECK_CA_CAPS);
	assert_result(d, SCEP_IN_PROGRESS);
	assert_int_equal(d->ca.seen[CA_CAPS], 0);
	device_run(d);
	assert_result(d, SCEP_NONE);
	assert_int_equal(d->ca.seen[CA_CAPS], 1);
	assert_int_equal(device_view(d)->statuses.count, 0);
	assert_int_equal(device_view(d)->stats.requests, 0);
}

static void one_check_of_a_profile_runs_at_a_time(void **state)
{
	struct device *d = *state;

	begin(d, SCEP_CHECK_CA_CAPS);
	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	assert_refused(d, "scepServerCheck.1: a check of this profile is "
			  "running");
	device_run(d);
	assert_int_equal(d->ca.seen[CA_CERT], 0);
	check(d, SCEP_CHECK_CA_CERT);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
}

static void profiles_are_checked_beside_each_other(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2,
			  SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	begin(d, SCEP_CHECK_CA_CERT);
	device_set_number(d, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CAPS);
	device_run(d);
	assert_result(d, SCEP_NONE);
	assert_int_equal(device_profile(d, 2)->facts.check_result, SCEP_NONE);
	assert_int_equal(device_profile(d, 1)->facts.caps, 0);
	assert_int_not_equal(device_profile(d, 2)->facts.caps, 0);
}

static void a_check_without_a_url_is_refused(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_SERVER_URL, 1, "");
	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
	assert_refused(d, "scepServerUrl is empty");
	assert_result(d, SCEP_NONE);
	assert_string_equal(device_profile(d, 1)->server.url, DEVICE_URL);
}

static void the_result_is_there_in_words(void **state)
{
	struct device *d = *state;

	assert_check_text(d, "");
	begin(d, SCEP_CHECK_CA_CERT);
	assert_check_text(d, "running");
	device_run(d);
	assert_check_text(d, "successful");
	d->ca.plan[CA_CAPS][1] = (struct ca_step){CA_AWAY, 0};
	d->ca.planned[CA_CAPS] = 2;
	check(d, SCEP_CHECK_CA_CAPS);
	check(d, SCEP_CHECK_CA_CAPS);
	assert_result(d, SCEP_COMM_ERROR);
	assert_memory_equal(device_profile(d, 1)->facts.check_text,
			    "Communication Error (TOP ERROR): ", 33);
	check(d, SCEP_CHECK_CRL);
	assert_check_text(d, "Setting Error: the profile has no valid "
			     "certificate");
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_set(d);
	assert_check_text(d, "");
}

static void noop_checks_nothing(void **state)
{
	struct device *d = *state;

	check(d, SCEP_CHECK_NOOP);
	assert_result(d, SCEP_NONE);
	assert_int_equal(d->io.fetches, 0);
}

static void a_check_begins_when_its_set_is_confirmed(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(d->io.fetches, 0);
	assert_result(d, SCEP_IN_PROGRESS);
	/* A master that was killed says nothing any more. */
	device_run_for(d, 10);
	assert_int_equal(d->ca.seen[CA_CAPS], 1);
	assert_result(d, SCEP_NONE);
}

static void a_check_that_is_taken_back_never_was(void **state)
{
	struct device *d = *state;

	d->ca.plan[CA_CAPS][0] = (struct ca_step){CA_AWAY, 0};
	d->ca.planned[CA_CAPS] = 1;
	check(d, SCEP_CHECK_CA_CAPS);
	assert_result(d, SCEP_COMM_ERROR);
	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run_for(d, 10);
	assert_result(d, SCEP_COMM_ERROR);
	assert_int_equal(d->ca.seen[CA_CERT], 0);
}

static void a_set_that_is_taken_back_keeps_the_result_of_a_check(void **state)
{
	struct device *d = *state;

	begin(d, SCEP_CHECK_CA_CAPS);
	device_number(d, SCEP_SERVER_TIMEOUT, 1, 99);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_result(d, SCEP_IN_PROGRESS);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(device_profile(d, 1)->server.timeout, 30);
	assert_int_not_equal(device_profile(d, 1)->facts.caps, 0);
	assert_result(d, SCEP_NONE);
}

static void a_restart_ends_a_check(void **state)
{
	struct device *d = *state;

	begin(d, SCEP_CHECK_CA_CERT);
	assert_true(device_step(d));
	device_restart(d);
	device_run(d);
	assert_result(d, SCEP_NONE);
	assert_int_equal(d->ca.seen[CA_CERT], 0);
}

/* A kill after any number of steps loses no row and leaves no check. */
static void a_check_can_be_ended_at_any_step(void **state)
{
	struct device *d = *state;

	enrol(d);
	for (int steps = 0; steps < 20; steps++) {
		begin(d, SCEP_CHECK_CRL);
		for (int i = 0; i < steps; i++)
			device_step(d);
		device_restart(d);
		device_run(d);
		assert_null(d->state.tasks);
		assert_result(d, SCEP_NONE);
		device_only_key(d);
	}
}

/* ----------------------------------------------------- changes meanwhile -- */

static void what_another_server_says_is_not_taken_over(void **state)
{
	struct device *d = *state;

	forget_fingerprint(d, SCEP_TRUST_FIRST_USE);
	begin(d, SCEP_CHECK_CA_CERT);
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_set(d);
	device_run(d);
	assert_result(d, SCEP_INTERRUPTED);
	assert_int_equal(device_view(d)->cas.count, 0);
}

static void a_check_of_a_profile_that_is_gone_ends(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2,
			  SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	device_set_number(d, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CERT);
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	device_run(d);
	assert_null(d->state.tasks);
	assert_int_equal(device_view(d)->cas.count, 0);
}

static void a_new_profile_of_that_index_has_a_check_of_its_own(void **state)
{
	struct device *d = *state;

	for (int i = 0; i < 2; i++) {
		device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2,
				  SCEP_ROW_CREATE_AND_GO);
		device_fill(d, 2);
		device_set_number(d, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CA_CERT);
		if (i == 0)
			device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2,
					  SCEP_ROW_DESTROY);
	}
	device_run(d);
	assert_null(d->state.tasks);
	assert_null(d->state.discarded);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
	assert_int_equal(device_profile(d, 2)->facts.check_result, SCEP_NONE);
}

static void a_check_runs_beside_a_request(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	begin(d, SCEP_CHECK_NEXT_CA_CERT);
	scripted_ca_announce(&d->ca);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_result(d, SCEP_NONE);
	device_only_key(d);
}

/* ------------------------------------------------------------- GetCACaps -- */

static void getCaCaps_fills_what_is_known_of_the_server(void **state)
{
	struct device *d = *state;
	const struct scep_server_facts *facts;

	d->ca.date_skew = 42;
	check(d, SCEP_CHECK_CA_CAPS);
	facts = &device_profile(d, 1)->facts;
	assert_int_equal(facts->caps, SCEP_CAP_AES | SCEP_CAP_POST |
					  SCEP_CAP_SHA256 | SCEP_CAP_STANDARD |
					  SCEP_CAP_RENEWAL);
	assert_int_equal(facts->last_contact, d->io.wall);
	assert_int_equal(facts->clock_skew, 42);
}

struct fault {
	struct ca_step step;
	enum scep_code result;
};

static void a_fault_is_told_as_its_detail(void **state)
{
	static const struct fault faults[] = {
	    {{CA_AWAY, 0}, SCEP_COMM_ERROR},
	    {{CA_HTTP, 404}, SCEP_HTTP_ERROR},
	    {{CA_HTTP, 503}, SCEP_HTTP_ERROR},
	};
	struct device *d = *state;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		scripted_ca_plan(&d->ca, CA_CAPS, faults[i].step.behaviour,
				 faults[i].step.number);
		check(d, SCEP_CHECK_CA_CAPS);
		assert_result(d, faults[i].result);
	}
	scripted_ca_plan(&d->ca, CA_CERT, CA_HTML, 0);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_BAD_RESPONSE);
	/* And a good one clears it. */
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_NONE);
}

static void a_clock_that_is_wrong_fails_where_it_is_an_error(void **state)
{
	struct device *d = *state;

	d->ca.date_skew = 86400;
	check(d, SCEP_CHECK_CA_CAPS);
	assert_result(d, SCEP_NONE);
	d->state.config.clock_skew_is_error = true;
	check(d, SCEP_CHECK_CA_CAPS);
	assert_result(d, SCEP_CLOCK_SUSPECT);
	assert_int_equal(device_profile(d, 1)->facts.clock_skew, 86400);
}

static void no_worker_and_no_exchange_are_told_too(void **state)
{
	struct device *d = *state;

	begin(d, SCEP_CHECK_CA_CAPS);
	device_run(d);
	d->io.refusals = 1;
	device_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CAPS);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_tick(d);
	device_run(d);
	assert_result(d, SCEP_STORAGE_ERROR);
	assert_null(d->state.tasks);
}

/* ---------------------------------------------------------------- GetCRL -- */

static enum scep_key_state key_state(struct device *d)
{
	return scep_key_state_at(device_only_key(d), d->io.wall, 30);
}

static void getCrl_needs_a_certificate_of_the_profile(void **state)
{
	struct device *d = *state;

	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_CONFIG_ERROR);
	assert_int_equal(d->io.fetches, 0);
	enrol(d);
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_NONE);
	assert_string_equal(d->ca.message_type, "22");
	/* That of another profile is of no use. */
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2,
			  SCEP_ROW_CREATE_AND_GO);
	device_fill(d, 2);
	device_set_number(d, SCEP_SERVER_CHECK, 2, SCEP_CHECK_CRL);
	device_run(d);
	assert_int_equal(device_profile(d, 2)->facts.check_result,
			 SCEP_CONFIG_ERROR);
}

static void getCrl_goes_by_get_where_post_is_not_offered(void **state)
{
	struct device *d = *state;

	d->ca.caps = "AES\nSHA-256\n";
	enrol(d);
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_NONE);
	assert_int_equal(d->ca.posts, 0);
}

static void a_revoked_certificate_is_shown_as_revoked(void **state)
{
	struct device *d = *state;

	enrol(d);
	check(d, SCEP_CHECK_CRL);
	assert_int_equal(key_state(d), SCEP_KEY_VALID);
	d->ca.revoked[0] = d->ca.issued + 1;
	log_lines_begin();
	check(d, SCEP_CHECK_CRL);
	assert_non_null(strstr(log_lines, "W key 1 (web, profile 1): its "
					  "certificate is revoked\n"));
	assert_result(d, SCEP_NONE);
	assert_int_equal(key_state(d), SCEP_KEY_REVOKED);
	device_restart(d);
	assert_int_equal(key_state(d), SCEP_KEY_REVOKED);
	/* And it signs nothing any more. */
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_CONFIG_ERROR);
}

static void what_the_server_says_to_getCrl_is_told(void **state)
{
	static const struct fault faults[] = {
	    {{CA_FAILURE, 4}, SCEP_SCEP_ERROR},
	    {{CA_PENDING, 0}, SCEP_BAD_RESPONSE},
	    {{CA_OTHER_NONCE, 0}, SCEP_BAD_RESPONSE},
	    {{CA_BY_STRANGER, 0}, SCEP_BAD_RESPONSE},
	    {{CA_HTML, 0}, SCEP_BAD_RESPONSE},
	    {{CA_HTTP, 500}, SCEP_HTTP_ERROR},
	    {{CA_AWAY, 0}, SCEP_COMM_ERROR},
	};
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	enrol(d);
	d->ca.revoked[0] = d->ca.issued + 1;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		scripted_ca_plan(&d->ca, CA_PKI, faults[i].step.behaviour,
				 faults[i].step.number);
		check(d, SCEP_CHECK_CRL);
		assert_result(d, faults[i].result);
		assert_int_equal(key_state(d), SCEP_KEY_VALID);
	}
}

static const struct scep_key *the_key(struct device *d)
{
	return device_view(d)->keys.row[0];
}

/* The CA certifies the key of its last request once more. */
static X509 *another_over_the_key(struct device *d)
{
	struct pki_cert plan = pki_leaf_plan(
	    "printer.example", d->ca.requests[0].key, d->ca.root, d->ca.key);

	plan.serial = 99;
	plan.not_before = SCRIPTED_NOW - PKI_DAY;
	plan.not_after = SCRIPTED_NOW + 30 * PKI_DAY;
	return pki_certify(&plan);
}

static void a_key_whose_certificate_is_lost_is_told(void **state)
{
	struct device *d = *state;
	char path[400];

	enrol(d);
	snprintf(path, sizeof(path), "%s/state/certs/%s.pem", d->folder,
		 device_only_key(d)->file_id);
	assert_int_equal(remove(path), 0);
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_STORAGE_ERROR);
}

/* The file of the certificate is gone, and the program knows. */
static void lose_certificate(struct device *d)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/state/certs/%s.pem", d->folder,
		 device_only_key(d)->file_id);
	assert_int_equal(remove(path), 0);
	device_restart(d);
	assert_int_equal(the_key(d)->is_corrupt, 1);
}

static void a_certificate_that_was_lost_is_had_back(void **state)
{
	struct device *d = *state;

	enrol(d);
	lose_certificate(d);
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_NONE);
	/* GetCert is signed by the key itself, GetCRL by its certificate. */
	assert_int_equal(d->ca.seen[CA_PKI], 3);
	assert_string_equal(d->ca.message_type, "22");
	assert_int_equal(d->ca.issued, 1);
	device_only_key(d);
	device_restart(d);
	device_only_key(d);
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_NONE);
	assert_int_equal(d->ca.seen[CA_PKI], 4);
}

static void a_ca_that_does_not_have_it_leaves_it_lost(void **state)
{
	static const struct {
		struct ca_step step;
		enum scep_code code;
	} faults[] = {
	    {{CA_FAILURE, 4}, SCEP_SCEP_ERROR},
	    {{CA_PENDING, 0}, SCEP_BAD_RESPONSE},
	    {{CA_BY_STRANGER, 0}, SCEP_BAD_RESPONSE},
	    {{CA_HTTP, 500}, SCEP_HTTP_ERROR},
	};
	struct device *d = *state;

	enrol(d);
	lose_certificate(d);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		scripted_ca_plan(&d->ca, CA_PKI, faults[i].step.behaviour,
				 faults[i].step.number);
		check(d, SCEP_CHECK_CRL);
		assert_result(d, faults[i].code);
		assert_int_equal(the_key(d)->is_corrupt, 1);
		assert_int_equal(device_files(d), 1);
	}
	/* Another certificate of the same key is not the lost one. */
	X509_free(d->ca.last);
	d->ca.last = another_over_the_key(d);
	check(d, SCEP_CHECK_CRL);
	assert_result(d, SCEP_BAD_RESPONSE);
	assert_int_equal(the_key(d)->is_corrupt, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_set_is_answered_at_once_and_the_result_is_polled),
	    TEST(one_check_of_a_profile_runs_at_a_time),
	    TEST(profiles_are_checked_beside_each_other),
	    TEST(a_check_without_a_url_is_refused),
	    TEST(the_result_is_there_in_words),
	    TEST(noop_checks_nothing),
	    TEST(a_check_begins_when_its_set_is_confirmed),
	    TEST(a_check_that_is_taken_back_never_was),
	    TEST(a_set_that_is_taken_back_keeps_the_result_of_a_check),
	    TEST(a_restart_ends_a_check),
	    TEST(a_check_can_be_ended_at_any_step),
	    TEST(what_another_server_says_is_not_taken_over),
	    TEST(a_check_of_a_profile_that_is_gone_ends),
	    TEST(a_new_profile_of_that_index_has_a_check_of_its_own),
	    TEST(a_check_runs_beside_a_request),
	    TEST(getCaCaps_fills_what_is_known_of_the_server),
	    TEST(a_fault_is_told_as_its_detail),
	    TEST(a_clock_that_is_wrong_fails_where_it_is_an_error),
	    TEST(no_worker_and_no_exchange_are_told_too),
	    TEST(getCrl_needs_a_certificate_of_the_profile),
	    TEST(getCrl_goes_by_get_where_post_is_not_offered),
	    TEST(a_revoked_certificate_is_shown_as_revoked),
	    TEST(what_the_server_says_to_getCrl_is_told),
	    TEST(a_key_whose_certificate_is_lost_is_told),
	    TEST(a_certificate_that_was_lost_is_had_back),
	    TEST(a_ca_that_does_not_have_it_leaves_it_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
