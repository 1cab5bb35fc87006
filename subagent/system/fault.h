/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reason why a function of subagent/ has failed, in words for the log.
 * Such a function takes a struct fault as its last parameter and returns 0, or
 * -1 with the reason in it.  Knows no log and no code of an error.
 */
#ifndef SUBAGENT_SYSTEM_FAULT_H
#define SUBAGENT_SYSTEM_FAULT_H

#define FAULT_TEXT 1024 /* octets, with the NUL */

struct fault {
	char text[FAULT_TEXT];
};

/* Writes the reason, and cuts it if it is too long.  Returns -1, so that a
 * function can fail with `return fault_set(...)`. */
int fault_set(struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
