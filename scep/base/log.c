/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "scep/text.h"

/* A line holds a whole error text and what it is about. */
#define LINE_SIZE (TEXT_MAX + 1)

/*
 * Held for reading while a sink runs, so that no thread is in the old sink any
 * more when log_set_sink() returns.
 */
static pthread_rwlock_t sink_lock = PTHREAD_RWLOCK_INITIALIZER;
static log_sink_fn current_sink;
static void *current_context;

void log_set_sink(log_sink_fn sink, void *context)
{
	pthread_rwlock_wrlock(&sink_lock);
	current_sink = sink;
	current_context = context;
	pthread_rwlock_unlock(&sink_lock);
}

static void write_standard_error(enum scep_log_level level, const char *line)
{
	switch (level) {
	case SCEP_LOG_ERROR:
		fprintf(stderr, "error: %s\n", line);
		break;
	case SCEP_LOG_WARNING:
		fprintf(stderr, "warning: %s\n", line);
		break;
	case SCEP_LOG_NOTICE:
	case SCEP_LOG_INFO:
		fprintf(stderr, "%s\n", line);
		break;
	}
}

/* The line is clean (text_copy()), so that the words of a server cannot begin
 * another line. */
void log_line(enum scep_log_level level, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	text_format_list(line, sizeof(line), format, arguments);
	va_end(arguments);
	pthread_rwlock_rdlock(&sink_lock);
	if (current_sink)
		current_sink(current_context, level, line);
	else
		write_standard_error(level, line);
	pthread_rwlock_unlock(&sink_lock);
}
