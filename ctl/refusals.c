/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/refusals.h"

#include <string.h>

#include "ctl/safe_text.h"
#include "ctl/snapshot.h"

static bool value_is(const struct scep_value *value, const char *text)
{
	return value->length == strlen(text) &&
	       memcmp(value->octets, text, value->length) == 0;
}

/* Finds the latest row of an object.  Returns 0 if there is none. */
static uint32_t row_of(struct manager *manager, const char *object)
{
	struct manager_variable row = {
	    .object = varbind_object("scepRefusalObject"),
	    .index = VARBIND_NO_INDEX,
	};
	struct reason ignored;
	uint32_t found = 0;
	bool is_end;

	while (manager_next(manager, &row, &is_end, &ignored) && !is_end) {
		if (value_is(&row.value, object))
			found = row.index;
	}
	return found;
}

void refusals_explain(struct manager *manager, const struct scep_change *change,
		      struct answer *answer)
{
	struct manager_variable reason = {
	    .object = varbind_object("scepRefusalReason"),
	};
	struct reason ignored, error = answer->reason;
	const struct scep_item *item;
	char name[SNAPSHOT_NAME], text[REASON_TEXT];

	if (answer->kind != ANSWER_REFUSED || answer->item >= change->count)
		return;
	item = &change->items[answer->item];
	snapshot_name(item->field, item->index, name);
	reason.index = row_of(manager, name);
	if (reason.index == 0 || !manager_get(manager, &reason, 1, &ignored))
		return;
	/* In place of what the library says of the error. */
	reason_set(&answer->reason, "%.*s (%s)", (int)strcspn(error.text, " "),
		   error.text,
		   safe_text(reason.value.octets, reason.value.length, text,
			     sizeof(text)));
}
