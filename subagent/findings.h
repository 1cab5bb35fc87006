/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at what the configuration names, and reports what is missing: owners,
 * folders and programs of use locations, and the program of restartCommand.  A
 * test (-t) also looks at the state directory and the AgentX socket, as the
 * user of the worker.  Makes nothing and starts nothing.  Knows no token.
 */
#ifndef SUBAGENT_FINDINGS_H
#define SUBAGENT_FINDINGS_H

#include "subagent/conf/conf_report.h"
#include "subagent/system/privilege.h"

struct findings {
	const struct conf *conf;
	const struct privilege *privilege;
	const char *address; /* of the master, from the command line, or "" */
	struct conf_reporter reporter;
	bool is_test;
};

/* Works in child processes, as a folder or a server can hang, and gives each
 * `patience` ms.  Returns true if nothing was found. */
bool findings_run(const struct findings *findings, int patience);

/* Returns the address of the AgentX master. */
const char *findings_master(const struct conf *conf, const char *address);

#endif
