/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue for log lines and events, from the engine's threads to the
 * SNMP thread.  Putting never blocks, and wakes the thread that waits on the
 * descriptor. A full queue drops and counts new items, log lines before events.
 * An event in the queue holds a reference to its row.  Knows neither Net-SNMP
 * nor the meaning of an event.
 */
#ifndef SUBAGENT_SNMP_EVENT_QUEUE_H
#define SUBAGENT_SNMP_EVENT_QUEUE_H

#include "scep/codes.h"
#include "scep/event.h"

struct event_queue;

struct event_queue_item {
	bool is_event;
	struct scep_event event; /* the taker of the item owns its row */
	enum scep_log_level level;
	char *line; /* the taker owns it; NULL for an event */
};

/* Returns an owned queue, or NULL with errno. */
struct event_queue *event_queue_open(void);
/* Frees it with all that is still in it; NULL is fine. */
void event_queue_close(struct event_queue *queue);

/* Put an item in, from any thread. */
void event_queue_put_line(struct event_queue *queue, enum scep_log_level level,
			  const char *line);
void event_queue_put_event(struct event_queue *queue,
			   const struct scep_event *event);
/* Makes the descriptor readable, from any thread and from a signal handler. */
void event_queue_wake(struct event_queue *queue);

/* Returns a descriptor that is readable after a put or event_queue_wake(). */
int event_queue_descriptor(const struct event_queue *queue);
/* Makes the descriptor unreadable again; to be called before
 * event_queue_take(). */
void event_queue_rest(struct event_queue *queue);
/* Takes the oldest item.  Returns false if there is none. */
bool event_queue_take(struct event_queue *queue, struct event_queue_item *item);
/* Returns how many items were dropped since the last call. */
unsigned event_queue_dropped(struct event_queue *queue);

#endif
