/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scep/base/bytes.h"

/* A line holds a whole error text and what it is about. */
#define LINE_SIZE 1024

/*
 * Held for reading while a sink runs, so that once log_set_sink() has
 * returned no thread is in the old sink any more.
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
	case SCEP_LOG_INFO:
		fprintf(stderr, "%s\n", line);
		break;
	}
}

/* What is not clean becomes '?': words of a server that are in a line cannot
 * begin another one. */
static void write_line(enum scep_log_level level, const char *format,
		       va_list arguments) __attribute__((format(printf, 2, 0)));
static void write_line(enum scep_log_level level, const char *format,
		       va_list arguments)
{
	char raw[LINE_SIZE];
	char line[LINE_SIZE];

	vsnprintf(raw, sizeof(raw), format, arguments);
	text_copy(line, sizeof(line), raw, strlen(raw));
	pthread_rwlock_rdlock(&sink_lock);
	if (current_sink)
		current_sink(current_context, level, line);
	else
		write_standard_error(level, line);
	pthread_rwlock_unlock(&sink_lock);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(SCEP_LOG_ERROR, format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(SCEP_LOG_WARNING, format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(SCEP_LOG_INFO, format, arguments);
	va_end(arguments);
}
