/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of scepagentd, as scepagentd(8) describes it.  Knows no
 * configuration file; -L goes to Net-SNMP as it is read.
 */
#ifndef SUBAGENT_CONF_OPTIONS_H
#define SUBAGENT_CONF_OPTIONS_H

#include "subagent/system/fault.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum options_verdict {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_BAD,
};

/* Paths are absolute; an option that was not given is "". */
struct options {
	bool is_foreground;
	bool is_test;  /* -t: tests the configuration and ends */
	bool is_check; /* -T: tests what a reload would read, and ends */
	bool has_log;  /* -L was given */
	char file[PATH_MAX];
	char state_directory[PATH_MAX];
	char address[PATH_MAX];
};

/* Reads the command line.  OPTIONS_BAD has its reason in the fault. */
enum options_verdict options_read(struct options *options, int argc,
				  char *argv[], struct fault *fault);

void options_print_usage(FILE *stream);
void options_print_version(FILE *stream);

#endif
