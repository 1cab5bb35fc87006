/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a use location an entry of the registry, in a process of its own that
 * may wait: puts the files into place, asks the function whether it would take
 * them, and has it take them.  If anything fails, the old files come back and
 * are what the function goes on with.  A function that is off gets its files
 * and is not switched on.  Doing it twice does no harm.  Knows no parent and no
 * worker.
 */
#ifndef SUBAGENT_PARENT_DEPLOY_CHILD_H
#define SUBAGENT_PARENT_DEPLOY_CHILD_H

#include "subagent/conf/use_location.h"

struct scep_deploy_end;

struct deploy_child_order {
	const struct use_location *location;
	const char *state_directory;
	uid_t owner; /* of the files in it */
	const char *key_name;
	const char *file_id;
	int64_t limit; /* ms for each command; 0: COMMAND_LIMIT */
};

/* Fills in `end`, but for its index.  Waits for another process that is at work
 * in the same state directory. */
void deploy_child(const struct deploy_child_order *order,
		  struct scep_deploy_end *end);

/* Only asks whether the function is on. */
void deploy_child_probe(const struct deploy_child_order *order,
			struct scep_deploy_end *end);

#endif
