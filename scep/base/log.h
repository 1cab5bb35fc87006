/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines of the engine.  Knows a sink and levels, but no file, no syslog and
 * no rate.  Every thread may call it.  A line must hold no secret.
 */
#ifndef SCEP_BASE_LOG_H
#define SCEP_BASE_LOG_H

#include "scep/codes.h"

typedef void (*log_sink_fn)(void *context, enum scep_log_level level,
			    const char *line);

/* Sets where the lines of the whole process go; NULL: standard error. */
void log_set_sink(log_sink_fn sink, void *context);

/* Writes a line that text_format() puts together. */
void log_line(enum scep_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_line(SCEP_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(SCEP_LOG_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_line(SCEP_LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_line(SCEP_LOG_INFO, __VA_ARGS__)

#endif
