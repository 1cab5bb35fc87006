/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for EC keys: first enrolment, renewal, and CAs with an EC key (RFC
 * 8894, 3.1 and 3.2.2). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/keys/renewal.h"
#include "scep/state/open_request.h"

static void send_ec(struct device *d, enum scep_new_key algorithm)
{
	device_number(d, SCEP_REQUEST_KEY_ALGORITHM, 1, algorithm);
	device_send(d, 1);
}

static bool has_challenge(struct device *d)
{
	return device_record(d) != NULL &&
	       device_record(d)->values.challenge_password.length > 0;
}

static void assert_enrolled(struct device *d, uint32_t bits)
{
	const struct scep_key *key;

	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	key = device_only_key(d);
	assert_int_equal(key->algorithm, SCEP_KEY_EC);
	assert_int_equal(key->length, bits);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

/* --------------------------------------------------------- first enrolment */

static void an_ec_key_is_enrolled_by_password_and_by_agreement(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct device *d = *state;
		bool is_long = i % 2 != 0;

		d->ca.agrees_on_keys = i >= 2;
		send_ec(d, is_long ? SCEP_NEW_EC_P384 : SCEP_NEW_EC_P256);
		device_run(d);
		assert_enrolled(d, is_long ? 384 : 256);
		device_teardown(state);
		device_setup(state);
	}
}

static void without_a_challenge_nothing_is_sent(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_REQUEST_KEY_ALGORITHM, 1, SCEP_NEW_EC_P256);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "printer.example");
	device_act(d, SCEP_ACTION_SEND);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR);
	assert_non_null(strstr(device_status(d)->text,
			       "an EC key needs a challenge password "
			       "(scepRequestChallengePassword.1)"));
	assert_int_equal(d->io.fetches, 0);
	assert_int_equal(device_files(d), 0);
	assert_null(d->state.open_requests);
}

static void the_challenge_stays_until_the_reply_is_open(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 2);
	send_ec(d, SCEP_NEW_EC_P256);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	assert_true(has_challenge(d));
	device_run_for(d, 61);
	device_restart(d);
	assert_true(has_challenge(d));
	device_run_for(d, 61);
	assert_enrolled(d, 256);
	assert_string_equal(d->ca.message_type, "20");
	assert_int_equal(d->ca.transactions, 1);
}

static void a_deferred_request_keeps_its_challenge_for_pollNow(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	send_ec(d, SCEP_NEW_EC_P256);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_int_equal(
	    device_profile(d, 1)->request.challenge_password.length, 0);
	device_restart(d);
	assert_true(has_challenge(d));
	/* The server answers with the one that it was sent. */
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "another one");
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void before_an_answer_pollNow_takes_a_new_challenge(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_CERT, CA_AWAY, 0, 1);
	send_ec(d, SCEP_NEW_EC_P256);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, "another one");
	device_act(d, SCEP_ACTION_POLL_NOW);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(d->ca.challenge, "another one");
}

static void what_replaces_a_suspended_request_wipes_its_challenge(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	send_ec(d, SCEP_NEW_EC_P256);
	device_run(d);
	assert_true(device_has_on_disk(d, DEVICE_SECRET));
	device_act(d, SCEP_ACTION_CLEAR);
	device_run(d);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void a_failure_wipes_the_challenge(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	send_ec(d, SCEP_NEW_EC_P256);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_SCEP_ERROR);
	assert_false(device_has_on_disk(d, DEVICE_SECRET));
}

static void a_certificate_for_another_key_is_refused(void **state)
{
	struct device *d = *state;

	for (int i = 0; i < 2; i++) {
		d->ca.agrees_on_keys = i > 0;
		scripted_ca_plan_many(&d->ca, CA_PKI, CA_FOREIGN_KEY, 0, 1);
		d->ca.planned[CA_PKI] = d->ca.seen[CA_PKI] + 1;
		d->ca.plan[CA_PKI][d->ca.seen[CA_PKI]] =
		    (struct ca_step){CA_FOREIGN_KEY, 0};
		send_ec(d, SCEP_NEW_EC_P256);
		device_run(d);
		device_assert_status(d, SCEP_STATE_ERROR, SCEP_BAD_RESPONSE);
		assert_non_null(strstr(device_status(d)->text, "another key"));
		assert_int_equal(device_view(d)->keys.count, 0);
	}
}

static void an_ec_key_takes_no_spare_key(void **state)
{
	struct device *d = *state;

	d->config.spare_keys[0] = d->state.config.spare_keys[0] = 1024;
	device_restart(d);
	device_run(d);
	assert_int_equal(device_files(d), 1);
	send_ec(d, SCEP_NEW_EC_P256);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	/* The spare key, and the two files of the new one. */
	assert_int_equal(device_files(d), 3);
}

/* ------------------------------------------------------ a CA with an EC key */

static void pin_ca(struct device *d)
{
	unsigned char digest[32];

	scripted_ca_fingerprint(&d->ca, digest);
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, digest, 32);
	device_set(d);
}

static void a_ca_with_an_ec_key_gets_requests_by_password(void **state)
{
	struct device *d = *state;

	scripted_ca_use_ec(&d->ca, DEVICE_SECRET);
	pin_ca(d);
	send_ec(d, SCEP_NEW_EC_P384);
	device_run(d);
	assert_enrolled(d, 384);
	/* For an RSA key, too. */
	send_ec(d, SCEP_NEW_RSA);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_view(d)->keys.count, 2);
}

static void a_ca_with_an_ec_key_needs_the_challenge(void **state)
{
	struct device *d = *state;

	scripted_ca_use_ec(&d->ca, DEVICE_SECRET);
	pin_ca(d);
	device_text(d, SCEP_REQUEST_KEY_NAME, 1, "web");
	device_text(d, SCEP_REQUEST_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_REQUEST_KEY_LENGTH, 1, 1024);
	device_act(d, SCEP_ACTION_SEND);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR);
	assert_non_null(
	    strstr(device_status(d)->text, "needs a challenge password"));
	assert_int_equal(d->ca.seen[CA_PKI], 0);
}

/* ----------------------------------------------------------------- renewal */

static void begin(struct device *d, enum scep_new_key algorithm)
{
	device_number(d, SCEP_AUTO_KEY_ALGORITHM, 1, algorithm);
	enable_periodic(d, d->io.wall, CALENDAR_DAYS, 1);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
}

static void go_on(struct device *d)
{
	device_run_for(d, DAY);
	device_run(d);
}

static void assert_renewed(struct device *d, const char *message_type)
{
	const struct scep_key *key =
	    scep_rows_find(&device_view(d)->keys, row(d, 2)->key_index);

	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(key->algorithm, SCEP_KEY_EC);
	assert_string_equal(d->ca.message_type, message_type);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_int_not_equal(d->ca.signer_serial, 0);
}

static void a_renewal_has_the_challenge_too(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct device *d = *state;

		d->ca.agrees_on_keys = i > 0;
		begin(d, SCEP_NEW_EC_P256);
		d->ca.challenge[0] = '\0';
		go_on(d);
		assert_renewed(d, "17");
		device_teardown(state);
		timer_setup(state);
	}
}

static void a_refused_renewal_is_followed_by_a_pkcs_req(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	begin(d, SCEP_NEW_EC_P256);
	go_on(d);
	assert_renewed(d, "19");
}

/* The RA has had it in the RenewalReq, and the reply is opened with it. */
static void one_that_an_ra_refuses_has_the_challenge_still(void **state)
{
	struct device *d = *state;

	d->ca.signer = scripted_ca_add(&d->ca, "RA", PKI_KEY_RA, PKI_MARK_OF_RA,
				       SCRIPTED_NOW + 900 * PKI_DAY);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	begin(d, SCEP_NEW_EC_P256);
	go_on(d);
	assert_renewed(d, "19");
}

static void a_renewal_without_a_challenge_waits_for_one(void **state)
{
	struct device *d = *state;
	unsigned int before;

	begin(d, SCEP_NEW_EC_P256);
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, "");
	device_set(d);
	before = d->io.fetches;
	go_on(d);
	assert_row(d, 2, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR,
		   SCEP_TRIGGER_PERIODIC);
	assert_non_null(strstr(row(d, 2)->text, "scepAutoChallengePassword.1"));
	assert_int_equal(d->io.fetches, before);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
	assert_non_null(strstr(announced(d, 1)->text,
			       "waiting for scepAutoChallengePassword.1"));
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_set(d);
	go_on(d);
	assert_row(d, 3, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
}

/* The kind of the key changes with a renewal, from RSA and to RSA. */
static void a_renewal_may_change_the_kind_of_the_key(void **state)
{
	struct device *d = *state;

	begin(d, SCEP_NEW_RSA);
	device_set_number(d, SCEP_AUTO_KEY_ALGORITHM, 1, SCEP_NEW_EC_P384);
	d->ca.challenge[0] = '\0';
	go_on(d);
	assert_renewed(d, "17");
	device_set_number(d, SCEP_AUTO_KEY_ALGORITHM, 1, SCEP_NEW_RSA);
	d->ca.challenge[0] = '\0';
	go_on(d);
	assert_row(d, 3, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	/* The old key, to which the reply goes, is the EC key. */
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_ec_key_is_enrolled_by_password_and_by_agreement),
	    TEST(without_a_challenge_nothing_is_sent),
	    TEST(the_challenge_stays_until_the_reply_is_open),
	    TEST(a_deferred_request_keeps_its_challenge_for_pollNow),
	    TEST(before_an_answer_pollNow_takes_a_new_challenge),
	    TEST(what_replaces_a_suspended_request_wipes_its_challenge),
	    TEST(a_failure_wipes_the_challenge),
	    TEST(a_certificate_for_another_key_is_refused),
	    TEST(an_ec_key_takes_no_spare_key),
	    TEST(a_ca_with_an_ec_key_gets_requests_by_password),
	    TEST(a_ca_with_an_ec_key_needs_the_challenge),
	    TEST(a_renewal_has_the_challenge_too),
	    TEST(a_refused_renewal_is_followed_by_a_pkcs_req),
	    TEST(one_that_an_ra_refuses_has_the_challenge_still),
	    TEST(a_renewal_without_a_challenge_waits_for_one),
	    TEST(a_renewal_may_change_the_kind_of_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
