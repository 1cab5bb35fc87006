/* SPDX-License-Identifier: Apache-2.0 */
/* RAs in the answer to GetCACert (MIB, rule 15): who gets the challenge, whose
 * word counts, and what a manager sees and decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "tests/lib/device.h"

#define LATER (SCRIPTED_NOW + 900 * PKI_DAY)

static int add(struct device *d, const char *name, const char *usage)
{
	static const enum pki_key_name keys[] = {PKI_KEY_RA, PKI_KEY_RA_ENCRYPT,
						 PKI_KEY_DEVICE_OLD};

	return scripted_ca_add(&d->ca, name, keys[d->ca.other_count], usage,
			       LATER);
}

static const struct scep_ca *row_of(struct device *d, uint32_t profile,
				    const char *subject)
{
	const struct scep_view *view = device_view(d);

	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->profile_index == profile &&
		    strcmp(ca->subject, subject) == 0)
			return ca;
	}
	fail_msg("there is no row of %s", subject);
	return NULL;
}

static const struct scep_ca *row(struct device *d, const char *subject)
{
	return row_of(d, 1, subject);
}

static void decide(struct device *d, const char *subject,
		   enum scep_ca_trust trust)
{
	device_set_number(d, SCEP_CA_TRUST, row(d, subject)->index, trust);
	device_run(d);
}

static void set_policy(struct device *d, enum scep_ra_policy policy)
{
	device_set_number(d, SCEP_SERVER_RA_POLICY, 1, policy);
	device_run(d);
}

static void assert_waits(struct device *d)
{
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(d->ca.seen[CA_PKI], 0);
	assert_true(device_view(d)->agent.health_reason & HEALTH_CA_UNTRUSTED);
}

static void assert_successful_by(struct device *d, int recipient)
{
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(d->ca.recipient, recipient);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
}

static void send(struct device *d)
{
	device_send(d, 1);
	device_run(d);
}

/* Somebody adds a printer's certificate to the answer. */
static void wait_for_word(struct device *d)
{
	add(d, "Printer", NULL);
	device_send(d, 1);
	device_run_for(d, 3600);
	assert_waits(d);
}

/* ---------------------------------------------------------- stolen RAs -- */

static void somebody_else_of_the_ca_gets_no_challenge(void **state)
{
	struct device *d = *state;
	const struct scep_status *status;

	wait_for_word(d);
	status = device_status(d);
	assert_non_null(strstr(status->text, "waiting for scepCaTrust."));
	assert_non_null(strstr(status->text, "the RA CN=Printer: its "));
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_PENDING);
	assert_int_equal(row(d, "CN=Test CA")->trust, SCEP_CA_TRUSTED);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 0);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
}

static void the_word_of_somebody_else_is_not_believed(void **state)
{
	struct device *d = *state;

	add(d, "RA", PKI_MARK_OF_RA);
	d->ca.signer = add(d, "Printer", NULL);
	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
	send(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_BAD_RESPONSE);
	assert_int_equal(d->ca.recipient, 0);
	assert_int_equal(device_status(d)->fail_info, SCEP_FAIL_NONE);
}

static void a_marked_ra_goes_before_somebody_else(void **state)
{
	struct device *d = *state;

	add(d, "RA", PKI_MARK_OF_RA);
	add(d, "Printer", NULL);
	send(d);
	assert_successful_by(d, 0);
	assert_int_equal(row(d, "CN=RA")->trust, SCEP_CA_CHAINED);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_PENDING);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
	/* The RA; a manager has given the fingerprint of the CA. */
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 1);
	send(d);
	assert_successful_by(d, 0);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 1);
}

/* ------------------------------------------------------- a manager's word --
 */

static void trusted_it_speaks_and_no_notification_says_so(void **state)
{
	struct device *d = *state;

	wait_for_word(d);
	decide(d, "CN=Printer", SCEP_CA_TRUSTED);
	assert_successful_by(d, 0);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 0);
	device_restart(d);
	send(d);
	assert_successful_by(d, 0);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_TRUSTED);
}

static void with_all_rejected_the_ca_itself_is_used(void **state)
{
	struct device *d = *state;

	add(d, "Other", NULL);
	wait_for_word(d);
	assert_non_null(strstr(device_status(d)->text, " and 1 more: "));
	decide(d, "CN=Printer", SCEP_CA_REJECTED);
	assert_waits(d);
	decide(d, "CN=Other", SCEP_CA_REJECTED);
	assert_successful_by(d, CA_ITSELF);
	/* The decision lasts. */
	device_restart(d);
	send(d);
	assert_successful_by(d, CA_ITSELF);
}

/* Two RAs, one of which signs: the first word must not leave out the other. */
static void each_one_is_waited_for(void **state)
{
	struct device *d = *state;

	add(d, "Other", NULL);
	wait_for_word(d);
	decide(d, "CN=Printer", SCEP_CA_TRUSTED);
	assert_waits(d);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
	decide(d, "CN=Other", SCEP_CA_TRUSTED);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

/* Another profile's manager may know the RA of another server. */
static void a_decision_of_another_profile_does_not_count(void **state)
{
	struct device *d = *state;

	wait_for_word(d);
	decide(d, "CN=Printer", SCEP_CA_TRUSTED);
	assert_successful_by(d, 0);
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	device_send(d, 2);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(row_of(d, 2, "CN=Printer")->trust, SCEP_CA_PENDING);
}

static void the_wait_survives_a_restart(void **state)
{
	struct device *d = *state;

	wait_for_word(d);
	device_restart(d);
	device_run_for(d, 3600);
	assert_waits(d);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
	decide(d, "CN=Printer", SCEP_CA_REJECTED);
	assert_successful_by(d, CA_ITSELF);
}

static void a_waiting_request_can_be_cancelled(void **state)
{
	struct device *d = *state;

	wait_for_word(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	assert_null(d->state.open_requests);
}

static void a_decision_while_the_answer_is_under_way_counts(void **state)
{
	struct device *d = *state;

	wait_for_word(d);
	decide(d, "CN=Printer", SCEP_CA_TRUSTED);
	device_send(d, 1);
	device_run_to(d, STEP_GET_CA_CERT);
	assert_true(device_step(d));
	device_set_number(d, SCEP_CA_TRUST, row(d, "CN=Printer")->index,
			  SCEP_CA_REJECTED);
	device_run(d);
	assert_successful_by(d, CA_ITSELF);
}

/* An RA that is trusted is no pin, and no successor of the CA. */
static void a_trusted_ra_is_no_ca(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_set(d);
	add(d, "Printer", NULL);
	send(d);
	assert_waits(d);
	assert_int_equal(row(d, "CN=Test CA")->trust, SCEP_CA_PENDING);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_PENDING);
	decide(d, "CN=Printer", SCEP_CA_TRUSTED);
	assert_waits(d);
	decide(d, "CN=Test CA", SCEP_CA_REJECTED);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(d->ca.seen[CA_PKI], 0);
}

static void after_the_ca_only_its_ras_are_left_to_decide(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_set(d);
	wait_for_word(d);
	decide(d, "CN=Test CA", SCEP_CA_TRUSTED);
	assert_waits(d);
	assert_non_null(strstr(device_status(d)->text, "the RA CN=Printer"));
	decide(d, "CN=Printer", SCEP_CA_REJECTED);
	assert_successful_by(d, CA_ITSELF);
}

/* An ignored RA must not keep a request that waits for the CA alone. */
static void the_ca_is_waited_for_beside_an_ignored_ra(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_set(d);
	add(d, "RA", PKI_MARK_OF_RA);
	wait_for_word(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 0);
	decide(d, "CN=Test CA", SCEP_CA_TRUSTED);
	assert_successful_by(d, 0);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_PENDING);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 1);
}

static void on_first_use_the_ca_is_pinned_while_its_ra_waits(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, 1, SCEP_TRUST_FIRST_USE);
	device_set(d);
	wait_for_word(d);
	assert_int_equal(row(d, "CN=Test CA")->trust, SCEP_CA_TRUSTED);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 1);
	decide(d, "CN=Printer", SCEP_CA_REJECTED);
	assert_successful_by(d, CA_ITSELF);
}

/* ----------------------------------------------------------- the policy -- */

static void under_confirmed_a_mark_is_not_enough(void **state)
{
	struct device *d = *state;

	set_policy(d, SCEP_RA_CONFIRMED);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	assert_waits(d);
	decide(d, "CN=RA", SCEP_CA_TRUSTED);
	assert_successful_by(d, 0);
}

static void under_any_all_are_believed(void **state)
{
	struct device *d = *state;

	set_policy(d, SCEP_RA_ANY);
	add(d, "Printer", NULL);
	send(d);
	assert_successful_by(d, 0);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_CHAINED);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 1);
	/* And no longer when the policy is another. */
	set_policy(d, SCEP_RA_MARKED);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_PENDING);
}

static void a_waiting_request_obeys_another_policy(void **state)
{
	struct device *d = *state;

	wait_for_word(d);
	set_policy(d, SCEP_RA_CONFIRMED);
	assert_waits(d);
	set_policy(d, SCEP_RA_ANY);
	assert_successful_by(d, 0);
}

static void the_policy_is_locked_while_the_timer_runs(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_AUTO_KEY_NAME, 1, "web");
	device_text(d, SCEP_AUTO_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_AUTO_START_TIME, 1, LATER);
	device_number(d, SCEP_AUTO_ENABLE, 1, 1);
	device_set(d);
	device_number(d, SCEP_SERVER_RA_POLICY, 1, SCEP_RA_ANY);
	assert_int_equal(device_apply(d), SCEP_INCONSISTENT_VALUE);
}

/* ----------------------------------------------------------------- unfit -- */

static void an_expired_ra_is_named_and_not_skipped(void **state)
{
	struct device *d = *state;

	scripted_ca_add(&d->ca, "Old RA", PKI_KEY_STRANGER, PKI_MARK_OF_RA,
			SCRIPTED_NOW - PKI_DAY);
	send(d);
	assert_waits(d);
	assert_non_null(
	    strstr(device_status(d)->text, "the RA CN=Old RA: it has expired"));
	assert_int_equal(row(d, "CN=Old RA")->trust, SCEP_CA_PENDING);
	decide(d, "CN=Old RA", SCEP_CA_TRUSTED);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	assert_non_null(
	    strstr(device_status(d)->text, "the RA CN=Old RA: it has expired"));
	assert_int_equal(d->ca.seen[CA_PKI], 0);
	decide(d, "CN=Old RA", SCEP_CA_REJECTED);
	send(d);
	assert_successful_by(d, CA_ITSELF);
	assert_string_equal(device_status(d)->text, "");
}

static void beside_a_good_ra_an_expired_one_stands_in_text(void **state)
{
	struct device *d = *state;

	scripted_ca_add(&d->ca, "Old RA", PKI_KEY_STRANGER, PKI_MARK_OF_RA,
			SCRIPTED_NOW - PKI_DAY);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	assert_successful_by(d, 1);
	assert_string_equal(device_status(d)->text,
			    "the RA CN=Old RA is ignored: it has expired");
	assert_int_equal(row(d, "CN=Old RA")->trust, SCEP_CA_PENDING);
}

/* -------------------------------------------------------------- changes -- */

static void whoever_is_newly_believed_is_told(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_NEXT_CA_CERT);
	device_run(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 1);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	assert_successful_by(d, 0);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 2);
	/* A certificate that comes back is new again. */
	scripted_ca_drop_others(&d->ca);
	send(d);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_CHANGED), 3);
}

static void a_check_shows_the_same_as_a_request(void **state)
{
	struct device *d = *state;

	add(d, "Printer", NULL);
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_int_equal(device_profile(d, 1)->facts.check_result,
			 SCEP_CA_NOT_TRUSTED);
	assert_int_equal(row(d, "CN=Printer")->trust, SCEP_CA_PENDING);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
	decide(d, "CN=Printer", SCEP_CA_TRUSTED);
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_int_equal(device_profile(d, 1)->facts.check_result, SCEP_NONE);
}

/* The list of a check counts for RAs, and what is gone may come back. */
static void a_revoked_ra_is_not_believed(void **state)
{
	struct device *d = *state;

	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	assert_successful_by(d, 0);
	d->ca.revoked[0] = 1000;
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CRL);
	device_run(d);
	assert_int_equal(device_profile(d, 1)->facts.check_result, SCEP_NONE);
	scripted_ca_drop_others(&d->ca);
	send(d);
	assert_successful_by(d, CA_ITSELF);
	add(d, "RA", PKI_MARK_OF_RA);
	device_restart(d);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_non_null(
	    strstr(device_status(d)->text, "the RA CN=RA: it is revoked"));
	assert_int_equal(row(d, "CN=RA")->trust, SCEP_CA_PENDING);
}

static void fetch_crl(struct device *d)
{
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CRL);
	device_run(d);
	assert_int_equal(device_profile(d, 1)->facts.check_result, SCEP_NONE);
}

/* It was no row when the list came. */
static void an_ra_that_comes_after_the_list_is_not_believed(void **state)
{
	struct device *d = *state;

	send(d);
	assert_successful_by(d, CA_ITSELF);
	d->ca.revoked[0] = 1000;
	fetch_crl(d);
	device_restart(d);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_non_null(
	    strstr(device_status(d)->text, "the RA CN=RA: it is revoked"));
	assert_int_equal(row(d, "CN=RA")->trust, SCEP_CA_PENDING);
	assert_true(row(d, "CN=RA")->is_revoked);
	/* No manager can make it good. */
	decide(d, "CN=RA", SCEP_CA_TRUSTED);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	assert_non_null(
	    strstr(device_status(d)->text, "the RA CN=RA: it is revoked"));
	assert_int_equal(d->ca.recipient, CA_ITSELF);
	/* A row that is destroyed takes nothing back. */
	device_set_number(d, SCEP_CA_ROW_STATUS, row(d, "CN=RA")->index,
			  SCEP_ROW_DESTROY);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(d->ca.recipient, CA_ITSELF);
}

/* The next list takes it back (RFC 5280, certificateHold). */
static void a_later_list_may_take_it_back(void **state)
{
	struct device *d = *state;

	send(d);
	d->ca.revoked[0] = 1000;
	fetch_crl(d);
	d->ca.revoked[0] = 0;
	fetch_crl(d);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	assert_successful_by(d, 0);
}

/* A certificate of the CA asks for the list while the request is pending. */
static void wait_for_poll_with_a_list(struct device *d)
{
	scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	send(d);
	assert_successful_by(d, CA_ITSELF);
	add(d, "RA", PKI_MARK_OF_RA);
	device_set_polls(d, 10, 300);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	assert_int_equal(d->ca.recipient, 0);
	d->ca.revoked[0] = 1000;
	fetch_crl(d);
}

static void a_poll_does_not_go_to_an_ra_revoked_meanwhile(void **state)
{
	struct device *d = *state;
	unsigned int sent;

	wait_for_poll_with_a_list(d);
	device_restart(d);
	sent = d->ca.seen[CA_PKI];
	device_run_for(d, 301);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	assert_string_equal(device_status(d)->text,
			    "CA Certificate Not Trusted: the RA CN=RA, or a "
			    "CA above it, is revoked");
	assert_int_equal(d->ca.seen[CA_PKI], sent);
}

/* Nothing can be read of it after a fault of the disk: rows keep their marks,
 * and requests go on. */
static void a_list_that_cannot_be_read_stops_nothing(void **state)
{
	struct device *d = *state;
	char path[400];
	FILE *file;

	send(d);
	d->ca.revoked[0] = 1000;
	fetch_crl(d);
	snprintf(path, sizeof(path), "%s/state/crls/profile-1.pem", d->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("-----BEGIN X509 CRL-----\nx\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	send(d);
	assert_successful_by(d, CA_ITSELF);
	fetch_crl(d);
	add(d, "RA", PKI_MARK_OF_RA);
	send(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(somebody_else_of_the_ca_gets_no_challenge),
	    TEST(the_word_of_somebody_else_is_not_believed),
	    TEST(a_marked_ra_goes_before_somebody_else),
	    TEST(trusted_it_speaks_and_no_notification_says_so),
	    TEST(with_all_rejected_the_ca_itself_is_used),
	    TEST(each_one_is_waited_for),
	    TEST(a_decision_of_another_profile_does_not_count),
	    TEST(the_wait_survives_a_restart),
	    TEST(a_waiting_request_can_be_cancelled),
	    TEST(a_decision_while_the_answer_is_under_way_counts),
	    TEST(a_trusted_ra_is_no_ca),
	    TEST(after_the_ca_only_its_ras_are_left_to_decide),
	    TEST(the_ca_is_waited_for_beside_an_ignored_ra),
	    TEST(on_first_use_the_ca_is_pinned_while_its_ra_waits),
	    TEST(under_confirmed_a_mark_is_not_enough),
	    TEST(under_any_all_are_believed),
	    TEST(a_waiting_request_obeys_another_policy),
	    TEST(the_policy_is_locked_while_the_timer_runs),
	    TEST(an_expired_ra_is_named_and_not_skipped),
	    TEST(beside_a_good_ra_an_expired_one_stands_in_text),
	    TEST(whoever_is_newly_believed_is_told),
	    TEST(a_check_shows_the_same_as_a_request),
	    TEST(a_revoked_ra_is_not_believed),
	    TEST(an_ra_that_comes_after_the_list_is_not_believed),
	    TEST(a_later_list_may_take_it_back),
	    TEST(a_poll_does_not_go_to_an_ra_revoked_meanwhile),
	    TEST(a_list_that_cannot_be_read_stops_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
