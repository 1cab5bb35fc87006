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

#include "scep/base/bytes.h"
#include "scep/base/log.h"
#include "tests/lib/device.h"

#define REQUEST "request 1 (profile 1, key web, printer.example): "

#define CHECK	"server check of profile 1: "

static char lines[16384];

static void keep_line(void *context, enum scep_log_level level,
		      const char *line)
{
	size_t length = strlen(lines);

	(void)context;
	(void)level;
	snprintf(lines + length, sizeof(lines) - length, "%s\n", line);
}

static int log_setup(void **state)
{
	if (device_setup(state) != 0)
		return -1;
	lines[0] = '\0';
	log_set_sink(keep_line, NULL);
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
	assert_string_equal(lines, expected);
}

static void an_enrolment_is_told_step_by_step(void **state)
{
	struct device *d = *state;

	device_set_polls(d, 10, 60);
	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	device_send(d, 1);
	device_run_for(d, 70);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_lines(d, REQUEST
		     "GetCACaps -> GetCACert\n" REQUEST
		     "GetCACert -> keygen\n" REQUEST
		     "the CA CN=Test CA (SHA-256 %s) is believed from now "
		     "on\n" REQUEST "keygen -> PKCSReq\n" REQUEST
		     "PKCSReq is encrypted to CN=Test CA (SHA-256 %s)\n" REQUEST
		     "PKCSReq: Deferred: the server says "
		     "PENDING; CertPoll in 60 s\n" REQUEST
		     "CertPoll -> register\n" REQUEST "successful\n");
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
	assert_non_null(strstr(lines,
			       REQUEST "GetCACaps failed: "
				       "Communication Error (TOP ERROR): "));
	assert_non_null(strstr(lines, "; GetCACaps in 60 s\n"));
	assert_non_null(strstr(lines, REQUEST "PKCSReq failed: "
					      "Faulty Response Error: "));
	assert_non_null(strstr(lines, device_status(d)->text));
}

static void a_check_is_named_by_its_profile(void **state)
{
	struct device *d = *state;

	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CA_CERT);
	device_run(d);
	assert_lines(d, CHECK "the CA CN=Test CA (SHA-256 %s) is believed from "
			      "now on\n" CHECK "successful\n");
	lines[0] = '\0';
	device_set_number(d, SCEP_SERVER_CHECK, 1, SCEP_CHECK_CRL);
	device_run(d);
	assert_string_equal(lines,
			    "server check of profile 1: certificate failed: "
			    "Setting Error: the profile has no valid "
			    "certificate\n");
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, log_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(an_enrolment_is_told_step_by_step),
	    TEST(an_error_has_the_words_of_its_status),
	    TEST(a_check_is_named_by_its_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
