/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visits all devices at once, and prints what came of it: of one device as it
 * comes; of several a line or more for each, in their order, and a summary.
 */
#ifndef CTL_FLEET_H
#define CTL_FLEET_H

#include "ctl/hosts.h"
#include "ctl/login.h"
#include "ctl/visit.h"

struct fleet {
	const struct command_line *line;
	const struct login *login;
	const struct hosts *hosts;
	void (*run)(struct visit *visit);
	const struct scep_change *change;
	const struct scep_value *challenge;
	void *more; /* the same for all devices */
};

/* Returns the worst exit code. */
enum exit_code fleet_visit(const struct fleet *fleet);
/* Compares two devices. */
enum exit_code fleet_compare(const struct fleet *fleet);

#endif
