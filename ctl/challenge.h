/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenge password: from a file, or asked for without an echo.  Never
 * from the arguments.
 */
#ifndef CTL_CHALLENGE_H
#define CTL_CHALLENGE_H

#include "ctl/reason.h"
#include "scep/change.h"

/* Reads it; the path - asks for it on the terminal, or reads a line where
 * standard input is none.  The line's end does not belong to it.  Wipe the
 * value after use. */
bool challenge_read(const char *path, struct scep_value *value,
		    struct reason *reason);

/* Asks for one that may be empty, which is none. */
bool challenge_offer(struct scep_value *value, struct reason *reason);

#endif
