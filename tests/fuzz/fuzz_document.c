/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of settings.  What was taken holds values that the agent takes too,
 * no secret among them, and says the same when it is written and read again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "scep/change.h"
#include "ctl/document.h"
#include "ctl/value.h"

static void check_value(void *context, enum scep_field field, uint32_t index,
			const struct scep_value *before,
			const struct scep_value *after)
{
	struct reason reason;
	char text[VALUE_TEXT];

	(void)context;
	(void)before;
	HOLDS(snapshot_object(field) != NULL);
	HOLDS(object_is_scalar(snapshot_object(field)) == (index == 0));
	HOLDS(after->length < sizeof(after->octets));
	HOLDS(value_judge(field, after, &reason));
	HOLDS(strlen(value_print(field, after, text)) < sizeof(text));
}

static void check_snapshot(const struct snapshot *snapshot)
{
	static const struct snapshot nothing;
	struct reason reason;
	struct snapshot again;
	char *text;

	snapshot_differences(&nothing, snapshot, check_value, NULL);
	text = document_write(snapshot, "fuzz", &reason);
	HOLDS(text != NULL);
	HOLDS(document_read(text, strlen(text), &again, &reason));
	/* A file may name no scalar at all. */
	HOLDS(snapshot_differences(snapshot, &again, NULL, NULL) == 0);
	HOLDS(snapshot_differences(&again, snapshot, NULL, NULL) == 0);
	free(text);
	snapshot_free(&again);
}

bool fuzz_document(const uint8_t *data, size_t size)
{
	struct reason reason = {""};
	struct snapshot snapshot;
	bool is_good =
	    document_read((const char *)data, size, &snapshot, &reason);

	if (is_good)
		check_snapshot(&snapshot);
	else
		HOLDS(reason.text[0] != '\0');
	for (size_t i = 0; i < SNAPSHOT_ROWS; i++)
		HOLDS(is_good || snapshot.row[i] == NULL);
	snapshot_free(&snapshot);
	return is_good;
}
