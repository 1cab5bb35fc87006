/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/call_queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void call_queue_init(struct call_queue *queue, call_queue_wake_fn *wake,
		     void *context)
{
	pthread_condattr_t monotonic;

	memset(queue, 0, sizeof(*queue));
	queue->last = &queue->first;
	queue->wake = wake;
	queue->context = context;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void call_queue_destroy(struct call_queue *queue)
{
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->mutex);
}

/* ------------------------------------------------------------- callers -- */

static void queue_append(struct call_queue *queue, struct call *call)
{
	call->next = NULL;
	*queue->last = call;
	queue->last = &call->next;
	queue->wake(queue->context);
}

static void queue_withdraw(struct call_queue *queue, const struct call *call)
{
	struct call **at = &queue->first;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	if (*at == NULL)
		queue->last = at;
}

static struct timespec time_in(unsigned int milliseconds)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += milliseconds / 1000;
	time.tv_nsec += milliseconds % 1000 * 1000000L;
	if (time.tv_nsec >= 1000000000L) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000L;
	}
	return time;
}

/* Waits with the queue locked.  Returns false if the call was not taken up. */
static bool wait_until_served(struct call_queue *queue, struct call *call,
			      unsigned int patience)
{
	const struct timespec until = time_in(patience);
	int late = 0;

	while (!call->is_served && (call->is_taken_up || late == 0)) {
		if (call->is_taken_up || patience == 0)
			pthread_cond_wait(&queue->changed, &queue->mutex);
		else
			late = pthread_cond_timedwait(&queue->changed,
						      &queue->mutex, &until);
	}
	return call->is_served;
}

enum call_end call_queue_ask(struct call_queue *queue, struct call *call,
			     unsigned int patience)
{
	enum call_end end = CALL_SERVED;

	call->is_waited_for = true;
	pthread_mutex_lock(&queue->mutex);
	if (queue->is_closed) {
		end = CALL_STOPPED;
	} else {
		queue_append(queue, call);
		if (!wait_until_served(queue, call, patience)) {
			queue_withdraw(queue, call);
			end = CALL_NOT_TAKEN_UP;
		}
	}
	pthread_mutex_unlock(&queue->mutex);
	return end;
}

void call_queue_send(struct call_queue *queue, struct call *call)
{
	call->is_waited_for = false;
	pthread_mutex_lock(&queue->mutex);
	if (queue->is_closed)
		free(call);
	else
		queue_append(queue, call);
	pthread_mutex_unlock(&queue->mutex);
}

bool call_queue_is_responsive(struct call_queue *queue)
{
	bool has_responded;

	pthread_mutex_lock(&queue->mutex);
	has_responded = queue->pongs == queue->pings;
	if (has_responded && !queue->is_closed) {
		queue->pings++;
		queue->wake(queue->context);
	}
	pthread_mutex_unlock(&queue->mutex);
	return has_responded;
}

/* ---------------------------------------------------- the serving thread -- */

struct call *call_queue_take_up(struct call_queue *queue)
{
	struct call *call;

	pthread_mutex_lock(&queue->mutex);
	queue->pongs = queue->pings;
	call = queue->first;
	if (call != NULL) {
		call->is_taken_up = true;
		queue->first = call->next;
		if (queue->first == NULL)
			queue->last = &queue->first;
	}
	pthread_mutex_unlock(&queue->mutex);
	return call;
}

void call_queue_answer(struct call_queue *queue, struct call *call)
{
	if (!call->is_waited_for) {
		free(call);
		return;
	}
	pthread_mutex_lock(&queue->mutex);
	call->is_served = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
}

void call_queue_close(struct call_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->is_closed = true;
	pthread_mutex_unlock(&queue->mutex);
}
