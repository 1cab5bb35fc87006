/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A URL that a manager or a redirect wrote.  Octets 0 and 1: another port;
 * octet 2: whether there is a message; then the URL, a line break, and the
 * message.  Held against libcurl, which is to send the request: it must see
 * the same host and port, or what was judged is not what is asked.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "scep/octets.h"
#include "scep/base/url.h"

static char *part_of(CURLU *curl, CURLUPart part)
{
	char *text = NULL;

	HOLDS(curl_url_get(curl, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK);
	return text;
}

/* libcurl writes IPv4 addresses in the usual form; a host of digits, dots and
 * hexadecimal figures may be one of the unusual ones. */
static bool may_be_address(const char *host)
{
	return host[strspn(host, "0123456789abcdefABCDEFxX.[]:")] == '\0';
}

static void check_against_curl(const char *url, const char *origin)
{
	CURLU *curl = curl_url();
	char *scheme, *host, *port, *text = NULL;

	HOLDS(curl != NULL);
	if (curl_url_set(curl, CURLUPART_URL, url, 0) != CURLUE_OK) {
		/* Then nothing is sent. */
		curl_url_cleanup(curl);
		return;
	}
	scheme = part_of(curl, CURLUPART_SCHEME);
	host = part_of(curl, CURLUPART_HOST);
	port = part_of(curl, CURLUPART_PORT);
	HOLDS(asprintf(&text, "%s://%s:%s", scheme, host, port) > 0);
	if (!may_be_address(host))
		HOLDS(strcasecmp(text, origin) == 0);
	else
		HOLDS(strcmp(strrchr(text, ':'), strrchr(origin, ':')) == 0);
	free(text);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(curl);
}

static void check_base64(const uint8_t *data, size_t size)
{
	char *text = url_base64(data, size);

	HOLDS(text != NULL);
	HOLDS(strlen(text) == (size + 2) / 3 * 4);
	HOLDS(strpbrk(text, "\r\n-_") == NULL);
	free(text);
}

static void check_operation(const char *url, uint32_t port, const char *message)
{
	char *text = url_operation(url, port, "GetCACaps", message);
	char *origin = url_origin(url);
	char *other;

	HOLDS(text != NULL);
	HOLDS(url_is_valid(text, NULL));
	HOLDS(strstr(text, "operation=GetCACaps") != NULL);
	HOLDS(message == NULL || message[0] == '\0' ||
	      strstr(text, "&message=") != NULL);
	other = url_origin(text);
	HOLDS(other != NULL);
	if (port == 0)
		HOLDS(strcmp(origin, other) == 0);
	check_against_curl(text, other);
	free(other);
	free(origin);
	free(text);
}

bool fuzz_url(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint32_t port = fuzz_take_number(&input);
	bool has_message = fuzz_take_octet(&input) & 1;
	char url[SCEP_TEXT255];
	char message[SCEP_TEXT255];
	const char *reason = "";
	char *origin;

	fuzz_take_text(&input, '\n', url, sizeof(url));
	fuzz_take_text(&input, '\0', message, sizeof(message));
	check_base64(data, size);
	origin = url_origin(url);
	if (!url_is_valid(url, &reason)) {
		HOLDS(reason != NULL && origin == NULL);
		HOLDS(url_operation(url, port, "GetCACaps", message) == NULL);
		return false;
	}
	HOLDS(reason == NULL && origin != NULL);
	HOLDS(url_is_valid(origin, NULL));
	check_against_curl(url, origin);
	check_operation(url, port, has_message ? message : NULL);
	free(origin);
	return true;
}
