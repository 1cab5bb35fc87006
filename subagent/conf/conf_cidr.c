/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_cidr.h"

#include <arpa/inet.h>
#include <string.h>

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

int conf_cidr_read(const char *text, struct scep_cidr *range,
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
