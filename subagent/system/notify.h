/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Informs the service manager: ready, stopping, still alive.  Does nothing
 * where there is no systemd, or if support for it was not built in.  For the
 * parent process: that is the one that systemd knows.
 */
#ifndef SUBAGENT_SYSTEM_NOTIFY_H
#define SUBAGENT_SYSTEM_NOTIFY_H

void notify_ready(void);
/* Sets the line that `systemctl status` shows.  The text is one line. */
void notify_status(const char *text);
void notify_stopping(void);
void notify_alive(void);

/* Returns how often notify_alive() is expected, in ms, or -1 if nobody watches.
 */
int notify_interval(void);

#endif
