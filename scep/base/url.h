/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URL of a SCEP server: judging one that a manager wrote, and building
 * those of the operations (RFC 8894, 4.1).  Pure: resolves no name.
 */
#ifndef SCEP_BASE_URL_H
#define SCEP_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether it is an http or https URL with a host, without user information
 * and fragment.  On false, `reason` (may be NULL) points to static text. */
bool url_is_valid(const char *url, const char **reason);

/* "scheme://host:port", in lower case and always with the port: what must be
 * the same for two URLs to be of one server (RFC 6454, 4).  Returns an owned
 * string, or NULL if the URL is not valid or memory is short. */
char *url_origin(const char *url);

/*
 * Builds the URL of an operation: the default path /cgi-bin/pkiclient.exe
 * where there is none, the query that is already there kept, the port of
 * `port` in place of the URL's own unless 0, `message` percent-escaped;
 * NULL or "": none.
 * Returns an owned string, or NULL if the URL is not valid or memory is short.
 */
char *url_operation(const char *url, uint32_t port, const char *operation,
		    const char *message);

/* Base64 (not base64url, no line breaks) of a message for the GET form.
 * Returns an owned string or NULL. */
char *url_base64(const unsigned char *data, size_t length);

#endif
