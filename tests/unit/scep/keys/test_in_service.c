/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that are in service (MIB, rule 19), and that health, expiry and
 * notifications look at no other. */
#include "tests/unit/scep/keys/use_world.h"

#include "scep/agent_row.h"
#include "scep/key_row.h"
#include "scep/view.h"

#define LIFE	 90 /* days of a certificate */
#define RENEWALS 10

/* ------------------------------------------- ten renewals, step by step -- */

struct watch {
	uint64_t ill_for;      /* seconds in which health was not ok */
	uint64_t lived;	       /* seconds in all */
	unsigned int expiries; /* scepCertExpiring and scepCertExpired */
	uint32_t reasons;      /* all that there were */
};

static void watch_moment(struct device *d, struct watch *watch)
{
	watch->expiries += device_events(d, SCEP_EVENT_CERT_EXPIRING) +
			   device_events(d, SCEP_EVENT_CERT_EXPIRED);
	d->event_count = 0;
}

/* The CA counts the life of a certificate from the beginning of the test. */
static void set_life(struct device *d, int64_t days)
{
	d->ca.certificate_life = d->io.wall - SCRIPTED_NOW + days * DAY;
}

/* Does what is due, one step after the other, and gives keys to locations. */
static void do_what_is_due(struct device *d, struct watch *watch)
{
	set_life(d, LIFE);
	do {
		while (device_step(d))
			watch_moment(d, watch);
		if (d->state.deploy.is_running)
			end_deploy(d, true);
	} while (d->io.wake != 0 && d->io.wake <= d->io.mono);
	watch_moment(d, watch);
}

/* Lives for so many days, and looks at each moment at which something changes.
 */
static void live(struct device *d, int64_t days, struct watch *watch)
{
	uint64_t end = d->io.mono + (uint64_t)(days * DAY * 1000);

	do_what_is_due(d, watch);
	while (d->io.mono < end) {
		uint64_t next =
		    d->io.wake != 0 && d->io.wake < end ? d->io.wake : end;
		uint64_t wait = next - d->io.mono;

		if (device_view(d)->agent.health != SCEP_HEALTH_OK)
			watch->ill_for += wait / 1000;
		watch->reasons |= device_view(d)->agent.health_reason;
		watch->lived += wait / 1000;
		virtual_io_advance(&d->io, wait);
		do_what_is_due(d, watch);
	}
}

static unsigned int successes(struct device *d)
{
	return device_view(d)->stats.successes;
}

static void begin_years(struct device *d, const char *locations, bool deletes)
{
	device_text(d, SCEP_AUTO_USE_LOCATION, 1, locations);
	device_number(d, SCEP_AUTO_DELETE_OLD_KEY, 1, deletes);
	device_number(d, SCEP_AUTO_RENEW_BEFORE, 1, 40);
	enable(d, d->io.wall);
}

static void renew_ten_times(struct device *d, const char *locations,
			    bool deletes)
{
	struct watch watch = {0};

	begin_years(d, locations, deletes);
	live(d, (LIFE - 40) * RENEWALS + 1, &watch);
	print_message("at '%s'%s: %u successes, %llu of %llu days not ok, "
		      "%u notifications of an expiry, reasons %#x\n",
		      locations, deletes ? ", old keys deleted" : "",
		      successes(d), (unsigned long long)(watch.ill_for / DAY),
		      (unsigned long long)(watch.lived / DAY), watch.expiries,
		      watch.reasons);
	assert_int_equal(successes(d), 1 + RENEWALS);
	assert_int_equal(watch.ill_for, 0);
	assert_int_equal(watch.expiries, 0);
}

static void ten_renewals_without_a_use_location_are_healthy(void **state)
{
	renew_ten_times(*state, "", false);
}

static void ten_renewals_at_use_locations_are_healthy(void **state)
{
	renew_ten_times(*state, "web,vpn", false);
}

static void ten_renewals_that_delete_old_keys_are_healthy(void **state)
{
	renew_ten_times(*state, "web", true);
}

static void an_outage_alarms_until_the_renewal_after_it(void **state)
{
	struct device *d = *state;
	struct watch watch = {0};

	begin_years(d, "web", false);
	live(d, LIFE - 41, &watch);
	assert_int_equal(watch.ill_for, 0);
	scripted_ca_plan_many(&d->ca, CA_CAPS, CA_AWAY, 0, 7);
	live(d, 5, &watch);
	assert_int_equal(successes(d), 1);
	assert_int_equal(device_view(d)->agent.health_reason,
			 HEALTH_LAST_REQUEST_FAILED);
	live(d, 20, &watch);
	assert_int_equal(successes(d), 2);
	watch.ill_for = 0;
	live(d, 40, &watch);
	assert_int_equal(watch.ill_for, 0);
	assert_int_equal(watch.expiries, 0);
}

/* ------------------------------------------------------ within a second -- */

static void health_follows_the_clock_within_a_second(void **state)
{
	struct device *d = *state;
	int64_t expiring, expired;

	set_life(d, 40);
	enrol_for(d, "");
	expired = key(d, 1)->not_after + 1;
	expiring = expired - 30 * DAY;
	device_run_for(d, (uint32_t)(expiring - d->io.wall - 1));
	assert_int_equal(device_view(d)->agent.health_reason, 0);
	device_run_for(d, 1);
	device_run(d);
	assert_int_equal(device_view(d)->agent.health_reason,
			 HEALTH_CERT_EXPIRING);
	assert_int_equal(device_events(d, SCEP_EVENT_CERT_EXPIRING), 1);
	device_run_for(d, (uint32_t)(expired - d->io.wall - 1));
	assert_int_equal(device_events(d, SCEP_EVENT_CERT_EXPIRED), 0);
	device_run_for(d, 1);
	device_run(d);
	assert_int_equal(device_view(d)->agent.health_reason,
			 HEALTH_CERT_EXPIRED);
	assert_int_equal(device_events(d, SCEP_EVENT_CERT_EXPIRED), 1);
}

/* ----------------------------------------------- what has been replaced -- */

static bool is_in_service(struct device *d, uint32_t index)
{
	return scep_view_key_is_in_service(device_view(d), key(d, index),
					   d->io.wall);
}

/* Lets the first certificate expire, and gives the next ones a year. */
static void let_expire(struct device *d)
{
	device_run_for(d, 3 * DAY);
	device_tick(d);
	set_life(d, 365);
	d->event_count = 0;
}

/* Makes the key one that was requested for another purpose. */
static void rename_key(struct device *d, uint32_t index)
{
	struct scep_key *key;
	struct txn txn;

	txn_init(&txn);
	key = txn_edit(&d->state, &txn, STORE_KEY, index, true);
	assert_non_null(key);
	strcpy(key->name, "mail");
	assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL), SCEP_OK);
}

static uint32_t health_reason(struct device *d)
{
	state_publish(&d->state);
	return device_view(d)->agent.health_reason;
}

static void a_new_request_ends_the_alarm_of_what_has_expired(void **state)
{
	struct device *d = *state;
	uint32_t first, second;

	set_life(d, 2);
	first = enrol_for(d, "");
	let_expire(d);
	assert_int_equal(health_reason(d), HEALTH_CERT_EXPIRED);
	second = enrol_for(d, "");
	assert_false(is_in_service(d, first));
	assert_true(is_in_service(d, second));
	assert_int_equal(key(d, first)->replaced_by, second);
	assert_int_equal(health_reason(d), 0);
	device_restart(d);
	assert_int_equal(health_reason(d), 0);
}

static void a_timer_replaces_what_has_expired_under_any_name(void **state)
{
	struct device *d = *state;

	set_life(d, 2);
	enrol_for(d, "");
	rename_key(d, 1);
	let_expire(d);
	renew_for(d, "", false);
	assert_false(is_in_service(d, 1));
	assert_int_equal(health_reason(d), 0);
}

static void what_was_requested_for_another_purpose_stays(void **state)
{
	struct device *d = *state;

	enrol_for(d, "");
	rename_key(d, 1);
	enrol_for(d, "");
	assert_true(is_in_service(d, 1));
	assert_true(is_in_service(d, 2));
	/* Each is replaced by its own. */
	enrol_for(d, "");
	assert_true(is_in_service(d, 1));
	assert_false(is_in_service(d, 2));
}

/* The row of a key that is to be changed as no Set can. */
static struct scep_key *edit(struct device *d, struct txn *txn, uint32_t index)
{
	txn_init(txn);
	return txn_edit(&d->state, txn, STORE_KEY, index, true);
}

static void commit(struct device *d, struct txn *txn)
{
	assert_int_equal(txn_commit(&d->state, txn, NULL, &d->error), SCEP_OK);
}

static void another_subject_is_another_purpose(void **state)
{
	struct device *d = *state;
	struct txn txn;

	enrol_for(d, "");
	strcpy(edit(d, &txn, 1)->subject, "CN=other.example");
	commit(d, &txn);
	enrol_for(d, "");
	assert_true(is_in_service(d, 1));
}

static void another_profile_is_another_purpose(void **state)
{
	struct device *d = *state;

	enrol_for(d, "");
	device_number(d, SCEP_PROFILE_ROW_STATUS, 2, SCEP_ROW_CREATE_AND_GO);
	device_set(d);
	device_fill(d, 2);
	device_send(d, 2);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(key(d, 1)->subject, key(d, 2)->subject);
	assert_true(is_in_service(d, 1));
}

static void the_default_key_is_not_replaced(void **state)
{
	struct device *d = *state;
	struct txn txn;

	enrol_for(d, "");
	edit(d, &txn, 1)->is_default = true;
	commit(d, &txn);
	enrol_for(d, "");
	assert_int_equal(key(d, 1)->replaced_by, 0);
}

static void each_key_has_its_first_successor(void **state)
{
	struct device *d = *state;

	for (int i = 0; i < 3; i++)
		enrol_for(d, "");
	assert_int_equal(key(d, 1)->replaced_by, 2);
	assert_int_equal(key(d, 2)->replaced_by, 3);
	assert_int_equal(key(d, 3)->replaced_by, 0);
}

static void the_old_key_serves_until_the_last_location_has_the_new(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web,vpn");
	uint32_t second;

	send_for(d, "web,vpn");
	second = device_status(d)->key_index;
	assert_int_equal(key(d, first)->replaced_by, second);
	end_deploy(d, true);
	device_run(d);
	assert_true(is_in_service(d, first));
	end_deploy(d, true);
	device_run(d);
	assert_false(is_in_service(d, first));
	assert_true(is_in_service(d, second));
}

static void a_key_that_loses_its_only_location_is_replaced(void **state)
{
	struct device *d = *state;
	uint32_t first, second;

	first = enrol_for(d, "web");
	rename_key(d, first);
	second = enrol_for(d, "vpn");
	assign(d, second, "web");
	run_deploying(d);
	assert_int_equal(key(d, first)->replaced_by, second);
	assert_false(is_in_service(d, first));
	/* It is needed again. */
	assign(d, first, "vpn");
	run_deploying(d);
	assert_int_equal(key(d, first)->replaced_by, 0);
	assert_true(is_in_service(d, first));
	assert_int_equal(key(d, second)->replaced_by, 0);
}

static void after_a_rollback_the_old_key_serves(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second = renew_for(d, "web", false);

	assert_false(is_in_service(d, first));
	act(d, second, SCEP_KEY_ROLLBACK);
	run_deploying(d);
	assert_true(is_in_service(d, first));
	assert_int_equal(key(d, first)->replaced_by, 0);
	assert_false(is_in_service(d, second));
	assert_int_equal(key(d, second)->replaced_by, first);
	device_restart(d);
	assert_true(is_in_service(d, first));
	assert_false(is_in_service(d, second));
}

static void what_is_destroyed_leaves_its_place_to_its_successor(void **state)
{
	struct device *d = *state;

	enrol_for(d, "");
	enrol_for(d, "");
	enrol_for(d, "");
	assert_int_equal(destroy(d, 2), SCEP_ACCEPTED);
	assert_int_equal(key(d, 1)->replaced_by, 3);
	assert_false(is_in_service(d, 1));
	/* Nothing else is left that could serve. */
	assert_int_equal(destroy(d, 3), SCEP_ACCEPTED);
	assert_int_equal(key(d, 1)->replaced_by, 0);
	assert_true(is_in_service(d, 1));
}

static void several_that_are_destroyed_at_once_leave_their_places(void **state)
{
	struct device *d = *state;

	for (int i = 0; i < 4; i++)
		enrol_for(d, "");
	device_number(d, SCEP_KEY_ROW_STATUS, 3, SCEP_ROW_DESTROY);
	device_number(d, SCEP_KEY_ROW_STATUS, 2, SCEP_ROW_DESTROY);
	device_set(d);
	assert_int_equal(key(d, 1)->replaced_by, 4);
	device_restart(d);
	assert_int_equal(key(d, 1)->replaced_by, 4);
}

static void a_retired_key_leaves_its_place_to_its_successor(void **state)
{
	struct device *d = *state;

	enrol_for(d, "web");
	renew_for(d, "web", false);
	renew_for(d, "web", true);
	assert_null(key(d, 2));
	assert_int_equal(key(d, 1)->replaced_by, 3);
	assert_false(is_in_service(d, 1));
}

static void an_older_database_tells_it_by_what_replaces_what(void **state)
{
	struct device *d = *state;
	struct scep_key *old;
	struct txn txn;

	enrol_for(d, "web");
	renew_for(d, "web", false);
	txn_init(&txn);
	old = txn_edit(&d->state, &txn, STORE_KEY, 1, true);
	old->replaced_by = 0;
	assert_int_equal(txn_commit(&d->state, &txn, NULL, NULL), SCEP_OK);
	assert_true(is_in_service(d, 1));
	device_restart(d);
	assert_int_equal(key(d, 1)->replaced_by, 2);
	assert_false(is_in_service(d, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(an_outage_alarms_until_the_renewal_after_it),
	    USE_TEST(health_follows_the_clock_within_a_second),
	    USE_TEST(a_new_request_ends_the_alarm_of_what_has_expired),
	    USE_TEST(a_timer_replaces_what_has_expired_under_any_name),
	    USE_TEST(what_was_requested_for_another_purpose_stays),
	    USE_TEST(another_subject_is_another_purpose),
	    USE_TEST(another_profile_is_another_purpose),
	    USE_TEST(the_default_key_is_not_replaced),
	    USE_TEST(each_key_has_its_first_successor),
	    USE_TEST(the_old_key_serves_until_the_last_location_has_the_new),
	    USE_TEST(a_key_that_loses_its_only_location_is_replaced),
	    USE_TEST(after_a_rollback_the_old_key_serves),
	    USE_TEST(what_is_destroyed_leaves_its_place_to_its_successor),
	    USE_TEST(several_that_are_destroyed_at_once_leave_their_places),
	    USE_TEST(a_retired_key_leaves_its_place_to_its_successor),
	    USE_TEST(an_older_database_tells_it_by_what_replaces_what),
	    USE_TEST(ten_renewals_without_a_use_location_are_healthy),
	    USE_TEST(ten_renewals_at_use_locations_are_healthy),
	    USE_TEST(ten_renewals_that_delete_old_keys_are_healthy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
