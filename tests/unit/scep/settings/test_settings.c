/* SPDX-License-Identifier: Apache-2.0 */
/* Values in and out of rows, defaults, and changes as lists of items. */
#include "tests/unit/scep/settings/field_samples.h"

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/values.h"

/* A home of any kind. */
union home {
	struct scep_agent agent;
	struct scep_profile profile;
	struct scep_key key;
	struct scep_ca ca;
};

static bool has_place(enum scep_field field)
{
	return scep_field_info(field)->offset != SCEP_NO_MEMBER;
}

/* ------------------------------------------------------------------ rows -- */

static void what_is_put_is_had(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		struct scep_value value = sample(field);
		union home home;

		memset(&home, 0, sizeof(home));
		settings_put(field, &value, &home);
		assert_int_equal(settings_has(field, &value, &home),
				 has_place(field) &&
				     kind_of(field) != SCEP_KIND_SECRET);
	}
}

static void what_was_not_put_is_not_had(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		struct scep_value value = sample(field);
		union home home;

		memset(&home, 0, sizeof(home));
		assert_false(settings_has(field, &value, &home));
		settings_put(field, &value, &home);
		value.number++;
		value.octets[0] ^= 1;
		assert_false(settings_has(field, &value, &home));
		value.octets[0] ^= 1;
		value.number--;
		value.length ? value.length-- : value.number++;
		assert_false(settings_has(field, &value, &home));
	}
}

static size_t size_of_member(enum scep_field field)
{
	const struct scep_field_info *info = scep_field_info(field);

	if (info->kind == SCEP_KIND_TIME)
		return sizeof(int64_t);
	if (is_text(field))
		return scep_range_max(&info->range) + 1;
	if (is_octets(field))
		return sizeof(uint32_t) + scep_range_max(&info->range);
	return sizeof(uint32_t);
}

static void a_put_touches_its_own_member_only(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field) {
		const struct scep_field_info *info = scep_field_info(field);
		struct scep_value value = sample(field);
		unsigned char before[sizeof(union home)];
		union home home;

		memset(&home, 0x5a, sizeof(home));
		settings_put(field, &value, &home);
		if (has_place(field))
			memset((char *)&home + info->offset, 0x5a,
			       size_of_member(field));
		memset(before, 0x5a, sizeof(before));
		assert_memory_equal(&home, before, sizeof(home));
	}
}

static void no_two_fields_share_a_member(void **state)
{
	(void)state;
	SCEP_FIELDS_EACH (field)
		SCEP_FIELDS_EACH (other) {
			union home home, untouched;
			struct scep_value value = sample(field);

			if (field == other || scep_field_info(field)->home !=
						  scep_field_info(other)->home)
				continue;
			memset(&home, 0, sizeof(home));
			untouched = home;
			settings_put(field, &value, &home);
			assert_true(
			    settings_are_same(other, &home, &untouched));
			assert_int_equal(
			    settings_are_same(field, &home, &untouched),
			    !has_place(field));
		}
}

static void each_value_of_a_request_has_a_bit_of_its_own(void **state)
{
	uint32_t seen = 0, count = 0;

	(void)state;
	SCEP_FIELDS_EACH (field) {
		uint32_t bit = settings_request_bit(field);

		assert_int_equal(seen & bit, 0);
		seen |= bit;
		count += bit != 0;
	}
	assert_int_equal(count, SCEP_REQUEST_TEMPLATE - SCEP_REQUEST_KEY_NAME);
	assert_int_equal(settings_request_bit(SCEP_REQUEST_ACTION), 0);
	assert_int_equal(settings_request_bit(SCEP_AUTO_KEY_NAME), 0);
}

static void a_shorter_value_leaves_nothing_of_the_longer_one(void **state)
{
	struct scep_value longer = {.length = 64};
	struct scep_value none = {0};

	(void)state;
	memset(longer.octets, 'Z', sizeof(longer.octets));
	SCEP_FIELDS_EACH (field) {
		static const union home zero;
		union home home;

		if (!is_text(field) && !is_octets(field))
			continue;
		memset(&home, 0, sizeof(home));
		settings_put(field, &longer, &home);
		settings_put(field, &none, &home);
		assert_memory_equal(&home, &zero, sizeof(home));
	}
}

static void a_secret_is_compared_between_rows_and_with_no_value(void **state)
{
	struct scep_value one = of_text("tiger");
	struct scep_value other = of_text("tigre");
	struct scep_profile a = {0}, b = {0};

	(void)state;
	settings_put(SCEP_REQUEST_CHALLENGE_PASSWORD, &one, &a);
	settings_put(SCEP_REQUEST_CHALLENGE_PASSWORD, &other, &b);
	assert_false(
	    settings_are_same(SCEP_REQUEST_CHALLENGE_PASSWORD, &a, &b));
	settings_put(SCEP_REQUEST_CHALLENGE_PASSWORD, &one, &b);
	assert_true(settings_are_same(SCEP_REQUEST_CHALLENGE_PASSWORD, &a, &b));
	assert_false(settings_has(SCEP_REQUEST_CHALLENGE_PASSWORD, &one, &a));
}

/* -------------------------------------------------------------- defaults -- */

static void every_setting_starts_with_its_default(void **state)
{
	struct scep_profile profile;
	struct scep_agent agent;

	(void)state;
	memset(&profile, 0x5a, sizeof(profile));
	memset(&agent, 0x5a, sizeof(agent));
	settings_preset_profile(&profile);
	settings_preset_agent(&agent);
	SCEP_FIELDS_EACH (field) {
		enum scep_home home = scep_field_info(field)->home;
		struct scep_value value =
		    of_number(scep_field_info(field)->preset);

		if (!has_place(field) || kind_of(field) == SCEP_KIND_SECRET)
			continue;
		if (home == SCEP_HOME_PROFILE)
			assert_true(settings_has(field, &value, &profile));
		if (home == SCEP_HOME_AGENT)
			assert_true(settings_has(field, &value, &agent));
	}
	assert_int_equal(profile.request.challenge_password.length, 0);
	assert_int_equal(profile.timer.values.challenge_password.length, 0);
}

static void a_new_profile_keeps_its_index_and_knows_nothing(void **state)
{
	struct scep_profile profile;

	(void)state;
	memset(&profile, 0x5a, sizeof(profile));
	profile.index = 7;
	settings_preset_profile(&profile);
	assert_int_equal(profile.index, 7);
	assert_int_equal(profile.request_status_index, 0);
	assert_int_equal(profile.facts.check_result, SCEP_NONE);
	assert_int_equal(profile.facts.caps, 0);
	assert_int_equal(profile.facts.last_contact, 0);
	assert_int_equal(profile.facts.clock_skew, 0);
	assert_int_equal(profile.timer.oper_status, 1);
	assert_int_equal(profile.timer.next_request_time, 0);
}

static void a_new_agent_is_well(void **state)
{
	struct scep_agent agent;

	(void)state;
	memset(&agent, 0x5a, sizeof(agent));
	settings_preset_agent(&agent);
	assert_int_equal(agent.health, SCEP_HEALTH_OK);
	assert_int_equal(agent.health_reason, 0);
	assert_int_equal(agent.status_last_index, 0);
	assert_int_equal(agent.restart_pending, 0);
}

static void the_parts_of_a_profile_have_the_same_defaults_alone(void **state)
{
	struct scep_profile profile;
	struct scep_server server;
	struct scep_values values;

	(void)state;
	memset(&profile, 0x5a, sizeof(profile));
	memset(&server, 0x5a, sizeof(server));
	memset(&values, 0x5a, sizeof(values));
	settings_preset_profile(&profile);
	settings_preset_server(&server);
	settings_preset_values(&values);
	assert_memory_equal(&server, &profile.server, sizeof(server));
	assert_memory_equal(&values, &profile.request, sizeof(values));
	assert_memory_equal(&values, &profile.timer.values, sizeof(values));
	assert_int_equal(values.key_length, 2048);
	assert_int_equal(server.timeout, 30);
}

static void the_configuration_starts_with_its_defaults(void **state)
{
	struct scep_config config;

	(void)state;
	memset(&config, 0x5a, sizeof(config));
	scep_config_init(&config);
	assert_int_equal(config.state_directory[0], '/');
	assert_int_equal(config.key_limit, 16);
	assert_int_equal(config.status_history, 20);
	assert_int_equal(config.allow_legacy, 0);
	assert_false(config.allow_short_keys);
	assert_false(config.clock_skew_is_error);
	assert_int_equal(config.clock_skew_limit, 600);
	assert_string_equal(config.ca_file, "");
	assert_int_equal(config.spare_keys[0], 0);
	assert_int_equal(config.allow_count, 0);
	assert_int_equal(config.deny_count, 0);
}

/* --------------------------------------------------------------- changes -- */

static void a_change_keeps_copies_of_any_number_of_items(void **state)
{
	struct scep_change change;
	struct scep_item item = {.field = SCEP_REQUEST_KEY_NAME};

	(void)state;
	scep_change_init(&change);
	for (uint32_t i = 0; i < 1000; i++) {
		item.index = i;
		item.value = of_text(i % 2 ? "odd" : "even");
		assert_true(scep_change_add(&change, &item));
	}
	assert_int_equal(change.count, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(change.items[i].index, i);
		assert_int_equal(change.items[i].field, SCEP_REQUEST_KEY_NAME);
		assert_int_equal(change.items[i].value.length, i % 2 ? 3 : 4);
	}
	scep_change_free(&change);
}

static void a_freed_change_is_empty_and_can_be_used_again(void **state)
{
	struct scep_change change;
	struct scep_item item = {.field = SCEP_REQUEST_ACTION, .index = 1};

	(void)state;
	scep_change_init(&change);
	scep_change_free(&change);
	assert_true(scep_change_add(&change, &item));
	scep_change_free(&change);
	assert_int_equal(change.count, 0);
	assert_null(change.items);
	assert_true(scep_change_add(&change, &item));
	assert_int_equal(change.count, 1);
	scep_change_free(&change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_had),
	    cmocka_unit_test(what_was_not_put_is_not_had),
	    cmocka_unit_test(a_put_touches_its_own_member_only),
	    cmocka_unit_test(no_two_fields_share_a_member),
	    cmocka_unit_test(each_value_of_a_request_has_a_bit_of_its_own),
	    cmocka_unit_test(a_shorter_value_leaves_nothing_of_the_longer_one),
	    cmocka_unit_test(
		a_secret_is_compared_between_rows_and_with_no_value),
	    cmocka_unit_test(every_setting_starts_with_its_default),
	    cmocka_unit_test(a_new_profile_keeps_its_index_and_knows_nothing),
	    cmocka_unit_test(a_new_agent_is_well),
	    cmocka_unit_test(
		the_parts_of_a_profile_have_the_same_defaults_alone),
	    cmocka_unit_test(the_configuration_starts_with_its_defaults),
	    cmocka_unit_test(a_change_keeps_copies_of_any_number_of_items),
	    cmocka_unit_test(a_freed_change_is_empty_and_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
