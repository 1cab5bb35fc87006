/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/hosts.h"

#include "ctl/output.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX (4 * 1024 * 1024)
#define BLANKS	 " \t\r"

bool hosts_add(struct hosts *hosts, const char *name, size_t length,
	       struct reason *reason)
{
	char **names =
	    realloc(hosts->name, (hosts->count + 1) * sizeof(*names));

	if (names)
		hosts->name = names;
	if (!names || !(names[hosts->count] = strndup(name, length)))
		return reason_set(reason, "memory is short");
	hosts->count++;
	return true;
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		free(hosts->name[i]);
	free(hosts->name);
	memset(hosts, 0, sizeof(*hosts));
}

/* Adds the words that are parted by these characters. */
static bool add_list(struct hosts *hosts, const char *list, const char *between,
		     struct reason *reason)
{
	for (list += strspn(list, between); *list;
	     list += strspn(list, between)) {
		size_t length = strcspn(list, between);

		if (!hosts_add(hosts, list, length, reason))
			return false;
		list += length;
	}
	return true;
}

static bool add_file(struct hosts *hosts, const char *path,
		     struct reason *reason)
{
	size_t length;
	char *text = output_read(path, FILE_MAX, &length, reason);
	bool is_good = text != NULL;

	for (size_t at = 0; is_good && at < length;) {
		size_t end = at;

		while (end < length && text[end] != '\n')
			end++;
		text[end] = '\0';
		text[at + strcspn(text + at, "#")] = '\0';
		is_good = add_list(hosts, text + at, BLANKS, reason);
		at = end + 1;
	}
	free(text);
	return is_good;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two visits to one device at the same time would disturb each other. */
static bool are_different(const struct hosts *hosts, struct reason *reason)
{
	char **sorted = malloc(hosts->count * sizeof(*sorted));
	bool is_good = sorted != NULL;

	if (!sorted)
		return reason_set(reason, "memory is short");
	memcpy(sorted, hosts->name, hosts->count * sizeof(*sorted));
	qsort(sorted, hosts->count, sizeof(*sorted), by_name);
	for (size_t i = 1; is_good && i < hosts->count; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			is_good = reason_set(reason, "%.200s is named twice",
					     sorted[i]);
	free(sorted);
	return is_good;
}

bool hosts_read(const struct command_line *line, struct hosts *hosts,
		struct reason *reason)
{
	memset(hosts, 0, sizeof(*hosts));
	if (line->agent)
		return hosts_add(hosts, line->agent, strlen(line->agent),
				 reason);
	if (line->host_list &&
	    !add_list(hosts, line->host_list, "," BLANKS, reason))
		return false;
	if (line->hosts_file && !add_file(hosts, line->hosts_file, reason))
		return false;
	if (hosts->count == 0)
		return reason_set(reason, "no device is named");
	return are_different(hosts, reason);
}
