/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests of scepServerCheck: a device whose profile 1
 * checks its server.
 */
#ifndef TESTS_UNIT_SCEP_ENROLL_CHECK_WORLD_H
#define TESTS_UNIT_SCEP_ENROLL_CHECK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/status_row.h"
#include "tests/lib/device.h"

struct scep_ca;
struct scep_view;

static inline void begin(struct device *d, enum scep_server_check kind)
{
	device_set_number(d, SCEP_SERVER_CHECK, 1, kind);
}

static inline void check(struct device *d, enum scep_server_check kind)
{
	begin(d, kind);
	device_run(d);
	assert_null(d->state.tasks);
}

static inline void assert_result(struct device *d, enum scep_code result)
{
	assert_int_equal(device_profile(d, 1)->facts.check_result, result);
}

static inline void assert_check_text(struct device *d, const char *text)
{
	assert_string_equal(device_profile(d, 1)->facts.check_text, text);
}

/* The row of scepCaTable of the CA that there is, or of the next one. */
static inline const struct scep_ca *find_ca(struct device *d,
					    const char *subject)
{
	const struct scep_view *view = device_view(d);

	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (strcmp(ca->subject, subject) == 0)
			return ca;
	}
	return NULL;
}

static inline void enrol(struct device *d)
{
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static inline void forget_fingerprint(struct device *d,
				      enum scep_trust_policy policy)
{
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
	device_number(d, SCEP_SERVER_CA_TRUST_POLICY, 1, policy);
	device_set(d);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)

#endif
