/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/find.h"

#include "scep/rows.h"
#include "scep/view.h"

/* Returns the rows of a table; NULL for scalars. */
static const struct scep_rows *home_rows(const struct read_context *context,
					 enum object_home home)
{
	const struct scep_view *view = context->view;

	switch (home) {
	case HOME_PROFILE:
		return &view->profiles;
	case HOME_STATUS:
		return &view->statuses;
	case HOME_KEY:
		return &view->keys;
	case HOME_CA:
		return &view->cas;
	case HOME_USE:
		return &view->uses;
	case HOME_REFUSAL:
		return &context->refusal_rows;
	case HOME_AGENT:
	case HOME_STATS:
	case HOME_COUNT:
		break;
	}
	return NULL;
}

static const struct scep_rows *object_rows(const struct read_context *context,
					   const struct object *object)
{
	return home_rows(context, object_tables[object->table].home);
}

/* Returns the struct that has the member of a scalar, or NULL if there is no
 * instance. */
static const void *scalar_row(const struct read_context *context,
			      const struct object *object)
{
	if (object->exists && !object->exists(context))
		return NULL;
	if (object_tables[object->table].home == HOME_STATS)
		return &context->view->stats;
	return &context->view->agent;
}

/*
 * Compares an object's arcs with the beginning of a name: negative if the
 * object stands before it, 0 if the name is the object's or below it.
 */
static int object_compare(const struct object *object, const oid *arc,
			  size_t count)
{
	uint32_t own[OBJECT_ARCS];
	size_t own_count = object_arcs(object, own);

	for (size_t i = 0; i < own_count; i++) {
		if (i == count)
			return 1; /* the name is a part of the object's */
		if (own[i] != arc[i])
			return own[i] < arc[i] ? -1 : 1;
	}
	return 0;
}

/* Returns the position of the first object that does not stand before the name.
 */
static size_t object_lower_bound(const oid *arc, size_t count)
{
	size_t from = 0;
	size_t to = object_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (object_compare(&objects[middle], arc, count) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Returns the object whose arcs begin the name, or NULL; `*own` is how many. */
static const struct object *object_of(const oid *arc, size_t count, size_t *own)
{
	size_t position = object_lower_bound(arc, count);
	const struct object *object = &objects[position];

	if (position == object_count || object_compare(object, arc, count) != 0)
		return NULL;
	*own = object_tables[object->table].arc_count + 1;
	return object;
}

enum find_outcome find_named(const oid *arc, size_t count,
			     struct instance *instance)
{
	size_t own;
	const struct object *object = object_of(arc, count, &own);
	uint32_t index_max;

	*instance = (struct instance){.object = object};
	if (!object)
		return FIND_NO_OBJECT;
	if (count != own + 1)
		return FIND_NO_INSTANCE;
	index_max = object_tables[object->table].index_max;
	if (index_max == 0)
		return arc[own] == 0 ? FIND_INSTANCE : FIND_NO_INSTANCE;
	if (arc[own] < 1 || arc[own] > index_max)
		return FIND_NO_INSTANCE;
	instance->index = (uint32_t)arc[own];
	return FIND_INSTANCE;
}

enum find_outcome find_exact(const struct read_context *context, const oid *arc,
			     size_t count, struct instance *instance)
{
	enum find_outcome outcome = find_named(arc, count, instance);

	if (outcome == FIND_NO_OBJECT ||
	    instance->object->access == ACCESS_NONE)
		return FIND_NO_OBJECT;
	if (outcome == FIND_NO_INSTANCE)
		return FIND_NO_INSTANCE;
	if (object_is_scalar(instance->object))
		instance->row = scalar_row(context, instance->object);
	else
		instance->row = scep_rows_find(
		    object_rows(context, instance->object), instance->index);
	return instance->row ? FIND_INSTANCE : FIND_NO_INSTANCE;
}

/* Finds the first row of the object's table with an index above `above`. */
static bool next_row(const struct read_context *context,
		     const struct object *object, uint32_t above,
		     struct instance *instance)
{
	const void *row = scep_rows_next(object_rows(context, object), above);

	if (!row)
		return false;
	/* Every row begins with its index. */
	*instance = (struct instance){object, *(const uint32_t *)row, row};
	return true;
}

/*
 * Finds the first instance of one object after `rest`, the arcs that follow the
 * object's own in the name.
 */
static bool next_within(const struct read_context *context,
			const struct object *object, const oid *rest,
			size_t count, bool is_inclusive,
			struct instance *instance)
{
	bool is_itself = is_inclusive && count == 1;

	if (object->access == ACCESS_NONE)
		return false;
	if (object_is_scalar(object)) {
		if (count > 0 && !(is_itself && rest[0] == 0))
			return false;
		*instance =
		    (struct instance){object, 0, scalar_row(context, object)};
		return instance->row != NULL;
	}
	if (count == 0 || rest[0] == 0)
		return next_row(context, object, 0, instance);
	if (rest[0] > UINT32_MAX)
		return false;
	return next_row(context, object,
			(uint32_t)rest[0] - (is_itself ? 1 : 0), instance);
}

bool find_next(const struct read_context *context, const oid *arc, size_t count,
	       bool is_inclusive, struct instance *instance)
{
	size_t position = object_lower_bound(arc, count);
	size_t own;
	const struct object *object = object_of(arc, count, &own);

	if (object) {
		if (next_within(context, object, arc + own, count - own,
				is_inclusive, instance))
			return true;
		position++;
	}
	/* A few steps at most: only empty tables have no instance. */
	for (; position < object_count; position++) {
		if (next_within(context, &objects[position], NULL, 0, false,
				instance))
			return true;
	}
	return false;
}

size_t find_arcs(const struct instance *instance, oid arc[INSTANCE_ARCS])
{
	uint32_t own[OBJECT_ARCS];
	size_t count = object_arcs(instance->object, own);

	for (size_t i = 0; i < count; i++)
		arc[i] = own[i];
	arc[count++] = instance->index;
	return count;
}
