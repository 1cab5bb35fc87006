/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder for configuration files, and all that was reported when they were
 * read: what the tests of the configuration share.
 */
#ifndef TESTS_LIB_DESK_H
#define TESTS_LIB_DESK_H

#include "subagent/conf/conf_file.h"

#define DESK_FOUND 8192
#define DESK_PATH  512

struct desk {
	char folder[64];
	char found[DESK_FOUND];
	int errors;
	int warnings;
	bool is_root;
	struct conf conf;
};

/* For cmocka: `*state` becomes an owned desk; the folder goes with it. */
int desk_open(void **state);
int desk_close(void **state);

void desk_path(const struct desk *desk, const char *name, char *path);
void desk_put(const struct desk *desk, const char *name, const char *text);
void desk_put_octets(const struct desk *desk, const char *name,
		     const char *text, size_t length);

/* A source that reports to the desk.  Borrows both. */
struct conf_source desk_source(struct desk *desk, const char *file);
/* Back to the defaults, with nothing found. */
void desk_forget(struct desk *desk);
/* Reads the file of that name, from the defaults on. */
bool desk_read_named(struct desk *desk, const char *name);
/* Reads a text as scepagentd.conf. */
bool desk_read(struct desk *desk, const char *text);

void desk_assert_found(const struct desk *desk, const char *text);

#endif
