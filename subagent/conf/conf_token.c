/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_token.h"

#include "scep/change.h"
#include "scep/engine_config.h"
#include "subagent/conf/conf_use_location.h"
#include "subagent/conf/conf_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_LIMIT_MAX  10000
#define CLOCK_SKEW_MAX (366 * 24 * 3600)

static int read_state_directory(struct conf *conf, const char *words,
				struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_only_word(words, word, "a directory", fault) != 0 ||
	    conf_value_path(word, sizeof(conf->engine.state_directory),
			    fault) != 0)
		return -1;
	memcpy(conf->engine.state_directory, word, strlen(word) + 1);
	return 0;
}

static int read_run_as(struct conf *conf, const char *words,
		       struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_only_word(words, word, "USER[:GROUP]", fault) != 0)
		return -1;
	return conf_value_user_group(word, conf->user, conf->group, fault);
}

static int refuse_key_length(uint32_t length, const struct scep_range *known,
			     struct fault *fault)
{
	char words[64] = "";
	size_t used = 0;

	for (size_t i = 0; i < known->count && used < sizeof(words); i++)
		used +=
		    (size_t)snprintf(words + used, sizeof(words) - used, "%s%u",
				     i == 0		     ? ""
				     : i + 1 == known->count ? " or "
							     : ", ",
				     known->span[i].min);
	return fault_set(fault, "%u is no key length: %s", length, words);
}

static int read_spare_keys(struct conf *conf, const char *words,
			   struct fault *fault)
{
	const struct scep_range *known =
	    &scep_field_info(SCEP_REQUEST_KEY_LENGTH)->range;
	uint32_t *lengths = conf->engine.spare_keys;
	char word[CONF_LINE_MAX];
	uint32_t length;
	size_t count = 0;

	/* The last line counts, as with all tokens that set one thing. */
	memset(lengths, 0, sizeof(conf->engine.spare_keys));
	if (conf_value_word(&words, word, "key lengths", fault) != 0)
		return -1;
	do {
		if (conf_value_number(word, 0, UINT32_MAX, &length, fault) != 0)
			return -1;
		if (!scep_range_has(known, length))
			return refuse_key_length(length, known, fault);
		for (size_t i = 0; i < count; i++)
			if (lengths[i] == length)
				return fault_set(fault, "%u stands twice",
						 length);
		/* Known lengths, each once: there is room, and for the 0. */
		lengths[count++] = length;
	} while (conf_value_word(&words, word, "", fault) == 0);
	return conf_value_end(&words, fault);
}

static int read_key_limit(struct conf *conf, const char *words,
			  struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_only_word(words, word, "a number", fault) != 0)
		return -1;
	return conf_value_number(word, 1, KEY_LIMIT_MAX,
				 &conf->engine.key_limit, fault);
}

static int read_status_history(struct conf *conf, const char *words,
			       struct fault *fault)
{
	const struct scep_range *range =
	    &scep_field_info(SCEP_STATUS_MAX_ROWS)->range;
	char word[CONF_LINE_MAX];

	if (conf_value_only_word(words, word, "a number", fault) != 0)
		return -1;
	return conf_value_number(word, scep_range_min(range),
				 scep_range_max(range),
				 &conf->engine.status_history, fault);
}

static int read_ca_file(struct conf *conf, const char *words,
			struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_only_word(words, word, "a file", fault) != 0 ||
	    conf_value_path(word, sizeof(conf->engine.ca_file), fault) != 0)
		return -1;
	memcpy(conf->engine.ca_file, word, strlen(word) + 1);
	return 0;
}

/* Returns the bit of a weak algorithm, or 0. */
static uint32_t legacy_bit(const char *name, size_t length)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} known[] = {
	    {"sha1", SCEP_LEGACY_SHA1},
	    {"3des", SCEP_LEGACY_3DES},
	    {"des", SCEP_LEGACY_DES},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == length &&
		    strncasecmp(known[i].name, name, length) == 0)
			return known[i].bit;
	return 0;
}

static int read_legacy_list(const char *name, uint32_t *set,
			    struct fault *fault)
{
	*set = 0;
	if (strcasecmp(name, "none") == 0)
		return 0;
	for (;;) {
		size_t length = strcspn(name, ",");
		uint32_t bit = legacy_bit(name, length);

		if (bit == 0)
			return fault_set(fault,
					 "'%.*s' is none of sha1, 3des, des",
					 length > 60 ? 60 : (int)length, name);
		*set |= bit;
		if (name[length] == '\0')
			return 0;
		name += length + 1;
	}
}

static int add_legacy_host(struct scep_config *engine, const char *word,
			   uint32_t set, struct fault *fault)
{
	struct scep_legacy_host *added;

	if (set == 0)
		return fault_set(fault, "none is for all servers: it takes no "
					"host");
	if (legacy_bit(word, strlen(word)) != 0)
		return fault_set(fault,
				 "'%s' is no host: the list has commas and no "
				 "blanks",
				 word);
	if (engine->legacy_count == SCEP_LEGACY_HOSTS)
		return fault_set(fault, "more than %d hosts",
				 SCEP_LEGACY_HOSTS);
	added = &engine->legacy[engine->legacy_count];
	if (conf_value_host(word, added->host, sizeof(added->host), fault) != 0)
		return -1;
	added->allowed = set;
	engine->legacy_count++;
	return 0;
}

/* Lines add up: one may be for all servers, and others for some. */
static int read_legacy(struct conf *conf, const char *words,
		       struct fault *fault)
{
	char word[CONF_LINE_MAX];
	uint32_t set;

	if (conf_value_word(&words, word, "none, or some of sha1,3des,des",
			    fault) != 0 ||
	    read_legacy_list(word, &set, fault) != 0)
		return -1;
	if (conf_value_word(&words, word, "", fault) != 0) {
		conf->engine.allow_legacy |= set;
		return conf_value_end(&words, fault);
	}
	do {
		if (add_legacy_host(&conf->engine, word, set, fault) != 0)
			return -1;
	} while (conf_value_word(&words, word, "", fault) == 0);
	return conf_value_end(&words, fault);
}

static int read_short_keys(struct conf *conf, const char *words,
			   struct fault *fault)
{
	char word[CONF_LINE_MAX];

	if (conf_value_only_word(words, word, "yes or no", fault) != 0)
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

	if (conf_value_word(&words, word, "ranges of addresses", fault) != 0)
		return -1;
	do {
		if (*count == SCEP_CIDR_MAX)
			return fault_set(fault, "more than %d ranges",
					 SCEP_CIDR_MAX);
		if (conf_value_cidr(word, &ranges[*count], fault) != 0)
			return -1;
		(*count)++;
	} while (conf_value_word(&words, word, "", fault) == 0);
	return conf_value_end(&words, fault);
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

	if (conf_value_word(&words, word, "seconds", fault) != 0 ||
	    conf_value_number(word, 1, CLOCK_SKEW_MAX, &limit, fault) != 0)
		return -1;
	rest = words;
	if (conf_value_word(&rest, word, "", fault) == 0) {
		words = rest;
		is_error = strcasecmp(word, "error") == 0;
		if (!is_error && strcasecmp(word, "warn") != 0)
			return fault_set(
			    fault, "'%.60s' is neither warn nor error", word);
	}
	if (conf_value_end(&words, fault) != 0)
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
