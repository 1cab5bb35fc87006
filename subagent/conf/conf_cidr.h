/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of addresses as text: 192.0.2.0/24, 2001:db8::/32, one address.
 * Knows nothing of who uses them.
 */
#ifndef SUBAGENT_CONF_CONF_CIDR_H
#define SUBAGENT_CONF_CONF_CIDR_H

#include "subagent/system/fault.h"

#include "scep/scep.h"

/*
 * Reads a range; IPv4 becomes an IPv4-mapped IPv6 range.  Returns 0, or
 * -1.
 */
int conf_cidr_read(const char *text, struct scep_cidr *range,
		   struct fault *fault);

#endif
