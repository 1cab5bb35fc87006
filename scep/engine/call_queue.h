/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls from any thread to the one thread that serves them, in their order.  A
 * caller waits for its answer, or sends the call and goes on.  Knows neither
 * what a call asks for nor how the serving thread is woken.
 */
#ifndef SCEP_ENGINE_CALL_QUEUE_H
#define SCEP_ENGINE_CALL_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

/* The first member of a struct with the content of the call. */
struct call {
	struct call *next;
	bool is_waited_for; /* else it is freed once it is served */
	bool is_taken_up;
	bool is_served;
};

/* Wakes the serving thread; called with the queue locked. */
typedef void call_queue_wake_fn(void *context);

struct call_queue {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct call *first, **last;
	bool is_closed;		   /* nothing serves it any more */
	unsigned int pings, pongs; /* call_queue_is_responsive() */
	call_queue_wake_fn *wake;
	void *context;
};

void call_queue_init(struct call_queue *queue, call_queue_wake_fn *wake,
		     void *context);
void call_queue_destroy(struct call_queue *queue);

/* ------------------------------------------------------------- callers -- */

enum call_end { CALL_SERVED, CALL_NOT_TAKEN_UP, CALL_STOPPED };

/* Waits until the call is served.  Takes it back if it is not taken up after
 * `patience` ms (0: waits without limit), and does not begin if the queue is
 * closed.  The call may live on the caller's stack. */
enum call_end call_queue_ask(struct call_queue *queue, struct call *call,
			     unsigned int patience);
/* Sends a call without waiting.  Takes the call, which free() can free. */
void call_queue_send(struct call_queue *queue, struct call *call);

/* True if the serving thread has looked into the queue since this was last
 * asked.  Wakes it, so that the next answer is about now.  Never waits for
 * it. */
bool call_queue_is_responsive(struct call_queue *queue);

/* ---------------------------------------------------- the serving thread -- */

/* Returns the next call, or NULL. */
struct call *call_queue_take_up(struct call_queue *queue);
/* Ends a call that was taken up: its caller goes on, or it is freed. */
void call_queue_answer(struct call_queue *queue, struct call *call);
/* Lets no new call in; those in the queue are still to be taken up. */
void call_queue_close(struct call_queue *queue);

#endif
