/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/legacy.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scep/engine_config.h"
#include "scep/server.h"
#include "scep/base/url.h"

/* An address may be written in several ways. */
static bool is_same_address(int family, const char *a, const char *b)
{
	unsigned char first[16], second[16];

	return inet_pton(family, a, first) == 1 &&
	       inet_pton(family, b, second) == 1 &&
	       memcmp(first, second, family == AF_INET ? 4 : 16) == 0;
}

static bool is_same_host(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0 || is_same_address(AF_INET, a, b) ||
	       is_same_address(AF_INET6, a, b);
}

uint32_t legacy_allowed(const struct scep_config *config,
			const struct scep_server *server)
{
	uint32_t allowed = config->allow_legacy;
	char *host;

	if (config->legacy_count == 0)
		return allowed;
	/* Without a host, or with short memory, no more is allowed. */
	host = url_host(server->url);
	for (size_t i = 0; host && i < config->legacy_count; i++)
		if (is_same_host(config->legacy[i].host, host))
			allowed |= config->legacy[i].allowed;
	free(host);
	return allowed;
}
