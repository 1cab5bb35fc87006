/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internet addresses as 16 octets, IPv4 as IPv4-mapped IPv6, and the
 * configuration that says which are allowed (address_filter_allows() of
 * http.h).  Resolves no name.
 */
#ifndef SCEP_NET_ADDRESS_FILTER_H
#define SCEP_NET_ADDRESS_FILTER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "scep/engine_config.h"

/* A copy of the configuration.  All exchanges that began under it share it. */
struct address_filter {
	unsigned int references;
	struct scep_config config;
};

/* Returns a copy with one reference, or NULL if memory is short. */
struct address_filter *address_filter_new(const struct scep_config *config);
struct address_filter *address_filter_retain(struct address_filter *filter);
void address_filter_release(struct address_filter *filter);
/* Replaces the filter by one with this configuration.  If memory is short, it
 * changes the filter under those that share it: an address that is newly
 * forbidden must be refused in any case. */
void address_filter_replace(struct address_filter **filter,
			    const struct scep_config *config);

/* Tells if the configuration lets a server have this address.  Pure. */
bool address_filter_allows(const struct scep_config *config,
			   const unsigned char address[16]);

/* Return false if it is no Internet address. */
bool address_from_socket(const struct sockaddr *from,
			 unsigned char address[16]);
bool address_from_text(const char *text, unsigned char address[16]);

void address_to_text(const unsigned char address[16],
		     char text[INET6_ADDRSTRLEN]);

#endif
