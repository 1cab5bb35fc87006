/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue from the engine's threads to the SNMP thread, for log lines
 * and events: putting never blocks, and wakes whoever waits on the
 * descriptor.  When it is full, what comes is counted and dropped, log lines
 * before events.  Knows neither Net-SNMP nor what an event means.  An event in
 * the queue holds a reference to its row.
 */
#ifndef SUBAGENT_SNMP_EVENT_QUEUE_H
#define SUBAGENT_SNMP_EVENT_QUEUE_H

#include "scep/codes.h"
#include "scep/event.h"

struct event_queue;

struct event_queue_item {
	bool is_event;
	struct scep_event event; /* its row belongs to whoever took it */
	enum scep_log_level level;
	char *line; /* owned by whoever took the item; NULL for an event */
};

/* Returns an owned queue, or NULL with errno. */
struct event_queue *event_queue_open(void);
/* Frees it with all that is still in it; NULL is fine. */
void event_queue_close(struct event_queue *queue);

/* From any thread. */
void event_queue_put_line(struct event_queue *queue, enum scep_log_level level,
			  const char *line);
void event_queue_put_event(struct event_queue *queue,
			   const struct scep_event *event);
/* From any thread and from a signal handler. */
void event_queue_wake(struct event_queue *queue);

/* Becomes readable when something was put or event_queue_wake() was called. */
int event_queue_descriptor(const struct event_queue *queue);
/* Makes the descriptor unreadable again; call it before event_queue_take(). */
void event_queue_rest(struct event_queue *queue);
/* Takes the oldest item.  Returns false if there is none. */
bool event_queue_take(struct event_queue *queue, struct event_queue_item *item);
/* How many items were dropped since the last call. */
unsigned event_queue_dropped(struct event_queue *queue);

#endif
