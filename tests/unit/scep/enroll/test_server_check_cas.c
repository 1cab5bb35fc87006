/* SPDX-License-Identifier: Apache-2.0 */
/* scepServerCheck with getCaCert and getNextCaCert: which CAs are shown, and
 * which of them an enrolment then believes (MIB, rule 15). */
#include "tests/unit/scep/enroll/check_world.h"

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/status_row.h"

/* ------------------------------------------------------------- GetCACert -- */

static void getCaCert_shows_the_pinned_ca_as_trusted(void **state)
{
	struct device *d = *state;
	const struct scep_ca *ca;

	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_NONE);
	ca = find_ca(d, "CN=Test CA");
	assert_non_null(ca);
	assert_int_equal(ca->trust, SCEP_CA_TRUSTED);
	assert_int_equal(ca->source, SCEP_CA_GET);
	assert_int_equal(ca->role, SCEP_CA_ROOT);
	device_restart(d);
	assert_non_null(find_ca(d, "CN=Test CA"));
}

static void another_ca_than_the_pinned_one_is_not_trusted(void **state)
{
	struct device *d = *state;

	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 100 * PKI_DAY);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(device_view(d)->cas.count, 0);
}

static void an_unknown_ca_is_pending_until_somebody_decides(void **state)
{
	struct device *d = *state;

	forget_fingerprint(d, SCEP_TRUST_VERIFY);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(find_ca(d, "CN=Test CA")->trust, SCEP_CA_PENDING);
	check(d, SCEP_CHECK_CA_CERT);
	assert_int_equal(device_view(d)->cas.count, 1);
	assert_int_equal(device_events(d, SCEP_EVENT_CA_PENDING), 1);
	device_set_number(d, SCEP_CA_TRUST, find_ca(d, "CN=Test CA")->index,
			  SCEP_CA_TRUSTED);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_NONE);
	/* The decision for the check holds for the request. */
	enrol(d);
}

static void a_rejected_ca_stays_rejected(void **state)
{
	struct device *d = *state;

	forget_fingerprint(d, SCEP_TRUST_VERIFY);
	check(d, SCEP_CHECK_CA_CERT);
	device_set_number(d, SCEP_CA_TRUST, find_ca(d, "CN=Test CA")->index,
			  SCEP_CA_REJECTED);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(find_ca(d, "CN=Test CA")->trust, SCEP_CA_REJECTED);
}

static void what_is_seen_first_is_pinned_where_the_policy_is_so(void **state)
{
	struct device *d = *state;

	forget_fingerprint(d, SCEP_TRUST_FIRST_USE);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_NONE);
	assert_int_equal(find_ca(d, "CN=Test CA")->trust, SCEP_CA_TRUSTED);
	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 100 * PKI_DAY);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
}

static void a_trusted_row_that_is_destroyed_is_no_pin_any_more(void **state)
{
	struct device *d = *state;

	forget_fingerprint(d, SCEP_TRUST_FIRST_USE);
	check(d, SCEP_CHECK_CA_CERT);
	device_set_number(d, SCEP_CA_ROW_STATUS,
			  find_ca(d, "CN=Test CA")->index, SCEP_ROW_DESTROY);
	assert_int_equal(device_view(d)->cas.count, 0);
	device_restart(d);
	assert_int_equal(device_view(d)->cas.count, 0);
	scripted_ca_replace(&d->ca, SCRIPTED_NOW + 100 * PKI_DAY);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_NONE);
}

/* --------------------------------------------------------- GetNextCACert -- */

static void the_next_ca_is_shown_and_pinned_with_the_present_one(void **state)
{
	struct device *d = *state;
	const struct scep_ca *next;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	assert_result(d, SCEP_NONE);
	next = find_ca(d, "CN=Next CA");
	assert_non_null(next);
	assert_int_equal(next->role, SCEP_CA_ROOT | SCEP_CA_NEXT);
	assert_int_equal(next->source, SCEP_CA_GET_NEXT);
	assert_int_equal(next->trust, SCEP_CA_TRUSTED);
	assert_int_equal(find_ca(d, "CN=Test CA")->role, SCEP_CA_ROOT);
}

/* MIB, rule 15: with the fingerprint of the present CA in the settings. */
static void an_enrolment_follows_the_announced_roll_over(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	device_restart(d);
	enrol(d);
	scripted_ca_roll_over(&d->ca);
	enrol(d);
	assert_int_equal(device_view(d)->cas.count, 2);
}

static void a_roll_over_that_was_not_announced_is_not_followed(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_CA_CERT);
	scripted_ca_roll_over(&d->ca);
	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_ERROR, SCEP_CA_NOT_TRUSTED);
}

static void a_next_ca_that_was_rejected_or_destroyed_is_no_pin(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	device_set_number(d, SCEP_CA_TRUST, find_ca(d, "CN=Next CA")->index,
			  SCEP_CA_REJECTED);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	assert_int_equal(find_ca(d, "CN=Next CA")->trust, SCEP_CA_REJECTED);
	scripted_ca_roll_over(&d->ca);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
}

static void no_next_ca_yet_is_no_error(void **state)
{
	struct device *d = *state;

	check(d, SCEP_CHECK_NEXT_CA_CERT);
	assert_int_equal(d->ca.seen[CA_NEXT], 1);
	assert_result(d, SCEP_NONE);
	assert_int_equal(device_view(d)->cas.count, 1);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_PROPER, 0);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_HTTP, 500);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	assert_result(d, SCEP_HTTP_ERROR);
}

static void a_next_ca_that_a_stranger_announces_is_not_shown(void **state)
{
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	scripted_ca_plan(&d->ca, CA_NEXT, CA_BY_STRANGER, 0);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	assert_result(d, SCEP_BAD_RESPONSE);
	assert_null(find_ca(d, "CN=Next CA"));
}

static void a_ca_that_is_not_trusted_is_not_asked_for_the_next(void **state)
{
	struct device *d = *state;

	forget_fingerprint(d, SCEP_TRUST_VERIFY);
	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
	assert_int_equal(d->ca.seen[CA_NEXT], 0);
}

static void another_fingerprint_forgets_the_next_ca(void **state)
{
	static const unsigned char other[32] = {1, 2, 3};
	struct device *d = *state;

	scripted_ca_announce(&d->ca);
	check(d, SCEP_CHECK_NEXT_CA_CERT);
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, other, 32);
	device_set(d);
	scripted_ca_roll_over(&d->ca);
	check(d, SCEP_CHECK_CA_CERT);
	assert_result(d, SCEP_CA_NOT_TRUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(getCaCert_shows_the_pinned_ca_as_trusted),
	    TEST(another_ca_than_the_pinned_one_is_not_trusted),
	    TEST(an_unknown_ca_is_pending_until_somebody_decides),
	    TEST(a_rejected_ca_stays_rejected),
	    TEST(what_is_seen_first_is_pinned_where_the_policy_is_so),
	    TEST(a_trusted_row_that_is_destroyed_is_no_pin_any_more),
	    TEST(the_next_ca_is_shown_and_pinned_with_the_present_one),
	    TEST(an_enrolment_follows_the_announced_roll_over),
	    TEST(a_roll_over_that_was_not_announced_is_not_followed),
	    TEST(a_next_ca_that_was_rejected_or_destroyed_is_no_pin),
	    TEST(no_next_ca_yet_is_no_error),
	    TEST(a_next_ca_that_a_stranger_announces_is_not_shown),
	    TEST(a_ca_that_is_not_trusted_is_not_asked_for_the_next),
	    TEST(another_fingerprint_forgets_the_next_ca),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
