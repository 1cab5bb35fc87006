/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_report.h"

#include <stdarg.h>
#include <stdio.h>

void conf_report(const struct conf_reporter *reporter,
		 enum conf_severity severity,
		 const struct conf_position *position, const char *format, ...)
{
	const char *file = position->file;
	char text[CONF_TEXT_MAX];
	int length = 0;
	va_list list;

	if (file != NULL && position->line > 0)
		length = snprintf(text, sizeof(text), "%.400s: line %u: ", file,
				  position->line);
	else if (file != NULL)
		length = snprintf(text, sizeof(text), "%.400s: ", file);
	va_start(list, format);
	vsnprintf(text + length, sizeof(text) - (size_t)length, format, list);
	va_end(list);
	reporter->report(reporter->context, severity, text);
}
