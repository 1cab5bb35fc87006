/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that follow a certificate: with which message, and signed by whom
 * (RFC 8894, 2.5, and MIB, rule 16). */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/keys/registry.h"
#include "scep/keys/renewal.h"

static void set_mode(struct device *d, enum renewal_mode mode)
{
	device_set_number(d, SCEP_SERVER_RENEWAL_MODE, 1, mode);
}

/* The first certificate at once, and one more every day. */
static void begin(struct device *d)
{
	enable_periodic(d, d->io.wall, CALENDAR_DAYS, 1);
	device_run(d);
	assert_row(d, 1, SCEP_STATE_SUCCESSFUL, SCEP_NONE, SCEP_TRIGGER_TIMER);
	assert_int_equal(row(d, 1)->message_type, SCEP_MESSAGE_PKCS_REQ);
	assert_int_equal(d->ca.signer_serial, 0);
}

static void go_on(struct device *d)
{
	device_run_for(d, DAY);
	device_run(d);
}

static const struct scep_key *key(struct device *d, uint32_t index)
{
	return scep_rows_find(&device_view(d)->keys, index);
}

static long serial_of(const struct scep_key *key)
{
	long serial = 0;

	for (uint32_t i = 0; i < key->serial.length; i++)
		serial = serial * 256 + key->serial.data[i];
	return serial;
}

/* The second certificate is there beside the first, for a key of its own. */
static void assert_renewed(struct device *d, enum scep_message_type type)
{
	const struct scep_status *status = row(d, 2);

	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(status->message_type, type);
	assert_string_equal(status->transaction_id, d->ca.transaction_id);
	assert_int_equal(device_view(d)->keys.count, 2);
	assert_int_equal(key(d, status->key_index)->replaces,
			 row(d, 1)->key_index);
	assert_int_equal(key(d, row(d, 1)->key_index)->replaces, 0);
	assert_int_equal(d->ca.keys, 2);
	assert_int_equal(device_files(d), 4);
}

static long first_serial(struct device *d)
{
	return serial_of(key(d, row(d, 1)->key_index));
}

/* -------------------------------------------------------------- messages -- */

static void where_offered_it_is_a_renewal_req_signed_by_the_old(void **state)
{
	struct device *d = *state;

	begin(d);
	go_on(d);
	assert_string_equal(d->ca.message_type, "17");
	assert_int_equal(d->ca.signer_serial, first_serial(d));
	assert_renewed(d, SCEP_MESSAGE_RENEWAL_REQ);
	/* It is known by its certificate. */
	assert_string_equal(d->ca.challenge, "");
	go_on(d);
	assert_int_equal(d->ca.signer_serial,
			 serial_of(key(d, row(d, 2)->key_index)));
	assert_int_equal(key(d, row(d, 3)->key_index)->replaces,
			 row(d, 2)->key_index);
}

static void
where_it_is_not_offered_it_is_a_pkcs_req_signed_by_the_old(void **state)
{
	struct device *d = *state;

	d->ca.caps = "AES\nPOSTPKIOperation\nSHA-256\n";
	begin(d);
	go_on(d);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, first_serial(d));
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_renewed(d, SCEP_MESSAGE_PKCS_REQ);
}

static void
a_renewal_req_that_is_refused_is_followed_by_a_pkcs_req(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	begin(d);
	go_on(d);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, first_serial(d));
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_int_equal(device_view(d)->stats.scep_failures, 1);
	/* It is another transaction, for the same key. */
	assert_int_equal(d->ca.transactions, 3);
	assert_renewed(d, SCEP_MESSAGE_PKCS_REQ);
	assert_int_equal(device_view(d)->stats.failures, 0);
}

/* An RA could refuse to have the challenge sent to itself. */
static void an_ra_that_refuses_gets_no_challenge(void **state)
{
	struct device *d = *state;

	d->ca.signer = scripted_ca_add(&d->ca, "RA", PKI_KEY_RA, PKI_MARK_OF_RA,
				       SCRIPTED_NOW + 900 * PKI_DAY);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	begin(d);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	go_on(d);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, first_serial(d));
	assert_string_equal(d->ca.challenge, "");
	assert_renewed(d, SCEP_MESSAGE_PKCS_REQ);
}

static void what_is_refused_twice_has_failed(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 2);
	begin(d);
	go_on(d);
	assert_row(d, 2, SCEP_STATE_ERROR, SCEP_SCEP_ERROR,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
	/* The old one stays, and nothing of the new one. */
	assert_int_equal(device_view(d)->keys.count, 1);
	assert_int_equal(device_files(d), 2);
	go_on(d);
	assert_string_equal(d->ca.message_type, "17");
	assert_int_equal(device_view(d)->keys.count, 2);
}

static void refused_after_pending_is_refused(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_FAILURE, 2, 1);
	begin(d);
	go_on(d);
	device_run_for(d, HOUR);
	assert_row(d, 2, SCEP_STATE_ERROR, SCEP_SCEP_ERROR,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
}

/* ----------------------------------------------------------------- modes -- */

static void mode_renewal_req_knows_nothing_else(void **state)
{
	struct device *d = *state;

	set_mode(d, RENEWAL_REQ);
	/* The capabilities of the server do not matter. */
	d->ca.caps = "AES\nPOSTPKIOperation\nSHA-256\n";
	begin(d);
	go_on(d);
	assert_string_equal(d->ca.message_type, "17");
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_renewed(d, SCEP_MESSAGE_RENEWAL_REQ);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
	go_on(d);
	assert_row(d, 3, SCEP_STATE_ERROR, SCEP_SCEP_ERROR,
		   SCEP_TRIGGER_PERIODIC);
	assert_string_equal(d->ca.message_type, "17");
	assert_int_equal(d->ca.seen[CA_PKI], 3);
}

static void mode_pkcs_req_is_as_the_first_time(void **state)
{
	struct device *d = *state;

	set_mode(d, RENEWAL_PKCS_REQ);
	begin(d);
	go_on(d);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, 0);
	assert_string_equal(d->ca.challenge, DEVICE_SECRET);
	assert_renewed(d, SCEP_MESSAGE_PKCS_REQ);
}

static void mode_old_key_is_a_pkcs_req_signed_by_the_old(void **state)
{
	struct device *d = *state;

	set_mode(d, RENEWAL_OLD_KEY);
	begin(d);
	go_on(d);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, first_serial(d));
	assert_renewed(d, SCEP_MESSAGE_PKCS_REQ);
}

/* ------------------------------------------------------- what is renewed -- */

static void an_expired_certificate_is_not_renewed_but_asked_for(void **state)
{
	struct device *d = *state;

	d->ca.certificate_life = DAY / 2;
	begin(d);
	d->ca.certificate_life = 90 * DAY;
	go_on(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, 0);
	assert_int_equal(key(d, row(d, 2)->key_index)->replaces, 0);
}

static void a_certificate_whose_files_are_gone_is_not_renewed(void **state)
{
	struct device *d = *state;
	char path[4400];

	begin(d);
	snprintf(path, sizeof(path), "%s/%s.pem", d->state.keys_folder,
		 key(d, 1)->file_id);
	assert_int_equal(remove(path), 0);
	device_restart(d);
	go_on(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(d->ca.signer_serial, 0);
}

static void a_manual_request_is_always_a_pkcs_req(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(d->ca.message_type, "19");
	assert_int_equal(d->ca.signer_serial, 0);
	assert_int_equal(key(d, 2)->replaces, 0);
}

static void the_timer_renews_what_a_manual_request_has_brought(void **state)
{
	struct device *d = *state;

	device_send(d, 1);
	device_run(d);
	enable(d, d->io.wall);
	device_run(d);
	assert_string_equal(d->ca.message_type, "17");
	assert_int_equal(key(d, 2)->replaces, 1);
}

static void an_unchanged_certificate_is_an_error_of_its_own(void **state)
{
	struct device *d = *state;

	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_UNCHANGED, 0, 1);
	begin(d);
	go_on(d);
	assert_row(d, 2, SCEP_STATE_ERROR, SCEP_UNCHANGED_CERTIFICATE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(device_view(d)->keys.count, 1);
	assert_int_equal(device_files(d), 2);
}

/* ----------------------------------------------------------------- kills -- */

static void a_poll_is_signed_by_the_old_one_too(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 2);
	begin(d);
	go_on(d);
	assert_row(d, 2, SCEP_STATE_PROCESSING, SCEP_DEFERRED,
		   SCEP_TRIGGER_PERIODIC);
	device_restart(d);
	device_run_for(d, HOUR);
	assert_string_equal(d->ca.message_type, "20");
	assert_int_equal(d->ca.signer_serial, first_serial(d));
	assert_renewed(d, SCEP_MESSAGE_CERT_POLL);
	assert_int_equal(d->ca.transactions, 2);
}

/* With RenewalReq refused once, so that both ways are gone. */
static void killed_at_any_step_it_is_one_renewal(void **state)
{
	bool is_more = true;

	for (int steps = 0; is_more; steps++) {
		struct device *d = *state;

		begin(d);
		scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
		scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 2);
		virtual_io_advance(&d->io, DAY * 1000);
		for (int i = 0; is_more && i < steps; i++)
			is_more = device_step(d);
		device_restart(d);
		device_run(d);
		assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
			   SCEP_TRIGGER_PERIODIC);
		assert_int_equal(d->ca.keys, 2);
		assert_int_equal(device_view(d)->keys.count, 2);
		assert_int_equal(key(d, row(d, 2)->key_index)->replaces, 1);
		assert_int_equal(d->ca.signer_serial, first_serial(d));
		/* The PKCSReq after a refusal has it, the other does not. */
		assert_string_equal(
		    d->ca.challenge,
		    strcmp(d->ca.message_type, "19") == 0 ? DEVICE_SECRET : "");
		assert_int_equal(device_files(d), 4);
		device_teardown(state);
		timer_setup(state);
		assert_true(is_more || steps > 10);
	}
}

static void the_old_key_stays_while_it_may_have_to_open_the_reply(void **state)
{
	struct device *d = *state;
	struct txn txn;

	device_set_polls(d, 10, 60);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PROPER, 0, 1);
	scripted_ca_plan_many(&d->ca, CA_PKI, CA_PENDING, 0, 1);
	begin(d);
	go_on(d);
	/* Its row goes, and with a restart what nothing refers to. */
	txn_init(&txn);
	txn_remove(&txn, STORE_KEY, 1);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL), SCEP_OK);
	device_restart(d);
	assert_int_equal(device_files(d), 3);
	device_run_for(d, HOUR);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
}

/* A row and the status that names it go; the next number is the first free
 * one. */
static void assert_first_is_taken(struct device *d)
{
	struct txn txn;

	txn_init(&txn);
	txn_remove(&txn, STORE_KEY, 1);
	txn_remove(&txn, STORE_STATUS, 1);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL), SCEP_OK);
	d->state.counters.key_last_index = 0;
	assert_int_equal(registry_next_index(&d->state), 3);
}

static void a_number_that_a_renewal_refers_to_is_not_given_again(void **state)
{
	struct device *d = *state;

	begin(d);
	virtual_io_advance(&d->io, DAY * 1000);
	device_tick(d);
	assert_first_is_taken(d);
	device_run(d);
	assert_row(d, 2, SCEP_STATE_SUCCESSFUL, SCEP_NONE,
		   SCEP_TRIGGER_PERIODIC);
	assert_int_equal(key(d, 2)->replaces, 1);
	assert_first_is_taken(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(where_offered_it_is_a_renewal_req_signed_by_the_old),
	    TEST(where_it_is_not_offered_it_is_a_pkcs_req_signed_by_the_old),
	    TEST(a_renewal_req_that_is_refused_is_followed_by_a_pkcs_req),
	    TEST(an_ra_that_refuses_gets_no_challenge),
	    TEST(what_is_refused_twice_has_failed),
	    TEST(refused_after_pending_is_refused),
	    TEST(mode_renewal_req_knows_nothing_else),
	    TEST(mode_pkcs_req_is_as_the_first_time),
	    TEST(mode_old_key_is_a_pkcs_req_signed_by_the_old),
	    TEST(an_expired_certificate_is_not_renewed_but_asked_for),
	    TEST(a_certificate_whose_files_are_gone_is_not_renewed),
	    TEST(a_manual_request_is_always_a_pkcs_req),
	    TEST(the_timer_renews_what_a_manual_request_has_brought),
	    TEST(an_unchanged_certificate_is_an_error_of_its_own),
	    TEST(a_poll_is_signed_by_the_old_one_too),
	    TEST(killed_at_any_step_it_is_one_renewal),
	    TEST(the_old_key_stays_while_it_may_have_to_open_the_reply),
	    TEST(a_number_that_a_renewal_refers_to_is_not_given_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
