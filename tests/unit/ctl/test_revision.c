/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the objects that a device with the first revision of the MIB has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "ctl/revision.h"

#define ALL   4095
#define FIRST 2047

static struct snapshot file, fitted;
static struct device_state device;

static int begin(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	SCEP_FIELDS_EACH (field)
		device.lacks[field] = revision_is_second(field);
	return snapshot_preset_row(&file, 0) && snapshot_preset_row(&file, 1)
		   ? 0
		   : -1;
}

static int end(void **state)
{
	(void)state;
	snapshot_free(&file);
	snapshot_free(&fitted);
	return 0;
}

static void put(enum scep_field field, uint32_t index, int64_t number)
{
	struct scep_value value = {.number = number};

	snapshot_put(&file, field, index, &value);
}

static int64_t notifications(void)
{
	assert_true(revision_fit(&device, &file, &fitted));
	return snapshot_number(&fitted, SCEP_NOTIFY_ENABLE, 0, -1);
}

static void a_default_that_the_device_lacks_is_no_difference(void **state)
{
	struct reason reason;

	(void)state;
	assert_true(revision_has_objects(&device, &file, &reason));
	put(SCEP_AUTO_KEY_ALGORITHM, 1, 2);
	assert_false(revision_has_objects(&device, &file, &reason));
	assert_non_null(strstr(reason.text, "scepAutoKeyAlgorithm.1: "));
	memset(device.lacks, 0, sizeof(device.lacks));
	assert_true(revision_has_objects(&device, &file, &reason));
}

static void all_notifications_are_those_that_the_device_knows(void **state)
{
	(void)state;
	assert_int_equal(notifications(), FIRST);
	put(SCEP_NOTIFY_ENABLE, 0, 5);
	assert_int_equal(notifications(), 5);
	memset(device.lacks, 0, sizeof(device.lacks));
	put(SCEP_NOTIFY_ENABLE, 0, ALL);
	assert_int_equal(notifications(), ALL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_default_that_the_device_lacks_is_no_difference),
	    TEST(all_notifications_are_those_that_the_device_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
