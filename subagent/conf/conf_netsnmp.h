/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the configuration file that are meant for Net-SNMP: whether
 * the library knows their tokens and likes their values, and how they reach
 * it.  Knows no file and no token by name.
 */
#ifndef SUBAGENT_CONF_CONF_NETSNMP_H
#define SUBAGENT_CONF_CONF_NETSNMP_H

#include "subagent/conf/conf_report.h"

/*
 * Starts the library in this process and gives it every line, to see what it
 * says.  Nobody asks the library for a second time, so this is for a child
 * process that ends afterwards.  Returns true if all lines are good; what is
 * wrong is reported with file and line.
 */
bool conf_netsnmp_check(const struct conf *conf,
			const struct conf_reporter *reporter);

/*
 * Hands the lines over, to be carried out by init_snmp().  With `has_master`
 * the address of the command line stands above the file's agentXSocket.
 */
void conf_netsnmp_give(const struct conf *conf, bool has_master);

#endif
