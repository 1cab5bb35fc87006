/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/url.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

/* RFC 8894, 4.1 */
#define DEFAULT_PATH "/cgi-bin/pkiclient.exe"
#define HOST_MAX     253 /* RFC 1035, 2.3.4, in text form */

/* A piece of the URL's own text. */
struct piece {
	const char *start;
	size_t length;
};

struct parts {
	const char *scheme; /* static, lower case */
	struct piece host;  /* with the brackets of an IPv6 address */
	uint32_t port;	    /* 0: none */
	struct piece path;
	struct piece query; /* without its question mark */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 3986, 2.3 */
static bool is_unreserved(char c)
{
	return is_letter(c) || is_digit(c) || (c != '\0' && strchr("-._~", c));
}

/* Returns NULL, or why the URL has an octet that no URL may have. */
static const char *judge_octets(const char *url)
{
	for (const char *at = url; *at; at++) {
		if (*at <= ' ' || *at > '~')
			return "holds a blank, a control or a non-ASCII "
			       "character";
		if (strchr("\"<>\\^`{|}", *at))
			return "holds a character that must be escaped";
		if (*at == '#')
			return "has a fragment";
		if (*at == '%' && (!is_hex(at[1]) || !is_hex(at[2])))
			return "has a percent sign without two digits";
	}
	return NULL;
}

static const char *read_scheme(const char **at, struct parts *parts)
{
	if (strncasecmp(*at, "http://", 7) == 0)
		parts->scheme = "http";
	else if (strncasecmp(*at, "https://", 8) == 0)
		parts->scheme = "https";
	else
		return "is neither http:// nor https://";
	*at += strlen(parts->scheme) + strlen("://");
	return NULL;
}

static const char *judge_ipv6(const struct piece *host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t length = host->length - 2;

	if (length >= sizeof(text))
		return "has a bad IPv6 address";
	memcpy(text, host->start + 1, length);
	text[length] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1
		   ? NULL
		   : "has a bad IPv6 address";
}

static const char *judge_name(const struct piece *host)
{
	if (host->length == 0)
		return "has no host";
	if (host->length > HOST_MAX)
		return "has too long a host";
	if (host->start[0] == '.' || host->start[0] == '-')
		return "has a bad host";
	for (size_t i = 0; i < host->length; i++) {
		char c = host->start[i];

		if (!is_letter(c) && !is_digit(c) && !strchr("-._", c))
			return "has a bad host";
		if (c == '.' && i > 0 && host->start[i - 1] == '.')
			return "has a bad host";
	}
	return NULL;
}

static const char *read_port(const char *text, size_t length,
			     struct parts *parts)
{
	uint32_t port = 0;

	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]) || port > 65535)
			return "has a bad port";
		port = port * 10 + (uint32_t)(text[i] - '0');
	}
	if (port < 1 || port > 65535)
		return "has a bad port";
	parts->port = port;
	return NULL;
}

static const char *read_authority(const char **at, struct parts *parts)
{
	const char *start = *at;
	size_t length = strcspn(start, "/?");
	const char *reason;
	size_t host = 0;

	*at += length;
	if (memchr(start, '@', length))
		return "has user information";
	if (length > 0 && start[0] == '[') {
		const char *close = memchr(start, ']', length);

		if (!close)
			return "has a bad IPv6 address";
		host = (size_t)(close - start) + 1;
	} else {
		while (host < length && start[host] != ':')
			host++;
	}
	parts->host = (struct piece){start, host};
	reason = start[0] == '[' && host > 0 ? judge_ipv6(&parts->host)
					     : judge_name(&parts->host);
	if (reason || host == length)
		return reason;
	if (start[host] != ':')
		return "has a bad port";
	return read_port(start + host + 1, length - host - 1, parts);
}

/* Tells if a segment is "..", with its dots escaped or not. */
static bool is_up_segment(const char *segment, size_t length)
{
	size_t dots = 0;

	for (size_t at = 0; at < length; dots++) {
		if (segment[at] == '.')
			at += 1;
		else if (length - at >= 3 &&
			 strncasecmp(segment + at, "%2e", 3) == 0)
			at += 3;
		else
			return false;
	}
	return dots == 2;
}

static const char *read_path(const char **at, struct parts *parts)
{
	const char *start = *at;
	size_t length = strcspn(start, "?");

	parts->path = (struct piece){start, length};
	*at += length;
	for (size_t i = 0; i < length;) {
		size_t segment = strcspn(start + i + 1, "/?");

		if (is_up_segment(start + i + 1, segment))
			return "has .. in its path";
		i += segment + 1;
	}
	return NULL;
}

/* Returns NULL, or why it is not the URL of a server. */
static const char *split(const char *url, struct parts *parts)
{
	const char *reason;
	const char *at = url;

	memset(parts, 0, sizeof(*parts));
	reason = judge_octets(url);
	if (!reason)
		reason = read_scheme(&at, parts);
	if (!reason)
		reason = read_authority(&at, parts);
	if (!reason)
		reason = read_path(&at, parts);
	if (!reason && *at == '?')
		parts->query = (struct piece){at + 1, strlen(at + 1)};
	return reason;
}

bool url_is_valid(const char *url, const char **reason)
{
	struct parts parts;
	const char *why = split(url, &parts);

	if (reason)
		*reason = why;
	return !why;
}

/* Tells if a parameter of a query has the name, however it is written: some
 * servers ignore case. */
static bool is_parameter(const char *text, size_t length, const char *name)
{
	size_t at = 0;

	for (; *name; name++) {
		char c = '\0';

		if (at < length && text[at] != '%') {
			c = text[at++];
		} else if (length - at >= 3) {
			char digits[] = {text[at + 1], text[at + 2], '\0'};

			c = (char)strtoul(digits, NULL, 16);
			at += 3;
		}
		if (strncasecmp(&c, name, 1) != 0)
			return false;
	}
	return at == length || text[at] == '=';
}

bool url_is_server(const char *url, const char **reason)
{
	struct parts parts;
	const char *why = split(url, &parts);

	for (size_t at = 0; !why && at < parts.query.length;) {
		const char *name = parts.query.start + at;
		size_t length = 0;

		while (at + length < parts.query.length && name[length] != '&')
			length++;
		if (is_parameter(name, length, "operation") ||
		    is_parameter(name, length, "message"))
			why = "has operation= or message= in its query: leave "
			      "these out, as each request has its own";
		at += length + 1;
	}
	if (reason)
		*reason = why;
	return !why;
}

char *url_origin(const char *url)
{
	struct parts parts;
	char *origin;

	if (split(url, &parts) != NULL)
		return NULL;
	if (parts.port == 0)
		parts.port = strcmp(parts.scheme, "https") == 0 ? 443 : 80;
	if (asprintf(&origin, "%s://%.*s:%u", parts.scheme,
		     (int)parts.host.length, parts.host.start, parts.port) < 0)
		return NULL;
	for (char *at = origin; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return origin;
}

char *url_host(const char *url)
{
	struct parts parts;
	struct piece *host = &parts.host;

	if (split(url, &parts) != NULL)
		return NULL;
	if (host->start[0] == '[') {
		host->start++;
		host->length -= 2;
	} else if (host->start[host->length - 1] == '.') {
		host->length--; /* the root of all names */
	}
	return strndup(host->start, host->length);
}

static void write_piece(FILE *out, const struct piece *piece)
{
	fwrite(piece->start, 1, piece->length, out);
}

static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (is_unreserved(*text))
			fputc(*text, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*text);
	}
}

static void write_base(FILE *out, const struct parts *parts)
{
	fprintf(out, "%s://", parts->scheme);
	write_piece(out, &parts->host);
	if (parts->port != 0)
		fprintf(out, ":%u", parts->port);
	if (parts->path.length > 0)
		write_piece(out, &parts->path);
	else
		fputs(DEFAULT_PATH, out);
	fputc('?', out);
	if (parts->query.length > 0) {
		write_piece(out, &parts->query);
		if (parts->query.start[parts->query.length - 1] != '&')
			fputc('&', out);
	}
}

char *url_operation(const char *url, uint32_t port, const char *operation,
		    const char *message)
{
	struct parts parts;
	char *text = NULL;
	size_t size = 0;
	bool is_whole;
	FILE *out;

	if (split(url, &parts) != NULL)
		return NULL;
	if (port != 0)
		parts.port = port;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	write_base(out, &parts);
	fprintf(out, "operation=%s", operation);
	if (message && message[0]) {
		fputs("&message=", out);
		write_escaped(out, message);
	}
	is_whole = !ferror(out);
	if (fclose(out) != 0 || !is_whole) {
		free(text);
		return NULL;
	}
	return text;
}

char *url_base64(const unsigned char *data, size_t length)
{
	char *text;

	if (length > INT_MAX / 2)
		return NULL;
	text = malloc((length + 2) / 3 * 4 + 1);
	if (!text)
		return NULL;
	/* EVP_EncodeBlock() writes the NUL as well. */
	EVP_EncodeBlock((unsigned char *)text, data, (int)length);
	return text;
}
