/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that follow a token: words, numbers, paths, users, ranges of
 * addresses.  Each function takes what it reads off the rest of a line, or
 * judges one word, and returns 0, or -1 with the reason.  Knows no token and no
 * configuration that the values go into.
 */
#ifndef SUBAGENT_CONF_CONF_VALUE_H
#define SUBAGENT_CONF_CONF_VALUE_H

#include "subagent/conf/conf.h"
#include "subagent/system/fault.h"

struct scep_cidr;

/* Takes the next word off `*words` into `word` (CONF_LINE_MAX octets).  Fails
 * with "wants WHAT" if there is none. */
int conf_value_word(const char **words, char *word, const char *what,
		    struct fault *fault);
/* Fails if another word follows. */
int conf_value_end(const char **words, struct fault *fault);
/* Takes the word of a line that has just one. */
int conf_value_only_word(const char *words, char *word, const char *what,
			 struct fault *fault);

/* Reads a decimal number from min to max. */
int conf_value_number(const char *text, uint32_t min, uint32_t max,
		      uint32_t *number, struct fault *fault);
/* Judges whether it is an absolute path that fits into `size` octets. */
int conf_value_path(const char *text, size_t size, struct fault *fault);
/* Parts USER[:GROUP] into `user` and `group` (CONF_NAME_MAX octets each); an
 * absent group is left empty. */
int conf_value_user_group(const char *text, char *user, char *group,
			  struct fault *fault);
/* Judges whether it is the name or the address of a host, without a port, and
 * writes it in lower case into `host` (`size` octets). */
int conf_value_host(const char *text, char *host, size_t size,
		    struct fault *fault);
/* Reads 192.0.2.0/24, 2001:db8::/32 or one address; IPv4 becomes an IPv4-mapped
 * IPv6 range. */
int conf_value_cidr(const char *text, struct scep_cidr *range,
		    struct fault *fault);

#endif
