/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/body.h"

#include <string.h>
#include <strings.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "scep/base/error.h"

/* The part of a web page that is looked at, and of a text that is shown. */
#define LOOK_AT 1024
#define SHOWN	60

/* ------------------------------------------------------------- questions -- */

static bool is_blank(unsigned char octet)
{
	return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

bool body_is_der(const void *body, size_t length)
{
	const unsigned char *octets = body;

	return length > 0 &&
	       octets[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED);
}

static bool is_all_blank(const unsigned char *from, const unsigned char *end)
{
	while (from < end && is_blank(*from))
		from++;
	return from == end;
}

void body_trim(const unsigned char *der, size_t *length)
{
	const unsigned char *end = der;
	ASN1_TYPE *whole;

	if (!body_is_der(der, *length))
		return;
	/* This finds the end of indefinite lengths, too.  Whoever parses the
	 * body reports what is wrong with it. */
	ERR_set_mark();
	whole = d2i_ASN1_TYPE(NULL, &end, (long)*length);
	ERR_pop_to_mark();
	if (whole != NULL && is_all_blank(end, der + *length))
		*length = (size_t)(end - der);
	ASN1_TYPE_free(whole);
}

/* Tells if a word, in lower case, is in a text in any case. */
static bool has_word(const unsigned char *text, size_t length, const char *word)
{
	size_t size = strlen(word);

	for (size_t at = 0; at + size <= length; at++) {
		if (strncasecmp((const char *)text + at, word, size) == 0)
			return true;
	}
	return false;
}

bool body_has_pem(const void *body, size_t length)
{
	return has_word(body, length, "-----begin ");
}

static bool is_text(const unsigned char *text, size_t length)
{
	for (size_t at = 0; at < length; at++) {
		if (!is_blank(text[at]) && (text[at] < ' ' || text[at] > '~'))
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------- words -- */

/* Names what begins with '<'. */
static const char *markup_kind(const unsigned char *text, size_t length)
{
	size_t looked_at = length < LOOK_AT ? length : LOOK_AT;

	if (has_word(text, looked_at, "<html") ||
	    has_word(text, looked_at, "<!doctype html"))
		return "an HTML page";
	return has_word(text, looked_at < 5 ? looked_at : 5, "<?xml")
		   ? "an XML document"
		   : "an HTML page";
}

const char *body_kind(const void *body, size_t length)
{
	const unsigned char *text = body;
	static const unsigned char mark[] = {0xef, 0xbb, 0xbf};

	if (length >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0) {
		text += sizeof(mark);
		length -= sizeof(mark);
	}
	while (length > 0 && is_blank(*text)) {
		text++;
		length--;
	}
	if (length == 0)
		return "an empty answer";
	if (*text == '<')
		return markup_kind(text, length);
	if (body_has_pem(text, length))
		return "PEM text";
	if (*text == '{' || *text == '[')
		return "JSON";
	return is_text(text, length) ? NULL
				     : "data that is neither DER nor text";
}

enum scep_code body_refuse(const void *body, size_t length, const char *wanted,
			   struct scep_error *error)
{
	static const char question[] = "is the URL right?";
	const unsigned char *text = body;
	const char *kind = body_kind(body, length);
	int shown = 0;

	if (kind != NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the server sent %s, not %s; %s", kind, wanted,
				 question);
	while (is_blank(*text)) {
		text++;
		length--;
	}
	while (is_blank(text[length - 1]))
		length--;
	while (shown < (int)length && shown < SHOWN && text[shown] != '\r' &&
	       text[shown] != '\n')
		shown++;
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the server sent the text \"%.*s\"%s, not %s; %s",
			 shown, text, shown < (int)length ? " and more" : "",
			 wanted, question);
}

enum scep_code body_check_end(const void *der, size_t length, const char *what,
			      struct scep_error *error)
{
	const unsigned char *at = der;
	long size = 0;
	int tag, class;
	size_t whole;

	ERR_set_mark();
	ASN1_get_object(&at, &size, &tag, &class, (long)length);
	ERR_pop_to_mark();
	whole = (size_t)(at - (const unsigned char *)der) + (size_t)size;
	if (size <= 0 || whole <= length)
		return SCEP_OK;
	return error_set(error, SCEP_BAD_RESPONSE,
			 "%s ends after %zu of %zu octets", what, length,
			 whole);
}

enum scep_code body_refuse_length(const char *what, size_t length, size_t limit,
				  struct scep_error *error)
{
	return error_set(error, SCEP_BAD_RESPONSE,
			 "%s is too long: %zu octets, and %zu is the limit",
			 what, length, limit);
}
