/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health of a device as one line with performance data, in the form of the
 * plugins of Nagios and Icinga.
 */
#ifndef CTL_HEALTH_H
#define CTL_HEALTH_H

#include "ctl/visit.h"

/* What the line is made of. */
struct health_facts {
	int64_t health; /* scepAgentHealth */
	const char *text;
	int64_t seconds_left; /* INT32_MAX: there is nothing to expire */
	int64_t expiry_days;
	int64_t keys;
	int64_t key_limit;
	int64_t failures;
	int64_t open;
};

#define HEALTH_LINE 2400
/* Writes the line; returns the exit code of a plugin.  Pure. */
enum exit_code health_line(const struct health_facts *facts,
			   char line[HEALTH_LINE]);

void health_show(struct visit *visit);

#endif
