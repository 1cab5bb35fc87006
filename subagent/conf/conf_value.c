/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_value.h"

#include "scep/engine_config.h"
#include "subagent/conf/conf_words.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

int conf_value_word(const char **words, char *word, const char *what,
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

int conf_value_end(const char **words, struct fault *fault)
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

int conf_value_only_word(const char *words, char *word, const char *what,
			 struct fault *fault)
{
	if (conf_value_word(&words, word, what, fault) != 0)
		return -1;
	return conf_value_end(&words, fault);
}

int conf_value_number(const char *text, uint32_t min, uint32_t max,
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

int conf_value_path(const char *text, size_t size, struct fault *fault)
{
	if (text[0] != '/')
		return fault_set(fault, "'%.200s' is no absolute path", text);
	if (strlen(text) >= size)
		return fault_set(fault, "the path is too long");
	return 0;
}

/* Returns whether a user or a group may have that name. */
static bool is_name(const char *text)
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

int conf_value_user_group(const char *text, char *user, char *group,
			  struct fault *fault)
{
	size_t length = strcspn(text, ":");
	const char *after = text[length] == ':' ? text + length + 1 : NULL;

	if (length >= CONF_NAME_MAX)
		return fault_set(fault, "the user's name is too long");
	memcpy(user, text, length);
	user[length] = '\0';
	group[0] = '\0';
	if (!is_name(user))
		return fault_set(fault, "'%s' is no name of a user", user);
	if (after == NULL)
		return 0;
	if (!is_name(after))
		return fault_set(fault, "'%.60s' is no name of a group", after);
	memcpy(group, after, strlen(after) + 1);
	return 0;
}

/* ------------------------------------------------------------------ hosts */

/* Tells if it has the characters of a name of a host or an IPv4 address. */
static bool is_host_name(const char *text)
{
	size_t plain = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-");

	return plain > 0 && text[plain] == '\0' && text[0] != '.' &&
	       text[0] != '-' && strstr(text, "..") == NULL;
}

int conf_value_host(const char *text, char *host, size_t size,
		    struct fault *fault)
{
	size_t length = strlen(text);
	struct in6_addr six;

	if (length >= size ||
	    (!is_host_name(text) && inet_pton(AF_INET6, text, &six) != 1))
		return fault_set(fault,
				 "'%.60s' is no host: a name or an address is "
				 "wanted, without scheme and port",
				 text);
	if (length > 0 && text[length - 1] == '.')
		length--; /* the root of all names */
	for (size_t i = 0; i < length; i++)
		host[i] = (char)tolower((unsigned char)text[i]);
	host[length] = '\0';
	return 0;
}

/* --------------------------------------------------- ranges of addresses -- */

#define MAPPED_BITS 96 /* ::ffff:0:0/96 holds IPv4 (RFC 4291, 2.5.5.2) */

static int read_prefix(const char *text, uint32_t max, uint32_t *prefix)
{
	uint32_t value = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9' && c < text + 3; c++)
		value = value * 10 + (uint32_t)(*c - '0');
	if (c == text || *c != '\0' || value > max ||
	    (text[0] == '0' && text[1] != '\0'))
		return -1;
	*prefix = value;
	return 0;
}

static bool has_host_bits(const struct scep_cidr *range)
{
	for (uint32_t bit = range->prefix; bit < 128; bit++)
		if (range->address[bit / 8] & (0x80u >> (bit % 8)))
			return true;
	return false;
}

static int read_address(const char *text, struct scep_cidr *range,
			uint32_t *shift)
{
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1) {
		memset(range->address, 0, 10);
		memset(range->address + 10, 0xff, 2);
		memcpy(range->address + 12, &four, 4);
		*shift = MAPPED_BITS;
		return 0;
	}
	*shift = 0;
	return inet_pton(AF_INET6, text, range->address) == 1 ? 0 : -1;
}

int conf_value_cidr(const char *text, struct scep_cidr *range,
		    struct fault *fault)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	uint32_t shift;

	if (length >= sizeof(address))
		return fault_set(fault, "'%.60s' is no address", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (read_address(address, range, &shift) != 0)
		return fault_set(fault, "'%.60s' is no address", text);
	range->prefix = 128 - shift;
	if (text[length] == '/' &&
	    read_prefix(text + length + 1, 128 - shift, &range->prefix) != 0)
		return fault_set(fault, "'%.60s' has a bad prefix length",
				 text);
	range->prefix += shift;
	if (has_host_bits(range))
		return fault_set(
		    fault, "'%.60s' has bits set behind its prefix", text);
	return 0;
}
