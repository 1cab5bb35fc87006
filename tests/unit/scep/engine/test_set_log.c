/* SPDX-License-Identifier: Apache-2.0 */
/* The decisions and destructions of a Set are logged once it is confirmed. */
#include "tests/unit/scep/keys/use_world.h"

#include "scep/ca_row.h"
#include "scep/server.h"
#include "tests/lib/log_lines.h"

static int log_setup(void **state)
{
	if (use_setup(state) != 0)
		return -1;
	log_lines_begin();
	return 0;
}

static void assert_logged(const char *line)
{
	if (strstr(log_lines, line) == NULL)
		fail_msg("no line '%s' in:\n%s", line, log_lines);
}

static void the_server_of_a_profile(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "office");
	device_set(d);
	log_lines_forget();
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, "", 0);
	device_number(d, SCEP_SERVER_PORT, 1, 8080);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, 1, SCEP_TRUST_FIRST_USE);
	device_number(d, SCEP_SERVER_RA_POLICY, 1, SCEP_RA_ANY);
	device_text(d, SCEP_SERVER_PROXY_URL, 1, "http://proxy.example");
	device_set(d);
	assert_logged("N profile 1 \"office\": the URL of the server is "
		      "\"http://other.example/scep\" now, was \"" DEVICE_URL
		      "\"\n");
	assert_logged("the port of the server is \"8080\" now, was \"0\"\n");
	assert_logged("the fingerprint of the CA is removed, was \"");
	assert_logged("the trust policy is \"trustOnFirstUse\" now, was "
		      "\"verify\"\n");
	assert_logged("the RA policy is \"any\" now, was \"marked\"\n");
	assert_logged("the URL of the proxy is \"http://proxy.example\" now\n");
}

static void a_Set_that_is_undone_decides_nothing(void **state)
{
	struct device *d = *state;
	struct scep_verdict verdict;

	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	set_txn_revert(&d->set_txn, &d->state, d->ticket, &verdict);
	device_run(d);
	assert_string_equal(log_lines, "");
}

static void profiles_and_timers(void **state)
{
	struct device *d = *state;

	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_text(d, SCEP_PROFILE_NAME, 2, "vpn");
	device_text(d, SCEP_SERVER_URL, 2, "http://second.example");
	device_set(d);
	assert_logged("N profile 2 \"vpn\": created\n");
	assert_logged("is \"http://second.example\" now");
	device_set_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	assert_logged("N profile 2 \"vpn\": destroyed by the manager\n");
	enable(d, d->io.wall + HOUR);
	assert_logged("N profile 1: the timer is switched on\n");
	device_set_number(d, SCEP_AUTO_ENABLE, 1, 0);
	/* The cause stands before what follows from it. */
	assert_logged("N profile 1: the timer is switched off\nN profile 1: "
		      "the timer's challenge password is removed\n");
}

static void challenges(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_text(d, SCEP_AUTO_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_set(d);
	device_text(d, SCEP_SERVER_URL, 1, "http://other.example/scep");
	device_set(d);
	assert_logged("W profile 1: its challenge password was not sent and is "
		      "removed, as the settings of the server have changed\n");
	assert_logged("W profile 1: the timer's challenge password was not");
	device_text(d, SCEP_REQUEST_CHALLENGE_PASSWORD, 1, DEVICE_SECRET);
	device_set(d);
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CLEAR);
	assert_logged("N profile 1: its challenge password is removed\n");
	assert_null(strstr(log_lines, DEVICE_SECRET));
}

static void trust_in_a_CA(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, "", 0);
	device_set(d);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_CA_NOT_TRUSTED);
	device_set_number(d, SCEP_CA_TRUST, 1, SCEP_CA_REJECTED);
	assert_logged("N profile 1: the CA CN=Test CA (SHA-256 ");
	assert_logged(") is rejected by the manager\n");
	device_run(d);
	device_set_number(d, SCEP_CA_TRUST, 1, SCEP_CA_TRUSTED);
	assert_logged(") is trusted by the manager\n");
	device_set_number(d, SCEP_CA_ROW_STATUS, 1, SCEP_ROW_DESTROY);
	assert_logged(") is forgotten\n");
}

static void keys(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, ""), second, third;

	assert_int_equal(destroy(d, first), SCEP_ACCEPTED);
	assert_logged("N key 1 (web, profile 1): destroyed by the manager\n");
	second = enrol_for(d, "web");
	assert_logged("N use location web: key 2 (web, profile 1) is "
		      "applied\n");
	assert_int_equal(second, 2);
	third = renew_for(d, "web", true);
	assert_int_equal(third, 3);
	assert_logged("N key 2 (web, profile 1): retired: key 3 has replaced "
		      "it\n");
	log_lines_forget();
	renew_for(d, "web", true);
	assert_logged("N key 2 (web, profile 1): destroyed: it was retired");
	/* The successor of a key that was replaced changes twice in the Set. */
	renew_for(d, "web", false);
	log_lines_forget();
	assert_int_equal(destroy(d, 4), SCEP_ACCEPTED);
	assert_string_equal(log_lines,
			    "N key 4 (web, profile 1): destroyed by the "
			    "manager\n");
}

static void a_cancelled_request(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	assert_null(strstr(log_lines, "cancelled"));
	set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	assert_logged("W request 1 (profile 1, key web, printer.example): "
		      "cancelled by the manager\n");
}

int main(void)
{
#define LOG_TEST(name)                                                         \
	cmocka_unit_test_setup_teardown(name, log_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    LOG_TEST(the_server_of_a_profile),
	    LOG_TEST(a_Set_that_is_undone_decides_nothing),
	    LOG_TEST(profiles_and_timers),
	    LOG_TEST(challenges),
	    LOG_TEST(trust_in_a_CA),
	    LOG_TEST(keys),
	    LOG_TEST(a_cancelled_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
