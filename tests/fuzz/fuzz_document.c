/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of settings.  What was taken holds values that the agent takes too,
 * no secret among them, and says the same when it is written and read again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/document.h"
#include "ctl/value.h"

static void check_value(void *context, enum scep_field field, uint32_t index,
			const struct scep_value *before,
			const struct scep_value *after)
{
	char reason[VALUE_REASON];
	char text[VALUE_TEXT];

	(void)context;
	(void)before;
	HOLDS(sheet_object(field) != NULL);
	HOLDS(object_is_scalar(sheet_object(field)) == (index == 0));
	HOLDS(after->length < sizeof(after->octets));
	HOLDS(value_judge(field, after, reason));
	HOLDS(strlen(value_print(field, after, text)) < sizeof(text));
}

static void check_sheet(const struct sheet *sheet)
{
	static const struct sheet nothing;
	char reason[DOCUMENT_REASON];
	struct sheet again;
	char *text;

	sheet_differences(&nothing, sheet, check_value, NULL);
	text = document_write(sheet, "fuzz", reason);
	HOLDS(text != NULL);
	HOLDS(document_read(text, strlen(text), &again, reason));
	/* A file may name no scalar at all. */
	HOLDS(sheet_differences(sheet, &again, NULL, NULL) == 0);
	HOLDS(sheet_differences(&again, sheet, NULL, NULL) == 0);
	free(text);
	sheet_free(&again);
}

bool fuzz_document(const uint8_t *data, size_t size)
{
	char reason[DOCUMENT_REASON] = "";
	struct sheet sheet;
	bool is_good = document_read((const char *)data, size, &sheet, reason);

	if (is_good)
		check_sheet(&sheet);
	else
		HOLDS(reason[0] != '\0');
	for (size_t i = 0; i < SHEET_ROWS; i++)
		HOLDS(is_good || sheet.row[i] == NULL);
	sheet_free(&sheet);
	return is_good;
}
