/* SPDX-License-Identifier: Apache-2.0 */
/* Use locations are looked at before anything is sent: a certificate that none
 * can take costs no challenge. */
#include "tests/unit/scep/keys/use_world.h"
#include "tests/lib/disk.h"
#include "tests/lib/log_lines.h"

#define MISSING "use location web: there is no folder /etc/nginx/tls"

static size_t messages(struct device *d)
{
	return d->ca.seen[CA_CAPS] + d->ca.seen[CA_CERT] + d->ca.seen[CA_PKI];
}

static void nothing_is_sent_for_a_folder_that_is_missing(void **state)
{
	struct device *d = *state;

	log_lines_begin();
	d->bad_location = MISSING;
	send_for(d, "web");
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR);
	assert_string_equal(device_status(d)->text, "Setting Error: " MISSING);
	assert_int_equal(messages(d), 0);
	assert_non_null(strstr(log_lines, ": failed: Setting Error: " MISSING));
	assert_null(strstr(log_lines, "GetCACaps"));
	assert_int_equal(device_view(d)->keys.count, 0);
	assert_int_equal(device_view(d)->stats.requests, 1);
	assert_int_equal(device_files(d), 0);
	/* The folder is there now. */
	d->bad_location = NULL;
	enrol_for(d, "web");
}

static void one_look_is_enough_for_a_request(void **state)
{
	struct device *d = *state;

	enrol_for(d, "web,vpn");
	assert_int_equal(d->looks, 1);
	enrol_for(d, "");
	assert_int_equal(d->looks, 1);
}

static void a_timer_sends_nothing_either(void **state)
{
	struct device *d = *state;

	d->bad_location = MISSING;
	begin_timer(d, "web", false);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR);
	assert_int_equal(messages(d), 0);
}

/* A certificate that the CA may have granted is not given up. */
static void a_poll_waits_for_the_folder(void **state)
{
	struct device *d = *state;
	size_t before;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	send_for(d, "web");
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	d->bad_location = MISSING;
	before = messages(d);
	device_run_for(d, 3600);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CONFIG_ERROR);
	assert_string_equal(device_status(d)->text, "Setting Error: " MISSING);
	assert_int_equal(messages(d), before);
	device_restart(d);
	device_run_for(d, 3600);
	assert_int_equal(messages(d), before);
	d->bad_location = NULL;
	device_run_for(d, 61);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
}

/* It may wait for weeks, on a device with flash memory. */
static void a_wait_for_the_folder_writes_nothing(void **state)
{
	struct device *d = *state;
	unsigned int writes;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	send_for(d, "web");
	d->bad_location = MISSING;
	device_run_for(d, 300);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CONFIG_ERROR);
	writes = disk.writes;
	device_run_for(d, 3600);
	assert_int_equal(disk.writes, writes);
	d->bad_location = "use location web: another reason";
	device_run_for(d, 61);
	assert_string_equal(device_status(d)->text,
			    "Setting Error: use location web: another reason");
}

/* MIB, rule 10: the folder is there, and the server is asked. */
static void with_the_folder_the_timer_is_blocked_no_more(void **state)
{
	struct device *d = *state;
	size_t before, asking = 0;

	device_number(d, SCEP_AUTO_POLL, 1, 1);
	device_number(d, SCEP_AUTO_POLL_INTERVAL, 1, 60);
	device_set(d);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	begin_timer(d, "web", false);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_DEFERRED);
	d->bad_location = MISSING;
	device_run_for(d, 121);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CONFIG_ERROR);
	assert_int_equal(device_profile(d, 1)->timer.oper_status, BLOCKED);
	before = messages(d);
	d->bad_location = NULL;
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	while (messages(d) == before) {
		assert_true(device_step(d));
		if (device_status(d)->detail != SCEP_NONE)
			continue;
		assert_string_equal(device_status(d)->text, "");
		assert_int_equal(device_profile(d, 1)->timer.oper_status,
				 REQUESTING);
		asking++;
	}
	assert_true(asking > 0);
}

static void pollNow_looks_again(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	send_for(d, "web");
	d->bad_location = MISSING;
	device_run_for(d, 61);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CONFIG_ERROR);
	d->bad_location = NULL;
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_POLL_NOW);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void cancel_ends_the_wait(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	send_for(d, "web");
	d->bad_location = MISSING;
	device_run_for(d, 61);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CANCELLED);
}

static void a_renewal_of_a_key_is_refused_and_its_key_stays(void **state)
{
	struct device *d = *state;
	uint32_t index = enrol_for(d, "web");
	size_t before = messages(d);

	d->bad_location = MISSING;
	act(d, index, SCEP_KEY_RENEW);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR);
	assert_int_equal(result_of(d, index), SCEP_CONFIG_ERROR);
	assert_int_equal(messages(d), before);
	assert_int_equal(use(d, WEB)->key_index, index);
}

static void a_folder_that_hangs_is_given_up(void **state)
{
	struct device *d = *state;

	d->look_hangs = true;
	send_for(d, "web");
	device_assert_status(d, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE);
	device_run_for(d, 31);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CONFIG_ERROR);
	assert_string_equal(device_status(d)->text,
			    "Setting Error: no answer about the folders of the "
			    "use locations web after 30 s");
	assert_int_equal(messages(d), 0);
	d->look_hangs = false;
	enrol_for(d, "web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(nothing_is_sent_for_a_folder_that_is_missing),
	    USE_TEST(one_look_is_enough_for_a_request),
	    USE_TEST(a_timer_sends_nothing_either),
	    USE_TEST(a_poll_waits_for_the_folder),
	    USE_TEST(a_wait_for_the_folder_writes_nothing),
	    USE_TEST(with_the_folder_the_timer_is_blocked_no_more),
	    USE_TEST(pollNow_looks_again),
	    USE_TEST(cancel_ends_the_wait),
	    USE_TEST(a_folder_that_hangs_is_given_up),
	    USE_TEST(a_renewal_of_a_key_is_refused_and_its_key_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
