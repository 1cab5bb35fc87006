/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of a test's own, and the files in it as texts.  Fails the running
 * test where something is amiss.
 */
#ifndef TESTS_LIB_FOLDER_H
#define TESTS_LIB_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define FOLDER_PATH 400
#define FOLDER_TEXT 8192

struct folder {
	char path[64];
};

/* For cmocka: `*state` becomes an owned folder, which goes with all in it. */
int folder_open(void **state);
int folder_close(void **state);

/* Writes FOLDER/NAME into `path`, and returns it. */
char *folder_path(const struct folder *folder, const char *name,
		  char path[FOLDER_PATH]);
/* Writes a file with that mode; folders in the name are made. */
void folder_put(const struct folder *folder, const char *name, const char *text,
		unsigned int mode);
/* Tells whether the file is there and holds just this text. */
bool folder_has(const struct folder *folder, const char *name,
		const char *text);
/* Reads a file; "" if it is not there.  The text stands until the next call. */
const char *folder_get(const struct folder *folder, const char *name);
unsigned int folder_mode(const struct folder *folder, const char *name);
/* The number of names in the folder of that name, with hidden ones. */
unsigned int folder_count(const struct folder *folder, const char *name);

#endif
