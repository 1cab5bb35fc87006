/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving a use location an entry of the registry, in a process of its own that
 * may wait: the files are put into place, the function is asked whether it
 * would take them, and then told to.  Where anything fails, the old files come
 * back and are what the function goes on with.  A function that is off gets
 * its files and is not switched on.  Doing it twice does no harm.
 */
#ifndef SUBAGENT_PARENT_DEPLOY_CHILD_H
#define SUBAGENT_PARENT_DEPLOY_CHILD_H

#include "subagent/conf/use_location.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define APPLY_PLACE_TEXT 256

struct deploy_child_order {
	const struct use_location *location;
	const char *state_directory;
	uid_t owner; /* of the files in it */
	const char *key_name;
	const char *file_id;
	int64_t limit; /* ms for each command; 0: COMMAND_LIMIT */
};

struct deploy_child_end {
	bool is_good;
	bool is_enabled;
	char text[APPLY_PLACE_TEXT]; /* why it is not good */
};

/* One at a time, whoever runs it: waits for another process's. */
void deploy_child(const struct deploy_child_order *order,
		  struct deploy_child_end *end);

/* Only asks whether the function is on; is_good: it could be asked. */
void deploy_child_probe(const struct deploy_child_order *order,
			struct deploy_child_end *end);

#endif
