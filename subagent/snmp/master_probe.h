/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells why there is no session with the AgentX master, in words that say what
 * mends it.  Looks at the socket, and does not wait but for master_is_there().
 * Knows addresses as agentXSocket has them; sends nothing.
 */
#ifndef SUBAGENT_SNMP_MASTER_PROBE_H
#define SUBAGENT_SNMP_MASTER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#define MASTER_TEXT  400  /* octets of a text, with the NUL */
#define MASTER_LOOK  2000 /* ms from one look at the socket to the next */
#define MASTER_AGAIN (60 * 1000) /* ms until the same cause is told again */

/* The lines of the log about a master that is missing.  All zero to begin with.
 */
struct master_report {
	uint64_t look;	/* ms of a steady clock: no look before */
	uint64_t again; /* ms: when the same cause is told again */
	bool is_told;	/* a line says that it is missing */
	char text[MASTER_TEXT];
};

/* Tries to connect to the master.  Writes the cause and returns false if this
 * process cannot; an address of another kind than a local socket or TCP is not
 * tried.  May wait for a TCP connection. */
bool master_is_there(const char *address, char text[MASTER_TEXT]);

/* Writes the cause for `address`; NULL is the default of the library. */
void master_probe(const char *address, char text[MASTER_TEXT]);

/* Logs the cause at once, another one soon, and the same one again each
 * MASTER_AGAIN while there is no session; and one line when there is one again.
 */
void master_report_tick(struct master_report *report, const char *address,
			bool is_connected, uint64_t now);

#endif
