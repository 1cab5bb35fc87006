/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URL of a SCEP server: judges one that a manager wrote, and builds those
 * of the operations (RFC 8894, 4.1).  Pure: resolves no name.
 */
#ifndef SCEP_BASE_URL_H
#define SCEP_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells if it is an http or https URL with a host, without user information and
 * fragment.  If not, `reason` (may be NULL) points to static text. */
bool url_is_valid(const char *url, const char **reason);

/* Tells if it is the URL of a SCEP server: a valid one whose query has none of
 * the parameters of an operation (RFC 8894, 4.1).  If not, as above. */
bool url_is_server(const char *url, const char **reason);

/* Returns "scheme://host:port" in lower case and always with the port: two URLs
 * of the same server have the same origin (RFC 6454, 4).  Owned, or NULL if the
 * URL is not valid or memory is short. */
char *url_origin(const char *url);

/* Returns the host, without the brackets of an IPv6 address and without a dot
 * at the end.  Owned, or NULL if the URL is not valid or memory is short. */
char *url_host(const char *url);

/*
 * Builds the URL of an operation.  Without a path it has the default one,
 * /cgi-bin/pkiclient.exe; it keeps a query; `port` replaces the URL's own
 * unless it is 0; `message` is percent-escaped, and NULL or "" is none. Returns
 * an owned string, or NULL if the URL is not valid or memory is short.
 */
char *url_operation(const char *url, uint32_t port, const char *operation,
		    const char *message);

/* Encodes a message for the GET form in Base64 (not base64url, without line
 * breaks).  Returns an owned string, or NULL if memory is short. */
char *url_base64(const unsigned char *data, size_t length);

#endif
