/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes into the background.  The process that was started stays in the
 * foreground until the one in the background knows whether the start has
 * succeeded, so that faults reach the terminal and the exit code.  Knows
 * nothing of the program that starts.
 */
#ifndef SUBAGENT_SYSTEM_BACKGROUND_H
#define SUBAGENT_SYSTEM_BACKGROUND_H

/*
 * Forks.  Returns in the background, with a descriptor for background_report().
 * The process in the foreground never returns: it exits with the code that is
 * reported, or with 0 if the start takes too long.  Returns -1 if there can be
 * no process.
 */
int background_start(void);

/* Reports the exit code to the process in the foreground.  A descriptor of -1
 * is fine. */
void background_report(int starter, int exit_code);

/* Lets go of the terminal. */
void background_detach(void);

#endif
