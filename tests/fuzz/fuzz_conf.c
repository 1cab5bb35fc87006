/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file.  Octet 0: whether it is read as root; then the file.
 * It lies in memory and is opened as a descriptor with a fixed number, so that
 * it can include itself.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdlib.h>

#include "scep/engine_config.h"
#include "subagent/conf/conf_check.h"
#include "subagent/conf/conf_file.h"

#define FILE_NUMBER 100
#define FILE_NAME   "/proc/self/fd/100"

struct findings {
	size_t errors;
};

static void note(void *context, enum conf_severity severity, const char *text)
{
	struct findings *findings = context;

	HOLDS(text[0] != '\0' && strlen(text) < CONF_TEXT_MAX);
	if (severity == CONF_ERROR)
		findings->errors++;
}

/* Only its owner can write it. */
static void open_memory(void)
{
	static bool is_open;
	int memory;

	if (is_open)
		return;
	memory = memfd_create("scepagentd.conf", MFD_CLOEXEC);
	HOLDS(memory >= 0);
	HOLDS(fchmod(memory, S_IRUSR | S_IWUSR) == 0);
	HOLDS(dup2(memory, FILE_NUMBER) == FILE_NUMBER);
	close(memory);
	/* No file of this machine's. */
	setenv("SNMPCONFPATH", "/proc/self/fd", 1);
	is_open = true;
}

static void fill_memory(const uint8_t *data, size_t size)
{
	HOLDS(ftruncate(FILE_NUMBER, 0) == 0);
	HOLDS(pwrite(FILE_NUMBER, data, size, 0) == (ssize_t)size);
}

static void check_conf(const struct conf *conf)
{
	const struct scep_config *engine = &conf->engine;

	HOLDS(strnlen(conf->user, sizeof(conf->user)) < sizeof(conf->user));
	HOLDS(strnlen(conf->group, sizeof(conf->group)) < sizeof(conf->group));
	HOLDS(engine->state_directory[0] == '/');
	HOLDS(engine->ca_file[0] == '\0' || engine->ca_file[0] == '/');
	HOLDS(engine->key_limit >= 1 && engine->key_limit <= 10000);
	HOLDS(engine->status_history >= 20 && engine->status_history <= 10000);
	HOLDS(engine->clock_skew_limit >= 1);
	HOLDS(engine->allow_count <= SCEP_CIDR_MAX);
	HOLDS(engine->deny_count <= SCEP_CIDR_MAX);
	for (size_t i = 0; i < engine->allow_count; i++)
		HOLDS(engine->allow[i].prefix <= 128);
	for (size_t i = 0; i < engine->deny_count; i++)
		HOLDS(engine->deny[i].prefix <= 128);
	HOLDS((engine->allow_legacy & ~7u) == 0);
	for (size_t i = 0; i < conf->line_count; i++)
		HOLDS(conf->lines[i].token[0] != '\0');
	HOLDS(conf_has_same_lines(conf, conf));
	HOLDS(conf->location_count == engine->use_count);
	for (size_t i = 0; i < engine->use_count; i++)
		HOLDS(conf_use_location(conf, engine->uses[i].name) != NULL);
	conf_master(conf);
}

bool fuzz_conf(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct findings findings = {0};
	const struct conf_source source = {
	    .file = FILE_NAME,
	    .is_root = fuzz_take_octet(&input) & 1,
	    .reporter = {.report = note, .context = &findings},
	};
	struct conf conf;
	bool is_good;

	open_memory();
	fill_memory(input.at, input.left);
	conf_init(&conf);
	is_good = conf_file_read(&conf, &source);
	HOLDS(is_good == (findings.errors == 0));
	/* A refused file may be half read. */
	HOLDS(!is_good || conf.user[0] != '\0');
	check_conf(&conf);
	findings.errors = 0;
	HOLDS(conf_check_files(&conf, &source.reporter) ==
	      (findings.errors == 0));
	conf_free(&conf);
	return is_good;
}
