/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/profile_row.h"
#include "scep/view.h"
#include "ctl/plan.h"
#include "ctl/value.h"

#define ROOM 60000

struct world {
	struct snapshot present;
	struct snapshot wanted;
	struct plan plan;
};

static void put_number(struct snapshot *snapshot, enum scep_field field,
		       uint32_t index, int64_t number)
{
	struct scep_value value = {.number = number};

	assert_true(snapshot_add_row(snapshot, index));
	snapshot_put(snapshot, field, index, &value);
}

static void put_text(struct snapshot *snapshot, enum scep_field field,
		     uint32_t index, const char *text)
{
	struct scep_value value = {.length = (uint32_t)strlen(text)};

	memcpy(value.octets, text, value.length);
	assert_true(snapshot_add_row(snapshot, index));
	snapshot_put(snapshot, field, index, &value);
}

static int set_up(void **state)
{
	static struct world world;

	memset(&world, 0, sizeof(world));
	assert_true(snapshot_preset_row(&world.present, 0));
	assert_true(snapshot_preset_row(&world.present, 1));
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	plan_free(&world->plan);
	snapshot_free(&world->present);
	snapshot_free(&world->wanted);
	return 0;
}

/* A timer that is enabled, with all that rule 2 wants. */
static void enable(struct snapshot *snapshot, uint32_t index)
{
	put_text(snapshot, SCEP_SERVER_URL, index, "http://h/");
	put_text(snapshot, SCEP_AUTO_START_TIME, index, "11 octets..");
	put_text(snapshot, SCEP_AUTO_KEY_NAME, index, "k");
	put_text(snapshot, SCEP_AUTO_COMMON_NAME, index, "c");
	put_number(snapshot, SCEP_AUTO_ENABLE, index, 1);
}

static void make(struct world *world, size_t room)
{
	plan_free(&world->plan);
	assert_true(
	    plan_make(&world->present, &world->wanted, room, &world->plan));
}

static void has_item(const struct world *world, size_t set, size_t item,
		     enum scep_field field, uint32_t index, int64_t number)
{
	const struct scep_change *change = &world->plan.sets[set];

	assert_true(set < world->plan.count && item < change->count);
	assert_int_equal(change->items[item].field, field);
	assert_int_equal(change->items[item].index, index);
	assert_int_equal(change->items[item].value.number, number);
}

/* Making the plan gives the device what is wanted of it. */
static void reaches_what_is_wanted(const struct world *world)
{
	struct snapshot after = {0};

	assert_true(snapshot_copy(&after, &world->present));
	for (size_t i = 0; i < world->plan.count; i++)
		assert_true(snapshot_apply(&after, &world->plan.sets[i]));
	assert_int_equal(
	    snapshot_differences(&after, &world->wanted, NULL, NULL), 0);
	snapshot_free(&after);
}

static void nothing_is_set_that_is_so_already(void **state)
{
	struct world *world = *state;

	put_number(&world->wanted, SCEP_SERVER_TIMEOUT, 1, 30);
	put_number(&world->wanted, SCEP_NOTIFY_EXPIRY_DAYS, 0, 30);
	make(world, ROOM);
	assert_int_equal(world->plan.count, 0);
}

static void all_that_differs_is_one_Set(void **state)
{
	struct world *world = *state;

	put_number(&world->wanted, SCEP_NOTIFY_EXPIRY_DAYS, 0, 31);
	put_number(&world->wanted, SCEP_SERVER_TIMEOUT, 1, 60);
	put_number(&world->wanted, SCEP_SERVER_PORT, 1, 0);
	enable(&world->wanted, 1);
	make(world, ROOM);
	assert_int_equal(world->plan.count, 1);
	has_item(world, 0, 0, SCEP_NOTIFY_EXPIRY_DAYS, 0, 31);
	assert_int_equal(world->plan.sets[0].count, 7);
	reaches_what_is_wanted(world);
	assert_false(world->plan.disables[1]);
}

static void a_new_row_comes_with_its_columns_and_without_defaults(void **state)
{
	struct world *world = *state;

	assert_true(snapshot_preset_row(&world->wanted, 9));
	put_number(&world->wanted, SCEP_SERVER_TIMEOUT, 9, 60);
	put_number(&world->wanted, SCEP_PROFILE_ROW_STATUS, 10,
		   SCEP_ROW_NOT_IN_SERVICE);
	make(world, ROOM);
	assert_int_equal(world->plan.count, 1);
	assert_int_equal(world->plan.sets[0].count, 3);
	has_item(world, 0, 0, SCEP_PROFILE_ROW_STATUS, 9,
		 SCEP_ROW_CREATE_AND_GO);
	has_item(world, 0, 1, SCEP_SERVER_TIMEOUT, 9, 60);
	has_item(world, 0, 2, SCEP_PROFILE_ROW_STATUS, 10,
		 SCEP_ROW_CREATE_AND_WAIT);
	reaches_what_is_wanted(world);
}

static void rule_1_another_server_pauses_an_enabled_timer(void **state)
{
	struct world *world = *state;

	enable(&world->present, 1);
	put_number(&world->wanted, SCEP_SERVER_TIMEOUT, 1, 60);
	put_number(&world->wanted, SCEP_AUTO_POLL_COUNT, 1, 3);
	make(world, ROOM);
	assert_int_equal(world->plan.count, 2);
	assert_int_equal(world->plan.sets[0].count, 3);
	has_item(world, 0, 0, SCEP_SERVER_TIMEOUT, 1, 60);
	has_item(world, 0, 1, SCEP_AUTO_POLL_COUNT, 1, 3);
	has_item(world, 0, 2, SCEP_AUTO_ENABLE, 1, 0);
	assert_int_equal(world->plan.sets[1].count, 1);
	has_item(world, 1, 0, SCEP_AUTO_ENABLE, 1, 1);
	assert_true(world->plan.disables[1]);
	assert_true(world->plan.enables_last[1]);
	reaches_what_is_wanted(world);
}

static void rule_17_so_does_another_storage_type(void **state)
{
	struct world *world = *state;

	enable(&world->present, 1);
	put_number(&world->wanted, SCEP_PROFILE_STORAGE_TYPE, 1,
		   SCEP_STORAGE_VOLATILE);
	make(world, ROOM);
	assert_int_equal(world->plan.count, 2);
}

static void a_timer_is_not_paused_for_its_own_settings(void **state)
{
	struct world *world = *state;

	enable(&world->present, 1);
	enable(&world->wanted, 1);
	put_number(&world->wanted, SCEP_AUTO_POLL_COUNT, 1, 3);
	put_text(&world->wanted, SCEP_PROFILE_NAME, 1, "x");
	make(world, ROOM);
	assert_int_equal(world->plan.count, 1);
	assert_int_equal(world->plan.sets[0].count, 2);
	assert_false(world->plan.disables[1]);
}

static void a_timer_that_ends_needs_one_Set(void **state)
{
	struct world *world = *state;

	enable(&world->present, 1);
	put_number(&world->wanted, SCEP_AUTO_ENABLE, 1, 0);
	put_number(&world->wanted, SCEP_SERVER_TIMEOUT, 1, 60);
	make(world, ROOM);
	assert_int_equal(world->plan.count, 1);
	assert_true(world->plan.disables[1]);
	assert_false(world->plan.enables_last[1]);
	reaches_what_is_wanted(world);
}

static void a_row_that_goes_is_disabled_by_the_same_Set(void **state)
{
	struct world *world = *state;

	assert_true(snapshot_preset_row(&world->present, 5));
	enable(&world->present, 5);
	put_number(&world->wanted, SCEP_PROFILE_ROW_STATUS, 5,
		   SCEP_ROW_DESTROY);
	put_number(&world->wanted, SCEP_PROFILE_ROW_STATUS, 6,
		   SCEP_ROW_DESTROY); /* is not there */
	make(world, ROOM);
	assert_int_equal(world->plan.count, 1);
	assert_int_equal(world->plan.sets[0].count, 2);
	has_item(world, 0, 0, SCEP_AUTO_ENABLE, 5, 0);
	has_item(world, 0, 1, SCEP_PROFILE_ROW_STATUS, 5, SCEP_ROW_DESTROY);
}

static void what_is_too_long_is_parted_between_profiles(void **state)
{
	struct world *world = *state;
	size_t enables = 0;

	for (uint32_t index = 1; index <= SCEP_PROFILE_MAX; index++)
		enable(&world->wanted, index);
	make(world, 2000);
	assert_true(world->plan.count > 5);
	reaches_what_is_wanted(world);
	for (size_t i = 0; i < world->plan.count; i++) {
		const struct scep_change *set = &world->plan.sets[i];

		for (size_t k = 0; k < set->count; k++) {
			/* All in the last one, and none before. */
			if (set->items[k].field == SCEP_AUTO_ENABLE) {
				assert_int_equal(i, world->plan.count - 1);
				enables++;
			}
			/* A row is made by the Set that has its columns. */
			if (set->items[k].field == SCEP_AUTO_KEY_NAME &&
			    set->items[k].index > 1)
				assert_int_equal(set->items[k - 2].field,
						 SCEP_PROFILE_ROW_STATUS);
		}
	}
	assert_int_equal(enables, SCEP_PROFILE_MAX);
}

static void rule_2_is_judged_before_a_timer_is_paused(void **state)
{
	static const struct {
		enum scep_field field;
		const char *text;
		const char *words;
	} faults[] = {
	    {SCEP_SERVER_URL, "", "scepServerUrl is empty"},
	    {SCEP_AUTO_START_TIME, "", "scepAutoStartTime is empty"},
	    {SCEP_AUTO_KEY_NAME, "", "scepAutoKeyName is empty"},
	    {SCEP_AUTO_COMMON_NAME, "", "scepAutoCommonName is empty"},
	    {SCEP_AUTO_USE_LOCATION, "web,nowhere", "does not have"},
	    {SCEP_AUTO_USE_LOCATION, "we", "does not have"},
	};
	struct world *world = *state;
	struct reason reason;

	enable(&world->present, 1);
	put_number(&world->wanted, SCEP_SERVER_TIMEOUT, 1, 60);
	make(world, ROOM);
	assert_true(plan_is_ready(&world->plan, &world->present, "", &reason));
	put_text(&world->present, SCEP_AUTO_USE_LOCATION, 1, " mail , web");
	assert_true(plan_is_ready(&world->plan, &world->present, "web\nmail\n",
				  &reason));
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		enable(&world->present, 1);
		put_text(&world->present, SCEP_AUTO_USE_LOCATION, 1, "");
		put_text(&world->present, faults[i].field, 1, faults[i].text);
		assert_false(plan_is_ready(&world->plan, &world->present,
					   "web\nmail\n", &reason));
		assert_non_null(strstr(reason.text, "scepAutoEnable.1: "));
		assert_non_null(strstr(reason.text, faults[i].words));
	}
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_set_that_is_so_already),
	    TEST(all_that_differs_is_one_Set),
	    TEST(a_new_row_comes_with_its_columns_and_without_defaults),
	    TEST(rule_1_another_server_pauses_an_enabled_timer),
	    TEST(rule_17_so_does_another_storage_type),
	    TEST(a_timer_is_not_paused_for_its_own_settings),
	    TEST(a_timer_that_ends_needs_one_Set),
	    TEST(a_row_that_goes_is_disabled_by_the_same_Set),
	    TEST(what_is_too_long_is_parted_between_profiles),
	    TEST(rule_2_is_judged_before_a_timer_is_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
