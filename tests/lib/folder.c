/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

int folder_open(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct folder *folder = calloc(1, sizeof(*folder));

	if (folder == NULL)
		return -1;
	*state = folder;
	snprintf(folder->path, sizeof(folder->path), "%.40s/folder.XXXXXX",
		 parent != NULL ? parent : "/tmp");
	return mkdtemp(folder->path) != NULL ? 0 : -1;
}

int folder_close(void **state)
{
	struct folder *folder = *state;
	char command[100];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
	free(folder);
	return system(command) == 0 ? 0 : -1;
}

char *folder_path(const struct folder *folder, const char *name,
		  char path[FOLDER_PATH])
{
	snprintf(path, FOLDER_PATH, "%s/%.300s", folder->path, name);
	return path;
}

static void make_parents(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

void folder_put(const struct folder *folder, const char *name, const char *text,
		unsigned int mode)
{
	char path[FOLDER_PATH];
	FILE *file;

	folder_path(folder, name, path);
	make_parents(path, strlen(folder->path) + 1);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

const char *folder_get(const struct folder *folder, const char *name)
{
	static char text[FOLDER_TEXT];
	char path[FOLDER_PATH];
	FILE *file = fopen(folder_path(folder, name, path), "r");
	size_t length = 0;

	if (file != NULL) {
		length = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	return text;
}

bool folder_has(const struct folder *folder, const char *name, const char *text)
{
	char path[FOLDER_PATH];

	return access(folder_path(folder, name, path), F_OK) == 0 &&
	       strcmp(folder_get(folder, name), text) == 0;
}

unsigned int folder_mode(const struct folder *folder, const char *name)
{
	char path[FOLDER_PATH];
	struct stat status;

	assert_int_equal(stat(folder_path(folder, name, path), &status), 0);
	return status.st_mode & 07777;
}

unsigned int folder_count(const struct folder *folder, const char *name)
{
	char path[FOLDER_PATH];
	DIR *listing = opendir(folder_path(folder, name, path));
	unsigned int count = 0;

	assert_non_null(listing);
	while (readdir(listing) != NULL)
		count++;
	closedir(listing);
	return count - 2; /* . and .. */
}
