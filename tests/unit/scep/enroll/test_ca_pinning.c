/* SPDX-License-Identifier: Apache-2.0 */
/* Trust in a CA: pins, first use and the decision of an operator (MIB, rule
 * 15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static void set_policy(struct device *d, enum scep_trust_policy policy)
{
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, 1, policy);
	device_set(d);
}

/* The only row of scepCaTable, which describes the CA. */
static const struct scep_ca *only_ca(struct device *d)
{
	const struct scep_view *view = device_view(d);
	const struct scep_ca *ca;
	unsigned char fingerprint[32];

	assert_int_equal(view->cas.count, 1);
	ca = view->cas.row[0];
	scripted_ca_fingerprint(&d->ca, fingerprint);
	assert_int_equal(ca->fingerprint.length, 32);
	assert_memory_equal(ca->fingerprint.data, fingerprint, 32);
	assert_string_equal(ca->subject, "CN=Test CA");
	assert_int_equal(ca->source, SCEP_CA_GET);
	assert_int_equal(ca->profile_index, 1);
	return ca;
}

static void assert_waits(struct device *d)
{
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(only_ca(d)->trust, SCEP_CA_PENDING);
	assert_int_equal(d->ca.seen[CA_PKI], 0);
	assert_true(device_view(d)->agent.health_reason & HEALTH_CA_UNTRUSTED);
}

static void assert_refused(struct device *d, unsigned int messages)
{
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(d->ca.seen[CA_PKI], messages);
	assert_null(d->state.open_requests);
	assert_int_equal(device_view(d)->keys.count, messages);
}

static void wait_for_operator(struct device *d)
{
	set_policy(d, SCEP_TRUST_VERIFY);
	device_send(d, 1);
	device_run_for(d, 3600);
	assert_waits(d);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
}

static void decide(struct device *d, enum scep_ca_trust trust)
{
	device_set_number(d, SCEP_CA_TRUST, only_ca(d)->index, trust);
	device_run(d);
}

/* --------------------------------------------------------- fingerprints -- */

static void with_another_fingerprint_no_message_is_sent(void **state)
{
	static const unsigned char other[32] = {1, 2, 3};
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, other, 32);
	device_set(d);
	device_set_polls(d, 10, 60);
	device_send(d, 1);
	device_run_for(d, 3600);
	assert_refused(d, 0);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
	assert_int_equal(device_view(d)->stats.ca_rejects, 1);
	assert_int_equal(device_files(d), 0);
}

static void the_pinned_ca_is_shown_as_trusted(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(only_ca(d)->trust, SCEP_CA_TRUSTED);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 0);
}

/* --------------------------------------------------------------- verify -- */

static void an_unknown_ca_is_waited_for_and_trust_lets_it_go_on(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	decide(d, SCEP_CA_TRUSTED);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(only_ca(d)->trust, SCEP_CA_TRUSTED);
	device_only_key(d);
	/* The next one needs no word of the operator. */
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_profile(d, 1)->server.ca_fingerprint.length, 0);
}

static void a_rejected_ca_ends_the_request(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	decide(d, SCEP_CA_REJECTED);
	assert_refused(d, 0);
	/* And every later one. */
	device_send(d, 1);
	device_run(d);
	assert_refused(d, 0);
}

static void a_trust_that_is_taken_back_changes_nothing(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	device_number(d, SCEP_CA_TRUST, only_ca(d)->index, SCEP_CA_TRUSTED);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_run(d);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_run_for(d, 3600);
	assert_waits(d);
}

static void the_wait_survives_a_restart(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	device_restart(d);
	device_run_for(d, 3600);
	assert_waits(d);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
	decide(d, SCEP_CA_TRUSTED);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	device_only_key(d);
}

static void a_decision_survives_a_kill_at_once(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	device_number(d, SCEP_CA_TRUST, only_ca(d)->index, SCEP_CA_TRUSTED);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_waiting_request_can_be_cancelled(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
	assert_null(d->state.open_requests);
}

static void other_sets_do_not_disturb_the_wait(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	device_set_number(d, SCEP_STATUS_MAX_ROWS, 0, 30);
	device_run(d);
	assert_waits(d);
	assert_int_equal(d->ca.seen[CA_CERT], 1);
}

static void
a_new_ca_beside_a_trusted_one_is_waited_for_without_a_storm(void **state)
{
	struct device *d = *state;
	const struct scep_view *view;

	wait_for_operator(d);
	decide(d, SCEP_CA_TRUSTED);
	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 900 * PKI_DAY);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	view = device_view(d);
	assert_int_equal(view->cas.count, 2);
	assert_int_equal(d->ca.seen[CA_CERT], 3);
	device_set_number(d, SCEP_STATUS_MAX_ROWS, 0, 30);
	device_restart(d);
	device_run(d);
	assert_int_equal(d->ca.seen[CA_CERT], 3);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 2);
	view = device_view(d);
	device_set_number(d, SCEP_CA_TRUST, *(uint32_t *)view->cas.row[1],
			  SCEP_CA_TRUSTED);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

/* There is nothing that an operator could decide. */
static void a_trusted_ca_that_has_expired_ends_the_request(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	decide(d, SCEP_CA_TRUSTED);
	d->io.wall += 3660 * PKI_DAY;
	device_send(d, 1);
	device_run(d);
	assert_refused(d, 1);
}

static void where_there_is_no_ca_nobody_is_asked(void **state)
{
	struct device *d = *state;
	struct pki_cert plan =
	    pki_leaf_plan("RA", pki_key(PKI_KEY_RA), NULL, pki_key(PKI_KEY_RA));

	plan.not_before = SCRIPTED_NOW - PKI_DAY;
	plan.not_after = SCRIPTED_NOW + PKI_DAY;
	set_policy(d, SCEP_TRUST_VERIFY);
	X509_free(d->ca.root);
	d->ca.root = pki_certify(&plan);
	device_send(d, 1);
	device_run_for(d, 3600);
	assert_refused(d, 0);
	assert_non_null(strstr(device_status(d)->text,
			       "no CA certificate among those of the server"));
}

static void a_request_ends_if_the_rows_it_waits_for_are_forgotten(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_set(d);
	device_run(d);
	assert_refused(d, 0);
	assert_int_equal(device_view(d)->cas.count, 0);
}

/* --------------------------------------------------- trust on first use -- */

static void the_first_ca_is_pinned_and_another_one_refused(void **state)
{
	struct device *d = *state;

	set_policy(d, SCEP_TRUST_FIRST_USE);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(only_ca(d)->trust, SCEP_CA_TRUSTED);
	assert_int_equal(device_profile(d, 1)->server.ca_fingerprint.length, 0);
	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 900 * PKI_DAY);
	device_restart(d);
	device_send(d, 1);
	device_run(d);
	assert_refused(d, 1);
	assert_int_equal(device_view(d)->cas.count, 1);
}

static void a_change_of_the_url_forgets_the_pin(void **state)
{
	struct device *d = *state;

	set_policy(d, SCEP_TRUST_FIRST_USE);
	device_send(d, 1);
	device_run(d);
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_set(d);
	assert_int_equal(device_view(d)->cas.count, 0);
	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 900 * PKI_DAY);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	only_ca(d);
}

/* A request to the old server must not pin its CA for the new one. */
static void an_old_request_pins_nothing_for_a_new_url(void **state)
{
	struct device *d = *state;

	set_policy(d, SCEP_TRUST_FIRST_USE);
	device_send(d, 1);
	device_run_to(d, STEP_GET_CA_CERT);
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_set(d);
	device_run(d);
	assert_int_equal(device_view(d)->cas.count, 0);
	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 900 * PKI_DAY);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_rejected_ca_is_not_trusted_on_its_second_use(void **state)
{
	struct device *d = *state;

	wait_for_operator(d);
	decide(d, SCEP_CA_REJECTED);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, 1, SCEP_TRUST_FIRST_USE);
	device_set(d);
	device_send(d, 1);
	device_run(d);
	assert_refused(d, 0);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(with_another_fingerprint_no_message_is_sent),
	    TEST(the_pinned_ca_is_shown_as_trusted),
	    TEST(an_unknown_ca_is_waited_for_and_trust_lets_it_go_on),
	    TEST(a_rejected_ca_ends_the_request),
	    TEST(a_trust_that_is_taken_back_changes_nothing),
	    TEST(the_wait_survives_a_restart),
	    TEST(a_decision_survives_a_kill_at_once),
	    TEST(a_waiting_request_can_be_cancelled),
	    TEST(other_sets_do_not_disturb_the_wait),
	    TEST(a_new_ca_beside_a_trusted_one_is_waited_for_without_a_storm),
	    TEST(a_trusted_ca_that_has_expired_ends_the_request),
	    TEST(where_there_is_no_ca_nobody_is_asked),
	    TEST(a_request_ends_if_the_rows_it_waits_for_are_forgotten),
	    TEST(the_first_ca_is_pinned_and_another_one_refused),
	    TEST(a_change_of_the_url_forgets_the_pin),
	    TEST(an_old_request_pins_nothing_for_a_new_url),
	    TEST(a_rejected_ca_is_not_trusted_on_its_second_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
