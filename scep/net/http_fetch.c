/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/http_fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <uv.h>

#include "scep/engine_config.h"
#include "scep/base/error.h"
#include "scep/base/url.h"
#include "scep/net/address_filter.h"

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

/* Names are looked up by resolver.h: curl would have a thread for each. */
static int on_resolve(void *state, void *reserved, void *context)
{
	const struct http_fetch *fetch = context;

	(void)state;
	(void)reserved;
	return fetch->name != NULL;
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

/* ------------------------------------------------------- one exchange -- */

/* Tells if curl knows the address of a host without asking anybody: it is one,
 * or it is this host (RFC 6761, 6.3). */
static bool has_known_address(const char *host)
{
	static const char self[] = "localhost";
	size_t length = strlen(host), skip = length - (sizeof(self) - 1);
	unsigned char address[16];

	if (host[0] == '[' || address_from_text(host, address))
		return true;
	return length >= sizeof(self) - 1 &&
	       strcasecmp(host + skip, self) == 0 &&
	       (skip == 0 || host[skip - 1] == '.');
}

/* Returns the host of a URL as curl sees it, which reads numbers like
 * 0x7f000001 as an address; owned by curl.  NULL if memory is short. */
static char *host_of(const char *url)
{
	CURLU *parts = curl_url();
	char *host = NULL;

	if (!parts || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		host = NULL;
	curl_url_cleanup(parts);
	return host;
}

/* Behind a proxy, nobody but the proxy knows the addresses of a name; what the
 * URL itself says is judged here. */
static void judge_literal(struct http_fetch *fetch, const char *host)
{
	size_t length = strlen(host);
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char address[16];

	if (host[0] == '[' && length - 2 < sizeof(text))
		memcpy(text, host + 1, length - 2);
	if (address_from_text(text[0] ? text : host, address))
		fetch_may_connect(fetch, address);
}

/* Finds out whom to look up.  Returns false if memory is short. */
static bool fetch_set_name(struct http_fetch *fetch, const char *url)
{
	char *host = host_of(url);
	bool is_whole = host != NULL;

	if (host && fetch->proxy) {
		judge_literal(fetch, host);
		curl_free(host);
		host = host_of(fetch->proxy);
		is_whole = host != NULL;
	}
	if (host && !has_known_address(host)) {
		fetch->name = strdup(host);
		is_whole = fetch->name != NULL;
	}
	curl_free(host);
	return is_whole;
}

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
	return fetch->peer != NULL && fetch_set_name(fetch, request->url);
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

	/* A URL that is not valid for us, or whose address is not allowed, must
	 * not be one for curl. */
	SET(CURLOPT_URL,
	    fetch->origin && !fetch->progress.is_refused ? request->url : "");
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* "" ignores the environment, too. */
	SET(CURLOPT_PROXY, fetch->proxy ? fetch->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
	SET(CURLOPT_RESOLVER_START_DATA, fetch);
	SET(CURLOPT_CONNECTTIMEOUT, timeout);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, timeout);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
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

void http_fetch_free(struct http_fetch *fetch)
{
	curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	curl_slist_free_all(fetch->addresses);
	address_filter_release(fetch->filter);
	bytes_free(&fetch->body);
	http_response_free(&fetch->answer);
	free(fetch->origin);
	free(fetch->proxy);
	free(fetch->peer);
	free(fetch->name);
	free(fetch);
}

struct http_fetch *http_fetch_new(struct address_filter *filter,
				  const struct fetch_request *request,
				  uint64_t now)
{
	struct http_fetch *fetch = calloc(1, sizeof(*fetch));

	if (!fetch)
		return NULL;
	fetch->filter = address_filter_retain(filter);
	fetch->progress.timeout = request->timeout > 0 ? request->timeout : 1;
	fetch->progress.peer = "";
	fetch->progress.ca_file = "";
	fetch->deadline = now + fetch->progress.timeout * 1000ull;
	http_response_init(&fetch->answer, request->limit);
	fetch->is_get = !request->content_type;
	fetch->easy = curl_easy_init();
	if (fetch->easy && fetch_set_peer(fetch, request) &&
	    fetch_set_transport(fetch, request) &&
	    fetch_set_message(fetch, request))
		return fetch;
	http_fetch_free(fetch);
	return NULL;
}

/* Adds the addresses of one way to write the name. */
static bool add_addresses(struct http_fetch *fetch, size_t length,
			  const char *addresses)
{
	const char *peer = fetch->proxy ? fetch->proxy : fetch->origin;
	struct curl_slist *whole;
	char *line;

	if (asprintf(&line, "%.*s%s:%s", (int)length, fetch->name,
		     strrchr(peer, ':'), addresses) < 0)
		return false;
	whole = curl_slist_append(fetch->addresses, line);
	free(line);
	if (whole)
		fetch->addresses = whole;
	return whole != NULL;
}

bool http_fetch_set_addresses(struct http_fetch *fetch, const char *addresses)
{
	size_t length = strlen(fetch->name);
	CURL *easy = fetch->easy;
	int failed = 0;

	/* Versions of curl differ in whether they keep a dot at the end. */
	if (!add_addresses(fetch, length, addresses) ||
	    (fetch->name[length - 1] == '.' &&
	     !add_addresses(fetch, length - 1, addresses)))
		return false;
	SET(CURLOPT_RESOLVE, fetch->addresses);
	return failed == 0;
}

bool http_fetch_set_time(struct http_fetch *fetch, uint64_t now)
{
	long left = fetch->deadline > now ? (long)(fetch->deadline - now) : 1;
	CURL *easy = fetch->easy;
	int failed = 0;

	SET(CURLOPT_TIMEOUT_MS, left);
	return failed == 0;
}

/* Returns an owned URL, or NULL if the answer is no redirect to be followed. */
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

bool http_fetch_redirect(struct http_fetch *fetch, uint64_t now)
{
	char *target = redirect_target(fetch);
	CURL *easy = fetch->easy;
	int failed = 0;

	if (!target)
		return false;
	SET(CURLOPT_URL, target);
	free(target);
	if (failed != 0 || !http_fetch_set_time(fetch, now))
		return false;
	fetch->is_redirected = true;
	http_response_begin(&fetch->answer);
	return true;
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
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE, HTTP_END_LONG_LINE},
#endif
    {CURLE_OUT_OF_MEMORY, HTTP_END_NO_MEMORY},
    {CURLE_ABORTED_BY_CALLBACK, HTTP_END_ABORTED},
};

/* Returns the time that a header names, or 0. */
static int64_t http_date(const char *text)
{
	time_t date = text[0] ? curl_getdate(text, NULL) : -1;

	return date > 0 ? date : 0;
}

/* Returns why a file cannot be read: an errno, or 0 if it can. */
static int unreadable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Finds the file that the transport could not use, and why. */
static void fetch_note_ca_file(struct http_fetch *fetch)
{
	const curl_version_info_data *built =
	    curl_version_info(CURLVERSION_NOW);
	struct http_progress *progress = &fetch->progress;

	progress->ca_file = fetch->filter->config.ca_file;
	progress->is_system_store = progress->ca_file[0] == '\0';
	if (progress->is_system_store && built->age >= CURLVERSION_SEVENTH &&
	    built->cainfo != NULL)
		progress->ca_file = built->cainfo;
	progress->reason =
	    progress->ca_file[0] ? unreadable(progress->ca_file) : 0;
}

enum scep_code http_fetch_judge(struct http_fetch *fetch, CURLcode result,
				struct scep_error *error)
{
	struct http_progress *progress = &fetch->progress;
	struct fetch_answer *seen = &fetch->answer.seen;
	enum http_end end = HTTP_END_OTHER;
	long status = 0;
	long reason = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (ends[i].result == result)
			end = ends[i].end;
	if (fetch->is_late)
		end = HTTP_END_TIMEOUT;
	curl_easy_getinfo(fetch->easy, CURLINFO_OS_ERRNO, &reason);
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	seen->http_status = (uint32_t)status;
	seen->date = http_date(fetch->answer.date);
	http_response_set_retry(&fetch->answer,
				http_date(fetch->answer.retry_after));
	progress->reason = (int)reason;
	if (end == HTTP_END_NO_CA_FILE)
		fetch_note_ca_file(fetch);
	progress->detail =
	    fetch->words[0] ? fetch->words : curl_easy_strerror(result);
	return http_response_judge(end, progress, &fetch->answer, error);
}
