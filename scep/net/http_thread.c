/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/net/http.h"

/* The time from the time-out of an exchange until the home loop ends it by
 * itself, in ms. */
#define GRACE 1000
/* The wait of closing for the thread, in seconds. */
#define CLOSE_WAIT 1

/* The side that has the exchange. */
enum fetch_place {
	FETCH_QUEUED,  /* waits for the thread */
	FETCH_RUNNING, /* the thread's: only `is_cancelled` may be touched */
	FETCH_ENDED,   /* waits for the home loop */
};

struct fetch {
	TAILQ_ENTRY(fetch) entry; /* in the list of its place */
	struct http_thread *thread;
	enum fetch_place place;
	bool is_cancelled; /* its callback is not called any more */
	/* the request; owned */
	struct fetch_request request;
	struct bytes body;
	fetch_done_fn done;
	void *context;
	uv_timer_t limit; /* on the home loop */
	/* of the thread */
	struct http_fetch *running;
	struct fetch_answer answer;
	struct scep_error error;
	bool has_error;
};

TAILQ_HEAD(fetches, fetch);

struct http_thread {
	uv_loop_t *home;
	uv_async_t home_door; /* on the home loop: exchanges have ended */
	unsigned int open_handles;
	pthread_t thread;

	uv_loop_t loop;	      /* the thread's */
	uv_async_t door;      /* on it: there is something to do */
	struct http *http;    /* the thread's */
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t ended;
	struct fetches lists[FETCH_ENDED + 1];
	struct scep_config *config; /* to be set; owned, or NULL */
	bool is_stopping;
	bool has_ended;	    /* the thread is through */
	bool is_left_alone; /* nobody is at home any more */
};

/* ------------------------------------------------------------- a fetch -- */

static void fetch_free(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	free((char *)fetch->request.url);
	free((char *)fetch->request.proxy_url);
	free((char *)fetch->request.content_type);
	bytes_free(&fetch->body);
	bytes_free(&fetch->answer.body);
	free(fetch);
}

/* Copies a text that may be NULL.  Returns false if memory is short. */
static bool text_dup(const char **copy, const char *text)
{
	*copy = text != NULL ? strdup(text) : NULL;
	return text == NULL || *copy != NULL;
}

static struct fetch *fetch_new(struct http_thread *thread,
			       const struct fetch_request *request)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	if (fetch == NULL)
		return NULL;
	fetch->thread = thread;
	fetch->request = *request;
	fetch->request.proxy_url = NULL;
	fetch->request.content_type = NULL;
	if (!text_dup(&fetch->request.url, request->url) ||
	    !text_dup(&fetch->request.proxy_url, request->proxy_url) ||
	    !text_dup(&fetch->request.content_type, request->content_type) ||
	    !bytes_set(&fetch->body, request->body, request->body_length)) {
		fetch_free(fetch);
		return NULL;
	}
	fetch->request.body = fetch->body.data;
	return fetch;
}

/* Moves a fetch to the list of another place.  The lock is held. */
static void fetch_move(struct fetch *fetch, enum fetch_place place)
{
	struct fetches *lists = fetch->thread->lists;

	TAILQ_REMOVE(&lists[fetch->place], fetch, entry);
	fetch->place = place;
	TAILQ_INSERT_TAIL(&lists[place], fetch, entry);
}

/* ---------------------------------------------------------- the thread -- */

/* Gives a fetch back to the home loop.  Without the lock. */
static void fetch_end(struct fetch *fetch)
{
	struct http_thread *thread = fetch->thread;

	pthread_mutex_lock(&thread->lock);
	fetch->running = NULL;
	fetch_move(fetch, FETCH_ENDED);
	if (!thread->is_left_alone)
		uv_async_send(&thread->home_door);
	pthread_mutex_unlock(&thread->lock);
}

static void on_fetched(void *context, struct fetch_answer *answer,
		       const struct scep_error *error)
{
	struct fetch *fetch = context;

	fetch->has_error = error != NULL;
	if (error != NULL)
		fetch->error = *error;
	fetch->answer = *answer;
	memset(&answer->body, 0, sizeof(answer->body));
	fetch_end(fetch);
}

/* Takes the first fetch that waits to be begun, or to be cancelled. */
static struct fetch *next_order(struct http_thread *thread, bool *is_cancelled)
{
	struct fetch *fetch;

	pthread_mutex_lock(&thread->lock);
	TAILQ_FOREACH(fetch, &thread->lists[FETCH_RUNNING], entry)
	{
		if (fetch->is_cancelled || thread->is_stopping)
			break;
	}
	*is_cancelled = fetch != NULL;
	if (fetch == NULL && !thread->is_stopping) {
		fetch = TAILQ_FIRST(&thread->lists[FETCH_QUEUED]);
		if (fetch != NULL)
			fetch_move(fetch, FETCH_RUNNING);
	}
	pthread_mutex_unlock(&thread->lock);
	return fetch;
}

static void take_config(struct http_thread *thread)
{
	struct scep_config *config;

	pthread_mutex_lock(&thread->lock);
	config = thread->config;
	thread->config = NULL;
	pthread_mutex_unlock(&thread->lock);
	if (config != NULL)
		http_configure(thread->http, config);
	free(config);
}

static void fetch_begin(struct fetch *fetch)
{
	fetch->running =
	    http_begin(fetch->thread->http, &fetch->request, on_fetched, fetch);
	if (fetch->running != NULL)
		return;
	error_init(&fetch->error);
	error_set_memory(&fetch->error);
	fetch->has_error = true;
	fetch_end(fetch);
}

static void on_door(uv_async_t *door)
{
	struct http_thread *thread = door->data;
	struct fetch *fetch;
	bool is_cancelled, is_stopping;

	take_config(thread);
	while ((fetch = next_order(thread, &is_cancelled)) != NULL) {
		if (!is_cancelled) {
			fetch_begin(fetch);
			continue;
		}
		http_cancel(thread->http, fetch->running);
		fetch_end(fetch);
	}
	pthread_mutex_lock(&thread->lock);
	is_stopping = thread->is_stopping;
	pthread_mutex_unlock(&thread->lock);
	if (is_stopping)
		uv_stop(&thread->loop);
}

static void *thread_main(void *context)
{
	struct http_thread *thread = context;

	pthread_setname_np(pthread_self(), "scep-http");
	uv_run(&thread->loop, UV_RUN_DEFAULT);
	http_close(thread->http);
	pthread_mutex_lock(&thread->lock);
	thread->has_ended = true;
	pthread_cond_signal(&thread->ended);
	pthread_mutex_unlock(&thread->lock);
	return NULL;
}

/* ------------------------------------------------------- the home loop -- */

static void thread_free(struct http_thread *thread)
{
	pthread_cond_destroy(&thread->ended);
	pthread_mutex_destroy(&thread->lock);
	free(thread->config);
	free(thread);
}

/* Frees the struct when the last handle of the home loop is closed, unless the
 * thread still uses it. */
static void handle_gone(struct http_thread *thread)
{
	if (--thread->open_handles == 0 && thread->has_ended)
		thread_free(thread);
}

static void on_door_closed(uv_handle_t *handle)
{
	handle_gone(handle->data);
}

static void on_limit_closed(uv_handle_t *handle)
{
	struct fetch *fetch = handle->data;
	struct http_thread *thread = fetch->thread;

	fetch_free(fetch);
	handle_gone(thread);
}

/* Frees a fetch that no list has any more; its timer is closed first. */
static void fetch_drop(struct fetch *fetch)
{
	uv_close((uv_handle_t *)&fetch->limit, on_limit_closed);
}

static struct fetch *take_ended(struct http_thread *thread)
{
	struct fetch *fetch;

	pthread_mutex_lock(&thread->lock);
	fetch = TAILQ_FIRST(&thread->lists[FETCH_ENDED]);
	if (fetch != NULL)
		TAILQ_REMOVE(&thread->lists[FETCH_ENDED], fetch, entry);
	pthread_mutex_unlock(&thread->lock);
	return fetch;
}

static void on_ended(uv_async_t *door)
{
	struct http_thread *thread = door->data;
	struct fetch *fetch;

	while ((fetch = take_ended(thread)) != NULL) {
		if (!fetch->is_cancelled)
			fetch->done(fetch->context, &fetch->answer,
				    fetch->has_error ? &fetch->error : NULL);
		fetch_drop(fetch);
	}
}

/* Has the thread give a fetch up.  One that has not begun, or has ended, needs
 * no thread for it. */
static void fetch_give_up(struct fetch *fetch)
{
	struct http_thread *thread = fetch->thread;
	bool is_running;

	pthread_mutex_lock(&thread->lock);
	fetch->is_cancelled = true;
	is_running = fetch->place == FETCH_RUNNING;
	if (is_running)
		uv_async_send(&thread->door);
	else
		TAILQ_REMOVE(&thread->lists[fetch->place], fetch, entry);
	pthread_mutex_unlock(&thread->lock);
	if (!is_running)
		fetch_drop(fetch);
}

/* Ends an exchange that the thread did not end in time. */
static void on_limit(uv_timer_t *timer)
{
	struct fetch *fetch = timer->data;
	struct fetch_answer nothing = {0};
	struct scep_error error;
	fetch_done_fn done = fetch->done;
	void *context = fetch->context;

	if (fetch->is_cancelled)
		return;
	error_init(&error);
	error_set(&error, SCEP_COMM_ERROR,
		  "no whole answer within %u s (the peer does not stop "
		  "sending)",
		  fetch->request.timeout);
	fetch_give_up(fetch);
	done(context, &nothing, &error);
}

struct fetch *http_thread_fetch(struct http_thread *thread,
				const struct fetch_request *request,
				fetch_done_fn done, void *context)
{
	struct fetch *fetch = fetch_new(thread, request);
	uint64_t timeout = request->timeout > 0 ? request->timeout : 1;

	if (fetch == NULL)
		return NULL;
	fetch->done = done;
	fetch->context = context;
	uv_timer_init(thread->home, &fetch->limit);
	fetch->limit.data = fetch;
	thread->open_handles++;
	uv_update_time(thread->home);
	uv_timer_start(&fetch->limit, on_limit, timeout * 1000 + GRACE, 0);
	pthread_mutex_lock(&thread->lock);
	fetch->place = FETCH_QUEUED;
	TAILQ_INSERT_TAIL(&thread->lists[FETCH_QUEUED], fetch, entry);
	uv_async_send(&thread->door);
	pthread_mutex_unlock(&thread->lock);
	return fetch;
}

void http_thread_cancel(struct http_thread *thread, struct fetch *fetch)
{
	(void)thread;
	fetch_give_up(fetch);
}

bool http_thread_configure(struct http_thread *thread,
			   const struct scep_config *config)
{
	struct scep_config *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return false;
	*copy = *config;
	pthread_mutex_lock(&thread->lock);
	free(thread->config);
	thread->config = copy;
	uv_async_send(&thread->door);
	pthread_mutex_unlock(&thread->lock);
	return true;
}

/* ----------------------------------------------------- open and close -- */

/* Closes what is left on the thread's loop, on the caller's thread. */
static void loop_drain(struct http_thread *thread)
{
	uv_close((uv_handle_t *)&thread->door, NULL);
	while (uv_run(&thread->loop, UV_RUN_DEFAULT) != 0)
		;
	uv_loop_close(&thread->loop);
}

/* The front end takes the signals. */
static bool thread_start(struct http_thread *thread)
{
	sigset_t all, old;
	int failure;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failure = pthread_create(&thread->thread, NULL, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failure == 0;
}

static struct http_thread *thread_new(uv_loop_t *home)
{
	struct http_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL)
		return NULL;
	if (uv_loop_init(&thread->loop) != 0) {
		free(thread);
		return NULL;
	}
	thread->home = home;
	pthread_mutex_init(&thread->lock, NULL);
	pthread_cond_init(&thread->ended, NULL);
	for (size_t i = 0; i <= FETCH_ENDED; i++)
		TAILQ_INIT(&thread->lists[i]);
	return thread;
}

struct http_thread *http_thread_open(uv_loop_t *home,
				     const struct scep_config *config)
{
	struct http_thread *thread = thread_new(home);

	if (thread == NULL)
		return NULL;
	if (uv_async_init(&thread->loop, &thread->door, on_door) != 0) {
		uv_loop_close(&thread->loop);
		thread_free(thread);
		return NULL;
	}
	thread->door.data = thread;
	thread->http = http_open(&thread->loop, config);
	if (thread->http == NULL)
		goto failed;
	if (uv_async_init(home, &thread->home_door, on_ended) != 0)
		goto failed;
	thread->home_door.data = thread;
	thread->open_handles = 1;
	/* Nothing but an exchange keeps the home loop running. */
	uv_unref((uv_handle_t *)&thread->home_door);
	if (thread_start(thread))
		return thread;
	thread->has_ended = true;
	http_close(thread->http);
	loop_drain(thread);
	uv_close((uv_handle_t *)&thread->home_door, on_door_closed);
	return NULL;
failed:
	if (thread->http != NULL)
		http_close(thread->http);
	loop_drain(thread);
	thread_free(thread);
	return NULL;
}

/* Waits for the thread.  Returns false if it does not come. */
static bool thread_wait(struct http_thread *thread)
{
	struct timespec until;
	int failure = 0;
	bool has_ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_WAIT;
	pthread_mutex_lock(&thread->lock);
	thread->is_stopping = true;
	uv_async_send(&thread->door);
	while (!thread->has_ended && failure == 0)
		failure = pthread_cond_timedwait(&thread->ended, &thread->lock,
						 &until);
	has_ended = thread->has_ended;
	thread->is_left_alone = !has_ended;
	pthread_mutex_unlock(&thread->lock);
	return has_ended;
}

/* Leaves a thread behind that does not come: it still uses the struct and its
 * fetches, so that they stay.  Only the handles of the home loop are closed. */
static void thread_leave(struct http_thread *thread)
{
	struct fetch *fetch;

	pthread_detach(thread->thread);
	pthread_mutex_lock(&thread->lock);
	for (int place = FETCH_QUEUED; place <= FETCH_ENDED; place++) {
		TAILQ_FOREACH(fetch, &thread->lists[place], entry)
		uv_close((uv_handle_t *)&fetch->limit, NULL);
	}
	pthread_mutex_unlock(&thread->lock);
	uv_close((uv_handle_t *)&thread->home_door, NULL);
}

/* Drops the fetches of a list, without their callbacks. */
static void drop_all(struct http_thread *thread, enum fetch_place place)
{
	struct fetch *fetch;

	while ((fetch = TAILQ_FIRST(&thread->lists[place])) != NULL) {
		TAILQ_REMOVE(&thread->lists[place], fetch, entry);
		fetch_drop(fetch);
	}
}

void http_thread_close(struct http_thread *thread)
{
	if (!thread_wait(thread)) {
		thread_leave(thread);
		return;
	}
	pthread_join(thread->thread, NULL);
	loop_drain(thread);
	for (int place = FETCH_QUEUED; place <= FETCH_ENDED; place++)
		drop_all(thread, place);
	uv_close((uv_handle_t *)&thread->home_door, on_door_closed);
}
