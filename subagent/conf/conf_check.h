/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last check of a configuration, in a child process that has stepped down
 * from root: the worker must be able to read the files that it names, and
 * Net-SNMP must accept its own tokens.  So the parent's memory stays free of
 * the library's state, and a handler that hangs or crashes ends no more than a
 * child. Knows no token.
 */
#ifndef SUBAGENT_CONF_CONF_CHECK_H
#define SUBAGENT_CONF_CONF_CHECK_H

#include "subagent/conf/conf_report.h"
#include "subagent/system/privilege.h"

/* Returns true if all is good; the child reports what is not.  A child that
 * takes longer than `patience` ms is killed, and the configuration counts as
 * bad. */
bool conf_check_run(const struct conf *conf,
		    const struct conf_reporter *reporter,
		    const struct privilege *privilege, int patience);

/* Runs `work` in a child process, and kills a child that takes longer than
 * `patience` ms.  Returns 1 if it has returned true, 0 if false, and -1 if the
 * child did not end by itself. */
int conf_check_in_child(bool (*work)(void *context), void *context,
			int patience);

/* Checks that this process can read caFile.  Reports and returns false if it
 * cannot. */
bool conf_check_files(const struct conf *conf,
		      const struct conf_reporter *reporter);

#endif
