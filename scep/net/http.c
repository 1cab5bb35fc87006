/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/net/address_filter.h"
#include "scep/net/http_fetch.h"
#include "scep/net/poll_handle.h"
#include "scep/net/resolver.h"

/* The time that connections are kept after the last exchange. */
#define IDLE_MILLISECONDS 60000
#define CONNECTIONS_KEPT  16L

struct http {
	uv_loop_t *loop;
	CURLM *multi;	  /* NULL while there is no connection to keep */
	uv_timer_t timer; /* curl's */
	uv_timer_t idle;  /* ends kept connections */
	unsigned int open_timers;
	struct resolver *resolver;
	struct address_filter *filter;
	LIST_HEAD(, http_fetch) fetches;
};

/* ----------------------------------------------------------- the loop -- */

/* Ends kept connections.  curl itself does so only at the next exchange, and
 * holds them half closed until then. */
static void on_idle(uv_timer_t *timer)
{
	struct http *http = timer->data;

	assert(LIST_EMPTY(&http->fetches));
	curl_multi_cleanup(http->multi);
	http->multi = NULL;
	uv_timer_stop(&http->timer);
}

static void fetch_settle(struct http_fetch *fetch, CURLcode result);

/* Gives the exchange to curl.  Returns false if memory is short. */
static bool fetch_start(struct http_fetch *fetch)
{
	struct http *http = fetch->http;

	uv_update_time(http->loop);
	return http_fetch_set_time(fetch, uv_now(http->loop)) &&
	       curl_multi_add_handle(http->multi, fetch->easy) == CURLM_OK;
}

static void on_resolved(void *context, enum resolver_end end,
			const char *addresses, const char *reason)
{
	struct http_fetch *fetch = context;
	CURLcode result = CURLE_OUT_OF_MEMORY;

	fetch->query = NULL;
	switch (end) {
	case RESOLVER_FOUND:
		if (http_fetch_set_addresses(fetch, addresses) &&
		    fetch_start(fetch))
			return;
		break;
	case RESOLVER_NONE:
		snprintf(fetch->words, sizeof(fetch->words), "%s", reason);
		result = CURLE_COULDNT_RESOLVE_HOST;
		break;
	case RESOLVER_LATE:
		result = CURLE_OPERATION_TIMEDOUT;
		break;
	case RESOLVER_NO_MEMORY:
		break;
	}
	fetch_settle(fetch, result);
}

/* Looks the name of the peer up, if it has one, and then starts.  Returns false
 * if memory is short. */
static bool fetch_begin(struct http_fetch *fetch)
{
	struct http *http = fetch->http;

	if (!fetch->name || fetch->progress.is_refused)
		return fetch_start(fetch);
	fetch->query =
	    resolver_ask(http->resolver, fetch->name,
			 fetch->progress.timeout * 1000ull, on_resolved, fetch);
	return fetch->query != NULL;
}

/* Takes the fetch out of the list and of curl.  The caller frees it. */
static void fetch_detach(struct http_fetch *fetch)
{
	struct http *http = fetch->http;

	if (fetch->query)
		resolver_cancel(fetch->query);
	fetch->query = NULL;
	curl_multi_remove_handle(http->multi, fetch->easy);
	LIST_REMOVE(fetch, entry);
	if (LIST_EMPTY(&http->fetches))
		uv_timer_start(&http->idle, on_idle, IDLE_MILLISECONDS, 0);
}

static void fetch_settle(struct http_fetch *fetch, CURLcode result)
{
	struct http *http = fetch->http;
	struct scep_error error;
	enum scep_code code;

	error_init(&error);
	code = http_fetch_judge(fetch, result, &error);
	if (code == SCEP_OK) {
		/* It must be out of the multi handle to be put in again. */
		curl_multi_remove_handle(http->multi, fetch->easy);
		if (http_fetch_redirect(fetch, uv_now(http->loop)) &&
		    curl_multi_add_handle(http->multi, fetch->easy) == CURLM_OK)
			return;
	}
	fetch_detach(fetch);
	fetch->done(fetch->context, &fetch->answer.seen,
		    code == SCEP_OK ? NULL : &error);
	http_fetch_free(fetch);
}

/* Settles all exchanges that curl has ended.  Called after every action of
 * curl, as each can end any exchange.  A callback may close everything. */
static void http_drain(struct http *http)
{
	CURLMsg *message;
	char *fetch;
	int left;

	while (http->multi &&
	       (message = curl_multi_info_read(http->multi, &left)) != NULL) {
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				  &fetch);
		fetch_settle((struct http_fetch *)(void *)fetch, result);
	}
}

static void on_timer(uv_timer_t *timer);

static void http_arm(struct http *http, long milliseconds)
{
	/* The loop's clock may be late.  0 would call us again in the same
	 * round, before any socket. */
	uv_update_time(http->loop);
	uv_timer_start(&http->timer, on_timer,
		       milliseconds > 0 ? (uint64_t)milliseconds : 1, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;
	long wait = -1;
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	http_drain(http);
	/* curl asks for each time-out once, even if we came a fraction of a
	 * millisecond too early for it. */
	if (!http->multi || uv_is_active((uv_handle_t *)timer))
		return;
	if (curl_multi_timeout(http->multi, &wait) == CURLM_OK && wait >= 0)
		http_arm(http, wait);
}

static int on_wait(CURLM *multi, long milliseconds, void *context)
{
	struct http *http = context;

	(void)multi;
	if (milliseconds < 0)
		uv_timer_stop(&http->timer);
	else
		http_arm(http, milliseconds);
	return 0;
}

static void on_ready(void *context, int fd, int events)
{
	struct http *http = context;
	int flags = 0;
	int running;

	if (events & POLL_HANDLE_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & POLL_HANDLE_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	if (events & POLL_HANDLE_ERROR)
		flags |= CURL_CSELECT_ERR;
	curl_multi_socket_action(http->multi, fd, flags, &running);
	http_drain(http);
}

/* Returns 0 even if memory is short: -1 would end all exchanges, while this
 * one ends at its time-out. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
		     void *known)
{
	struct http *http = context;
	struct poll_handle *handle = known;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (handle)
			poll_handle_close(handle);
		curl_multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (!handle) {
		handle = poll_handle_open(http->loop, fd, on_ready, http);
		curl_multi_assign(http->multi, fd, handle);
	}
	if (!handle)
		return 0;
	if (what & CURL_POLL_IN)
		events |= POLL_HANDLE_READABLE;
	if (what & CURL_POLL_OUT)
		events |= POLL_HANDLE_WRITABLE;
	poll_handle_set(handle, events);
	return 0;
}

static CURLM *http_multi_new(struct http *http)
{
	CURLM *multi = curl_multi_init();

	if (!multi)
		return NULL;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_wait);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	return multi;
}

/* Frees what could not be opened. */
static void http_abandon(struct http *http)
{
	if (http->resolver)
		resolver_close(http->resolver);
	if (http->filter)
		address_filter_release(http->filter);
	free(http);
}

struct http *http_open(uv_loop_t *loop, const struct scep_config *config)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->filter = address_filter_new(config);
	http->resolver = resolver_open(loop, resolver_lookup);
	if (!http->filter || !http->resolver) {
		http_abandon(http);
		return NULL;
	}
	/* curl counts these calls, and they are safe on any thread (7.84). */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	http->loop = loop;
	uv_timer_init(loop, &http->timer);
	uv_timer_init(loop, &http->idle);
	http->open_timers = 2;
	http->timer.data = http;
	http->idle.data = http;
	/* A kept connection must not keep the loop running. */
	uv_unref((uv_handle_t *)&http->idle);
	return http;
}

void http_configure(struct http *http, const struct scep_config *config)
{
	address_filter_replace(&http->filter, config);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->open_timers > 0)
		return;
	address_filter_release(http->filter);
	free(http);
}

void http_close(struct http *http)
{
	struct http_fetch *fetch;

	while ((fetch = LIST_FIRST(&http->fetches)) != NULL)
		http_cancel(http, fetch);
	on_idle(&http->idle);
	resolver_close(http->resolver);
	uv_close((uv_handle_t *)&http->timer, on_timer_closed);
	uv_close((uv_handle_t *)&http->idle, on_timer_closed);
}

struct http_fetch *http_begin(struct http *http,
			      const struct fetch_request *request,
			      fetch_done_fn done, void *context)
{
	struct http_fetch *fetch = NULL;

	if (!http->multi)
		http->multi = http_multi_new(http);
	if (http->multi)
		fetch =
		    http_fetch_new(http->filter, request, uv_now(http->loop));
	if (!fetch)
		return NULL;
	fetch->http = http;
	fetch->done = done;
	fetch->context = context;
	if (!fetch_begin(fetch)) {
		http_fetch_free(fetch);
		return NULL;
	}
	LIST_INSERT_HEAD(&http->fetches, fetch, entry);
	uv_timer_stop(&http->idle);
	return fetch;
}

void http_cancel(struct http *http, struct http_fetch *fetch)
{
	(void)http;
	fetch_detach(fetch);
	http_fetch_free(fetch);
}
