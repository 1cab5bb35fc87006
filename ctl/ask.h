/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks on the terminal for what a request needs most, where no value was given.
 */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ctl/command_line.h"
#include "scep/change.h"

/* Tells if the values are to be asked for: a request to one device without a
 * value, on a terminal. */
bool ask_is_wanted(const struct command_line *line);
/* Asks, and asks again after a bad value.  An empty answer leaves what the
 * device has.  Returns false with the reason if the terminal is gone. */
bool ask_values(const struct command_line *line, struct scep_change *change,
		struct reason *reason);

#endif
