/* SPDX-License-Identifier: Apache-2.0 */
/* A CA that is replaced by another: announced to every request, and in the
 * middle of a transaction (RFC 8894, 4.7, and MIB, rule 15). */
#include "tests/unit/scep/enroll/check_world.h"
#include "tests/lib/log_lines.h"

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/status_row.h"
#include "scep/timer.h"

#define CAPS	  "AES\nPOSTPKIOperation\nSHA-256\nSCEPStandard\nRenewal\n"
#define CAPS_NEXT CAPS "GetNextCACert\n"

/* The server offers GetNextCACert, and its CA has so many days left. */
static void end_ca_in(struct device *d, int64_t days)
{
	unsigned char print[32];

	d->ca.caps = CAPS_NEXT;
	scripted_ca_end(&d->ca, d->io.wall + days * PKI_DAY);
	scripted_ca_fingerprint(&d->ca, print);
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, print, sizeof(print));
	device_set(d);
}

/* A request that the CA has pending, which is polled at once. */
static void begin_pending(struct device *d)
{
	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
}

static void poll(struct device *d)
{
	device_run_for(d, 60);
}

/* ------------------------------------------------------------- announced -- */

static void a_request_in_the_last_year_asks_for_the_next_ca(void **state)
{
	struct device *d = *state;
	const struct scep_ca *next;

	end_ca_in(d, 365);
	scripted_ca_announce(&d->ca);
	enrol(d);
	assert_int_equal(d->ca.seen[CA_NEXT], 1);
	next = find_ca(d, "CN=Next CA");
	assert_non_null(next);
	assert_int_equal(next->role, SCEP_CA_ROOT | SCEP_CA_NEXT);
	assert_int_equal(next->source, SCEP_CA_GET_NEXT);
	assert_int_equal(next->trust, SCEP_CA_TRUSTED);
	/* And follows it, with the old fingerprint still in the settings. */
	device_restart(d);
	scripted_ca_roll_over(&d->ca);
	log_lines_begin();
	enrol(d);
	assert_non_null(strstr(log_lines, "the next CA CN=Next CA is the CA of "
					  "the server now\n"));
	/* It is the next no more. */
	next = find_ca(d, "CN=Next CA");
	assert_int_equal(next->role, SCEP_CA_ROOT);
	assert_int_equal(next->trust, SCEP_CA_TRUSTED);
	device_restart(d);
	enrol(d);
}

/* A timer that runs once, now. */
static void run_timer(struct device *d)
{
	device_text(d, SCEP_AUTO_KEY_NAME, 1, "web");
	device_text(d, SCEP_AUTO_COMMON_NAME, 1, "printer.example");
	device_number(d, SCEP_AUTO_KEY_LENGTH, 1, 1024);
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_number(d, SCEP_AUTO_START_TIME, 1, d->io.wall);
	device_number(d, SCEP_AUTO_ENABLE, 1, 1);
	device_set(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void a_certificate_of_the_old_ca_is_renewed_under_the_next(void **state)
{
	struct device *d = *state;
	const struct scep_key *key;

	d->ca.certificate_life = 400 * PKI_DAY;
	end_ca_in(d, 60);
	run_timer(d);
	/* There is no other to renew under yet. */
	device_run_for(d, 10 * PKI_DAY);
	assert_int_equal(device_view(d)->keys.count, 1);
	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	scripted_ca_roll_over(&d->ca);
	device_restart(d);
	device_run_for(d, 30 * PKI_DAY);
	assert_int_equal(device_view(d)->keys.count, 2);
	assert_int_equal(device_status(d)->trigger, SCEP_TRIGGER_ROLLOVER);
	key = device_view(d)->keys.row[1];
	assert_string_equal(key->issuer, "CN=Next CA");
	assert_int_equal(key->replaces, 1);
	device_run_for(d, 60 * PKI_DAY);
	assert_int_equal(device_view(d)->keys.count, 2);
}

static void it_does_not_ask_before_or_where_it_is_not_offered(void **state)
{
	struct device *d = *state;

	end_ca_in(d, 400);
	enrol(d);
	end_ca_in(d, 20);
	d->ca.caps = CAPS;
	enrol(d);
	assert_int_equal(d->ca.seen[CA_NEXT], 0);
}

static void no_next_ca_does_not_hold_the_request(void **state)
{
	struct device *d = *state;

	end_ca_in(d, 20);
	enrol(d);
	assert_int_equal(d->ca.seen[CA_NEXT], 1);
	assert_int_equal(device_view(d)->cas.count, 1);
}

static void what_goes_wrong_with_the_next_ca_does_not_hold_it(void **state)
{
	struct device *d = *state;

	end_ca_in(d, 20);
	scripted_ca_announce(&d->ca);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_AWAY, 0);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_HTTP, 500);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_HTML, 0);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_BY_STRANGER, 0);
	for (int i = 0; i < 4; i++)
		enrol(d);
	assert_int_equal(d->ca.seen[CA_NEXT], 4);
	assert_null(find_ca(d, "CN=Next CA"));
	/* The next request asks anew. */
	enrol(d);
	assert_non_null(find_ca(d, "CN=Next CA"));
}

static void it_survives_a_kill_at_that_step(void **state)
{
	struct device *d = *state;

	end_ca_in(d, 20);
	scripted_ca_announce(&d->ca);
	device_send(d, 1);
	device_run_to(d, STEP_GET_NEXT_CA);
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_non_null(find_ca(d, "CN=Next CA"));
}

/* ----------------------------------------------------- in mid-transaction --
 */

static void a_ca_that_rolls_over_in_mid_transaction_is_followed(void **state)
{
	struct device *d = *state;
	char transaction_id[SCEP_TEXT64];

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	begin_pending(d);
	strcpy(transaction_id, d->ca.transaction_id);
	scripted_ca_roll_over(&d->ca);
	poll(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	/* The same transaction goes on as a poll, to the new CA. */
	assert_string_equal(d->ca.transaction_id, transaction_id);
	assert_string_equal(d->ca.message_type, "20");
	assert_int_equal(d->ca.keys, 1);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
}

static void so_it_is_after_a_kill_in_between(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	begin_pending(d);
	scripted_ca_roll_over(&d->ca);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	device_run_to(d, STEP_GET_CA_CERT);
	device_restart(d);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(d->ca.transactions, 1);
}

static void a_ca_that_the_pin_does_not_name_is_not_followed(void **state)
{
	struct device *d = *state;

	begin_pending(d);
	scripted_ca_announce(&d->ca);
	scripted_ca_roll_over(&d->ca);
	poll(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(d->ca.seen[CA_PKI], 2);
	assert_int_equal(device_view(d)->keys.count, 0);
}

static void a_ca_that_has_expired_is_not_trusted(void **state)
{
	struct device *d = *state;

	end_ca_in(d, 1);
	begin_pending(d);
	virtual_io_advance(&d->io, 2 * PKI_DAY * 1000);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
}

static void a_stranger_is_told_from_a_new_ca(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_BY_STRANGER, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_BAD_RESPONSE);
	assert_non_null(strstr(device_status(d)->text,
			       "is not the pinned CA's nor of an RA"));
	/* The CA was asked for, and is what it was: nothing is sent again. */
	assert_int_equal(d->ca.seen[CA_CERT], 2);
	assert_int_equal(d->ca.seen[CA_PKI], 1);
	assert_int_equal(device_view(d)->stats.bad_responses, 1);
}

static void there_is_no_second_time(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	begin_pending(d);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PROPER, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_BY_STRANGER, 0);
	scripted_ca_roll_over(&d->ca);
	poll(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_BAD_RESPONSE);
	assert_int_equal(d->ca.seen[CA_PKI], 3);
	assert_int_equal(d->ca.seen[CA_CERT], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_request_in_the_last_year_asks_for_the_next_ca),
	    TEST(a_certificate_of_the_old_ca_is_renewed_under_the_next),
	    TEST(it_does_not_ask_before_or_where_it_is_not_offered),
	    TEST(no_next_ca_does_not_hold_the_request),
	    TEST(what_goes_wrong_with_the_next_ca_does_not_hold_it),
	    TEST(it_survives_a_kill_at_that_step),
	    TEST(a_ca_that_rolls_over_in_mid_transaction_is_followed),
	    TEST(so_it_is_after_a_kill_in_between),
	    TEST(a_ca_that_the_pin_does_not_name_is_not_followed),
	    TEST(a_ca_that_has_expired_is_not_trusted),
	    TEST(a_stranger_is_told_from_a_new_ca),
	    TEST(there_is_no_second_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
