/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/use_list.h"

#include <string.h>

bool use_list_next(const char *list, size_t *at, const char **name,
		   size_t *length)
{
	const char *begin;
	size_t span;

	if (*at > strlen(list) || list[0] == '\0')
		return false;
	begin = list + *at;
	span = strcspn(begin, ",");
	*at += span + 1;
	while (span > 0 && *begin == ' ') {
		begin++;
		span--;
	}
	while (span > 0 && begin[span - 1] == ' ')
		span--;
	*name = begin;
	*length = span;
	return true;
}

static bool is_name(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(text, name, length) == 0;
}

bool use_list_has(const char *list, const char *name)
{
	const char *each;
	size_t length, at = 0;

	while (use_list_next(list, &at, &each, &length))
		if (is_name(each, length, name))
			return true;
	return false;
}

bool use_list_add(char list[SCEP_TEXT255], const char *name)
{
	size_t used = strlen(list), length = strlen(name);

	if (use_list_has(list, name))
		return true;
	if (used + (used > 0) + length >= SCEP_TEXT255)
		return false;
	if (used > 0)
		list[used++] = ',';
	memcpy(list + used, name, length + 1);
	return true;
}

void use_list_remove(char list[SCEP_TEXT255], const char *name)
{
	char kept[SCEP_TEXT255] = "";
	const char *each;
	size_t length, at = 0, used = 0;

	while (use_list_next(list, &at, &each, &length)) {
		if (is_name(each, length, name))
			continue;
		if (used > 0)
			kept[used++] = ',';
		memcpy(kept + used, each, length);
		used += length;
	}
	kept[used] = '\0';
	memset(list, 0, SCEP_TEXT255);
	memcpy(list, kept, used);
}
