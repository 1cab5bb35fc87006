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

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
