/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_file.h"

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

/* The reader of one file: where it stands, and whether it found a fault. */
struct reader {
	struct conf *conf;
	const struct conf_source *source;
	struct conf_position at; /* borrows the name of the file */
	unsigned depth;
	char section[CONF_NAME_MAX];
	bool is_bad;
};

__attribute__((format(printf, 3, 4))) static void
finding(struct reader *reader, enum conf_severity severity, const char *format,
	...)
{
	char text[CONF_TEXT_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (severity == CONF_ERROR)
		reader->is_bad = true;
	conf_report(&reader->source->reporter, severity, &reader->at, "%s",
		    text);
}

/* ------------------------------------------------- lines for Net-SNMP -- */

static void keep_line(struct reader *reader, const char *section,
		      const char *token, const char *value)
{
	/* The library would cut a longer line. */
	if (strlen(section) + strlen(token) + strlen(value) + 8 > STRINGMAX) {
		finding(reader, CONF_ERROR,
			"the line is too long for Net-SNMP");
		return;
	}
	if (conf_add_line(reader->conf, reader->at.file, reader->at.line,
			  section, token, value) != 0)
		finding(reader, CONF_ERROR, "memory is short");
}

/* ------------------------------------------------------------ includes -- */

static void read_file(struct reader *reader, const char *path,
		      bool is_optional);
static void read_path(struct reader *reader, const char *name);

static int is_conf_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static void include_folder(struct reader *reader, const char *folder)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int count = scandir(folder, &entries, is_conf_file, alphasort);

	if (count < 0) {
		finding(reader, CONF_ERROR, "%.300s: %s", folder,
			strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%.3000s/%s", folder,
			 entries[i]->d_name);
		free(entries[i]);
		read_file(reader, path, false);
	}
	free(entries);
}

/* Looks for a relative name beside the file that names it. */
static void include_file(struct reader *reader, const char *name)
{
	const char *slash = strrchr(reader->at.file, '/');
	char path[PATH_MAX];

	if (name[0] == '/' || slash == NULL)
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%.*s/%s",
			 (int)(slash - reader->at.file), reader->at.file, name);
	read_file(reader, path, false);
}

static void include_search(struct reader *reader, char *name)
{
	size_t length = strlen(name);
	size_t before = reader->conf->file_count;

	if (length > 5 && strcmp(name + length - 5, ".conf") == 0)
		name[length - 5] = '\0';
	read_path(reader, name);
	if (reader->conf->file_count == before)
		finding(reader, CONF_ERROR, "'%.60s' was not found", name);
}

/* Reads an include.  Returns false if the token is none. */
static bool read_include(struct reader *reader, const char *token, char *value)
{
	bool is_file = strcasecmp(token, "includeFile") == 0;
	bool is_folder = strcasecmp(token, "includeDir") == 0;

	if (!is_file && !is_folder && strcasecmp(token, "includeSearch") != 0)
		return false;
	if (value[0] == '\0')
		finding(reader, CONF_ERROR, "%s wants a name", token);
	else if (is_file)
		include_file(reader, value);
	else if (is_folder)
		include_folder(reader, value);
	else
		include_search(reader, value);
	return true;
}

/* --------------------------------------------------------------- lines -- */

static void note_location(struct reader *reader)
{
	struct conf *conf = reader->conf;
	struct use_location *location =
	    &conf->locations[conf->location_count - 1];

	location->at_file = strdup(reader->at.file);
	location->at_line = reader->at.line;
}

static void note_position(struct reader *reader, const char *token)
{
	struct conf *conf = reader->conf;
	struct conf_position *position;

	if (strcmp(token, "useLocation") == 0 ||
	    strcmp(token, "ipsecDestination") == 0) {
		note_location(reader);
		return;
	}
	if (strcmp(token, "caFile") == 0)
		position = &conf->ca_file_at;
	else if (strcmp(token, "runAs") == 0)
		position = &conf->run_as_at;
	else
		return;
	free(position->file);
	position->file = strdup(reader->at.file);
	position->line = reader->at.line;
}

static void read_token(struct reader *reader, const char *section,
		       const char *token, char *value)
{
	const struct conf_token *own = NULL;
	struct fault fault;

	if (section[0] == '\0' || strcmp(section, CONF_APPLICATION) == 0)
		own = conf_token_find(token);
	if (own != NULL) {
		if (own->read(reader->conf, value, &fault) != 0)
			finding(reader, CONF_ERROR, "%s: %s", own->name,
				fault.text);
		else
			note_position(reader, own->name);
		return;
	}
	if (read_include(reader, token, value))
		return;
	keep_line(reader, section, token, value);
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

/* Reads a line.  "[snmp]" alone holds for all lines that follow, and in "[snmp]
 * token value" for this one. */
static void read_line(struct reader *reader, char *line)
{
	const char *section = reader->section;
	char *token = line + strspn(line, " \t");
	char *value;
	size_t length;

	if (*token == '\0' || *token == '#')
		return;
	value = cut_word(token);
	if (*token == '[') {
		length = strlen(token);
		if (token[length - 1] != ']' || length < 3 ||
		    length - 2 >= sizeof(reader->section)) {
			finding(reader, CONF_ERROR, "'%.60s' is no section",
				token);
			return;
		}
		token[length - 1] = '\0';
		if (*value == '\0' || *value == '#') {
			memcpy(reader->section, token + 1, length - 1);
			return;
		}
		section = token + 1;
		token = value;
		value = cut_word(token);
	}
	read_token(reader, section, token, value);
}

/* Cuts blanks off the end.  Returns false if the line cannot be judged at all.
 */
static bool clean_line(struct reader *reader, char *line, size_t length)
{
	if (strlen(line) != length) {
		finding(reader, CONF_ERROR, "the line holds a NUL");
		return false;
	}
	while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL)
		line[--length] = '\0';
	if (length >= CONF_LINE_MAX) {
		finding(reader, CONF_ERROR, "the line is longer than %d octets",
			CONF_LINE_MAX - 1);
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			finding(reader, CONF_ERROR,
				"the line holds a control character");
			return false;
		}
	}
	return true;
}

static void read_lines(struct reader *reader, FILE *stream)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	errno = 0;
	while ((length = getline(&line, &capacity, stream)) >= 0) {
		reader->at.line++;
		if (clean_line(reader, line, (size_t)length))
			read_line(reader, line);
		errno = 0;
	}
	if (ferror(stream))
		finding(reader, CONF_ERROR, "cannot be read: %s",
			strerror(errno));
	free(line);
}

/* --------------------------------------------------------------- files -- */

/* Judges who can write the file: it names the commands that the parent process
 * runs, perhaps as root. */
static bool is_trusted(struct reader *reader, const struct stat *status)
{
	bool is_ours = status->st_uid == 0 || status->st_uid == geteuid();
	bool is_open = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;

	if (is_ours && !is_open)
		return true;
	finding(reader, reader->source->is_root ? CONF_ERROR : CONF_WARNING,
		is_open ? "others than its owner can write the file"
			: "the file belongs to somebody else");
	return !reader->source->is_root;
}

static void read_stream(struct reader *reader, FILE *stream)
{
	struct stat status;

	if (fstat(fileno(stream), &status) != 0)
		finding(reader, CONF_ERROR, "%s", strerror(errno));
	else if (!S_ISREG(status.st_mode))
		finding(reader, CONF_ERROR, "is no file");
	else if (is_trusted(reader, &status))
		read_lines(reader, stream);
}

static FILE *open_file(const char *path)
{
	/* A FIFO must not make this wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *stream;

	if (fd < 0)
		return NULL;
	stream = fdopen(fd, "r");
	if (stream == NULL)
		close(fd);
	return stream;
}

/* Reads one file, as if its lines stood where it is named. */
static void read_file(struct reader *outer, const char *path, bool is_optional)
{
	struct reader reader = *outer;
	FILE *stream;

	reader.at.file = (char *)path;
	reader.at.line = 0;
	reader.depth++;
	reader.section[0] = '\0';
	stream = open_file(path);
	if (stream == NULL) {
		if (!is_optional || (errno != ENOENT && errno != ENOTDIR))
			finding(outer, CONF_ERROR, "%.400s: %s", path,
				strerror(errno));
		return;
	}
	if (reader.depth > DEPTH_MAX || reader.conf->file_count >= FILES_MAX) {
		finding(&reader, CONF_ERROR, "too many files include others");
	} else {
		reader.conf->file_count++;
		read_stream(&reader, stream);
	}
	fclose(stream);
	outer->is_bad = reader.is_bad;
}

/* Reads NAME.conf and NAME.local.conf of a folder, as the library does. */
static void read_folder(struct reader *reader, const char *folder,
			size_t length, const char *name)
{
	char path[PATH_MAX];

	/* A folder that this user may not enter is passed over. */
	snprintf(path, sizeof(path), "%.*s", (int)length, folder);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return;
	snprintf(path, sizeof(path), "%.*s/%s.conf", (int)length, folder, name);
	read_file(reader, path, true);
	snprintf(path, sizeof(path), "%.*s/%s.local.conf", (int)length, folder,
		 name);
	read_file(reader, path, true);
}

/* Returns whether the folder is one of those in a search path. */
static bool is_in_path(const char *folder, const char *path)
{
	while (*path != '\0') {
		size_t length = strcspn(path, ENV_SEPARATOR);

		if (length == strlen(folder) &&
		    strncmp(path, folder, length) == 0)
			return true;
		path += length;
		path += strspn(path, ENV_SEPARATOR);
	}
	return false;
}

void conf_file_search_path(char path[CONF_SEARCH_PATH_MAX])
{
	const char *own = getenv("SNMPCONFPATH");
	const char *library;

	if (own != NULL) {
		snprintf(path, CONF_SEARCH_PATH_MAX, "%s", own);
		return;
	}
	library = get_configuration_directory();
	if (is_in_path(SCEP_CONF_DIRECTORY, library))
		snprintf(path, CONF_SEARCH_PATH_MAX, "%s", library);
	else
		snprintf(path, CONF_SEARCH_PATH_MAX, "%s%s%s",
			 SCEP_CONF_DIRECTORY, ENV_SEPARATOR, library);
}

static void read_path(struct reader *reader, const char *name)
{
	char whole[CONF_SEARCH_PATH_MAX];
	const char *path = whole;

	conf_file_search_path(whole);
	while (*path != '\0') {
		size_t length = strcspn(path, ENV_SEPARATOR);

		if (length > 0)
			read_folder(reader, path, length, name);
		path += length;
		if (*path != '\0')
			path++;
	}
}

bool conf_file_read(struct conf *conf, const struct conf_source *source)
{
	struct reader reader = {.conf = conf, .source = source};

	if (source->file != NULL)
		read_file(&reader, source->file, false);
	else
		read_path(&reader, CONF_APPLICATION);
	return !reader.is_bad;
}
