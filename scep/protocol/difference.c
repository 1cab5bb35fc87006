/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "scep/octets.h"
#include "scep/text.h"
#include "scep/base/bytes.h"
#include "scep/base/error.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/names.h"

#define HEAD "differs: "
/* A shorter part of a value says nothing. */
#define VALUE_MIN  7
#define UNREADABLE "an extension that cannot be read"

/* One thing that was asked for. */
struct part {
	const char *name;
	bool differs;
	char asked[SCEP_TEXT255];
	char came[SCEP_TEXT255];
};

/* An extension of the request, or of the certificate. */
static void *read_asked(const STACK_OF(X509_EXTENSION) * extensions, int nid)
{
	return X509V3_get_d2i(extensions, nid, NULL, NULL);
}

/* `*is_unreadable`: it is there, and is damaged or stands twice. */
static void *read_came(const X509 *issued, int nid, bool *is_unreadable)
{
	int found = 0;
	void *value = X509_get_ext_d2i(issued, nid, &found, NULL);

	*is_unreadable = value == NULL && found != -1;
	return value;
}

/* Compares two values of a list. */
typedef bool is_same_fn(const void *one, const void *other);

static bool has_all(const OPENSSL_STACK *these, const OPENSSL_STACK *others,
		    is_same_fn *is_same)
{
	for (int i = 0; i < OPENSSL_sk_num(others); i++) {
		bool is_found = false;

		for (int k = 0; !is_found && k < OPENSSL_sk_num(these); k++)
			is_found = is_same(OPENSSL_sk_value(these, k),
					   OPENSSL_sk_value(others, i));
		if (!is_found)
			return false;
	}
	return true;
}

/* Compares two lists in any order; NULL is an empty one. */
static bool lists_differ(const OPENSSL_STACK *asked, const OPENSSL_STACK *came,
			 is_same_fn *is_same)
{
	return !has_all(came, asked, is_same) || !has_all(asked, came, is_same);
}

/* Says that what came cannot be read. */
static void part_note_unreadable(struct part *part, bool is_unreadable)
{
	if (!is_unreadable)
		return;
	part->differs = true;
	strcpy(part->came, UNREADABLE);
}

/* --------------------------------------------------------------- subject -- */

/* Returns the RDN that begins at that entry as a name, which is owned, and
 * moves on to the next one.  NULL if memory is short. */
static X509_NAME *next_rdn(const X509_NAME *name, int *at)
{
	int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, *at));
	int first = *at;
	X509_NAME *rdn = X509_NAME_new();
	bool is_good = rdn != NULL;

	for (; *at < X509_NAME_entry_count(name); ++*at) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, *at);

		if (X509_NAME_ENTRY_set(entry) != set)
			break;
		is_good =
		    is_good && X509_NAME_add_entry(rdn, entry, -1,
						   *at == first ? 0 : -1) == 1;
	}
	if (is_good)
		return rdn;
	X509_NAME_free(rdn);
	return NULL;
}

/* Counts the RDNs of a name that equal this one. */
static int count_rdn(const X509_NAME *name, const X509_NAME *wanted)
{
	int count = 0;

	for (int at = 0; at < X509_NAME_entry_count(name);) {
		X509_NAME *rdn = next_rdn(name, &at);

		count += rdn != NULL && X509_NAME_cmp(rdn, wanted) == 0;
		X509_NAME_free(rdn);
	}
	return count;
}

/* Tells if both have the same RDNs, each as often.  Where all of one are as
 * often in the other, and both have as many, nothing else is there. */
static bool subject_is_same(const X509_NAME *asked, const X509_NAME *came)
{
	bool is_same =
	    X509_NAME_entry_count(asked) == X509_NAME_entry_count(came);

	for (int at = 0; is_same && at < X509_NAME_entry_count(asked);) {
		X509_NAME *rdn = next_rdn(asked, &at);

		is_same = rdn != NULL &&
			  count_rdn(asked, rdn) == count_rdn(came, rdn);
		X509_NAME_free(rdn);
	}
	return is_same;
}

static enum scep_code compare_subject(X509_REQ *asked, const X509 *issued,
				      struct part *part,
				      struct scep_error *error)
{
	const X509_NAME *wanted = X509_REQ_get_subject_name(asked);
	const X509_NAME *came = X509_get_subject_name(issued);
	enum scep_code code;

	part->name = "subject";
	part->differs = !subject_is_same(wanted, came);
	code = names_text(wanted, part->asked, error);
	return code != SCEP_OK ? code : names_text(came, part->came, error);
}

/* -------------------------------------------------------- subjectAltName -- */

/* Returns how many octets at the beginning are exact, and how many after them
 * are alike in both cases: the domain of a mail address, scheme and authority
 * of a URI (RFC 5280, 7). */
static void split_name(int kind, const char *text, size_t length, size_t *exact,
		       size_t *alike)
{
	const char *found;

	*exact = 0;
	*alike = length;
	if (kind == GEN_EMAIL) {
		found = memchr(text, '@', length);
		*exact = found != NULL ? (size_t)(found - text) : 0;
		*alike = length - *exact;
	} else if (kind == GEN_URI) {
		found = memchr(text, ':', length);
		*alike = found != NULL ? (size_t)(found - text) : 0;
		if (length - *alike > 3 && memcmp(found, "://", 3) == 0) {
			found = memchr(found + 3, '/', length - *alike - 3);
			*alike =
			    found != NULL ? (size_t)(found - text) : length;
		}
	}
}

static bool string_is_same(int kind, const ASN1_STRING *a, const ASN1_STRING *b)
{
	const char *one = (const char *)ASN1_STRING_get0_data(a);
	const char *other = (const char *)ASN1_STRING_get0_data(b);
	size_t length = (size_t)ASN1_STRING_length(a);
	size_t exact, alike, rest;

	if (ASN1_STRING_length(b) != ASN1_STRING_length(a))
		return false;
	split_name(kind, one, length, &exact, &alike);
	rest = exact + alike;
	return memcmp(one, other, exact) == 0 &&
	       octets_equal_nocase(one + exact, other + exact, alike) &&
	       memcmp(one + rest, other + rest, length - rest) == 0;
}

static bool name_is_same(const void *one_name, const void *other_name)
{
	GENERAL_NAME *a = (GENERAL_NAME *)one_name;
	GENERAL_NAME *b = (GENERAL_NAME *)other_name;
	int kind, other;
	const void *value = GENERAL_NAME_get0_value(a, &kind);
	const void *other_value = GENERAL_NAME_get0_value(b, &other);

	if (kind != other)
		return false;
	if (kind == GEN_DNS || kind == GEN_EMAIL || kind == GEN_URI)
		return string_is_same(kind, value, other_value);
	return GENERAL_NAME_cmp(a, b) == 0;
}

static void compare_alt_name(const STACK_OF(X509_EXTENSION) * asked,
			     const X509 *issued, struct part *part)
{
	bool is_unreadable;
	GENERAL_NAMES *wanted = read_asked(asked, NID_subject_alt_name);
	GENERAL_NAMES *came =
	    read_came(issued, NID_subject_alt_name, &is_unreadable);

	part->name = "subjectAltName";
	/* The request has few names, so that each is soon found. */
	part->differs = lists_differ((const OPENSSL_STACK *)wanted,
				     (const OPENSSL_STACK *)came, name_is_same);
	extensions_names_text(wanted, part->asked);
	extensions_names_text(came, part->came);
	if (part->came[0] == '\0' && sk_GENERAL_NAME_num(came) > 0)
		strcpy(part->came, "names of other kinds");
	part_note_unreadable(part, is_unreadable);
	GENERAL_NAMES_free(wanted);
	GENERAL_NAMES_free(came);
}

/* ---------------------------------------------------------------- usages -- */

static void compare_key_usage(const STACK_OF(X509_EXTENSION) * asked,
			      const X509 *issued, struct part *part)
{
	bool is_unreadable;
	ASN1_BIT_STRING *wanted = read_asked(asked, NID_key_usage);
	ASN1_BIT_STRING *came =
	    read_came(issued, NID_key_usage, &is_unreadable);

	part->name = "keyUsage";
	extensions_key_usage_text(wanted, part->asked);
	extensions_key_usage_text(came, part->came);
	part->differs = strcmp(part->asked, part->came) != 0;
	part_note_unreadable(part, is_unreadable);
	ASN1_BIT_STRING_free(wanted);
	ASN1_BIT_STRING_free(came);
}

static bool purpose_is_same(const void *a, const void *b)
{
	return OBJ_cmp(a, b) == 0;
}

static void compare_ext_key_usage(const STACK_OF(X509_EXTENSION) * asked,
				  const X509 *issued, struct part *part)
{
	bool is_unreadable;
	EXTENDED_KEY_USAGE *wanted = read_asked(asked, NID_ext_key_usage);
	EXTENDED_KEY_USAGE *came =
	    read_came(issued, NID_ext_key_usage, &is_unreadable);

	part->name = "extendedKeyUsage";
	part->differs =
	    lists_differ((const OPENSSL_STACK *)wanted,
			 (const OPENSSL_STACK *)came, purpose_is_same);
	extensions_ext_key_usage_text(wanted, part->asked);
	extensions_ext_key_usage_text(came, part->came);
	part_note_unreadable(part, is_unreadable);
	EXTENDED_KEY_USAGE_free(wanted);
	EXTENDED_KEY_USAGE_free(came);
}

/* ---------------------------------------------------------------- to text --
 */

/* Writes a value in quotes.  If it is longer than `limit`, writes what is
 * around the first octet that is not in the other value. */
static void put_value(FILE *out, const char *value, const char *other,
		      size_t limit)
{
	char shown[SCEP_TEXT255];
	size_t length = strlen(value), from = 0, same = 0;

	if (length == 0) {
		fputs("none", out);
		return;
	}
	while (value[same] != '\0' && value[same] == other[same])
		same++;
	if (length > limit && same > limit / 4)
		from = same - limit / 4;
	while (from > 0 && ((unsigned char)value[from] & 0xC0) == 0x80)
		from--;
	text_copy(shown, limit < sizeof(shown) ? limit + 1 : sizeof(shown),
		  value + from, length - from);
	fprintf(out, "\"%s%s%s\"", from > 0 ? "..." : "", shown,
		from + strlen(shown) < length ? "..." : "");
}

/* Returns how long the text is with values of that length (0: without them),
 * or 0 if memory is short; writes as much of it as fits. */
static size_t write_parts(const struct part *parts, size_t count, size_t limit,
			  char *text, size_t size)
{
	char *whole = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&whole, &length);
	const char *before = HEAD;

	if (out == NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (!parts[i].differs)
			continue;
		fprintf(out, "%s%s", before, parts[i].name);
		before = "; ";
		if (limit == 0)
			continue;
		fputs(": asked ", out);
		put_value(out, parts[i].asked, parts[i].came, limit);
		fputs(", came ", out);
		put_value(out, parts[i].came, parts[i].asked, limit);
	}
	if (fclose(out) != 0 || whole == NULL)
		length = 0;
	else
		text_copy(text, size, whole, length);
	free(whole);
	return length;
}

static enum scep_code parts_text(const struct part *parts, size_t count,
				 char *text, size_t size,
				 struct scep_error *error)
{
	bool differs = false;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		differs = differs || parts[i].differs;
	for (size_t limit = SCEP_TEXT255; differs; limit -= 4) {
		size_t length;

		if (limit < VALUE_MIN)
			limit = 0;
		length = write_parts(parts, count, limit, text, size);
		if (length == 0)
			return error_set_memory(error);
		if (length < size || limit == 0)
			break;
	}
	return SCEP_OK;
}

enum scep_code difference_text(X509_REQ *asked, const X509 *issued, char *text,
			       size_t size, struct scep_error *error)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(asked);
	struct part parts[4];
	enum scep_code code;

	memset(parts, 0, sizeof(parts));
	text[0] = '\0';
	code = compare_subject(asked, issued, &parts[0], error);
	compare_alt_name(extensions, issued, &parts[1]);
	compare_key_usage(extensions, issued, &parts[2]);
	compare_ext_key_usage(extensions, issued, &parts[3]);
	if (code == SCEP_OK)
		code = parts_text(parts, 4, text, size, error);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return error_end_openssl(code, error);
}
