/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/snapshot.h"

#include "ctl/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_on_sheet(const struct object *object)
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

const struct object *sheet_object(enum scep_field field)
{
	for (size_t i = 0; i < object_count; i++)
		if (objects[i].field == field && is_on_sheet(&objects[i]))
			return &objects[i];
	return NULL;
}

const struct object *sheet_named(const char *name, bool is_scalar)
{
	for (size_t i = 0; i < object_count; i++)
		if (strcmp(objects[i].name, name) == 0)
			return is_on_sheet(&objects[i]) &&
				       object_is_scalar(&objects[i]) ==
					   is_scalar
				   ? &objects[i]
				   : NULL;
	return NULL;
}

const char *sheet_name(enum scep_field field, uint32_t index,
		       char name[SHEET_NAME])
{
	snprintf(name, SHEET_NAME, "%s.%" PRIu32, scep_field_info(field)->name,
		 index);
	return name;
}

/* ------------------------------------------------------------------ rows -- */

void sheet_free(struct sheet *sheet)
{
	for (uint32_t index = 0; index < SHEET_ROWS; index++)
		sheet_remove_row(sheet, index);
}

bool sheet_add_row(struct sheet *sheet, uint32_t index)
{
	if (!sheet->row[index])
		sheet->row[index] = calloc(1, sizeof(*sheet->row[index]));
	return sheet->row[index] != NULL;
}

void sheet_remove_row(struct sheet *sheet, uint32_t index)
{
	free(sheet->row[index]);
	sheet->row[index] = NULL;
}

bool sheet_preset_row(struct sheet *sheet, uint32_t index)
{
	struct scep_value value;

	if (!sheet_add_row(sheet, index))
		return false;
	for (size_t i = 0; i < object_count; i++) {
		if (!is_on_sheet(&objects[i]) ||
		    object_is_scalar(&objects[i]) != (index == 0))
			continue;
		value_preset(objects[i].field, &value);
		sheet_put(sheet, objects[i].field, index, &value);
	}
	return true;
}

void sheet_drop_volatile(struct sheet *sheet)
{
	for (uint32_t index = 1; index < SHEET_ROWS; index++)
		if (sheet_number(sheet, SCEP_PROFILE_STORAGE_TYPE, index, 0) ==
		    SCEP_STORAGE_VOLATILE)
			sheet_remove_row(sheet, index);
}

bool sheet_copy(struct sheet *to, const struct sheet *from)
{
	sheet_free(to);
	for (uint32_t index = 0; index < SHEET_ROWS; index++) {
		if (!from->row[index])
			continue;
		if (!sheet_add_row(to, index)) {
			sheet_free(to);
			return false;
		}
		*to->row[index] = *from->row[index];
	}
	return true;
}

/* ---------------------------------------------------------------- values -- */

const struct scep_value *sheet_get(const struct sheet *sheet,
				   enum scep_field field, uint32_t index)
{
	const struct sheet_row *row = sheet->row[index];

	return row && row->has[field] ? &row->value[field] : NULL;
}

int64_t sheet_number(const struct sheet *sheet, enum scep_field field,
		     uint32_t index, int64_t otherwise)
{
	const struct scep_value *value = sheet_get(sheet, field, index);

	return value ? value->number : otherwise;
}

void sheet_put(struct sheet *sheet, enum scep_field field, uint32_t index,
	       const struct scep_value *value)
{
	sheet->row[index]->has[field] = true;
	sheet->row[index]->value[field] = *value;
}

/* ----------------------------------------------------------------- a Set -- */

/* What the number of a RowStatus makes of a row. */
static bool apply_row_status(struct sheet *sheet, const struct scep_item *item)
{
	struct scep_value status = {.number = SCEP_ROW_ACTIVE};

	switch ((enum scep_row_status)item->value.number) {
	case SCEP_ROW_CREATE_AND_WAIT:
		status.number = SCEP_ROW_NOT_IN_SERVICE;
		/* fall through */
	case SCEP_ROW_CREATE_AND_GO:
		if (!sheet_preset_row(sheet, item->index))
			return false;
		sheet_put(sheet, item->field, item->index, &status);
		return true;
	case SCEP_ROW_DESTROY:
		sheet_remove_row(sheet, item->index);
		return true;
	case SCEP_ROW_ACTIVE:
	case SCEP_ROW_NOT_IN_SERVICE:
	case SCEP_ROW_NOT_READY:
		break;
	}
	if (sheet->row[item->index])
		sheet_put(sheet, item->field, item->index, &item->value);
	return true;
}

bool sheet_apply(struct sheet *sheet, const struct scep_change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct scep_item *item = &change->items[i];

		if (item->field == SCEP_PROFILE_ROW_STATUS &&
		    !apply_row_status(sheet, item))
			return false;
	}
	for (size_t i = 0; i < change->count; i++) {
		const struct scep_item *item = &change->items[i];

		if (item->field != SCEP_PROFILE_ROW_STATUS &&
		    sheet->row[item->index])
			sheet_put(sheet, item->field, item->index,
				  &item->value);
	}
	return true;
}

/* ------------------------------------------------------------ comparison -- */

static size_t row_differences(const struct sheet *present,
			      const struct sheet *wanted, uint32_t index,
			      sheet_difference_fn each, void *context)
{
	size_t count = 0;

	for (size_t i = 0; i < object_count; i++) {
		enum scep_field field = objects[i].field;
		const struct scep_value *before, *after;

		if (!is_on_sheet(&objects[i]))
			continue;
		before = sheet_get(present, field, index);
		after = sheet_get(wanted, field, index);
		if (!after || (before && value_is_same(field, before, after)))
			continue;
		if (each)
			each(context, field, index, before, after);
		count++;
	}
	return count;
}

size_t sheet_differences(const struct sheet *present,
			 const struct sheet *wanted, sheet_difference_fn each,
			 void *context)
{
	size_t count = 0;

	for (uint32_t index = 0; index < SHEET_ROWS; index++)
		if (wanted->row[index])
			count += row_differences(present, wanted, index, each,
						 context);
	return count;
}

bool sheet_is_same(const struct sheet *a, const struct sheet *b)
{
	for (uint32_t index = 0; index < SHEET_ROWS; index++)
		if (!a->row[index] != !b->row[index])
			return false;
	return sheet_differences(a, b, NULL, NULL) == 0 &&
	       sheet_differences(b, a, NULL, NULL) == 0;
}
