/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding instances, held against a list of all of them that is made and
 * sorted without any of the code under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "subagent/snmp/find.h"

#define NAME_ARCS 8

struct name {
	oid arc[NAME_ARCS];
	size_t count;
};

/* A view of random rows, and the names of all instances in it. */
struct world {
	struct scep_view view;
	struct read_context context;
	struct name *names;
	size_t count;
};

/* The same numbers in every run. */
static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 8) * limit >> 24);
}

static int compare_names(const void *left, const void *right)
{
	const struct name *one = left;
	const struct name *other = right;

	for (size_t i = 0; i < one->count && i < other->count; i++) {
		if (one->arc[i] != other->arc[i])
			return one->arc[i] < other->arc[i] ? -1 : 1;
	}
	return one->count < other->count ? -1 : one->count > other->count;
}

/* Rows with ascending random indexes up to `max`; fewer if there is no room. */
static void rows_fill(struct scep_rows *rows, size_t count, uint32_t max)
{
	uint32_t step = max / (uint32_t)(count + 1);
	uint32_t index = 0;

	rows->row = calloc(count + 1, sizeof(*rows->row));
	assert_non_null(rows->row);
	rows->capacity = count + 1;
	for (rows->count = 0; rows->count < count && step > 0; rows->count++) {
		/* find.c reads no more of a row than its index; the last
		 * state needs a status. */
		struct scep_status *row = calloc(1, sizeof(*row));

		assert_non_null(row);
		index += 1 + random_below(step);
		row->index = index;
		rows->row[rows->count] = row;
	}
}

static void rows_drop(struct scep_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->row[i]);
	free(rows->row);
}

static const struct scep_rows *rows_of(const struct world *world,
				       enum object_home home)
{
	const struct scep_view *view = &world->view;
	const struct scep_rows *rows[HOME_COUNT] = {
	    [HOME_PROFILE] = &view->profiles,
	    [HOME_STATUS] = &view->statuses,
	    [HOME_KEY] = &view->keys,
	    [HOME_CA] = &view->cas,
	    [HOME_USE] = &view->uses,
	    [HOME_REFUSAL] = &world->context.refusal_rows,
	};

	return rows[home];
}

static void name_add(struct world *world, const struct object *object,
		     uint32_t index)
{
	const struct object_table *table = &object_tables[object->table];
	struct name *name = &world->names[world->count++];

	for (name->count = 0; name->count < table->arc_count; name->count++)
		name->arc[name->count] = table->arc[name->count];
	name->arc[name->count++] = object->arc;
	name->arc[name->count++] = index;
}

/* All instances that there are, in the order of the world. */
static void names_make(struct world *world)
{
	size_t capacity = object_count;

	for (size_t i = 0; i < object_count; i++) {
		const struct scep_rows *rows =
		    rows_of(world, object_tables[objects[i].table].home);

		capacity += rows ? rows->count : 0;
	}
	world->names = calloc(capacity, sizeof(*world->names));
	assert_non_null(world->names);
	/* Backwards, so that sorting has something to do. */
	for (size_t i = object_count; i-- > 0;) {
		const struct object *object = &objects[i];
		const struct scep_rows *rows =
		    rows_of(world, object_tables[object->table].home);

		if (object->access == ACCESS_NONE)
			continue;
		if (!rows && (strcmp(object->name, "scepStatusLastState") ||
			      world->view.agent.status_last_index))
			name_add(world, object, 0);
		for (size_t k = 0; rows && k < rows->count; k++)
			name_add(world, object, *(uint32_t *)rows->row[k]);
	}
	qsort(world->names, world->count, sizeof(*world->names), compare_names);
}

static void world_open(struct world *world, size_t profiles, size_t statuses,
		       size_t keys, size_t others)
{
	memset(world, 0, sizeof(*world));
	rows_fill(&world->view.profiles, profiles, SCEP_PROFILE_MAX);
	rows_fill(&world->view.statuses, statuses, UINT32_MAX);
	rows_fill(&world->view.keys, keys, 65535);
	rows_fill(&world->view.cas, others, UINT32_MAX);
	rows_fill(&world->view.uses, others, 100);
	rows_fill(&world->context.refusal_rows, others, UINT32_MAX);
	if (statuses)
		world->view.agent.status_last_index =
		    *(uint32_t *)world->view.statuses.row[statuses - 1];
	world->context.view = &world->view;
	names_make(world);
}

static void world_close(struct world *world)
{
	rows_drop(&world->view.profiles);
	rows_drop(&world->view.statuses);
	rows_drop(&world->view.keys);
	rows_drop(&world->view.cas);
	rows_drop(&world->view.uses);
	rows_drop(&world->context.refusal_rows);
	free(world->names);
}

static void assert_is_named(const struct instance *instance,
			    const struct name *name)
{
	oid arc[INSTANCE_ARCS];
	size_t count = find_arcs(instance, arc);

	assert_int_equal(count, name->count);
	assert_memory_equal(arc, name->arc, count * sizeof(*arc));
	assert_non_null(instance->row);
	if (!object_is_scalar(instance->object))
		assert_int_equal(*(const uint32_t *)instance->row,
				 instance->index);
}

/* Tells what find_next() and find_exact() have to say of this name. */
static void check_name(const struct world *world, const struct name *name)
{
	struct instance instance;
	size_t from = 0;
	size_t to = world->count;
	bool is_there;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare_names(&world->names[middle], name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	is_there = from < world->count &&
		   compare_names(&world->names[from], name) == 0;
	assert_int_equal(find_exact(&world->context, name->arc, name->count,
				    &instance) == FIND_INSTANCE,
			 is_there);
	if (is_there)
		assert_is_named(&instance, &world->names[from]);
	assert_int_equal(
	    find_next(&world->context, name->arc, name->count, true, &instance),
	    from < world->count);
	if (from < world->count)
		assert_is_named(&instance, &world->names[from]);
	if (is_there)
		from++;
	assert_int_equal(find_next(&world->context, name->arc, name->count,
				   false, &instance),
			 from < world->count);
	if (from < world->count)
		assert_is_named(&instance, &world->names[from]);
}

static void check_walk(size_t profiles, size_t statuses, size_t keys,
		       size_t others)
{
	struct world world;
	struct name name = {.count = 0};
	struct instance instance;
	size_t steps = 0;

	world_open(&world, profiles, statuses, keys, others);
	while (
	    find_next(&world.context, name.arc, name.count, false, &instance)) {
		assert_true(steps < world.count);
		assert_is_named(&instance, &world.names[steps]);
		name = world.names[steps++];
	}
	assert_int_equal(steps, world.count);
	world_close(&world);
}

static void a_walk_meets_every_instance_once_and_in_order(void **state)
{
	(void)state;
	random_state = 1;
	check_walk(1, 20, 16, 3);
	check_walk(16, 500, 400, 40);
	check_walk(3, 10000, 1000, 7);
}

static void a_walk_passes_over_empty_tables(void **state)
{
	(void)state;
	random_state = 2;
	check_walk(0, 0, 0, 0);
	check_walk(1, 0, 0, 0);
	check_walk(1, 1, 0, 0);
	check_walk(1, 0, 1, 0);
	check_walk(0, 0, 0, 1);
}

/* A name near one that is there: cut, lengthened or shifted somewhere. */
static struct name stray(const struct world *world)
{
	struct name name = world->names[random_below((uint32_t)world->count)];
	size_t position = random_below((uint32_t)name.count);

	switch (random_below(6)) {
	case 0:
		name.count = random_below((uint32_t)name.count + 1);
		break;
	case 1:
		name.arc[name.count++] = random_below(3);
		break;
	case 2:
		name.arc[position] += 1 + random_below(2);
		break;
	case 3:
		if (name.arc[position] > 0)
			name.arc[position]--;
		break;
	case 4:
		name.arc[position] = UINT32_MAX - random_below(2);
		break;
	case 5:
		name.arc[position] = random_below(12);
		break;
	}
	return name;
}

static void any_name_leads_to_the_next_instance_there_is(void **state)
{
	(void)state;
	random_state = 3;
	for (size_t round = 0; round < 20; round++) {
		struct world world;

		world_open(&world, random_below(16), random_below(200),
			   random_below(50), random_below(5));
		for (size_t i = 0; i < world.count; i++)
			check_name(&world, &world.names[i]);
		for (size_t i = 0; i < 2000; i++) {
			struct name name = stray(&world);

			check_name(&world, &name);
		}
		world_close(&world);
	}
}

static void the_largest_index_has_no_next_in_its_column(void **state)
{
	struct scep_status status = {.index = UINT32_MAX};
	void *row = &status;
	struct scep_view view = {.statuses = {1, 1, &row}};
	struct read_context context = {.view = &view};
	const oid last[] = {1, 6, 5, 1, 2, UINT32_MAX};
	const oid beyond[] = {1, 6, 5, 1, 2, UINT32_MAX, 1};
	struct instance instance;

	(void)state;
	assert_int_equal(find_exact(&context, last, 6, &instance),
			 FIND_INSTANCE);
	assert_true(find_next(&context, last, 6, true, &instance));
	assert_int_equal(instance.object->arc, 2);
	assert_true(find_next(&context, last, 6, false, &instance));
	assert_int_equal(instance.object->arc, 3);
	assert_true(find_next(&context, beyond, 7, false, &instance));
	assert_int_equal(instance.object->arc, 3);
}

static void a_missing_instance_differs_from_a_missing_object(void **state)
{
	struct scep_view view = {.agent = {0}};
	struct read_context context = {.view = &view};
	const oid no_row[] = {1, 3, 1, 2, 7};
	const oid no_instance[] = {1, 6, 1, 1};
	const oid no_last_state[] = {1, 6, 3, 0};
	const oid index_column[] = {1, 2, 1, 1, 1};
	const oid no_column[] = {1, 3, 1, 99, 1};
	const oid table[] = {1, 3, 1};
	struct instance instance;

	(void)state;
	assert_int_equal(find_exact(&context, no_row, 5, &instance),
			 FIND_NO_INSTANCE);
	assert_int_equal(find_exact(&context, no_instance, 4, &instance),
			 FIND_NO_INSTANCE);
	assert_int_equal(find_exact(&context, no_last_state, 4, &instance),
			 FIND_NO_INSTANCE);
	assert_int_equal(find_exact(&context, index_column, 5, &instance),
			 FIND_NO_OBJECT);
	assert_int_equal(find_exact(&context, no_column, 5, &instance),
			 FIND_NO_OBJECT);
	assert_int_equal(find_exact(&context, table, 3, &instance),
			 FIND_NO_OBJECT);
	assert_int_equal(find_exact(&context, NULL, 0, &instance),
			 FIND_NO_OBJECT);
}

static void assert_named(const oid *arc, size_t count,
			 enum find_outcome outcome, uint32_t index)
{
	struct instance instance;

	assert_int_equal(find_named(arc, count, &instance), outcome);
	assert_int_equal(instance.object == NULL, outcome == FIND_NO_OBJECT);
	assert_int_equal(instance.index, index);
	assert_null(instance.row);
}

static void a_set_names_rows_that_are_not_there_yet(void **state)
{
	const oid column[] = {1, 2, 1, 4, 64};
	const oid too_far[] = {1, 2, 1, 4, 65};
	const oid zero[] = {1, 2, 1, 4, 0};
	const oid key_too_far[] = {1, 7, 4, 1, 19, 65536};
	const oid two_arcs[] = {1, 2, 1, 4, 1, 1};
	const oid scalar[] = {1, 11, 2, 0};
	const oid scalar_one[] = {1, 11, 2, 1};

	(void)state;
	assert_named(column, 5, FIND_INSTANCE, 64);
	assert_named(column, 4, FIND_NO_INSTANCE, 0);
	assert_named(too_far, 5, FIND_NO_INSTANCE, 0);
	assert_named(zero, 5, FIND_NO_INSTANCE, 0);
	assert_named(key_too_far, 6, FIND_NO_INSTANCE, 0);
	assert_named(two_arcs, 6, FIND_NO_INSTANCE, 0);
	assert_named(scalar, 4, FIND_INSTANCE, 0);
	assert_named(scalar_one, 4, FIND_NO_INSTANCE, 0);
	assert_named(scalar, 3, FIND_NO_INSTANCE, 0);
	assert_named(scalar, 2, FIND_NO_OBJECT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_walk_meets_every_instance_once_and_in_order),
	    cmocka_unit_test(a_walk_passes_over_empty_tables),
	    cmocka_unit_test(any_name_leads_to_the_next_instance_there_is),
	    cmocka_unit_test(the_largest_index_has_no_next_in_its_column),
	    cmocka_unit_test(a_missing_instance_differs_from_a_missing_object),
	    cmocka_unit_test(a_set_names_rows_that_are_not_there_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
