/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of scepagentd, which the command line and the configuration file send
 * to syslog, a file or the terminal.  Net-SNMP does the work.  Only this module
 * knows that, so that the parent process, which may be root, includes nothing
 * of the library.  In the worker only the SNMP thread may call the library, and
 * so the log.
 */
#ifndef SUBAGENT_SYSTEM_DAEMON_LOG_H
#define SUBAGENT_SYSTEM_DAEMON_LOG_H

#include <syslog.h>

/* If standard error goes to journald (systemd.exec(5), JOURNAL_STREAM), has its
 * lines begin with the priority that journald reads: "<5>". */
void daemon_log_tell_journal(void);

/* Writes a line, and adds the newline.  `priority` is LOG_ERR and so on. */
void daemon_log(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
