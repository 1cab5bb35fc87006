/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last check of a configuration, in a child process that has stepped down
 * from root: whether the worker could read the files it names, and what
 * Net-SNMP says of its own tokens.  The parent's memory stays free of the
 * library's state, and a handler that hangs or crashes takes a child with it.
 */
#ifndef SUBAGENT_CONF_CONF_CHECK_H
#define SUBAGENT_CONF_CONF_CHECK_H

#include "subagent/conf/conf_report.h"
#include "subagent/system/privilege.h"

/* Returns true if all is well; what is not is reported by the child.  A child
 * that takes longer than `patience` ms is ended and counts as a bad one. */
bool conf_check_run(const struct conf *conf,
		    const struct conf_reporter *reporter,
		    const struct privilege *privilege, int patience);

/* Checks that this process can read caFile.  Reports and returns false if it
 * cannot. */
bool conf_check_files(const struct conf *conf,
		      const struct conf_reporter *reporter);

#endif
