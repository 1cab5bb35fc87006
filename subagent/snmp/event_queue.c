/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/event_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_ITEMS 512
#define QUEUE_LINES 448 /* the rest of the room is for events */

struct event_queue {
	pthread_mutex_t lock;
	struct event_queue_item item[QUEUE_ITEMS];
	size_t first;
	size_t count;
	unsigned dropped;
	int descriptor;
};

struct event_queue *event_queue_open(void)
{
	struct event_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->descriptor < 0) {
		int error = errno;

		free(queue);
		errno = error;
		return NULL;
	}
	pthread_mutex_init(&queue->lock, NULL);
	return queue;
}

void event_queue_close(struct event_queue *queue)
{
	struct event_queue_item item;

	if (!queue)
		return;
	while (event_queue_take(queue, &item)) {
		scep_row_release(item.event.row);
		free(item.line);
	}
	close(queue->descriptor);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

void event_queue_wake(struct event_queue *queue)
{
	int error = errno; /* for a signal handler */
	uint64_t one = 1;
	ssize_t written = write(queue->descriptor, &one, sizeof(one));

	/* It fails only if the counter is full: the descriptor is readable. */
	(void)written;
	errno = error;
}

int event_queue_descriptor(const struct event_queue *queue)
{
	return queue->descriptor;
}

void event_queue_rest(struct event_queue *queue)
{
	uint64_t count;
	ssize_t got = read(queue->descriptor, &count, sizeof(count));

	(void)got;
}

/* Puts an item in.  Takes `item->line` if it returns true. */
static bool event_queue_put(struct event_queue *queue,
			    const struct event_queue_item *item,
			    size_t capacity)
{
	bool has_room;

	pthread_mutex_lock(&queue->lock);
	has_room = queue->count < capacity;
	if (has_room) {
		size_t position = (queue->first + queue->count) % QUEUE_ITEMS;

		queue->item[position] = *item;
		queue->count++;
	} else {
		queue->dropped++;
	}
	pthread_mutex_unlock(&queue->lock);
	event_queue_wake(queue);
	return has_room;
}

void event_queue_put_line(struct event_queue *queue, enum scep_log_level level,
			  const char *line)
{
	struct event_queue_item item = {.level = level, .line = strdup(line)};

	/* A line that could not be copied counts as dropped. */
	if (!event_queue_put(queue, &item, item.line ? QUEUE_LINES : 0))
		free(item.line);
}

void event_queue_put_event(struct event_queue *queue,
			   const struct scep_event *event)
{
	struct event_queue_item item = {.is_event = true, .event = *event};

	scep_row_retain(event->row);
	if (!event_queue_put(queue, &item, QUEUE_ITEMS))
		scep_row_release(event->row);
}

bool event_queue_take(struct event_queue *queue, struct event_queue_item *item)
{
	bool is_taken;

	pthread_mutex_lock(&queue->lock);
	is_taken = queue->count > 0;
	if (is_taken) {
		*item = queue->item[queue->first];
		queue->first = (queue->first + 1) % QUEUE_ITEMS;
		queue->count--;
	}
	pthread_mutex_unlock(&queue->lock);
	return is_taken;
}

unsigned event_queue_dropped(struct event_queue *queue)
{
	unsigned dropped;

	pthread_mutex_lock(&queue->lock);
	dropped = queue->dropped;
	queue->dropped = 0;
	pthread_mutex_unlock(&queue->lock);
	return dropped;
}
