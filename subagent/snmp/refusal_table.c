/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/refusal_table.h"

#include <stdio.h>
#include <string.h>

/* Returns the slot of a new row, after all others in the order. */
static struct refusal_row *slot_take(struct refusal_table *table)
{
	struct refusal_row *slot;

	if (table->count < REFUSAL_ROWS) {
		slot = &table->slots[table->count];
	} else {
		slot = table->order[0];
		table->count--;
		memmove(&table->order[0], &table->order[1],
			table->count * sizeof(table->order[0]));
	}
	table->order[table->count++] = slot;
	return slot;
}

void refusal_table_add(struct refusal_table *table, const char *object,
		       int error, const char *reason, int64_t now)
{
	const struct refusal_row *last =
	    table->count ? table->order[table->count - 1] : NULL;
	uint32_t index = last ? last->index : 0;
	struct refusal_row *row;

	if (index == UINT32_MAX) {
		/* Begins anew: a row never stands before an older one. */
		table->count = 0;
		index = 0;
	}
	row = slot_take(table);
	row->index = index + 1;
	row->time = now;
	row->error = (uint32_t)error;
	snprintf(row->object, sizeof(row->object), "%s", object);
	snprintf(row->reason, sizeof(row->reason), "%s", reason);
}

struct scep_rows refusal_table_rows(struct refusal_table *table)
{
	return (struct scep_rows){
	    .count = table->count,
	    .capacity = REFUSAL_ROWS,
	    .row = table->order,
	};
}
