/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the configuration file that are meant for Net-SNMP: has the
 * library judge their tokens and values, and hands them over.  Knows no file
 * and no token but agentXSocket.
 */
#ifndef SUBAGENT_CONF_CONF_NETSNMP_H
#define SUBAGENT_CONF_CONF_NETSNMP_H

#include "subagent/conf/conf_report.h"

/*
 * Starts the library in this process, gives it every line and reports its
 * complaints with file and line.  The library cannot be started twice: this is
 * for a child process that ends afterwards.  Returns true if all lines are
 * good.
 */
bool conf_netsnmp_check(const struct conf *conf,
			const struct conf_reporter *reporter);

/*
 * Hands the lines over; init_snmp() then carries them out.  With `has_master`
 * the address of the command line stands above the file's agentXSocket.
 */
void conf_netsnmp_give(const struct conf *conf, bool has_master);

/* Returns whether lines of a file and of the terminal begin with the time: true
 * unless the last logTimestamp says no. */
bool conf_netsnmp_has_times(const struct conf *conf);

#endif
