/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_use_location.h"

#include "scep/engine_config.h"
#include "scep/use_row.h"
#include "subagent/conf/conf_value.h"

#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 64

enum word_kind { WORD_PRESET, WORD_PATH, WORD_OWNER, WORD_MODE, WORD_COMMAND };

/* The WORDs of a use location; each may stand once. */
static const struct location_word {
	const char *name;
	enum word_kind kind;
	int location; /* enum location_file, or enum location_command */
} location_words[] = {
    {"preset", WORD_PRESET, 0},
    {"key", WORD_PATH, LOCATION_KEY},
    {"cert", WORD_PATH, LOCATION_CERT},
    {"chain", WORD_PATH, LOCATION_CHAIN},
    {"fullchain", WORD_PATH, LOCATION_FULLCHAIN},
    {"combined", WORD_PATH, LOCATION_COMBINED},
    {"owner", WORD_OWNER, 0},
    {"mode", WORD_MODE, 0},
    {"check", WORD_COMMAND, LOCATION_CHECK},
    {"reload", WORD_COMMAND, LOCATION_RELOAD},
    {"enabled", WORD_COMMAND, LOCATION_ENABLED},
};

static const char *const types[] = {
    "tls", "ipsec", "ieee8021x", "ipp", "snmp", "other", NULL,
};

/* Judges a name: it stands in scepUseName, and in lists parted by commas. */
static int check_name(const char *name, struct fault *fault)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_ROOM ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != length)
		return fault_set(fault,
				 "'%.70s' is no name: 1 to %d letters, "
				 "digits, dots, hyphens or underlines",
				 name, NAME_ROOM);
	return 0;
}

static int check_command(const char *command, struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_word(&command, word, "a command", fault) != 0)
		return -1;
	if (word[0] != '/')
		return fault_set(fault,
				 "the command '%.200s' does not begin "
				 "with an absolute path",
				 word);
	while (conf_value_word(&command, word, "", fault) == 0)
		continue;
	return conf_value_end(&command, fault);
}

static int check_path(const char *path, struct fault *fault)
{
	size_t length = strlen(path);

	if (conf_value_path(path, CONF_LINE_MAX, fault) != 0)
		return -1;
	if (path[length - 1] == '/' || strstr(path, "/../") != NULL)
		return fault_set(fault, "'%.200s' is no path of a file", path);
	return 0;
}

static int check_mode(const char *text, struct fault *fault)
{
	size_t length = strlen(text);

	if (length < 3 || length > 4 || strspn(text, "01234567") != length ||
	    (length == 4 && text[0] != '0'))
		return fault_set(
		    fault, "'%.60s' is no mode: three octal digits", text);
	return 0;
}

/* ------------------------------------------------------- what is put -- */

static int put_text(char **to, const char *value, struct fault *fault)
{
	*to = strdup(value);
	return *to != NULL ? 0 : fault_set(fault, "memory is short");
}

static int put_mode(struct use_location *location, const char *text)
{
	location->mode = 0;
	for (; *text != '\0'; text++)
		location->mode = location->mode * 8 + (mode_t)(*text - '0');
	return 0;
}

/* Judges the value of a word and puts it into the use location. */
static int put_value(const struct location_word *word, const char *value,
		     struct use_location *location, struct fault *fault)
{
	switch (word->kind) {
	case WORD_PRESET:
		/* It is applied when the whole line is known. */
		if (use_location_is_preset(value))
			return 0;
		return fault_set(fault, "'%.60s' is no preset", value);
	case WORD_PATH:
		if (check_path(value, fault) != 0)
			return -1;
		return put_text(&location->file[word->location], value, fault);
	case WORD_OWNER:
		return conf_value_user_group(value, location->user,
					     location->group, fault);
	case WORD_MODE:
		return check_mode(value, fault) != 0
			   ? -1
			   : put_mode(location, value);
	case WORD_COMMAND:
		if (check_command(value, fault) != 0)
			return -1;
		return put_text(&location->command[word->location], value,
				fault);
	}
	return fault_set(fault, "'%.60s' is no value", value);
}

/* Reads one word; writes `preset` if the word names one. */
static int read_word(const char *text, unsigned *seen,
		     struct use_location *location, char *preset,
		     struct fault *fault)
{
	size_t length = strcspn(text, "=");

	for (size_t i = 0;
	     i < sizeof(location_words) / sizeof(location_words[0]); i++) {
		const struct location_word *word = &location_words[i];

		if (strlen(word->name) != length ||
		    strncmp(word->name, text, length) != 0 ||
		    text[length] != '=')
			continue;
		if (*seen & (1u << i))
			return fault_set(fault, "'%s=' stands twice",
					 word->name);
		*seen |= 1u << i;
		if (put_value(word, text + length + 1, location, fault) != 0)
			return -1;
		if (word->kind == WORD_PRESET)
			strcpy(preset, text + length + 1);
		return 0;
	}
	return fault_set(fault, "'%.60s' is no word of a use location", text);
}

static int read_words(const char *words, struct use_location *location,
		      struct fault *fault)
{
	char word[CONF_LINE_MAX];
	char preset[CONF_LINE_MAX] = "";
	unsigned seen = 0;

	while (conf_value_word(&words, word, "", fault) == 0)
		if (read_word(word, &seen, location, preset, fault) != 0)
			return -1;
	if (conf_value_end(&words, fault) != 0)
		return -1;
	if (seen == 0)
		return fault_set(fault, "names no preset, file or command");
	if (preset[0] != '\0' && !use_location_take_preset(location, preset))
		return fault_set(fault, "memory is short");
	return 0;
}

/* ----------------------------------------------------- the use locations -- */

static bool has_path(const struct use_location *location, const char *path)
{
	for (int i = 0; i < LOCATION_FILES; i++)
		if (location->file[i] != NULL &&
		    strcmp(location->file[i], path) == 0)
			return true;
	return false;
}

/* Judges the paths: two use locations with one file would undo each other's
 * work.
 */
static int check_paths(const struct conf *conf,
		       const struct use_location *location, struct fault *fault)
{
	for (int i = 0; i < LOCATION_FILES; i++) {
		const char *path = location->file[i];

		if (path == NULL)
			continue;
		for (int j = 0; j < i; j++)
			if (location->file[j] != NULL &&
			    strcmp(location->file[j], path) == 0)
				return fault_set(fault, "%.200s is named twice",
						 path);
		for (size_t j = 0; j < conf->location_count; j++)
			if (has_path(&conf->locations[j], path))
				return fault_set(
				    fault, "%.200s is a file of '%s', too",
				    path, conf->locations[j].name);
	}
	return 0;
}

/* Adds the use location, and takes it. */
static int add_location(struct conf *conf, struct use_location *location,
			struct fault *fault)
{
	struct scep_use_config *use;
	struct use_location *locations;

	if (conf_use_location(conf, location->name) != NULL)
		return fault_set(fault, "'%s' is named twice", location->name);
	if (conf->location_count == SCEP_USE_MAX)
		return fault_set(fault, "more than %d use locations",
				 SCEP_USE_MAX);
	if (check_paths(conf, location, fault) != 0)
		return -1;
	locations = realloc(conf->locations,
			    (conf->location_count + 1) * sizeof(*locations));
	if (locations == NULL)
		return fault_set(fault, "memory is short");
	conf->locations = locations;
	locations[conf->location_count++] = *location;
	use = &conf->engine.uses[conf->engine.use_count++];
	memcpy(use->name, location->name, sizeof(use->name));
	use->type = location->type;
	use->has_probe = location->command[LOCATION_ENABLED] != NULL;
	use->needs_restart = use_location_needs_restart(location);
	return 0;
}

static int read_type(const char **words, uint32_t *type, struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_word(words, word, "a type", fault) != 0)
		return -1;
	for (uint32_t i = 0; types[i] != NULL; i++) {
		if (strcmp(types[i], word) != 0)
			continue;
		*type = SCEP_USE_TLS + i;
		return 0;
	}
	return fault_set(fault,
			 "'%.60s' is no type: tls, ipsec, ieee8021x, "
			 "ipp, snmp or other",
			 word);
}

/* Reads a name and the words that follow it; `type` is 0 if the line has it. */
static int read_location(struct conf *conf, const char *words, uint32_t type,
			 struct fault *fault)
{
	char word[CONF_LINE_MAX];
	struct use_location location;

	use_location_init(&location);
	location.type = type;
	if (conf_value_word(&words, word, "a name", fault) != 0 ||
	    check_name(word, fault) != 0)
		return -1;
	memcpy(location.name, word, strlen(word) + 1);
	if ((type != 0 || read_type(&words, &location.type, fault) == 0) &&
	    read_words(words, &location, fault) == 0 &&
	    add_location(conf, &location, fault) == 0)
		return 0;
	use_location_free(&location);
	return -1;
}

int conf_use_location_read_use(struct conf *conf, const char *words,
			       struct fault *fault)
{
	return read_location(conf, words, 0, fault);
}

int conf_use_location_read_ipsec(struct conf *conf, const char *words,
				 struct fault *fault)
{
	return read_location(conf, words, SCEP_USE_IPSEC, fault);
}

int conf_use_location_read_restart(struct conf *conf, const char *words,
				   struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_word(&words, word, "a command in quotes", fault) != 0 ||
	    check_command(word, fault) != 0 ||
	    conf_value_end(&words, fault) != 0)
		return -1;
	memcpy(conf->restart_command, word, strlen(word) + 1);
	conf->engine.has_restart_command = true;
	return 0;
}
