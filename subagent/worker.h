/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker process: steps down from root, opens the enrolment engine and the
 * SNMP agent, and waits for signals and for messages of the parent.  The SNMP
 * loop has a thread of its own, because a master that hangs blocks it for
 * seconds; the first thread stays free to stop the process in time.  Knows no
 * MIB.
 */
#ifndef SUBAGENT_WORKER_H
#define SUBAGENT_WORKER_H

#include "subagent/conf/conf.h"
#include "subagent/parent/parent.h"
#include "subagent/system/privilege.h"

struct scep_config;

struct worker_setup {
	const struct conf *conf;
	const struct privilege *privilege;
	const char *address; /* from the command line; "": none was given */
	bool keeps_terminal; /* false: detaches from it when ready */
};

/* Runs until a signal or the parent ends it.  Returns enum parent_exit. */
int worker_run(const struct worker_setup *setup,
	       const struct parent_link *link);

#endif
