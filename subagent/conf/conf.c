/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf.h"

#include "subagent/conf/conf_token.h"
#include "subagent/conf/conf_words.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 16  /* of includes */
#define FILES_MAX 256 /* so that a circle of includes ends */

/* Where the reader stands, and what it has found. */
struct reading {
	struct conf *conf;
	const struct conf_source *source;
	const char *file;
	unsigned line;
	unsigned depth;
	char section[CONF_NAME_MAX];
	bool is_bad;
};

void conf_init(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	scep_config_init(&conf->engine);
	conf->engine.has_default_key = true;
	snprintf(conf->engine.state_directory,
		 sizeof(conf->engine.state_directory), "%s",
		 SCEP_STATE_DIRECTORY);
	snprintf(conf->user, sizeof(conf->user), "scepagent");
	snprintf(conf->group, sizeof(conf->group), "scepagent");
}

void conf_free(struct conf *conf)
{
	for (size_t i = 0; i < conf->line_count; i++) {
		free(conf->lines[i].file);
		free(conf->lines[i].section);
		free(conf->lines[i].token);
		free(conf->lines[i].value);
	}
	free(conf->lines);
	for (size_t i = 0; i < conf->location_count; i++)
		use_location_free(&conf->locations[i]);
	free(conf->locations);
	free(conf->run_as_at.file);
	free(conf->ca_file_at.file);
	memset(conf, 0, sizeof(*conf));
}

__attribute__((format(printf, 3, 4))) static void
report(struct reading *reading, enum conf_severity severity, const char *format,
       ...)
{
	char text[CONF_TEXT_MAX];
	int length = 0;
	va_list list;

	if (reading->line > 0)
		length =
		    snprintf(text, sizeof(text),
			     "%.400s: line %u: ", reading->file, reading->line);
	else
		length =
		    snprintf(text, sizeof(text), "%.400s: ", reading->file);
	va_start(list, format);
	vsnprintf(text + length, sizeof(text) - (size_t)length, format, list);
	va_end(list);
	if (severity == CONF_ERROR)
		reading->is_bad = true;
	reading->source->report(reading->source->context, severity, text);
}

/* ------------------------------------------------- lines for Net-SNMP -- */

static struct conf_line *add_line(struct conf *conf)
{
	struct conf_line *lines;
	size_t capacity;

	if (conf->line_count == conf->line_capacity) {
		capacity = conf->line_capacity ? 2 * conf->line_capacity : 16;
		lines = realloc(conf->lines, capacity * sizeof(*lines));
		if (lines == NULL)
			return NULL;
		conf->lines = lines;
		conf->line_capacity = capacity;
	}
	lines = &conf->lines[conf->line_count++];
	memset(lines, 0, sizeof(*lines));
	return lines;
}

static void keep_line(struct reading *reading, const char *section,
		      const char *token, const char *value)
{
	struct conf_line *line;

	/* The library cuts what is longer. */
	if (strlen(section) + strlen(token) + strlen(value) + 8 > STRINGMAX) {
		report(reading, CONF_ERROR,
		       "the line is too long for Net-SNMP");
		return;
	}
	line = add_line(reading->conf);
	if (line != NULL) {
		line->number = reading->line;
		line->file = strdup(reading->file);
		line->section = strdup(section);
		line->token = strdup(token);
		line->value = strdup(value);
	}
	if (line == NULL || line->file == NULL || line->section == NULL ||
	    line->token == NULL || line->value == NULL)
		report(reading, CONF_ERROR, "memory is short");
}

/* ------------------------------------------------------------ includes -- */

static void read_file(struct reading *reading, const char *path,
		      bool is_optional);
static void read_path(struct reading *reading, const char *name);

static int is_conf_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static void include_folder(struct reading *reading, const char *folder)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int count = scandir(folder, &entries, is_conf_file, alphasort);

	if (count < 0) {
		report(reading, CONF_ERROR, "%.300s: %s", folder,
		       strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%.3000s/%s", folder,
			 entries[i]->d_name);
		free(entries[i]);
		read_file(reading, path, false);
	}
	free(entries);
}

/* A relative name is looked for beside the file that names it. */
static void include_file(struct reading *reading, const char *name)
{
	const char *slash = strrchr(reading->file, '/');
	char path[PATH_MAX];

	if (name[0] == '/' || slash == NULL)
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%.*s/%s",
			 (int)(slash - reading->file), reading->file, name);
	read_file(reading, path, false);
}

static void include_search(struct reading *reading, char *name)
{
	size_t length = strlen(name);
	size_t before = reading->conf->file_count;

	if (length > 5 && strcmp(name + length - 5, ".conf") == 0)
		name[length - 5] = '\0';
	read_path(reading, name);
	if (reading->conf->file_count == before)
		report(reading, CONF_ERROR, "'%.60s' was not found", name);
}

/* Returns true if the token is one of the includes. */
static bool read_include(struct reading *reading, const char *token,
			 char *value)
{
	bool is_file = strcasecmp(token, "includeFile") == 0;
	bool is_folder = strcasecmp(token, "includeDir") == 0;

	if (!is_file && !is_folder && strcasecmp(token, "includeSearch") != 0)
		return false;
	if (value[0] == '\0')
		report(reading, CONF_ERROR, "%s wants a name", token);
	else if (is_file)
		include_file(reading, value);
	else if (is_folder)
		include_folder(reading, value);
	else
		include_search(reading, value);
	return true;
}

/* --------------------------------------------------------------- lines -- */

static void note_spot(struct reading *reading, const char *token)
{
	struct conf *conf = reading->conf;
	struct conf_spot *spot;

	if (strcmp(token, "caFile") == 0)
		spot = &conf->ca_file_at;
	else if (strcmp(token, "runAs") == 0)
		spot = &conf->run_as_at;
	else
		return;
	free(spot->file);
	spot->file = strdup(reading->file);
	spot->line = reading->line;
}

static void read_token(struct reading *reading, const char *section,
		       const char *token, char *value)
{
	const struct conf_token *own = NULL;
	struct fault fault;

	if (section[0] == '\0' || strcmp(section, CONF_APPLICATION) == 0)
		own = conf_token_find(token);
	if (own != NULL) {
		if (own->read(reading->conf, value, &fault) != 0)
			report(reading, CONF_ERROR, "%s: %s", own->name,
			       fault.text);
		else
			note_spot(reading, own->name);
		return;
	}
	if (read_include(reading, token, value))
		return;
	keep_line(reading, section, token, value);
}

/* Cuts the first word off a line; returns what follows it. */
static char *cut_word(char *line)
{
	char *end = line + strcspn(line, " \t");

	if (*end == '\0')
		return end;
	*end++ = '\0';
	return end + strspn(end, " \t");
}

/* "[snmp]" alone is for all that follows, "[snmp] token value" for itself. */
static void read_line(struct reading *reading, char *line)
{
	const char *section = reading->section;
	char *token = line + strspn(line, " \t");
	char *value;
	size_t length;

	if (*token == '\0' || *token == '#')
		return;
	value = cut_word(token);
	if (*token == '[') {
		length = strlen(token);
		if (token[length - 1] != ']' || length < 3 ||
		    length - 2 >= sizeof(reading->section)) {
			report(reading, CONF_ERROR, "'%.60s' is no section",
			       token);
			return;
		}
		token[length - 1] = '\0';
		if (*value == '\0' || *value == '#') {
			memcpy(reading->section, token + 1, length - 1);
			return;
		}
		section = token + 1;
		token = value;
		value = cut_word(token);
	}
	read_token(reading, section, token, value);
}

/* Returns false if the line cannot be judged at all. */
static bool clean_line(struct reading *reading, char *line, size_t length)
{
	if (strlen(line) != length) {
		report(reading, CONF_ERROR, "the line holds a NUL");
		return false;
	}
	while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL)
		line[--length] = '\0';
	if (length >= CONF_LINE_MAX) {
		report(reading, CONF_ERROR, "the line is longer than %d octets",
		       CONF_LINE_MAX - 1);
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			report(reading, CONF_ERROR,
			       "the line holds a control character");
			return false;
		}
	}
	return true;
}

static void read_lines(struct reading *reading, FILE *stream)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	errno = 0;
	while ((length = getline(&line, &capacity, stream)) >= 0) {
		reading->line++;
		if (clean_line(reading, line, (size_t)length))
			read_line(reading, line);
		errno = 0;
	}
	if (ferror(stream))
		report(reading, CONF_ERROR, "cannot be read: %s",
		       strerror(errno));
	free(line);
}

/* --------------------------------------------------------------- files -- */

/*
 * Whoever can write the file names the commands that the parent process runs,
 * and that may be root.
 */
static bool is_trusted(struct reading *reading, const struct stat *status)
{
	bool is_ours = status->st_uid == 0 || status->st_uid == geteuid();
	bool is_open = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;

	if (is_ours && !is_open)
		return true;
	report(reading, reading->source->is_root ? CONF_ERROR : CONF_WARNING,
	       is_open ? "others than its owner can write the file"
		       : "the file belongs to somebody else");
	return !reading->source->is_root;
}

static void read_stream(struct reading *reading, FILE *stream)
{
	struct stat status;

	if (fstat(fileno(stream), &status) != 0)
		report(reading, CONF_ERROR, "%s", strerror(errno));
	else if (!S_ISREG(status.st_mode))
		report(reading, CONF_ERROR, "is no file");
	else if (is_trusted(reading, &status))
		read_lines(reading, stream);
}

static FILE *open_file(const char *path)
{
	/* A FIFO in the way must not stop us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *stream;

	if (fd < 0)
		return NULL;
	stream = fdopen(fd, "r");
	if (stream == NULL)
		close(fd);
	return stream;
}

/* Reads one file, as if it stood where it is named. */
static void read_file(struct reading *outer, const char *path, bool is_optional)
{
	struct reading reading = *outer;
	FILE *stream;

	reading.file = path;
	reading.line = 0;
	reading.depth++;
	reading.section[0] = '\0';
	stream = open_file(path);
	if (stream == NULL) {
		if (!is_optional || (errno != ENOENT && errno != ENOTDIR))
			report(outer, CONF_ERROR, "%.400s: %s", path,
			       strerror(errno));
		return;
	}
	if (reading.depth > DEPTH_MAX ||
	    reading.conf->file_count >= FILES_MAX) {
		report(&reading, CONF_ERROR, "too many files include others");
	} else {
		reading.conf->file_count++;
		read_stream(&reading, stream);
	}
	fclose(stream);
	outer->is_bad = reading.is_bad;
}

/* NAME.conf and NAME.local.conf in each folder, as the library does. */
static void read_folder(struct reading *reading, const char *folder,
			size_t length, const char *name)
{
	char path[PATH_MAX];

	/* What is in the folders of others is not for us. */
	snprintf(path, sizeof(path), "%.*s", (int)length, folder);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return;
	snprintf(path, sizeof(path), "%.*s/%s.conf", (int)length, folder, name);
	read_file(reading, path, true);
	snprintf(path, sizeof(path), "%.*s/%s.local.conf", (int)length, folder,
		 name);
	read_file(reading, path, true);
}

static void read_path(struct reading *reading, const char *name)
{
	const char *path = getenv("SNMPCONFPATH");

	if (path == NULL)
		path = get_configuration_directory();
	while (*path != '\0') {
		size_t length = strcspn(path, ENV_SEPARATOR);

		if (length > 0)
			read_folder(reading, path, length, name);
		path += length;
		if (*path != '\0')
			path++;
	}
}

bool conf_read(struct conf *conf, const struct conf_source *source)
{
	struct reading reading = {
	    .conf = conf,
	    .source = source,
	    .file = CONF_APPLICATION,
	};

	if (source->file != NULL)
		read_file(&reading, source->file, false);
	else
		read_path(&reading, CONF_APPLICATION);
	return !reading.is_bad;
}

void conf_report_at(const struct conf_source *source,
		    const struct conf_spot *spot, const char *text)
{
	struct reading reading = {
	    .source = source,
	    .file = spot->file != NULL ? spot->file : CONF_APPLICATION,
	    .line = spot->line,
	};

	report(&reading, CONF_ERROR, "%s", text);
}

bool conf_check_files(const struct conf *conf, const struct conf_source *source)
{
	const char *path = conf->engine.ca_file;
	const char *why = NULL;
	char text[CONF_TEXT_MAX];
	struct stat status;
	int fd;

	if (path[0] == '\0')
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0)
		why = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		why = "is no file";
	if (fd >= 0)
		close(fd);
	if (why == NULL)
		return true;
	snprintf(text, sizeof(text), "caFile: %.400s: %s", path, why);
	conf_report_at(source, &conf->ca_file_at, text);
	return false;
}

bool conf_has_same_lines(const struct conf *one, const struct conf *other)
{
	if (one->line_count != other->line_count)
		return false;
	for (size_t i = 0; i < one->line_count; i++)
		if (strcmp(one->lines[i].section, other->lines[i].section) ||
		    strcasecmp(one->lines[i].token, other->lines[i].token) ||
		    strcmp(one->lines[i].value, other->lines[i].value))
			return false;
	return true;
}

const struct use_location *conf_use_location(const struct conf *conf,
					     const char *name)
{
	for (size_t i = 0; i < conf->location_count; i++)
		if (strcmp(conf->locations[i].name, name) == 0)
			return &conf->locations[i];
	return NULL;
}

const char *conf_master(const struct conf *conf)
{
	const char *master = NULL;

	for (size_t i = 0; i < conf->line_count; i++)
		if (strcasecmp(conf->lines[i].token, "agentXSocket") == 0)
			master = conf->lines[i].value;
	return master;
}
