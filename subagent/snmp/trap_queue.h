/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which events are reported, and how fast: by scepNotifyEnable, by the
 * least time between two events of one kind about one row
 * (scepNotifyMinInterval), and by a pace that keeps a burst from filling the
 * sockets between subagent and master, which would hang both.
 *
 * Events wait here until they are sent, for any time but only up to a number;
 * then the oldest is dropped, as the latest events matter most when there is a
 * master again.  Knows neither Net-SNMP nor a clock; times are ms of a steady
 * one.
 */
#ifndef SUBAGENT_SNMP_TRAP_QUEUE_H
#define SUBAGENT_SNMP_TRAP_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct scep_event;

#define TRAP_QUEUE_EVENTS 512
#define TRAP_QUEUE_MEMORY 2048 /* reports that are remembered */
#define TRAP_QUEUE_BATCH  20   /* events in each span */
#define TRAP_QUEUE_SPAN	  10   /* ms */

struct trap_queue;

struct trap_queue_rules {
	uint32_t enable;       /* BITS, numbered as enum scep_event_kind */
	uint32_t min_interval; /* seconds; 0: no limit */
};

/* Returns an owned queue, NULL if memory is short. */
struct trap_queue *trap_queue_open(void);
/* Frees it and releases what waits; NULL is fine. */
void trap_queue_close(struct trap_queue *queue);

/*
 * Puts an event in, unless its kind is disabled or one of its kind about its
 * row was put in less than the interval ago.  Takes the event's row in any
 * case.
 */
void trap_queue_put(struct trap_queue *queue, const struct scep_event *event,
		    const struct trap_queue_rules *rules, uint64_t now);

/*
 * Takes the oldest event that is still to be reported, with its row, if the
 * pace allows it now.
 */
bool trap_queue_take(struct trap_queue *queue, struct scep_event *event,
		     const struct trap_queue_rules *rules, uint64_t now);

bool trap_queue_is_empty(const struct trap_queue *queue);
/* Returns how many were dropped since the last call. */
unsigned trap_queue_dropped(struct trap_queue *queue);

#endif
