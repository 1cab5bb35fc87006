/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_token.h"

#include "subagent/conf/conf_cidr.h"
#include "subagent/conf/conf_use_location.h"
#include "subagent/conf/conf_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_LIMIT_MAX	   10000
#define STATUS_HISTORY_MIN 20 /* the range of scepStatusMaxRows */
#define STATUS_HISTORY_MAX 10000
#define CLOCK_SKEW_MAX	   (366 * 24 * 3600)

int conf_token_word(const char **words, char *word, const char *what,
		    struct fault *fault)
{
	switch (conf_words_take(words, word, fault)) {
	case CONF_WORDS_END:
		return fault_set(fault, "wants %s", what);
	case CONF_WORDS_WORD:
		return 0;
	case CONF_WORDS_BAD:
		break;
	}
	return -1;
}

int conf_token_end(const char **words, struct fault *fault)
{
	char word[CONF_LINE_MAX];

	switch (conf_words_take(words, word, fault)) {
	case CONF_WORDS_END:
		return 0;
	case CONF_WORDS_WORD:
		return fault_set(fault, "'%.60s' is a word too many", word);
	case CONF_WORDS_BAD:
		break;
	}
	return -1;
}

/* The one word of a line that has no more. */
static int read_only_word(const char *words, char *word, const char *what,
			  struct fault *fault)
{
	if (conf_token_word(&words, word, what, fault) != 0)
		return -1;
	return conf_token_end(&words, fault);
}

int conf_token_number(const char *text, uint32_t min, uint32_t max,
		      uint32_t *number, struct fault *fault)
{
	uint64_t value = 0;
	const char *c;

	for (c = text; isdigit((unsigned char)*c) && value <= max; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	if (c == text || *c != '\0' || value < min || value > max)
		return fault_set(fault, "'%.60s' is no number from %u to %u",
				 text, min, max);
	*number = (uint32_t)value;
	return 0;
}

int conf_token_path(const char *text, size_t size, struct fault *fault)
{
	if (text[0] != '/')
		return fault_set(fault, "'%.200s' is no absolute path", text);
	if (strlen(text) >= size)
		return fault_set(fault, "the path is too long");
	return 0;
}

bool conf_token_is_user(const char *text)
{
	size_t length = strlen(text);
	size_t plain = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-");

	if (length == 0 || length >= CONF_NAME_MAX || text[0] == '-')
		return false;
	/* Machine accounts of domains end in a dollar sign. */
	return plain == length ||
	       (plain == length - 1 && plain > 0 && text[plain] == '$');
}

int conf_token_user_group(const char *text, char *user, char *group,
			  struct fault *fault)
{
	size_t length = strcspn(text, ":");
	const char *after = text[length] == ':' ? text + length + 1 : NULL;

	if (length >= CONF_NAME_MAX)
		return fault_set(fault, "the user's name is too long");
	memcpy(user, text, length);
	user[length] = '\0';
	group[0] = '\0';
	if (!conf_token_is_user(user))
		return fault_set(fault, "'%s' is no name of a user", user);
	if (after == NULL)
		return 0;
	if (!conf_token_is_user(after))
		return fault_set(fault, "'%.60s' is no name of a group", after);
	memcpy(group, after, strlen(after) + 1);
	return 0;
}

static int read_state_directory(struct conf *conf, const char *words,
				struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (read_only_word(words, word, "a directory", fault) != 0 ||
	    conf_token_path(word, sizeof(conf->engine.state_directory),
			    fault) != 0)
		return -1;
	memcpy(conf->engine.state_directory, word, strlen(word) + 1);
	return 0;
}

static int read_run_as(struct conf *conf, const char *words,
		       struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (read_only_word(words, word, "USER[:GROUP]", fault) != 0)
		return -1;
	return conf_token_user_group(word, conf->user, conf->group, fault);
}

static bool is_key_length(uint32_t length)
{
	return length == 1024 || length == 2048 || length == 3072 ||
	       length == 4096;
}

static int read_spare_keys(struct conf *conf, const char *words,
			   struct fault *fault)
{
	uint32_t *lengths = conf->engine.spare_keys;
	const size_t most = sizeof(conf->engine.spare_keys) / sizeof(*lengths);
	char word[CONF_LINE_MAX];
	uint32_t length;
	size_t count = 0;

	/* As with all tokens that have one value, the last line stands. */
	memset(lengths, 0, sizeof(conf->engine.spare_keys));
	if (conf_token_word(&words, word, "key lengths", fault) != 0)
		return -1;
	do {
		if (conf_token_number(word, 0, UINT32_MAX, &length, fault) != 0)
			return -1;
		if (!is_key_length(length))
			return fault_set(fault,
					 "%u is no key length: 1024, "
					 "2048, 3072 or 4096",
					 length);
		for (size_t i = 0; i < count; i++)
			if (lengths[i] == length)
				return fault_set(fault, "%u stands twice",
						 length);
		if (count < most)
			lengths[count++] = length;
	} while (conf_token_word(&words, word, "", fault) == 0);
	return conf_token_end(&words, fault);
}

static int read_key_limit(struct conf *conf, const char *words,
			  struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (read_only_word(words, word, "a number", fault) != 0)
		return -1;
	return conf_token_number(word, 1, KEY_LIMIT_MAX,
				 &conf->engine.key_limit, fault);
}

static int read_status_history(struct conf *conf, const char *words,
			       struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (read_only_word(words, word, "a number", fault) != 0)
		return -1;
	return conf_token_number(word, STATUS_HISTORY_MIN, STATUS_HISTORY_MAX,
				 &conf->engine.status_history, fault);
}

static int read_ca_file(struct conf *conf, const char *words,
			struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (read_only_word(words, word, "a file", fault) != 0 ||
	    conf_token_path(word, sizeof(conf->engine.ca_file), fault) != 0)
		return -1;
	memcpy(conf->engine.ca_file, word, strlen(word) + 1);
	return 0;
}

static int add_legacy(const char *name, size_t length, uint32_t *set,
		      struct fault *fault)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} known[] = {
	    {"sha1", SCEP_LEGACY_SHA1},
	    {"3des", SCEP_LEGACY_3DES},
	    {"des", SCEP_LEGACY_DES},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) == length &&
		    strncasecmp(known[i].name, name, length) == 0) {
			*set |= known[i].bit;
			return 0;
		}
	}
	return fault_set(fault, "'%.*s' is none of sha1, 3des, des",
			 length > 60 ? 60 : (int)length, name);
}

static int read_legacy(struct conf *conf, const char *words,
		       struct fault *fault)
{
	char word[CONF_LINE_MAX];
	uint32_t set = 0;

	if (read_only_word(words, word, "none, or some of sha1,3des,des",
			   fault) != 0)
		return -1;
	if (strcasecmp(word, "none") != 0) {
		const char *name = word;

		for (;;) {
			size_t length = strcspn(name, ",");

			if (add_legacy(name, length, &set, fault) != 0)
				return -1;
			if (name[length] == '\0')
				break;
			name += length + 1;
		}
	}
	conf->engine.allow_legacy = set;
	return 0;
}

static int read_short_keys(struct conf *conf, const char *words,
			   struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (read_only_word(words, word, "yes or no", fault) != 0)
		return -1;
	if (strcasecmp(word, "yes") != 0 && strcasecmp(word, "no") != 0)
		return fault_set(fault, "'%.60s' is neither yes nor no", word);
	conf->engine.allow_short_keys = strcasecmp(word, "yes") == 0;
	return 0;
}

static int add_ranges(struct scep_cidr *ranges, size_t *count,
		      const char *words, struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_token_word(&words, word, "ranges of addresses", fault) != 0)
		return -1;
	do {
		if (*count == SCEP_CIDR_MAX)
			return fault_set(fault, "more than %d ranges",
					 SCEP_CIDR_MAX);
		if (conf_cidr_read(word, &ranges[*count], fault) != 0)
			return -1;
		(*count)++;
	} while (conf_token_word(&words, word, "", fault) == 0);
	return conf_token_end(&words, fault);
}

static int read_allow(struct conf *conf, const char *words, struct fault *fault)
{
	return add_ranges(conf->engine.allow, &conf->engine.allow_count, words,
			  fault);
}

static int read_deny(struct conf *conf, const char *words, struct fault *fault)
{
	return add_ranges(conf->engine.deny, &conf->engine.deny_count, words,
			  fault);
}

static int read_clock_skew(struct conf *conf, const char *words,
			   struct fault *fault)
{
	char word[CONF_LINE_MAX];
	const char *rest;
	uint32_t limit;
	bool is_error = false;

	if (conf_token_word(&words, word, "seconds", fault) != 0 ||
	    conf_token_number(word, 1, CLOCK_SKEW_MAX, &limit, fault) != 0)
		return -1;
	rest = words;
	if (conf_token_word(&rest, word, "", fault) == 0) {
		words = rest;
		is_error = strcasecmp(word, "error") == 0;
		if (!is_error && strcasecmp(word, "warn") != 0)
			return fault_set(
			    fault, "'%.60s' is neither warn nor error", word);
	}
	if (conf_token_end(&words, fault) != 0)
		return -1;
	conf->engine.clock_skew_limit = limit;
	conf->engine.clock_skew_is_error = is_error;
	return 0;
}

static const struct conf_token tokens[] = {
    {"stateDirectory", read_state_directory},
    {"runAs", read_run_as},
    {"spareKeys", read_spare_keys},
    {"keyLimit", read_key_limit},
    {"statusHistory", read_status_history},
    {"useLocation", conf_use_location_read_use},
    {"ipsecDestination", conf_use_location_read_ipsec},
    {"restartCommand", conf_use_location_read_restart},
    {"caFile", read_ca_file},
    {"allowLegacyAlgorithms", read_legacy},
    {"allowShortKeys", read_short_keys},
    {"allowAddress", read_allow},
    {"denyAddress", read_deny},
    {"clockSkewLimit", read_clock_skew},
};

const struct conf_token *conf_token_find(const char *name)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (strcasecmp(tokens[i].name, name) == 0)
			return &tokens[i];
	return NULL;
}
