/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: found, read and judged line by line, as
 * scepagentd.conf(5) says.  Tokens of scepagentd are checked here to the last
 * word; lines with other tokens are kept for Net-SNMP, which alone knows
 * whether they are any good (conf_library.h).
 *
 * The file is read here and not by read_configs(), because the library only
 * warns of what it does not know, and does not read files at all when it is
 * told to keep no state.  Names, sections, quotes and includes are the
 * library's.  Knows nothing of processes and of the engine.
 */
#ifndef SUBAGENT_CONF_CONF_H
#define SUBAGENT_CONF_CONF_H

#include "subagent/conf/conf_words.h"
#include "subagent/conf/use_location.h"

#include "scep/scep.h"

#define CONF_APPLICATION "scepagentd"
#define CONF_NAME_MAX	 64 /* of users and groups, with the NUL */
#define CONF_TEXT_MAX	 1024

/* Where a token stands; `file` is NULL if it does not. */
struct conf_spot {
	char *file;
	unsigned line;
};

/* One line that is meant for Net-SNMP. */
struct conf_line {
	char *file;
	unsigned number;
	char *section; /* "": none was named */
	char *token;
	char *value;
};

struct conf {
	struct scep_config engine;
	/* Whom the worker becomes; an empty group is the user's own. */
	char user[CONF_NAME_MAX];
	char group[CONF_NAME_MAX];
	/* What restarts the device, for the parent alone; "": nothing.  The
	 * engine only knows that there is something. */
	char restart_command[CONF_LINE_MAX];
	/* The use locations, for the parent alone; in the order of their
	 * names in `engine`. */
	struct use_location *locations;
	size_t location_count;
	/* For checks that come later. */
	struct conf_spot run_as_at;
	struct conf_spot ca_file_at;
	struct conf_line *lines;
	size_t line_count;
	size_t line_capacity;
	size_t file_count; /* how many files were read */
};

enum conf_severity { CONF_ERROR, CONF_WARNING };

/* Is told every finding: "FILE: line N: text". */
typedef void (*conf_report_fn)(void *context, enum conf_severity severity,
			       const char *text);

struct conf_source {
	const char *file; /* only this one; NULL: the search path */
	/* What the commands in the file may do is done as root, so that a file
	 * that others can write is refused and not only told of. */
	bool is_root;
	conf_report_fn report;
	void *context;
};

/* Fills in the defaults. */
void conf_init(struct conf *conf);
/* Frees what the lines hold; the struct itself is the caller's. */
void conf_free(struct conf *conf);

/*
 * Reads the file or files into `conf`, which holds the defaults.  Returns
 * true if nothing was wrong; all that is wrong is reported.
 */
bool conf_read(struct conf *conf, const struct conf_source *source);

/* Reports a fault of a token that was read before: "FILE: line N: text". */
void conf_report_at(const struct conf_source *source,
		    const struct conf_spot *spot, const char *text);

/* Checks that caFile can be read by this process.  Reports and returns false
 * if it cannot. */
bool conf_check_files(const struct conf *conf,
		      const struct conf_source *source);

/* Whether the lines for Net-SNMP are the same, wherever they stand. */
bool conf_has_same_lines(const struct conf *one, const struct conf *other);

/* The use location of that name, or NULL.  Borrows. */
const struct use_location *conf_use_location(const struct conf *conf,
					     const char *name);

/* The AgentX master's address that the file names, or NULL.  Borrows. */
const char *conf_master(const struct conf *conf);

#endif
