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

#define MASTER_TEXT  480	 /* octets of a text, with the NUL */
#define MASTER_AGAIN (60 * 1000) /* ms from one line of the log to the next */
#define MASTER_LOOK  2000	 /* ms from one look at the cause to the next */

/* The lines of the log about a master that is missing.  All zero to begin with,
 * but for `tell`, which hears what has changed, and may be NULL. */
struct master_report {
	void (*tell)(void *context, const char *text);
	void *context;
	uint64_t next; /* ms of a steady clock: not before */
	uint64_t look; /* the same for looking at the cause */
	bool is_told;  /* a line says that it is missing */
	bool was_connected;
	char cause[MASTER_TEXT]; /* that was told */
	char seen[MASTER_TEXT];	 /* at the last look */
};

/* Tries to connect to the master.  Writes the cause and returns false if this
 * process cannot; an address of another kind than a local socket or TCP is not
 * tried.  May wait for a TCP connection. */
bool master_is_there(const char *address, char text[MASTER_TEXT]);

/* Writes the cause for `address`; NULL is the default of the library. */
void master_probe(const char *address, char text[MASTER_TEXT]);

/* Logs the cause at once, another one when two looks have seen it, and the same
 * one again each MASTER_AGAIN while there is no session; and one line when
 * there is one again. */
void master_report_tick(struct master_report *report, const char *address,
			bool is_connected, uint64_t now);

#endif
