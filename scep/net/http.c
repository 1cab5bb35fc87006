/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/net/address_filter.h"
#include "scep/net/http_response.h"
#include "scep/net/poll_handle.h"
#include "scep/base/url.h"

/* How long connections are kept after the last exchange. */
#define IDLE_MILLISECONDS 60000
#define CONNECTIONS_KEPT  16L

struct http {
	uv_loop_t *loop;
	CURLM *multi;	  /* NULL while there is no connection to keep */
	uv_timer_t timer; /* curl's */
	uv_timer_t idle;  /* ends kept connections */
	unsigned int open_timers;
	struct address_filter *filter;
	LIST_HEAD(, http_fetch) fetches;
};

struct http_fetch {
	LIST_ENTRY(http_fetch) entry;
	struct http *http;
	struct address_filter *filter;
	CURL *easy;
	struct curl_slist *headers;
	char *origin; /* "http://host:port", NULL if the URL is none */
	char *proxy;  /* the same, NULL if there is none */
	char *peer;   /* to whom we connect, for the error's text */
	struct bytes body;
	fetch_done_fn done;
	void *context;
	uint64_t deadline; /* on the loop's clock */
	bool is_get;
	bool is_redirected;
	bool is_late; /* ended at the deadline by ourselves */
	struct http_progress progress;
	struct http_response answer;
	char words[CURL_ERROR_SIZE]; /* curl's, on an error */
};

/* ------------------------------------------------- callbacks of curl -- */

static bool fetch_may_connect(struct http_fetch *fetch,
			      const unsigned char *address)
{
	struct http_progress *progress = &fetch->progress;

	if (address_filter_allows(&fetch->filter->config, address))
		return true;
	progress->is_refused = true;
	address_to_text(address, progress->refused);
	return false;
}

/* Opens a socket to one of the addresses of a name, if it is allowed. */
static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
				    struct curl_sockaddr *wanted)
{
	struct http_fetch *fetch = context;
	unsigned char address[16];

	(void)purpose;
	if (!address_from_socket(&wanted->addr, address) ||
	    !fetch_may_connect(fetch, address))
		return CURL_SOCKET_BAD;
	fetch->progress.has_tried = true;
	return socket(wanted->family, wanted->socktype | SOCK_CLOEXEC,
		      wanted->protocol);
}

/* Judges the address once more, right before the request is sent: the
 * connection may have been kept from before the configuration changed. */
static int on_connected(void *context, char *remote, char *local,
			int remote_port, int local_port)
{
	struct http_fetch *fetch = context;
	unsigned char address[16];

	(void)local;
	(void)remote_port;
	(void)local_port;
	if (!address_from_text(remote, address) ||
	    !fetch_may_connect(fetch, address))
		return CURL_PREREQFUNC_ABORT;
	fetch->progress.is_connected = true;
	return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct http_fetch *fetch = context;

	return http_response_take_line(&fetch->answer, line, size * count)
		   ? size * count
		   : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct http_fetch *fetch = context;

	return http_response_take_body(&fetch->answer, data, size * count)
		   ? size * count
		   : 0;
}

/* Ends an exchange whose time is over.  curl calls this in its own loops, too,
 * where it looks at no other time-out while the peer goes on sending. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down,
		       curl_off_t up_total, curl_off_t up)
{
	struct http_fetch *fetch = context;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	fetch->is_late = uv_hrtime() / 1000000 > fetch->deadline;
	return fetch->is_late;
}

/* Has OpenSSL return after each record that holds no data of the answer, as a
 * server may send session tickets without end. */
static CURLcode on_tls(CURL *easy, void *tls, void *context)
{
	(void)easy;
	(void)context;
	SSL_CTX_clear_mode(tls, SSL_MODE_AUTO_RETRY);
	return CURLE_OK;
}

/* ----------------------------------------------- the end of an exchange -- */

static const struct {
	CURLcode result;
	enum http_end end;
} ends[] = {
    {CURLE_OK, HTTP_END_WHOLE},
    {CURLE_COULDNT_RESOLVE_HOST, HTTP_END_NO_NAME},
    {CURLE_COULDNT_RESOLVE_PROXY, HTTP_END_NO_NAME},
    {CURLE_COULDNT_CONNECT, HTTP_END_NO_CONNECTION},
    {CURLE_OPERATION_TIMEDOUT, HTTP_END_TIMEOUT},
    {CURLE_RECV_ERROR, HTTP_END_CUT},
    {CURLE_SEND_ERROR, HTTP_END_CUT},
    {CURLE_GOT_NOTHING, HTTP_END_CUT},
    {CURLE_PARTIAL_FILE, HTTP_END_CUT},
    {CURLE_URL_MALFORMAT, HTTP_END_NONSENSE},
    {CURLE_UNSUPPORTED_PROTOCOL, HTTP_END_NONSENSE},
    {CURLE_WEIRD_SERVER_REPLY, HTTP_END_NONSENSE},
    {CURLE_BAD_CONTENT_ENCODING, HTTP_END_NONSENSE},
    {CURLE_SSL_CACERT_BADFILE, HTTP_END_NO_CA_FILE},
    {CURLE_PEER_FAILED_VERIFICATION, HTTP_END_NOT_TRUSTED},
    {CURLE_FILESIZE_EXCEEDED, HTTP_END_TOO_LONG},
    {CURLE_OUT_OF_MEMORY, HTTP_END_NO_MEMORY},
    {CURLE_ABORTED_BY_CALLBACK, HTTP_END_ABORTED},
};

/* Returns SCEP_OK if there is an answer. */
static enum scep_code fetch_judge(struct http_fetch *fetch, CURLcode result,
				  struct scep_error *error)
{
	struct http_progress *progress = &fetch->progress;
	struct fetch_answer *seen = &fetch->answer.seen;
	enum http_end end = HTTP_END_OTHER;
	time_t date = -1;
	long status = 0;
	long reason = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (ends[i].result == result)
			end = ends[i].end;
	if (fetch->is_late)
		end = HTTP_END_TIMEOUT;
	curl_easy_getinfo(fetch->easy, CURLINFO_OS_ERRNO, &reason);
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	if (fetch->answer.date[0])
		date = curl_getdate(fetch->answer.date, NULL);
	seen->http_status = (uint32_t)status;
	seen->date = date > 0 ? date : 0;
	progress->reason = (int)reason;
	progress->detail =
	    fetch->words[0] ? fetch->words : curl_easy_strerror(result);
	return http_response_judge(end, progress, &fetch->answer, error);
}

/* ------------------------------------------------------- one exchange -- */

/* Returns false if memory is short.  If the URL or that of the proxy is not
 * valid, `origin` stays NULL. */
static bool fetch_set_peer(struct http_fetch *fetch,
			   const struct fetch_request *request)
{
	const char *proxy = request->proxy_url;
	bool is_proxied = proxy && proxy[0];
	const char *to;

	if (!url_is_valid(request->url, NULL) ||
	    (is_proxied && !url_is_valid(proxy, NULL)))
		return true;
	fetch->origin = url_origin(request->url);
	fetch->proxy = is_proxied ? url_origin(proxy) : NULL;
	if (!fetch->origin || (is_proxied && !fetch->proxy))
		return false;
	to = strstr(is_proxied ? fetch->proxy : fetch->origin, "://") + 3;
	if (asprintf(&fetch->peer, "%s%s", is_proxied ? "proxy " : "", to) < 0)
		fetch->peer = NULL;
	fetch->progress.peer = fetch->peer;
	return fetch->peer != NULL;
}

/* One option of `easy`; counts failures in `failed`. */
#define SET(option, value)                                                     \
	(failed += curl_easy_setopt(easy, option, value) != CURLE_OK)

static bool fetch_set_transport(struct http_fetch *fetch,
				const struct fetch_request *request)
{
	const char *ca_file = fetch->filter->config.ca_file;
	long timeout = (long)fetch->progress.timeout;
	CURL *easy = fetch->easy;
	int failed = 0;

	/* A URL that is not valid for us must not be one for curl. */
	SET(CURLOPT_URL, fetch->origin ? request->url : "");
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* "" ignores the environment, too. */
	SET(CURLOPT_PROXY, fetch->proxy ? fetch->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* Closing does not wait for a resolver that hangs. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, timeout);
	SET(CURLOPT_TIMEOUT, timeout);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, timeout);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca_file[0]) {
		SET(CURLOPT_CAINFO, ca_file);
		SET(CURLOPT_CAPATH, NULL);
		SET(CURLOPT_PROXY_CAINFO, ca_file);
		SET(CURLOPT_PROXY_CAPATH, NULL);
	}
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, fetch);
	SET(CURLOPT_PREREQFUNCTION, on_connected);
	SET(CURLOPT_PREREQDATA, fetch);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, fetch);
	/* Another TLS library than OpenSSL has no such mode. */
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	return failed == 0;
}

static bool fetch_add_header(struct http_fetch *fetch, const char *line)
{
	struct curl_slist *whole = curl_slist_append(fetch->headers, line);

	if (whole)
		fetch->headers = whole;
	return whole != NULL;
}

static bool fetch_set_message(struct http_fetch *fetch,
			      const struct fetch_request *request)
{
	CURL *easy = fetch->easy;
	char content_type[128];
	int failed = 0;

	SET(CURLOPT_PRIVATE, fetch);
	SET(CURLOPT_ERRORBUFFER, fetch->words);
	SET(CURLOPT_USERAGENT, "scepagent");
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, fetch);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, fetch);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->limit);
	SET(CURLOPT_HTTPGET, 1L);
	if (fetch->is_get)
		return failed == 0;
	snprintf(content_type, sizeof(content_type), "Content-Type: %s",
		 request->content_type);
	if (!fetch_add_header(fetch, content_type) ||
	    !fetch_add_header(fetch, "Expect:") ||
	    !bytes_set(&fetch->body, request->body, request->body_length))
		return false;
	SET(CURLOPT_HTTPHEADER, fetch->headers);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body.length);
	SET(CURLOPT_POSTFIELDS,
	    fetch->body.data ? (char *)fetch->body.data : "");
	return failed == 0;
}

static void fetch_free(struct http_fetch *fetch)
{
	curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	address_filter_release(fetch->filter);
	bytes_free(&fetch->body);
	http_response_free(&fetch->answer);
	free(fetch->origin);
	free(fetch->proxy);
	free(fetch->peer);
	free(fetch);
}

static struct http_fetch *fetch_new(struct http *http,
				    const struct fetch_request *request)
{
	struct http_fetch *fetch = calloc(1, sizeof(*fetch));

	if (!fetch)
		return NULL;
	fetch->http = http;
	fetch->filter = address_filter_retain(http->filter);
	fetch->progress.timeout = request->timeout > 0 ? request->timeout : 1;
	fetch->progress.peer = "";
	fetch->progress.ca_file = fetch->filter->config.ca_file;
	fetch->deadline =
	    uv_now(http->loop) + fetch->progress.timeout * 1000ull;
	http_response_init(&fetch->answer, request->limit);
	fetch->is_get = !request->content_type;
	fetch->easy = curl_easy_init();
	if (fetch->easy && fetch_set_peer(fetch, request) &&
	    fetch_set_transport(fetch, request) &&
	    fetch_set_message(fetch, request))
		return fetch;
	fetch_free(fetch);
	return NULL;
}

/* Returns the target of a redirect that may be followed, owned, or NULL: the
 * first one, of a GET, to the same scheme, host and port. */
static char *redirect_target(struct http_fetch *fetch)
{
	char *target = NULL;
	char *origin;
	bool is_same;

	if (!fetch->is_get || fetch->is_redirected ||
	    !http_response_is_redirect(&fetch->answer))
		return NULL;
	curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &target);
	if (!target)
		return NULL;
	origin = url_origin(target);
	is_same = origin && strcmp(origin, fetch->origin) == 0;
	free(origin);
	return is_same ? strdup(target) : NULL;
}

/* Follows a redirect within the same time-out. */
static bool fetch_follow(struct http_fetch *fetch)
{
	char *target = redirect_target(fetch);
	uint64_t now = uv_now(fetch->http->loop);
	long left = fetch->deadline > now ? (long)(fetch->deadline - now) : 1;
	CURL *easy = fetch->easy;
	int failed = 0;

	if (!target)
		return false;
	SET(CURLOPT_URL, target);
	SET(CURLOPT_TIMEOUT_MS, left);
	free(target);
	if (failed != 0 ||
	    curl_multi_add_handle(fetch->http->multi, easy) != CURLM_OK)
		return false;
	fetch->is_redirected = true;
	http_response_begin(&fetch->answer);
	return true;
}

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

/* Takes the fetch out of the list and of curl.  The caller frees it. */
static void fetch_detach(struct http_fetch *fetch)
{
	struct http *http = fetch->http;

	curl_multi_remove_handle(http->multi, fetch->easy);
	LIST_REMOVE(fetch, entry);
	if (LIST_EMPTY(&http->fetches))
		uv_timer_start(&http->idle, on_idle, IDLE_MILLISECONDS, 0);
}

static void fetch_settle(struct http_fetch *fetch, CURLcode result)
{
	struct scep_error error;
	enum scep_code code;

	error_init(&error);
	code = fetch_judge(fetch, result, &error);
	if (code == SCEP_OK) {
		/* It must be out of the multi handle to be put in again. */
		curl_multi_remove_handle(fetch->http->multi, fetch->easy);
		if (fetch_follow(fetch))
			return;
	}
	fetch_detach(fetch);
	fetch->done(fetch->context, &fetch->answer.seen,
		    code == SCEP_OK ? NULL : &error);
	fetch_free(fetch);
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

struct http *http_open(uv_loop_t *loop, const struct scep_config *config)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->filter = address_filter_new(config);
	if (!http->filter) {
		free(http);
		return NULL;
	}
	/* curl counts these calls, and they are safe on any thread (7.84).
	 * Never undone, as a resolver may still hang. */
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
	uv_close((uv_handle_t *)&http->timer, on_timer_closed);
	uv_close((uv_handle_t *)&http->idle, on_timer_closed);
}

struct http_fetch *http_fetch(struct http *http,
			      const struct fetch_request *request,
			      fetch_done_fn done, void *context)
{
	struct http_fetch *fetch;

	if (!http->multi)
		http->multi = http_multi_new(http);
	fetch = http->multi ? fetch_new(http, request) : NULL;
	if (!fetch)
		return NULL;
	fetch->done = done;
	fetch->context = context;
	if (curl_multi_add_handle(http->multi, fetch->easy) != CURLM_OK) {
		fetch_free(fetch);
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
	fetch_free(fetch);
}
