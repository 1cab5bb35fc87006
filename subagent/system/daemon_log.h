/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of scepagentd: one line at a time, to wherever the command line and
 * the configuration file send it.  Net-SNMP does the work, but only this module
 * knows that, so that what runs as root needs no header of the library.  In the
 * worker the library is for the SNMP thread alone, and so is its log.
 */
#ifndef SUBAGENT_SYSTEM_DAEMON_LOG_H
#define SUBAGENT_SYSTEM_DAEMON_LOG_H

#include <syslog.h>

/* Writes a line; the newline is added.  `priority` is LOG_ERR and so on. */
void daemon_log(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
