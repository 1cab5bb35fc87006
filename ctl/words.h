/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words behind the agent, judged as a whole before anything is sent: which
 * are NAME=VALUE, and what a verb has to have.
 */
#ifndef CTL_WORDS_H
#define CTL_WORDS_H

#include "ctl/command_line.h"
#include "scep/change.h"

/* Returns the prefix of the names of a command that has NAME=VALUE words. */
const char *words_prefix(enum command_id command);

/* Reads the NAME=VALUE words into the change.  `profile` takes its number from
 * the words.  Returns false with the reason. */
bool words_read(struct command_line *line, struct scep_change *change,
		struct reason *reason);

#endif
