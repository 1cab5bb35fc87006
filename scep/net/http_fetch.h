/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange as curl has it: its options, what came of it, and what its end
 * means.  Used by http.c alone; this and http.c are the only files that know
 * curl.  Knows no loop and starts nothing.
 */
#ifndef SCEP_NET_HTTP_FETCH_H
#define SCEP_NET_HTTP_FETCH_H

#include <sys/queue.h>

#include <curl/curl.h>

#include "scep/codes.h"
#include "scep/net/http_response.h"
#include "scep/net/io.h"

struct address_filter;
struct http;
struct resolver_query;

struct http_fetch {
	LIST_ENTRY(http_fetch) entry;
	struct http *http;
	struct resolver_query *query; /* while its name is looked up */
	struct address_filter *filter;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *addresses; /* of `name`, for curl */
	char *origin; /* "http://host:port", NULL if the URL is none */
	char *proxy;  /* the same, NULL if there is none */
	char *peer;   /* to whom we connect, for the error's text */
	char *name;   /* of the peer; NULL if there is none to look up */
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

/* Returns an owned exchange that is given to no curl multi handle yet, or NULL
 * if memory is short.  `now` is the loop's clock. */
struct http_fetch *http_fetch_new(struct address_filter *filter,
				  const struct fetch_request *request,
				  uint64_t now);
void http_fetch_free(struct http_fetch *fetch);

/* Gives curl the addresses of `name` (resolver.h) and the time that is left.
 * Returns false if memory is short. */
bool http_fetch_set_addresses(struct http_fetch *fetch, const char *addresses);
bool http_fetch_set_time(struct http_fetch *fetch, uint64_t now);

/* Has the exchange go to the target of a redirect that may be followed: the
 * first one, of a GET, to the same scheme, host and port.  Returns false if
 * there is none. */
bool http_fetch_redirect(struct http_fetch *fetch, uint64_t now);

/* Returns SCEP_OK if there is an answer. */
enum scep_code http_fetch_judge(struct http_fetch *fetch, CURLcode result,
				struct scep_error *error);

#endif
