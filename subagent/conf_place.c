/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_place.h"

#include "conf_words.h"

#include <string.h>

#define NAME_ROOM 64

enum word_kind { WORD_PRESET, WORD_PATH, WORD_OWNER, WORD_MODE, WORD_COMMAND };

/* The WORDs of a place; each may stand once. */
static const struct place_word {
	const char *name;
	enum word_kind kind;
} place_words[] = {
    {"preset", WORD_PRESET},   {"key", WORD_PATH},
    {"cert", WORD_PATH},       {"chain", WORD_PATH},
    {"fullchain", WORD_PATH},  {"combined", WORD_PATH},
    {"owner", WORD_OWNER},     {"mode", WORD_MODE},
    {"check", WORD_COMMAND},   {"reload", WORD_COMMAND},
    {"enabled", WORD_COMMAND},
};

static const char *const types[] = {
    "tls", "ipsec", "ieee8021x", "ipp", "snmp", "other", NULL,
};

static const char *const presets[] = {
    "nginx",	      "apache",	    "cups",  "stunnel", "swanctl",
    "wpa_supplicant", "freeradius", "slapd", "snmpd",	NULL,
};

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* A name that can stand in scepUseName and in a list parted by commas. */
static int check_name(const char *name, char *why)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_ROOM ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != length)
		return conf_token_fail(why,
				       "'%.70s' is no name: 1 to %d letters, "
				       "digits, dots, hyphens or underlines",
				       name, NAME_ROOM);
	return 0;
}

static int check_command(const char *command, char *why)
{
	char word[CONF_LINE_MAX];

	if (conf_token_word(&command, word, "a command", why) != 0)
		return -1;
	if (word[0] != '/')
		return conf_token_fail(why,
				       "the command '%.200s' does not begin "
				       "with an absolute path",
				       word);
	while (conf_token_word(&command, word, "", why) == 0)
		continue;
	return conf_token_end(&command, why);
}

static int check_mode(const char *text, char *why)
{
	size_t length = strlen(text);

	if (length < 3 || length > 4 || strspn(text, "01234567") != length ||
	    (length == 4 && text[0] != '0'))
		return conf_token_fail(
		    why, "'%.60s' is no mode: three octal digits", text);
	return 0;
}

static int check_value(enum word_kind kind, const char *value, char *why)
{
	char user[CONF_NAME_MAX];
	char group[CONF_NAME_MAX];

	switch (kind) {
	case WORD_PRESET:
		if (is_one_of(value, presets))
			return 0;
		return conf_token_fail(why, "'%.60s' is no preset", value);
	case WORD_PATH:
		return conf_token_path(value, CONF_LINE_MAX, why);
	case WORD_OWNER:
		return conf_token_user_group(value, user, group, why);
	case WORD_MODE:
		return check_mode(value, why);
	case WORD_COMMAND:
		return check_command(value, why);
	}
	return conf_token_fail(why, "'%.60s' is no value", value);
}

static int check_word(const char *word, unsigned *seen, char *why)
{
	size_t length = strcspn(word, "=");

	for (size_t i = 0; i < sizeof(place_words) / sizeof(place_words[0]);
	     i++) {
		if (strlen(place_words[i].name) != length ||
		    strncmp(place_words[i].name, word, length) != 0 ||
		    word[length] != '=')
			continue;
		if (*seen & (1u << i))
			return conf_token_fail(why, "'%s=' stands twice",
					       place_words[i].name);
		*seen |= 1u << i;
		return check_value(place_words[i].kind, word + length + 1, why);
	}
	return conf_token_fail(why, "'%.60s' is no word of a place", word);
}

static int read_place(const char *words, bool has_type, char *why)
{
	char word[CONF_LINE_MAX];
	unsigned seen = 0;

	if (conf_token_word(&words, word, "a name", why) != 0 ||
	    check_name(word, why) != 0)
		return -1;
	if (has_type) {
		if (conf_token_word(&words, word, "a type", why) != 0)
			return -1;
		if (!is_one_of(word, types))
			return conf_token_fail(why,
					       "'%.60s' is no type: tls, "
					       "ipsec, ieee8021x, ipp, snmp or "
					       "other",
					       word);
	}
	while (conf_token_word(&words, word, "", why) == 0)
		if (check_word(word, &seen, why) != 0)
			return -1;
	if (conf_token_end(&words, why) != 0)
		return -1;
	if (seen == 0)
		return conf_token_fail(why, "names no preset, file or command");
	return conf_token_fail(why, "is not offered yet");
}

int conf_place_read_use(struct conf *conf, const char *words, char *why)
{
	(void)conf;
	return read_place(words, true, why);
}

int conf_place_read_ipsec(struct conf *conf, const char *words, char *why)
{
	(void)conf;
	return read_place(words, false, why);
}

int conf_place_read_restart(struct conf *conf, const char *words, char *why)
{
	char word[CONF_LINE_MAX];

	if (conf_token_word(&words, word, "a command in quotes", why) != 0 ||
	    check_command(word, why) != 0 || conf_token_end(&words, why) != 0)
		return -1;
	memcpy(conf->restart_command, word, strlen(word) + 1);
	conf->engine.has_restart_command = true;
	return 0;
}
