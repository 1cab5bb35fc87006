/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/snapshot.h"

#include "scep/profile_row.h"
#include "ctl/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_in_snapshot(const struct object *object)
{
	const struct scep_field_info *info;

	if (object->field == SCEP_FIELD_NONE)
		return false;
	info = scep_field_info(object->field);
	return !info->is_volatile && info->kind != SCEP_KIND_SECRET &&
	       info->kind != SCEP_KIND_ACTION &&
	       (info->home == SCEP_HOME_AGENT ||
		info->home == SCEP_HOME_PROFILE);
}

const struct object *snapshot_object(enum scep_field field)
{
	for (size_t i = 0; i < object_count; i++)
		if (objects[i].field == field && is_in_snapshot(&objects[i]))
			return &objects[i];
	return NULL;
}

const struct object *snapshot_named(const char *name, bool is_scalar)
{
	for (size_t i = 0; i < object_count; i++)
		if (strcmp(objects[i].name, name) == 0)
			return is_in_snapshot(&objects[i]) &&
				       object_is_scalar(&objects[i]) ==
					   is_scalar
				   ? &objects[i]
				   : NULL;
	return NULL;
}

const char *snapshot_name(enum scep_field field, uint32_t index,
			  char name[SNAPSHOT_NAME])
{
	snprintf(name, SNAPSHOT_NAME, "%s.%" PRIu32,
		 scep_field_info(field)->name, index);
	return name;
}

/* ------------------------------------------------------------------ rows -- */

void snapshot_free(struct snapshot *snapshot)
{
	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++)
		snapshot_remove_row(snapshot, index);
}

bool snapshot_add_row(struct snapshot *snapshot, uint32_t index)
{
	if (!snapshot->row[index])
		snapshot->row[index] = calloc(1, sizeof(*snapshot->row[index]));
	return snapshot->row[index] != NULL;
}

void snapshot_remove_row(struct snapshot *snapshot, uint32_t index)
{
	free(snapshot->row[index]);
	snapshot->row[index] = NULL;
}

bool snapshot_preset_row(struct snapshot *snapshot, uint32_t index)
{
	struct scep_value value;

	if (!snapshot_add_row(snapshot, index))
		return false;
	for (size_t i = 0; i < object_count; i++) {
		if (!is_in_snapshot(&objects[i]) ||
		    object_is_scalar(&objects[i]) != (index == 0))
			continue;
		value_preset(objects[i].field, &value);
		snapshot_put(snapshot, objects[i].field, index, &value);
	}
	return true;
}

void snapshot_drop_volatile(struct snapshot *snapshot)
{
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++)
		if (snapshot_number(snapshot, SCEP_PROFILE_STORAGE_TYPE, index,
				    0) == SCEP_STORAGE_VOLATILE)
			snapshot_remove_row(snapshot, index);
}

bool snapshot_copy(struct snapshot *to, const struct snapshot *from)
{
	snapshot_free(to);
	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++) {
		if (!from->row[index])
			continue;
		if (!snapshot_add_row(to, index)) {
			snapshot_free(to);
			return false;
		}
		*to->row[index] = *from->row[index];
	}
	return true;
}

/* ---------------------------------------------------------------- values -- */

const struct scep_value *snapshot_get(const struct snapshot *snapshot,
				      enum scep_field field, uint32_t index)
{
	const struct snapshot_row *row = snapshot->row[index];

	return row && row->has[field] ? &row->value[field] : NULL;
}

int64_t snapshot_number(const struct snapshot *snapshot, enum scep_field field,
			uint32_t index, int64_t otherwise)
{
	const struct scep_value *value = snapshot_get(snapshot, field, index);

	return value ? value->number : otherwise;
}

void snapshot_put(struct snapshot *snapshot, enum scep_field field,
		  uint32_t index, const struct scep_value *value)
{
	snapshot->row[index]->has[field] = true;
	snapshot->row[index]->value[field] = *value;
}

/* ----------------------------------------------------------------- a Set -- */

/* Does to a row what its RowStatus asks for. */
static bool apply_row_status(struct snapshot *snapshot,
			     const struct scep_item *item)
{
	struct scep_value status = {.number = SCEP_ROW_ACTIVE};

	switch ((enum scep_row_status)item->value.number) {
	case SCEP_ROW_CREATE_AND_WAIT:
		status.number = SCEP_ROW_NOT_IN_SERVICE;
		/* fall through */
	case SCEP_ROW_CREATE_AND_GO:
		if (!snapshot_preset_row(snapshot, item->index))
			return false;
		snapshot_put(snapshot, item->field, item->index, &status);
		return true;
	case SCEP_ROW_DESTROY:
		snapshot_remove_row(snapshot, item->index);
		return true;
	case SCEP_ROW_ACTIVE:
	case SCEP_ROW_NOT_IN_SERVICE:
	case SCEP_ROW_NOT_READY:
		break;
	}
	if (snapshot->row[item->index])
		snapshot_put(snapshot, item->field, item->index, &item->value);
	return true;
}

bool snapshot_apply(struct snapshot *snapshot, const struct scep_change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct scep_item *item = &change->items[i];

		if (item->field == SCEP_PROFILE_ROW_STATUS &&
		    !apply_row_status(snapshot, item))
			return false;
	}
	for (size_t i = 0; i < change->count; i++) {
		const struct scep_item *item = &change->items[i];

		if (item->field != SCEP_PROFILE_ROW_STATUS &&
		    snapshot->row[item->index])
			snapshot_put(snapshot, item->field, item->index,
				     &item->value);
	}
	return true;
}

/* ------------------------------------------------------------ comparison -- */

static size_t row_differences(const struct snapshot *present,
			      const struct snapshot *wanted, uint32_t index,
			      snapshot_difference_fn each, void *context)
{
	size_t count = 0;

	for (size_t i = 0; i < object_count; i++) {
		enum scep_field field = objects[i].field;
		const struct scep_value *before, *after;

		if (!is_in_snapshot(&objects[i]))
			continue;
		before = snapshot_get(present, field, index);
		after = snapshot_get(wanted, field, index);
		if (!after || (before && value_is_same(field, before, after)))
			continue;
		if (each)
			each(context, field, index, before, after);
		count++;
	}
	return count;
}

size_t snapshot_differences(const struct snapshot *present,
			    const struct snapshot *wanted,
			    snapshot_difference_fn each, void *context)
{
	size_t count = 0;

	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++)
		if (wanted->row[index])
			count += row_differences(present, wanted, index, each,
						 context);
	return count;
}

bool snapshot_is_same(const struct snapshot *a, const struct snapshot *b)
{
	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++)
		if (!a->row[index] != !b->row[index])
			return false;
	return snapshot_differences(a, b, NULL, NULL) == 0 &&
	       snapshot_differences(b, a, NULL, NULL) == 0;
}
