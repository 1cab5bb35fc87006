/* SPDX-License-Identifier: Apache-2.0 */
/* Two profiles over years: at each moment in which nothing is wrong, health is
 * ok, no notification tells of an expiry, and the summary of each profile shows
 * the key that serves. */
#include "tests/unit/scep/keys/use_world.h"

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/view.h"
#include "tests/lib/pki.h"

#define LIFE	 90 /* days of a certificate */
#define RENEWALS 10
#define CAPS                                                                   \
	"AES\nPOSTPKIOperation\nSHA-"                                          \
	"256\nSCEPStandard\nRenewal\nGetNextCACert\n"

struct life {
	unsigned int profiles; /* 1..profiles have a timer */
	bool has_begun;	       /* each has its first certificate */
	unsigned int moments;
};

/* The CA counts the life of a certificate from the beginning of the test. */
static void set_life(struct device *d, int64_t days)
{
	d->ca.certificate_life = d->io.wall - SCRIPTED_NOW + days * DAY;
}

static void assert_no_alarm(struct device *d)
{
	static const enum scep_event_kind alarms[] = {
	    SCEP_EVENT_CERT_EXPIRING, SCEP_EVENT_CERT_EXPIRED,
	    SCEP_EVENT_CA_EXPIRING, SCEP_EVENT_REQUEST_FAILED,
	    SCEP_EVENT_DEPLOY_FAILED};

	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++)
		if (device_events(d, alarms[i]) != 0)
			fail_msg("day %d: event %d",
				 (int)((d->io.wall - SCRIPTED_NOW) / DAY),
				 (int)alarms[i]);
	d->event_count = 0;
	if (device_view(d)->agent.health_reason != 0)
		fail_msg("day %d: health %s",
			 (int)((d->io.wall - SCRIPTED_NOW) / DAY),
			 device_view(d)->agent.health_text);
	assert_string_equal(device_view(d)->agent.health_text, "ok");
}

/* Reads the row of scepSummaryTable. */
static void assert_summary(struct device *d, uint32_t index)
{
	const struct scep_view *view = device_view(d);
	const struct scep_profile *profile =
	    scep_rows_find(&view->profiles, index);
	const struct scep_key *shown =
	    scep_view_profile_key(view, index, d->io.wall);

	assert_int_equal(profile->outcome.result, SCEP_RESULT_SUCCEEDED);
	assert_int_equal(profile->outcome.detail, SCEP_NONE);
	assert_int_equal(profile->outcome.failures, 0);
	assert_int_equal(profile->outcome.time, profile->outcome.last_success);
	assert_non_null(shown);
	assert_int_equal(shown->profile_index, index);
	assert_true(shown->not_after - d->io.wall > 30 * DAY);
}

static void look(struct device *d, struct life *life)
{
	int64_t expiry = scep_view_earliest_expiry(device_view(d), d->io.wall);

	assert_no_alarm(d);
	life->moments++;
	if (!life->has_begun)
		return;
	assert_true(expiry - d->io.wall > 30 * DAY);
	for (uint32_t i = 1; i <= life->profiles; i++)
		assert_summary(d, i);
}

static void do_what_is_due(struct device *d, struct life *life)
{
	set_life(d, LIFE);
	do {
		while (device_step(d))
			look(d, life);
		if (d->state.deploy.is_running)
			end_deploy(d, true);
	} while (d->io.wake != 0 && d->io.wake <= d->io.mono);
	/* A restart begins to count anew. */
	life->has_begun |= device_view(d)->stats.successes >= life->profiles;
	look(d, life);
}

/* Lives for so many days, and looks at each moment at which something changes
 * and at the second before it. */
static void live(struct device *d, int64_t days, struct life *life)
{
	uint64_t end = d->io.mono + (uint64_t)(days * DAY * 1000);

	do_what_is_due(d, life);
	while (d->io.mono < end) {
		uint64_t next =
		    d->io.wake != 0 && d->io.wake < end ? d->io.wake : end;
		uint64_t wait = next - d->io.mono;

		if (wait > 1000) {
			virtual_io_advance(&d->io, wait - 1000);
			look(d, life);
			wait = 1000;
		}
		virtual_io_advance(&d->io, wait);
		do_what_is_due(d, life);
	}
}

static void begin(struct device *d, uint32_t profile, const char *location,
		  bool deletes, uint32_t renew_before)
{
	if (profile > 1) {
		device_number(d, SCEP_PROFILE_ROW_STATUS, profile,
			      SCEP_ROW_CREATE_AND_GO);
		device_set(d);
		device_fill(d, profile);
		device_set(d);
	}
	device_text(d, SCEP_AUTO_USE_LOCATION, profile, location);
	device_number(d, SCEP_AUTO_DELETE_OLD_KEY, profile, deletes);
	device_number(d, SCEP_AUTO_RENEW_BEFORE, profile, renew_before);
	add_timer(d, profile, d->io.wall);
	device_set(d);
}

static unsigned int successes(struct device *d)
{
	return device_view(d)->stats.successes;
}

static void two_profiles(void **state, bool first_deletes, bool second_deletes)
{
	struct device *d = *state;
	struct life life = {.profiles = 2};

	begin(d, 1, "web", first_deletes, 40);
	begin(d, 2, "vpn", second_deletes, 33);
	live(d, (LIFE - 33) * RENEWALS + 1, &life);
	assert_true(successes(d) >= 2 * (1 + RENEWALS));
	print_message("%u successes, ok at %u moments\n", successes(d),
		      life.moments);
}

static void two_profiles_that_keep_their_old_keys(void **state)
{
	two_profiles(state, false, false);
}

static void two_profiles_that_delete_their_old_keys(void **state)
{
	two_profiles(state, true, true);
	assert_int_equal(device_view(*state)->keys.count, 2);
}

static void one_that_deletes_beside_one_that_keeps(void **state)
{
	two_profiles(state, true, false);
}

static void a_restart_in_between_changes_nothing(void **state)
{
	struct device *d = *state;
	struct life life = {.profiles = 1};

	begin(d, 1, "web", true, 40);
	for (int i = 0; i < RENEWALS; i++) {
		live(d, LIFE - 40, &life);
		device_restart(d);
		run_deploying(d);
	}
	assert_int_equal(device_view(d)->keys.count, 1);
	assert_non_null(key(d, 1 + RENEWALS));
}

static void end_ca_in(struct device *d, int64_t days)
{
	unsigned char print[32];

	d->ca.caps = CAPS;
	scripted_ca_end(&d->ca, d->io.wall + days * PKI_DAY);
	scripted_ca_fingerprint(&d->ca, print);
	device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, print, sizeof(print));
	device_set(d);
}

/* The old CA ends after all of its certificates have been renewed under the
 * next one. */
static void a_CA_that_is_replaced_in_time_raises_no_alarm(void **state)
{
	struct device *d = *state;
	struct life life = {.profiles = 1};

	end_ca_in(d, 400);
	begin(d, 1, "web", true, 40);
	live(d, 250, &life);
	scripted_ca_announce(&d->ca);
	live(d, 60, &life);
	scripted_ca_roll_over(&d->ca);
	live(d, 400, &life);
	assert_true(successes(d) >= RENEWALS);
	print_message("%u successes over the end of the CA\n", successes(d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(two_profiles_that_keep_their_old_keys),
	    USE_TEST(two_profiles_that_delete_their_old_keys),
	    USE_TEST(one_that_deletes_beside_one_that_keeps),
	    USE_TEST(a_restart_in_between_changes_nothing),
	    USE_TEST(a_CA_that_is_replaced_in_time_raises_no_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
