/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/replay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_OCTETS (4L * 1024 * 1024)

/* The content in just as much memory, so that reading beyond it is seen.
 * Owned; NULL if it cannot be read. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long length = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		length = ftell(file);
	if (length >= 0 && length <= FILE_MAX_OCTETS &&
	    fseek(file, 0, SEEK_SET) == 0)
		data = malloc(length > 0 ? (size_t)length : 1);
	if (data != NULL &&
	    fread(data, 1, (size_t)length, file) != (size_t)length) {
		free(data);
		data = NULL;
	}
	if (file != NULL)
		fclose(file);
	*size = data != NULL ? (size_t)length : 0;
	return data;
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool replay_file(fuzz_fn target, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t size;
	uint8_t *data = read_file(path, &size);
	bool is_accepted;

	fprintf(stderr, "# %s\n", path);
	if (data == NULL) {
		fprintf(stderr, "# it cannot be read\n");
		return false;
	}
	is_accepted = target(data, size);
	free(data);
	if (is_accepted ? !begins_with(name, "refused-")
			: !begins_with(name, "accepted-"))
		return true;
	fprintf(stderr, "# it was %s\n", is_accepted ? "accepted" : "refused");
	return false;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int replay_folder(fuzz_fn target, const char *folder)
{
	struct dirent **entries;
	char path[4096];
	int count = scandir(folder, &entries, is_visible, alphasort);
	bool is_good = true;

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
			 entries[i]->d_name);
		is_good = replay_file(target, path) && is_good;
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return is_good ? count : -1;
}
