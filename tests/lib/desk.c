/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/desk.h"

static void desk_note(void *context, enum conf_severity severity,
		      const char *text)
{
	struct desk *desk = context;
	size_t length = strlen(desk->found);

	snprintf(desk->found + length, sizeof(desk->found) - length, "%s\n",
		 text);
	if (severity == CONF_ERROR)
		desk->errors++;
	else
		desk->warnings++;
}

struct conf_source desk_source(struct desk *desk, const char *file)
{
	return (struct conf_source){
	    .file = file,
	    .is_root = desk->is_root,
	    .reporter = {.report = desk_note, .context = desk},
	};
}

void desk_path(const struct desk *desk, const char *name, char *path)
{
	assert_true(snprintf(path, DESK_PATH, "%s/%s", desk->folder, name) <
		    DESK_PATH);
}

void desk_put_octets(const struct desk *desk, const char *name,
		     const char *text, size_t length)
{
	char path[DESK_PATH];
	FILE *file;

	desk_path(desk, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

void desk_put(const struct desk *desk, const char *name, const char *text)
{
	desk_put_octets(desk, name, text, strlen(text));
}

void desk_forget(struct desk *desk)
{
	conf_free(&desk->conf);
	conf_init(&desk->conf);
	desk->found[0] = '\0';
	desk->errors = 0;
	desk->warnings = 0;
}

bool desk_read_named(struct desk *desk, const char *name)
{
	char path[DESK_PATH] = "";
	struct conf_source source = desk_source(desk, path);

	desk_path(desk, name, path);
	desk_forget(desk);
	return conf_file_read(&desk->conf, &source);
}

bool desk_read(struct desk *desk, const char *text)
{
	desk_put(desk, "scepagentd.conf", text);
	return desk_read_named(desk, "scepagentd.conf");
}

void desk_assert_found(const struct desk *desk, const char *text)
{
	if (strstr(desk->found, text) == NULL)
		fail_msg("'%s' is not in: %s", text, desk->found);
}

int desk_open(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (desk == NULL)
		return -1;
	strcpy(desk->folder, "/tmp/test_conf.XXXXXX");
	if (mkdtemp(desk->folder) == NULL) {
		free(desk);
		return -1;
	}
	conf_init(&desk->conf);
	*state = desk;
	return 0;
}

int desk_close(void **state)
{
	static const char *const names[] = {
	    "scepagentd.conf", "scepagentd.local.conf",
	    "a.conf",	       "b.conf",
	    "c.conf",	       "other.conf",
	    "d/e.conf",	       "d/f.conf",
	    "d/g.txt",	       "d",
	    "ca.pem",
	};
	struct desk *desk = *state;
	char path[DESK_PATH];
	int result;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		desk_path(desk, names[i], path);
		remove(path);
	}
	result = rmdir(desk->folder);
	conf_free(&desk->conf);
	free(desk);
	return result;
}
