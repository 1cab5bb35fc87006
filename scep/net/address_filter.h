/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internet addresses as 16 octets, IPv4 as IPv4-mapped IPv6, and the
 * configuration that says which are allowed (http_address_is_allowed() of
 * http.h).  Resolves no name.
 */
#ifndef SCEP_NET_ADDRESS_FILTER_H
#define SCEP_NET_ADDRESS_FILTER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "scep/engine_config.h"

/* A configuration, shared by the exchanges that began under it. */
struct address_filter {
	unsigned int references;
	struct scep_config config;
};

/* A copy with one reference; NULL if memory is short. */
struct address_filter *address_filter_new(const struct scep_config *config);
struct address_filter *address_filter_retain(struct address_filter *policy);
void address_filter_release(struct address_filter *policy);
/* Puts another in its place; if memory is short, changes it under those that
 * share it, so that what is newly forbidden is so in any case. */
void address_filter_replace(struct address_filter **policy,
			    const struct scep_config *config);

/* Return false if it is no Internet address. */
bool address_from_socket(const struct sockaddr *from,
			 unsigned char address[16]);
bool address_from_text(const char *text, unsigned char address[16]);

void address_to_text(const unsigned char address[16],
		     char text[INET6_ADDRSTRLEN]);

#endif
