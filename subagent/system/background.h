/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going into the background.  The process that was started stays until the
 * one behind knows how the start went, so that mistakes reach the terminal
 * and the exit code.  Knows nothing of what is started.
 */
#ifndef SUBAGENT_SYSTEM_BACKGROUND_H
#define SUBAGENT_SYSTEM_BACKGROUND_H

/*
 * Forks.  Behind, returns a descriptor for background_tell(); the process in
 * front never returns, but exits with the code that it is told, or with 0
 * when the start takes too long to wait for.  Returns -1 if there can be no
 * process.
 */
int background_start(void);

/* Lets the process in front end with `exit_code`.  -1 is fine. */
void background_tell(int starter, int exit_code);

/* Lets go of the terminal. */
void background_detach(void);

#endif
