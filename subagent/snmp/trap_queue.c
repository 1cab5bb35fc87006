/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/trap_queue.h"

#include <stdlib.h>

#include "scep/event.h"

/* An event that was reported. */
struct report {
	enum scep_event_kind kind;
	uint32_t index;
	uint64_t time;
};

struct trap_queue {
	struct scep_event event[TRAP_QUEUE_EVENTS];
	size_t first;
	size_t count;
	unsigned dropped;
	/* the latest reports, as a ring */
	struct report report[TRAP_QUEUE_MEMORY];
	size_t report_next;
	size_t report_count;
	/* the present batch */
	uint64_t began;
	unsigned taken;
};

struct trap_queue *trap_queue_open(void)
{
	return calloc(1, sizeof(struct trap_queue));
}

/* Takes the oldest event; there must be one. */
static struct scep_event trap_queue_shift(struct trap_queue *queue)
{
	struct scep_event event = queue->event[queue->first];

	queue->first = (queue->first + 1) % TRAP_QUEUE_EVENTS;
	queue->count--;
	return event;
}

void trap_queue_close(struct trap_queue *queue)
{
	if (!queue)
		return;
	while (queue->count > 0)
		scep_row_release(trap_queue_shift(queue).row);
	free(queue);
}

/* ---------------------------------------------------------- what comes -- */

static bool is_enabled(const struct trap_queue_rules *rules,
		       const struct scep_event *event)
{
	return rules->enable & 1u << event->kind;
}

/* Returns whether the same kind about the same row was reported less than the
 * interval ago. */
static bool is_repeated(const struct trap_queue *queue,
			const struct scep_event *event, uint64_t interval,
			uint64_t now)
{
	for (size_t i = 1; i <= queue->report_count; i++) {
		const struct report *report =
		    &queue
			 ->report[(queue->report_next + TRAP_QUEUE_MEMORY - i) %
				  TRAP_QUEUE_MEMORY];

		/* Newest first: the rest is older. */
		if (now - report->time >= interval)
			return false;
		if (report->kind == event->kind &&
		    report->index == event->index)
			return true;
	}
	return false;
}

static void remember(struct trap_queue *queue, const struct scep_event *event,
		     uint64_t now)
{
	queue->report[queue->report_next] =
	    (struct report){event->kind, event->index, now};
	queue->report_next = (queue->report_next + 1) % TRAP_QUEUE_MEMORY;
	if (queue->report_count < TRAP_QUEUE_MEMORY)
		queue->report_count++;
}

void trap_queue_put(struct trap_queue *queue, const struct scep_event *event,
		    const struct trap_queue_rules *rules, uint64_t now)
{
	size_t position;

	if (!is_enabled(rules, event) ||
	    is_repeated(queue, event, (uint64_t)rules->min_interval * 1000,
			now)) {
		scep_row_release(event->row);
		return;
	}
	remember(queue, event, now);
	if (queue->count == TRAP_QUEUE_EVENTS) {
		scep_row_release(trap_queue_shift(queue).row);
		queue->dropped++;
	}
	position = (queue->first + queue->count) % TRAP_QUEUE_EVENTS;
	queue->event[position] = *event;
	queue->count++;
}

/* ---------------------------------------------------------- what goes -- */

static bool pace_allows(struct trap_queue *queue, uint64_t now)
{
	if (now - queue->began >= TRAP_QUEUE_SPAN) {
		queue->began = now;
		queue->taken = 0;
	}
	return queue->taken < TRAP_QUEUE_BATCH;
}

bool trap_queue_take(struct trap_queue *queue, struct scep_event *event,
		     const struct trap_queue_rules *rules, uint64_t now)
{
	if (!pace_allows(queue, now))
		return false;
	while (queue->count > 0) {
		*event = trap_queue_shift(queue);
		/* It may have been switched off while it waited. */
		if (is_enabled(rules, event)) {
			queue->taken++;
			return true;
		}
		scep_row_release(event->row);
	}
	return false;
}

bool trap_queue_is_empty(const struct trap_queue *queue)
{
	return queue->count == 0;
}

unsigned trap_queue_dropped(struct trap_queue *queue)
{
	unsigned dropped = queue->dropped;

	queue->dropped = 0;
	return dropped;
}
