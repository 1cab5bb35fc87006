/* SPDX-License-Identifier: Apache-2.0 */
/* The MIB as data: what must hold of the array by itself, and against the
 * engine's own table of settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "subagent/snmp/objects.h"
#include "subagent/snmp/refusal_table.h"

/* The beginning of all names in a table. */
static const char *const prefixes[TABLE_COUNT] = {
    [TABLE_AGENT] = "scepAgent",     [TABLE_PROFILE] = "scepProfile",
    [TABLE_SERVER] = "scepServer",   [TABLE_REQUEST] = "scepRequest",
    [TABLE_AUTO] = "scepAuto",	     [TABLE_STATUS_SCALARS] = "scepStatus",
    [TABLE_STATUS] = "scepStatus",   [TABLE_KEY_SCALARS] = "scepKey",
    [TABLE_KEY] = "scepKey",	     [TABLE_CA_SCALARS] = "scepCa",
    [TABLE_CA] = "scepCa",	     [TABLE_USE] = "scepUse",
    [TABLE_STATS] = "scepStats",     [TABLE_NOTIFY] = "scepNotify",
    [TABLE_SUMMARY] = "scepSummary", [TABLE_REFUSAL] = "scepRefusal",
};

static const size_t home_sizes[HOME_COUNT] = {
    [HOME_AGENT] = sizeof(struct scep_agent),
    [HOME_STATS] = sizeof(struct scep_stats),
    [HOME_PROFILE] = sizeof(struct scep_profile),
    [HOME_STATUS] = sizeof(struct scep_status),
    [HOME_KEY] = sizeof(struct scep_key),
    [HOME_CA] = sizeof(struct scep_ca),
    [HOME_USE] = sizeof(struct scep_use),
    [HOME_REFUSAL] = sizeof(struct refusal_row),
};

static bool is_worked_out(const struct object *object)
{
	return object->number || object->text;
}

static bool can_be_written(const struct object *object)
{
	return object->access == ACCESS_WRITE ||
	       object->access == ACCESS_CREATE;
}

/* Returns the octets that a member of that syntax takes at least. */
static size_t member_size(const struct object *object)
{
	uint32_t most = scep_range_max(&object->range);

	switch (object->syntax) {
	case SYNTAX_TEXT:
		return most + 1;
	case SYNTAX_OCTETS:
	case SYNTAX_SECRET:
		return sizeof(uint32_t) + most;
	case SYNTAX_TIME:
	case SYNTAX_TIMESTAMP:
		return sizeof(int64_t);
	case SYNTAX_UNSIGNED:
	case SYNTAX_GAUGE:
	case SYNTAX_COUNTER:
	case SYNTAX_INTEGER:
	case SYNTAX_ENUM:
	case SYNTAX_TRUTH:
	case SYNTAX_BITS:
		return sizeof(uint32_t);
	case SYNTAX_COUNT:
		break;
	}
	fail_msg("%s has no syntax", object->name);
	return 0;
}

static int compare_arcs(const struct object *one, const struct object *other)
{
	uint32_t arc[2][OBJECT_ARCS];
	size_t count[2] = {object_arcs(one, arc[0]),
			   object_arcs(other, arc[1])};

	for (size_t i = 0; i < count[0] && i < count[1]; i++) {
		if (arc[0][i] != arc[1][i])
			return arc[0][i] < arc[1][i] ? -1 : 1;
	}
	return count[0] < count[1] ? -1 : count[0] > count[1];
}

static void every_object_stands_after_the_one_before(void **state)
{
	(void)state;
	for (size_t i = 1; i < object_count; i++) {
		if (compare_arcs(&objects[i - 1], &objects[i]) >= 0)
			fail_msg("%s stands before %s", objects[i - 1].name,
				 objects[i].name);
	}
}

static void arcs_of_a_table_count_from_one_without_a_gap(void **state)
{
	uint32_t last[TABLE_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		if (objects[i].arc != last[objects[i].table] + 1)
			fail_msg("%s has arc %u", objects[i].name,
				 objects[i].arc);
		last[objects[i].table]++;
	}
	for (size_t i = 0; i < TABLE_COUNT; i++)
		assert_true(last[i] > 0);
}

static void names_begin_with_their_table_and_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		const char *prefix = prefixes[objects[i].table];

		if (strncmp(objects[i].name, prefix, strlen(prefix)) != 0)
			fail_msg("%s is not a %s", objects[i].name, prefix);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(objects[i].name,
						objects[k].name);
	}
}

static void members_lie_inside_their_struct(void **state)
{
	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		const struct object *object = &objects[i];
		size_t size = home_sizes[object_tables[object->table].home];

		if (!is_worked_out(object) &&
		    object->offset + member_size(object) > size)
			fail_msg("%s lies outside", object->name);
	}
}

static void a_member_is_shown_by_one_object_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (is_worked_out(&objects[i]) ||
			    is_worked_out(&objects[k]) ||
			    object_tables[objects[i].table].home !=
				object_tables[objects[k].table].home)
				continue;
			if (objects[i].offset == objects[k].offset)
				fail_msg("%s and %s have one member",
					 objects[i].name, objects[k].name);
		}
	}
}

static void ranges_are_ascending_and_bits_fit_a_member(void **state)
{
	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		const struct scep_range *range = &objects[i].range;

		for (size_t k = 0; k < range->count; k++) {
			assert_true(range->span[k].min <= range->span[k].max);
			if (k > 0)
				assert_true(range->span[k - 1].max <
					    range->span[k].min);
		}
		if (objects[i].syntax == SYNTAX_BITS)
			assert_in_range(scep_range_max(range), 0, 31);
		if (objects[i].syntax == SYNTAX_ENUM ||
		    objects[i].syntax == SYNTAX_TRUTH ||
		    objects[i].syntax == SYNTAX_TEXT)
			assert_true(range->count > 0);
	}
}

static void only_what_can_be_written_has_a_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		if (can_be_written(&objects[i]) !=
		    (objects[i].field != SCEP_FIELD_NONE))
			fail_msg("%s: access and field differ",
				 objects[i].name);
		if (!can_be_written(&objects[i]))
			assert_false(objects[i].has_default);
	}
}

static void scalars_are_read_write_and_columns_read_create(void **state)
{
	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		if (can_be_written(&objects[i]))
			assert_int_equal(objects[i].access,
					 object_is_scalar(&objects[i])
					     ? ACCESS_WRITE
					     : ACCESS_CREATE);
		if (objects[i].exists)
			assert_true(object_is_scalar(&objects[i]));
	}
}

static void every_field_of_the_engine_has_its_object(void **state)
{
	size_t found[SCEP_FIELD_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < object_count; i++) {
		const struct object *object = &objects[i];
		const struct scep_field_info *info;

		if (object->field == SCEP_FIELD_NONE)
			continue;
		found[object->field]++;
		info = scep_field_info(object->field);
		assert_string_equal(object->name, info->name);
		if (!is_worked_out(object))
			assert_int_equal(object->offset, info->offset);
	}
	for (size_t i = SCEP_FIELD_NONE + 1; i < SCEP_FIELD_COUNT; i++)
		assert_int_equal(found[i], 1);
}

static void an_empty_range_has_every_number(void **state)
{
	const struct scep_range any = {.count = 0};
	const struct scep_range some = {.span = {{0, 0}, {100, 599}},
					.count = 2};

	(void)state;
	assert_true(scep_range_has(&any, UINT64_MAX));
	assert_true(scep_range_has(&some, 0));
	assert_false(scep_range_has(&some, 1));
	assert_false(scep_range_has(&some, 99));
	assert_true(scep_range_has(&some, 100));
	assert_true(scep_range_has(&some, 599));
	assert_false(scep_range_has(&some, 600));
	assert_int_equal(scep_range_max(&some), 599);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_object_stands_after_the_one_before),
	    cmocka_unit_test(arcs_of_a_table_count_from_one_without_a_gap),
	    cmocka_unit_test(names_begin_with_their_table_and_are_unique),
	    cmocka_unit_test(members_lie_inside_their_struct),
	    cmocka_unit_test(a_member_is_shown_by_one_object_only),
	    cmocka_unit_test(ranges_are_ascending_and_bits_fit_a_member),
	    cmocka_unit_test(only_what_can_be_written_has_a_field),
	    cmocka_unit_test(scalars_are_read_write_and_columns_read_create),
	    cmocka_unit_test(every_field_of_the_engine_has_its_object),
	    cmocka_unit_test(an_empty_range_has_every_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
