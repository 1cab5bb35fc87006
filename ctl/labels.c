/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/labels.h"

#include <stddef.h>
#include <string.h>

static const struct label {
	const char *object;
	const char *label;
	uint32_t number;
} labels[] = {
#include "ctl/label_table.h"
};

#define LABEL_COUNT (sizeof(labels) / sizeof(labels[0]))

const char *label_of(const char *object, uint32_t number)
{
	for (size_t i = 0; i < LABEL_COUNT; i++)
		if (labels[i].number == number &&
		    strcmp(labels[i].object, object) == 0)
			return labels[i].label;
	return NULL;
}

bool label_number(const char *object, const char *label, uint32_t *number)
{
	for (size_t i = 0; i < LABEL_COUNT; i++)
		if (strcmp(labels[i].label, label) == 0 &&
		    strcmp(labels[i].object, object) == 0) {
			*number = labels[i].number;
			return true;
		}
	return false;
}
