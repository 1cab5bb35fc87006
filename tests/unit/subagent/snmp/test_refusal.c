/* SPDX-License-Identifier: Apache-2.0 */
/* The refusal of a Set: its error, its line in the log, and the limiter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "subagent/snmp/refusal.h"

#include "mibs/scep_root.h"
#include "tests/lib/snmp_log.h"

static int listen_to_log(void **state)
{
	(void)state;
	return snmp_log_listen();
}

static int forget(void **state)
{
	(void)state;
	snmp_log_forget();
	return 0;
}

/* Logs the refusal of a variable below the root, whose value is "value". */
static void refuse(struct refusal_limiter *limiter, const oid *arcs,
		   size_t count, int error, const char *reason)
{
	oid name[MAX_OID_LEN] = {SCEP_ROOT_ARCS};
	netsnmp_variable_list variable = {0};
	struct refusal refusal;

	memcpy(name + SCEP_ROOT_LENGTH, arcs, count * sizeof(oid));
	snmp_set_var_objid(&variable, name, SCEP_ROOT_LENGTH + count);
	snmp_set_var_typed_value(&variable, ASN_OCTET_STR, "value", 5);
	refusal_make(&refusal, &variable, error, reason);
	refusal_log(limiter, &refusal);
	snmp_reset_var_buffers(&variable);
}

static const oid url[] = {1, 3, 1, 1, 1};

/* ------------------------------------------------------------------ lines */

static void each_refusal_of_the_engine_has_its_error(void **state)
{
	static const struct {
		enum scep_refusal refusal;
		int error;
	} errors[] = {
	    {SCEP_ACCEPTED, SNMP_ERR_NOERROR},
	    {SCEP_WRONG_LENGTH, SNMP_ERR_WRONGLENGTH},
	    {SCEP_WRONG_VALUE, SNMP_ERR_WRONGVALUE},
	    {SCEP_INCONSISTENT_VALUE, SNMP_ERR_INCONSISTENTVALUE},
	    {SCEP_INCONSISTENT_NAME, SNMP_ERR_INCONSISTENTNAME},
	    {SCEP_NO_CREATION, SNMP_ERR_NOCREATION},
	    {SCEP_RESOURCE_UNAVAILABLE, SNMP_ERR_RESOURCEUNAVAILABLE},
	    {SCEP_COMMIT_FAILED, SNMP_ERR_COMMITFAILED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(refusal_error(errors[i].refusal),
				 errors[i].error);
}

static void a_line_names_object_error_and_reason_and_no_value(void **state)
{
	struct refusal_limiter limiter = {0};

	(void)state;
	refuse(&limiter, url, 5, SNMP_ERR_WRONGVALUE, "no URL");
	assert_string_equal(
	    logged, "Set refused: scepServerUrl.1: wrongValue (no URL)\n");
}

static void the_object_is_named_once(void **state)
{
	struct refusal_limiter limiter = {0};

	(void)state;
	refuse(&limiter, url, 5, SNMP_ERR_WRONGVALUE, "scepServerUrl: no URL");
	refuse(&limiter, url, 5, SNMP_ERR_INCONSISTENTVALUE,
	       "scepServerUrl.1: is locked");
	refuse(&limiter, url, 5, SNMP_ERR_INCONSISTENTVALUE,
	       "scepServerPort.1: is locked");
	assert_string_equal(
	    logged,
	    "Set refused: scepServerUrl.1: wrongValue (no URL)\n"
	    "Set refused: scepServerUrl.1: inconsistentValue (is locked)\n"
	    "Set refused: scepServerUrl.1: inconsistentValue "
	    "(scepServerPort.1: is locked)\n");
}

static void without_a_reason_there_is_one_for_each_error(void **state)
{
	struct refusal_limiter limiter = {0};
	static const oid nothing[] = {1, 99, 7};

	(void)state;
	refuse(&limiter, url, 5, SNMP_ERR_WRONGTYPE, "");
	refuse(&limiter, nothing, 3, SNMP_ERR_NOCREATION, "");
	assert_non_null(strstr(
	    logged,
	    "scepServerUrl.1: wrongType (not the type of this object)\n"));
	assert_non_null(strstr(
	    logged, ".1.99.7: noCreation (there can be no such instance)\n"));
}

static void the_log_has_ten_lines_at_most(void **state)
{
	struct refusal_limiter limiter = {0};
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < 25; i++)
		refuse(&limiter, url, 5, SNMP_ERR_WRONGVALUE, "no URL");
	for (const char *c = logged; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, REFUSAL_LINES);
	assert_int_equal(limiter.suppressed, 15);
}

/* ------------------------------------------------------------ the limiter */

static void ten_lines_pass_in_ten_seconds(void **state)
{
	struct refusal_limiter limiter = {0};

	(void)state;
	for (int i = 0; i < REFUSAL_LINES; i++)
		assert_true(refusal_limiter_pass(&limiter, 50000));
	assert_false(refusal_limiter_pass(&limiter, 50001));
	assert_false(refusal_limiter_pass(&limiter, 59999));
	assert_int_equal(refusal_limiter_settle(&limiter, 59999), 0);
	assert_int_equal(refusal_limiter_settle(&limiter, 60000), 2);
	assert_int_equal(refusal_limiter_settle(&limiter, 60000), 0);
	assert_true(refusal_limiter_pass(&limiter, 60000));
}

static void a_quiet_time_suppresses_nothing(void **state)
{
	struct refusal_limiter limiter = {0};

	(void)state;
	for (uint64_t now = 20000; now < 2000000; now += 2000) {
		assert_int_equal(refusal_limiter_settle(&limiter, now), 0);
		assert_true(refusal_limiter_pass(&limiter, now));
	}
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_refusal_of_the_engine_has_its_error),
	    TEST(a_line_names_object_error_and_reason_and_no_value),
	    TEST(the_object_is_named_once),
	    TEST(without_a_reason_there_is_one_for_each_error),
	    TEST(the_log_has_ten_lines_at_most),
	    TEST(ten_lines_pass_in_ten_seconds),
	    TEST(a_quiet_time_suppresses_nothing),
	};

	return cmocka_run_group_tests(tests, listen_to_log, NULL);
}
