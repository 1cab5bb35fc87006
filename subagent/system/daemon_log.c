/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/system/daemon_log.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scep/text.h"

static bool is_journal(int descriptor)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream != NULL &&
	       sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(descriptor, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* A handler of the library.  Its priorities are those of syslog. */
static int write_with_priority(netsnmp_log_handler *handler, int priority,
			       const char *line)
{
	(void)handler;
	fprintf(stderr, "<%d>%s", priority, line);
	return 1;
}

void daemon_log_tell_journal(void)
{
	netsnmp_log_handler *handler = get_logh_head();

	if (!is_journal(STDERR_FILENO))
		return;
	for (; handler != NULL; handler = handler->next)
		if (handler->type == NETSNMP_LOGHANDLER_STDERR)
			handler->handler = write_with_priority;
}

void daemon_log(int priority, const char *format, ...)
{
	char *line;
	va_list list;
	int length;

	va_start(list, format);
	length = vasprintf(&line, format, list);
	va_end(list);
	if (length < 0) {
		snmp_log(LOG_ERR, "memory is short: a line is not logged\n");
		return;
	}
	text_copy(line, (size_t)length + 1, line, (size_t)length);
	snmp_log(priority, "%s\n", line);
	free(line);
}
