/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/address_filter.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct address_filter *address_filter_new(const struct scep_config *config)
{
	struct address_filter *filter = malloc(sizeof(*filter));

	if (filter) {
		filter->references = 1;
		filter->config = *config;
	}
	return filter;
}

struct address_filter *address_filter_retain(struct address_filter *filter)
{
	filter->references++;
	return filter;
}

void address_filter_release(struct address_filter *filter)
{
	if (--filter->references == 0)
		free(filter);
}

void address_filter_replace(struct address_filter **filter,
			    const struct scep_config *config)
{
	struct address_filter *next = address_filter_new(config);

	if (!next) {
		(*filter)->config = *config;
		return;
	}
	address_filter_release(*filter);
	*filter = next;
}

/* The octets that tell an IPv4-mapped address. */
#define MAPPED_LENGTH 12
static const unsigned char mapped[MAPPED_LENGTH] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const unsigned char *address)
{
	return memcmp(address, mapped, MAPPED_LENGTH) == 0;
}

static void map_ipv4(const void *octets, unsigned char *address)
{
	memcpy(address, mapped, MAPPED_LENGTH);
	memcpy(address + MAPPED_LENGTH, octets, 4);
}

bool address_from_socket(const struct sockaddr *from, unsigned char address[16])
{
	const struct sockaddr_in *ipv4 = (const void *)from;
	const struct sockaddr_in6 *ipv6 = (const void *)from;

	if (from->sa_family == AF_INET)
		map_ipv4(&ipv4->sin_addr, address);
	else if (from->sa_family == AF_INET6)
		memcpy(address, &ipv6->sin6_addr, 16);
	else
		return false;
	return true;
}

bool address_from_text(const char *text, unsigned char address[16])
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) != 1)
		return inet_pton(AF_INET6, text, address) == 1;
	map_ipv4(&ipv4, address);
	return true;
}

void address_to_text(const unsigned char address[16],
		     char text[INET6_ADDRSTRLEN])
{
	if (is_ipv4(address))
		inet_ntop(AF_INET, address + MAPPED_LENGTH, text,
			  INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

/* Tells if the first `prefix` bits are the same. */
static bool shares_prefix(const unsigned char *a, const unsigned char *b,
			  uint32_t prefix)
{
	uint32_t whole = prefix / 8;
	unsigned char mask = (unsigned char)(0xff00u >> prefix % 8);

	if (memcmp(a, b, whole) != 0)
		return false;
	return prefix % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

/* ::/0 means IPv6, as everywhere: an IPv4 address is only in ranges of IPv4. */
static bool is_in(const struct scep_cidr *range, const unsigned char *address)
{
	if (is_ipv4(address) && range->prefix < 8 * MAPPED_LENGTH)
		return false;
	return range->prefix <= 128 &&
	       shares_prefix(range->address, address, range->prefix);
}

static bool is_in_list(const struct scep_cidr *ranges, size_t count,
		       const unsigned char *address)
{
	for (size_t i = 0; i < count && i < SCEP_CIDR_MAX; i++)
		if (is_in(&ranges[i], address))
			return true;
	return false;
}

/* RFC 3927 and RFC 4291, 2.5.6: 169.254.0.0/16 and fe80::/10 */
static const struct scep_cidr link_local[] = {
    {{[10] = 0xff, 0xff, 169, 254}, 112},
    {{0xfe, 0x80}, 10},
};

/* The unspecified address connects to this host: it is judged as loopback. */
static void replace_unspecified(const unsigned char *address,
				unsigned char *judged)
{
	static const unsigned char none[16];
	static const unsigned char ipv4_loopback[4] = {127, 0, 0, 1};

	memcpy(judged, address, 16);
	if (memcmp(address, none, 16) == 0)
		judged[15] = 1;
	else if (is_ipv4(address) && memcmp(address + 12, none, 4) == 0)
		map_ipv4(ipv4_loopback, judged);
}

bool address_filter_allows(const struct scep_config *config,
			   const unsigned char address[16])
{
	unsigned char judged[16];

	replace_unspecified(address, judged);
	if (is_in_list(config->deny, config->deny_count, judged))
		return false;
	if (config->allow_count > 0)
		return is_in_list(config->allow, config->allow_count, judged);
	return !is_in_list(link_local, sizeof(link_local) / sizeof(*link_local),
			   judged);
}
