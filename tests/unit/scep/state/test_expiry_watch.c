/* SPDX-License-Identifier: Apache-2.0 */
/* Events that are told because time has passed: each of them once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/event.h"
#include "scep/key_row.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/state/expiry_watch.h"

#define NOW    INT64_C(1800000000)
#define DAY    86400

#define EVENTS 16

struct world {
	struct expiry_watch watch;
	struct scep_view view;
	struct scep_key *key[3];
	struct scep_ca *ca;
	struct scep_event told[EVENTS];
	size_t count;
};

static void *add(struct scep_rows *rows, size_t size, uint32_t index)
{
	uint32_t *row = row_new(size);

	assert_non_null(row);
	*row = index;
	assert_true(rows_reserve(rows, 1));
	rows_put(rows, row);
	return row;
}

/* Three keys and a CA, all good for a year. */
static int setup(void **state)
{
	static struct world world;

	world = (struct world){0};
	world.view.agent.notify_expiry_days = 30;
	world.view.agent.key_limit = 4;
	for (uint32_t i = 0; i < 3; i++) {
		world.key[i] =
		    add(&world.view.keys, sizeof(struct scep_key), i + 5);
		world.key[i]->not_before = NOW - DAY;
		world.key[i]->not_after = NOW + 365 * DAY;
		world.key[i]->fingerprint.length = 32;
		world.key[i]->fingerprint.data[0] = (unsigned char)i;
	}
	world.ca = add(&world.view.cas, sizeof(struct scep_ca), 5);
	world.ca->trust = SCEP_CA_TRUSTED;
	world.ca->not_after = NOW + 365 * DAY;
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	expiry_watch_free(&world->watch);
	rows_free(&world->view.keys);
	rows_free(&world->view.cas);
	return 0;
}

static void tell(void *context, enum scep_event_kind kind, uint32_t index)
{
	struct world *world = context;

	assert_true(world->count < EVENTS);
	world->told[world->count].kind = kind;
	world->told[world->count++].index = index;
}

static void look_at(struct world *world, int64_t now)
{
	world->count = 0;
	expiry_watch_look(&world->watch, &world->view, now, true, tell, world);
}

static void look(struct world *world)
{
	look_at(world, NOW);
}

static void assert_told(const struct world *world, size_t at,
			enum scep_event_kind kind, uint32_t index)
{
	assert_true(at < world->count);
	assert_int_equal(world->told[at].kind, kind);
	assert_int_equal(world->told[at].index, index);
}

static void assert_told_only(const struct world *world,
			     enum scep_event_kind kind, uint32_t index)
{
	assert_int_equal(world->count, 1);
	assert_told(world, 0, kind, index);
}

static void what_is_well_is_not_told(void **state)
{
	struct world *world = *state;

	look(world);
	assert_int_equal(world->count, 0);
}

static void a_certificate_is_told_once_in_each_of_its_states(void **state)
{
	struct world *world = *state;
	int64_t end = world->key[1]->not_after = NOW + 100 * DAY;

	look_at(world, end - 30 * DAY);
	assert_int_equal(world->count, 0);
	look_at(world, end - 30 * DAY + 1);
	assert_told_only(world, SCEP_EVENT_CERT_EXPIRING, 6);
	look_at(world, end - DAY);
	assert_int_equal(world->count, 0);
	look_at(world, end + 1);
	assert_told_only(world, SCEP_EVENT_CERT_EXPIRED, 6);
	look_at(world, end + 2 * DAY);
	assert_int_equal(world->count, 0);
}

static void who_sleeps_over_the_warning_is_told_of_the_end_only(void **state)
{
	struct world *world = *state;

	look(world);
	look_at(world, NOW + 400 * DAY);
	assert_int_equal(world->count, 4);
	assert_told(world, 0, SCEP_EVENT_CERT_EXPIRED, 5);
	assert_told(world, 1, SCEP_EVENT_CERT_EXPIRED, 6);
	assert_told(world, 2, SCEP_EVENT_CERT_EXPIRED, 7);
	assert_told(world, 3, SCEP_EVENT_CA_EXPIRING, 5);
}

static void another_certificate_in_the_same_place_is_told_again(void **state)
{
	struct world *world = *state;

	world->key[0]->not_after = NOW + DAY;
	look(world);
	assert_told_only(world, SCEP_EVENT_CERT_EXPIRING, 5);
	world->key[0]->fingerprint.data[31] = 1;
	look(world);
	assert_told_only(world, SCEP_EVENT_CERT_EXPIRING, 5);
}

static void rows_that_come_and_go_do_not_repeat_the_others(void **state)
{
	struct world *world = *state;

	world->key[0]->not_after = NOW + DAY;
	world->key[2]->not_after = NOW - DAY;
	look(world);
	assert_int_equal(world->count, 2);
	world->key[1]->not_after = NOW + DAY;
	rows_remove(&world->view.keys, 5);
	look(world);
	assert_told_only(world, SCEP_EVENT_CERT_EXPIRING, 6);
	world->ca->not_after = NOW + DAY;
	look(world);
	assert_told_only(world, SCEP_EVENT_CA_EXPIRING, 5);
	look(world);
	assert_int_equal(world->count, 0);
}

static void other_days_are_another_judgement(void **state)
{
	struct world *world = *state;

	world->ca->not_after = NOW + 100 * DAY;
	world->view.agent.notify_expiry_days = 101;
	look(world);
	assert_told_only(world, SCEP_EVENT_CA_EXPIRING, 5);
	world->view.agent.notify_expiry_days = 99;
	look(world);
	assert_int_equal(world->count, 0);
	world->view.agent.notify_expiry_days = 101;
	look(world);
	assert_told_only(world, SCEP_EVENT_CA_EXPIRING, 5);
}

static void a_rejected_ca_may_expire_unnoticed(void **state)
{
	struct world *world = *state;

	world->ca->trust = SCEP_CA_REJECTED;
	world->ca->not_after = NOW + DAY;
	look(world);
	assert_int_equal(world->count, 0);
}

static void a_full_registry_is_told_when_it_becomes_full(void **state)
{
	struct world *world = *state;

	look(world);
	add(&world->view.keys, sizeof(struct scep_key), 9);
	look(world);
	assert_told_only(world, SCEP_EVENT_KEY_LIMIT_REACHED, 0);
	add(&world->view.keys, sizeof(struct scep_key), 10);
	look(world);
	assert_int_equal(world->count, 0);
	rows_remove(&world->view.keys, 9);
	look(world);
	rows_remove(&world->view.keys, 10);
	look(world);
	assert_int_equal(world->count, 0);
	world->view.agent.key_limit = 3;
	look(world);
	assert_told_only(world, SCEP_EVENT_KEY_LIMIT_REACHED, 0);
}

static void a_wrong_clock_judges_nothing_and_forgets_nothing(void **state)
{
	struct world *world = *state;

	world->key[0]->not_after = NOW + DAY;
	look(world);
	assert_int_equal(world->count, 1);
	world->count = 0;
	world->view.agent.key_limit = 3;
	expiry_watch_look(&world->watch, &world->view, 0, false, tell, world);
	assert_told_only(world, SCEP_EVENT_KEY_LIMIT_REACHED, 0);
	look(world);
	assert_int_equal(world->count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(what_is_well_is_not_told),
	    TEST(a_certificate_is_told_once_in_each_of_its_states),
	    TEST(who_sleeps_over_the_warning_is_told_of_the_end_only),
	    TEST(another_certificate_in_the_same_place_is_told_again),
	    TEST(rows_that_come_and_go_do_not_repeat_the_others),
	    TEST(other_days_are_another_judgement),
	    TEST(a_rejected_ca_may_expire_unnoticed),
	    TEST(a_full_registry_is_told_when_it_becomes_full),
	    TEST(a_wrong_clock_judges_nothing_and_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
