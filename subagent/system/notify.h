/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager is told: ready, reloading, stopping, still alive.
 * Does nothing where there is no systemd, or none was built in.  The parent
 * process tells it, because that is the one that systemd knows.
 */
#ifndef SUBAGENT_SYSTEM_NOTIFY_H
#define SUBAGENT_SYSTEM_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);
void notify_alive(void);

/* How often notify_alive() is wanted, in ms, or -1 if nobody watches. */
int notify_interval(void);

#endif
