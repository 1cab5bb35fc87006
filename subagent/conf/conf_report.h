/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings about the configuration, for whoever shows them to people.  The one
 * place that puts "FILE: line N: text" together.  Knows no token.
 */
#ifndef SUBAGENT_CONF_CONF_REPORT_H
#define SUBAGENT_CONF_CONF_REPORT_H

#include "subagent/conf/conf.h"

#define CONF_TEXT_MAX 1024 /* octets of a finding, with the NUL */

enum conf_severity { CONF_ERROR, CONF_WARNING };

typedef void (*conf_report_fn)(void *context, enum conf_severity severity,
			       const char *text);

struct conf_reporter {
	conf_report_fn report;
	void *context;
};

/* Reports a finding at a position: "FILE: line N: text".  Leaves the line out
 * if it is 0, and the file if there is none. */
void conf_report(const struct conf_reporter *reporter,
		 enum conf_severity severity,
		 const struct conf_position *position, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
