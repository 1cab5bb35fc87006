/* SPDX-License-Identifier: Apache-2.0 */
/* The log lines of requests and checks: each names the request, its profile,
 * its key and its common name, or the check and its profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/base/bytes.h"
#include "tests/lib/device.h"
#include "tests/lib/log_lines.h"

#define REQUEST "request 1 (profile 1, key web, printer.example): "

#define I	"I "
#define N	"N "
#define W	"W "
#define CHECK	"server check getCaCert (profile 1): "

static int log_setup(void **state)
{
	if (device_setup(state) != 0)
		return -1;
	log_lines_begin();
	return 0;
}

/* The format may have the fingerprint of the CA twice. */
static void assert_lines(struct device *d, const char *format)
{
	char expected[4096], hex[65];
	unsigned char fingerprint[32];

	scripted_ca_fingerprint(&d->ca, fingerprint);
	bytes_hex(fingerprint, 32, hex);
	snprintf(expected, sizeof(expected), format, hex, hex);
	assert_string_equal(log_lines, expected);
}

static void an_enrolment_is_told_step_by_step(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run_for(d, 70);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_lines(d, I REQUEST
		     "GetCACaps -> GetCACert\n" I REQUEST
		     "GetCACert -> keygen\n" N REQUEST
		     "the CA CN=Test CA (SHA-256 %s) is believed "
		     "from now on\n" I REQUEST "keygen -> PKCSReq\n" I REQUEST
		     "PKCSReq is encrypted to CN=Test CA (SHA-256 "
		     "%s)\n" I REQUEST
		     "PKCSReq: Deferred: the server says PENDING; "
		     "CertPoll in 60 s\n" I REQUEST
		     "the challenge password is removed\n" I REQUEST
		     "CertPoll -> register\n" N REQUEST "successful\n");
}

static void an_error_has_the_words_of_its_status(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 1, 60);
	scripted_ca_plan(&d->ca, CA_CAPS, CA_AWAY, 0);
	scripted_ca_plan(&d->ca, CA_PKI, CA_HTML, 0);
	device_send(d, 1);
	device_run_for(d, 70);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_BAD_RESPONSE);
	assert_non_null(strstr(log_lines,
			       REQUEST "GetCACaps failed: "
				       "Communication Error (TOP ERROR): "));
	assert_non_null(strstr(log_lines, "; GetCACaps in 60 s\n"));
	assert_non_null(strstr(log_lines, W REQUEST "PKCSReq failed: "
						    "Faulty Response Error: "));
	assert_non_null(strstr(log_lines, device_status(d)->text));
}

static void a_check_is_named_by_its_profile(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_lines(d, N CHECK "the CA CN=Test CA (SHA-256 %s) is believed "
				"from now on\n" N CHECK "successful\n");
	log_lines_forget();
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CRL);
	device_run(d);
	assert_string_equal(
	    log_lines, "W server check getCrl (profile 1): failed: Setting "
		       "Error: the profile has no valid certificate\n");
}

/* Poll is off: PENDING is the end, and nothing that "failed". */
static void the_end_of_a_request_is_a_warning(void **state)
{
	struct device *d = *state;

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_DEFERRED);
	assert_non_null(strstr(log_lines, W REQUEST "PKCSReq: Deferred: the "
						    "server says PENDING; "
						    "scepRequestAction pollNow "
						    "resumes it\n"));
}

static void a_profile_is_named(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_PROFILE_NAME, 1, "office");
	device_set(d);
	device_send(d, 1);
	device_run(d);
	assert_non_null(strstr(log_lines,
			       N "request 1 (profile 1 \"office\", key web, "
				 "printer.example): successful\n"));
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_non_null(strstr(log_lines, N
			       "server check getCaCert (profile 1 \"office\"): "
			       "successful\n"));
}

static unsigned count_of(const char *words)
{
	unsigned count = 0;

	for (const char *at = log_lines; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

/* Each answer of the server has a date. */
static void a_clock_that_is_wrong_is_told_once_in_a_request(void **state)
{
	struct device *d = *state;

	d->ca.date_skew = -7200;
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(count_of(W REQUEST "the server's clock is 7200 s "
					    "behind ours\n"),
			 1);
	assert_int_equal(count_of("clock"), 1);
}

/* No step is to blame, and nothing was sent. */
static void a_full_registry_is_no_fault_of_a_step(void **state)
{
	struct device *d = *state;

	d->state.config.key_limit = 1;
	device_send(d, 1);
	device_run(d);
	device_send(d, 1);
	device_run(d);
	assert_non_null(strstr(log_lines,
			       W "request 2 (profile 1, key web, "
				 "printer.example): failed: Key and "
				 "Certificate Registration Limit Error: "));
}

/* Only the manager can go on with it. */
static void a_wait_for_the_manager_is_a_warning(void **state)
{
	struct device *d = *state;

	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, "", 0);
	device_set(d);
	device_send(d, 1);
	device_run(d);
	assert_non_null(strstr(log_lines, W REQUEST
			       "waiting for scepCaTrust.1: the CA CN=Test "
			       "CA\n"));
	device_set_number(d, SCEP_CA_TRUST, 1, SCEP_CA_REJECTED);
	device_run(d);
	assert_non_null(strstr(log_lines, W REQUEST
			       "failed: CA Certificate Not Trusted: "));
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, log_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(an_enrolment_is_told_step_by_step),
	    TEST(an_error_has_the_words_of_its_status),
	    TEST(a_check_is_named_by_its_profile),
	    TEST(the_end_of_a_request_is_a_warning),
	    TEST(a_profile_is_named),
	    TEST(a_full_registry_is_no_fault_of_a_step),
	    TEST(a_wait_for_the_manager_is_a_warning),
	    TEST(a_clock_that_is_wrong_is_told_once_in_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
