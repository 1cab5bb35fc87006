/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of the configuration file: finds the file, follows its includes
 * and hands each line to its token (conf_token.h), as scepagentd.conf(5) says.
 * Keeps the lines with other tokens for Net-SNMP, which alone can judge them
 * (conf_netsnmp.h).
 *
 * This is not left to read_configs() of the library: that only warns of what
 * it does not know, and reads no file at all when it is told to keep no state.
 * Names, sections, quotes and includes are the library's.  Knows no token.
 */
#ifndef SUBAGENT_CONF_CONF_FILE_H
#define SUBAGENT_CONF_CONF_FILE_H

#include "subagent/conf/conf_report.h"

#define CONF_SEARCH_PATH_MAX 8192 /* octets, with the NUL */

struct conf_source {
	const char *file; /* reads only this one; NULL: the search path */
	/* Root runs the commands that the file names: a file that others can
	 * write is then refused; else there is only a warning. */
	bool is_root;
	struct conf_reporter reporter;
};

/*
 * Reads the file or the files into `conf`, which holds the defaults.  Reports
 * all that is wrong.  Returns true if nothing was.
 */
bool conf_file_read(struct conf *conf, const struct conf_source *source);

/*
 * Writes the folders in which the file is looked for: those of SNMPCONFPATH; or
 * the folder in which `make install` puts the file, and then those of the
 * library, which knows only where it was installed itself.
 */
void conf_file_search_path(char path[CONF_SEARCH_PATH_MAX]);

#endif
