/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/log_lines.h"

#include <stdio.h>
#include <string.h>

#include "scep/codes.h"
#include "scep/base/log.h"

char log_lines[LOG_LINES_MAX];

static char level_letter(enum scep_log_level level)
{
	switch (level) {
	case SCEP_LOG_ERROR:
		return 'E';
	case SCEP_LOG_WARNING:
		return 'W';
	case SCEP_LOG_NOTICE:
		return 'N';
	case SCEP_LOG_INFO:
		break;
	}
	return 'I';
}

static void keep_line(void *context, enum scep_log_level level,
		      const char *line)
{
	size_t length = strlen(log_lines);

	(void)context;
	snprintf(log_lines + length, sizeof(log_lines) - length, "%c %s\n",
		 level_letter(level), line);
}

void log_lines_begin(void)
{
	log_lines_forget();
	log_set_sink(keep_line, NULL);
}

void log_lines_forget(void)
{
	log_lines[0] = '\0';
}
