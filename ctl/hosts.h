/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices that the command line names.
 */
#ifndef CTL_HOSTS_H
#define CTL_HOSTS_H

#include "ctl/command_line.h"

/* All zero is empty. */
struct hosts {
	char **name; /* owned, all of it */
	size_t count;
};

/* Reads AGENT, -H and --hosts.  A file has one device a line; # begins a
 * comment. Returns false with the reason if there is none, or one is there
 * twice. */
bool hosts_read(const struct command_line *line, struct hosts *hosts,
		struct reason *reason);
bool hosts_add(struct hosts *hosts, const char *name, size_t length,
	       struct reason *reason);
void hosts_free(struct hosts *hosts);

#endif
