/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A visit: one command at one device.  Holds what the commands share: the
 * manager, what is to be shown (lines for people, or JSON), and how it ends.
 * With one device, lines are printed as they come; with several, each line
 * bears the device's name and is printed at the end of the visit.
 */
#ifndef CTL_VISIT_H
#define CTL_VISIT_H

#include "ctl/command_line.h"
#include "ctl/manager.h"
#include "ctl/reason.h"
#include "ctl/grid.h"

#include <jansson.h>

enum exit_code {
	EXIT_GOOD,
	EXIT_FAILED,
	EXIT_REFUSED, /* or bad usage */
	EXIT_SILENT   /* no answer */
};

struct visit {
	const struct command_line *line;
	const struct scep_change *change;   /* of the NAME=VALUE words */
	const struct scep_value *challenge; /* NULL: none is given */
	void *more;			    /* what only this command has */
	struct manager *manager;
	const char *agent;
	bool is_alone; /* the only device */
	json_t *json;  /* owned; what --json prints */
	char *out;     /* owned; lines that wait to be printed */
	char *errors;  /* owned; the same for standard error */
	enum exit_code code;
};

/* Prints a line, unless --json is given. */
void visit_say(struct visit *visit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints a line on standard error: a failure, or progress.  A failure stands in
 * the JSON too. */
void visit_complain(struct visit *visit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void visit_note(struct visit *visit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the visit with a code, and the reason why. */
void visit_end(struct visit *visit, enum exit_code code,
	       const struct reason *reason);
/* Ends it because reading has failed: no answer, or no use of it. */
void visit_end_reading(struct visit *visit, const struct reason *reason);

/* Finds out if scepagentd is there at all. */
bool visit_is_answered(struct visit *visit, struct reason *reason);
/* The same; ends the visit if not. */
bool visit_greets(struct visit *visit);

/*
 * Sends one Set.  Returns false, after having ended the visit with the object,
 * the error and the device's reason, if it is refused or not answered.
 */
bool visit_set(struct visit *visit, const struct scep_change *change);

/* Adds the cells of a row to JSON, named as the MIB does without the table's
 * prefix.  Returns it, borrowed. */
json_t *visit_json_row(json_t *to, const struct grid *rows,
		       const struct row_of_table *row);
/* Adds an array of all rows, each with its "Index", under that name. */
void visit_json_rows(struct visit *visit, const char *name,
		     const struct grid *rows, uint32_t profile,
		     const char *profile_column);

#endif
