/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/system/daemon_log.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/text.h"

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
