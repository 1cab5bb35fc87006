/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines out of the engine.  Knows a sink and levels, and no file, no
 * syslog and no rate.  Callable from every thread.  Never give it a secret.
 */
#ifndef SCEP_BASE_LOG_H
#define SCEP_BASE_LOG_H

#include "scep/codes.h"

typedef void (*log_sink_fn)(void *context, enum scep_log_level level,
			    const char *line);

/* Sets where lines go, for the whole process; NULL: standard error. */
void log_set_sink(log_sink_fn sink, void *context);

/* Writes a line as printf() puts it together. */
void log_line(enum scep_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_line(SCEP_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(SCEP_LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(SCEP_LOG_INFO, __VA_ARGS__)

#endif
