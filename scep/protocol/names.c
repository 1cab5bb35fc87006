/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "scep/octets.h"
#include "scep/base/bytes.h"

#define AVA_MAX	    40
#define VALUE_MAX   SCEP_TEXT255
#define KEYWORD_MAX 64

/* Where an RDN stands in the subject: the country first, CN last. */
enum rank {
	RANK_DOMAIN,
	RANK_COUNTRY,
	RANK_STATE,
	RANK_LOCALITY,
	RANK_STREET,
	RANK_ORGANIZATION,
	RANK_UNIT,
	RANK_OTHER,
	RANK_COMMON_NAME,
};

/* RFC 4514, 3, and the names that are in common use beside them. */
static const struct {
	const char *keyword;
	int nid;
	enum rank rank;
} attribute_types[] = {
    {"DC", NID_domainComponent, RANK_DOMAIN},
    {"C", NID_countryName, RANK_COUNTRY},
    {"ST", NID_stateOrProvinceName, RANK_STATE},
    {"S", NID_stateOrProvinceName, RANK_STATE},
    {"L", NID_localityName, RANK_LOCALITY},
    {"STREET", NID_streetAddress, RANK_STREET},
    {"postalCode", NID_postalCode, RANK_STREET},
    {"O", NID_organizationName, RANK_ORGANIZATION},
    {"OU", NID_organizationalUnitName, RANK_UNIT},
    {"CN", NID_commonName, RANK_COMMON_NAME},
    {"UID", NID_userId, RANK_OTHER},
    {"serialNumber", NID_serialNumber, RANK_OTHER},
    {"emailAddress", NID_pkcs9_emailAddress, RANK_OTHER},
    {"E", NID_pkcs9_emailAddress, RANK_OTHER},
    {"SN", NID_surname, RANK_OTHER},
    {"surname", NID_surname, RANK_OTHER},
    {"GN", NID_givenName, RANK_OTHER},
    {"givenName", NID_givenName, RANK_OTHER},
    {"initials", NID_initials, RANK_OTHER},
    {"title", NID_title, RANK_OTHER},
    {"T", NID_title, RANK_OTHER},
    {"dnQualifier", NID_dnQualifier, RANK_OTHER},
    {"pseudonym", NID_pseudonym, RANK_OTHER},
    {"description", NID_description, RANK_OTHER},
    {"name", NID_name, RANK_OTHER},
};

/* One attribute and its value, and the place of its RDN. */
struct ava {
	X509_NAME_ENTRY *entry;
	enum rank rank;
	int rdn; /* the same for all values of one RDN */
	int position;
};

struct ava_list {
	size_t count;
	struct ava avas[AVA_MAX];
};

bool names_fault(char *reason, const char *format, ...)
{
	va_list arguments;

	if (reason == NULL)
		return false;
	va_start(arguments, format);
	text_format_list(reason, NAMES_REASON, format, arguments);
	va_end(arguments);
	return false;
}

/*
 * A directory string is a PrintableString if its characters allow it, else a
 * UTF8String; where the table of OpenSSL asks for another type (country,
 * domainComponent, emailAddress), it is that.
 */
static ASN1_STRING *make_string(int nid, const char *value, size_t length)
{
	const unsigned long wanted = B_ASN1_PRINTABLESTRING | B_ASN1_UTF8STRING;
	const ASN1_STRING_TABLE *row = ASN1_STRING_TABLE_get(nid);
	unsigned long mask = row == NULL ? wanted : row->mask & wanted;
	ASN1_STRING *string = NULL;

	if (mask == 0)
		mask = row->mask;
	if (ASN1_mbstring_ncopy(&string, (const unsigned char *)value,
				(int)length, MBSTRING_UTF8, mask,
				row == NULL ? 0 : row->minsize,
				row == NULL ? 0 : row->maxsize) <= 0) {
		ASN1_STRING_free(string);
		return NULL;
	}
	return string;
}

static bool add_ava(struct ava_list *list, const struct ava *place,
		    ASN1_OBJECT *type, const ASN1_STRING *value, char *reason)
{
	struct ava *ava;

	if (list->count == AVA_MAX)
		return names_fault(reason, "more than %d attributes", AVA_MAX);
	ava = &list->avas[list->count];
	*ava = *place;
	ava->position = (int)list->count;
	ava->entry = X509_NAME_ENTRY_create_by_OBJ(
	    NULL, type, ASN1_STRING_type(value), ASN1_STRING_get0_data(value),
	    ASN1_STRING_length(value));
	if (ava->entry == NULL)
		return names_fault(reason, "the name could not be built");
	list->count++;
	return true;
}

static bool add_text(struct ava_list *list, const struct ava *place,
		     ASN1_OBJECT *type, const char *value, size_t length,
		     char *reason)
{
	char keyword[KEYWORD_MAX] = "";
	ASN1_STRING *string = NULL;
	bool is_added;

	OBJ_obj2txt(keyword, sizeof(keyword), type, 0);
	if (!text_is_clean(value, length))
		return names_fault(reason,
				   "%s has control characters or is no UTF-8",
				   keyword);
	string = make_string(OBJ_obj2nid(type), value, length);
	if (string == NULL)
		return names_fault(reason,
				   "%s has a value of a wrong length or with "
				   "characters that are not allowed",
				   keyword);
	is_added = add_ava(list, place, type, string, reason);
	ASN1_STRING_free(string);
	return is_added;
}

static bool add_known(struct ava_list *list, int nid, enum rank rank,
		      const char *value, char *reason)
{
	/* Places of the text's RDNs are below 0: these come after them. */
	struct ava place = {.rank = rank, .rdn = 1};

	if (value[0] == '\0')
		return true;
	return add_text(list, &place, OBJ_nid2obj(nid), value, strlen(value),
			reason);
}

/* ------------------------------------------------- the text of RFC 4514 -- */

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = NULL;

	if (digit >= 'A' && digit <= 'F')
		digit = (char)(digit - 'A' + 'a');
	if (digit != '\0')
		found = strchr(digits, digit);
	return found == NULL ? -1 : (int)(found - digits);
}

/* Two digits at `text`, or -1. */
static int hex_octet(const char *text)
{
	int high = hex_digit(text[0]);
	int low = high < 0 ? -1 : hex_digit(text[1]);

	return low < 0 ? -1 : high * 16 + low;
}

static const char *skip_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

/* Reads `type =`; `*type` is owned. */
static bool read_type(const char **text, ASN1_OBJECT **type, enum rank *rank,
		      char *reason)
{
	const char *start = skip_blanks(*text);
	size_t length = strspn(start, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789.-");
	const char *end = skip_blanks(start + length);
	char keyword[KEYWORD_MAX];

	if (*end != '=' || length == 0)
		return names_fault(reason, "no TYPE=VALUE at \"%.40s\"", start);
	if (length >= sizeof(keyword))
		return names_fault(reason, "no such type: \"%.40s\"", start);
	memcpy(keyword, start, length);
	keyword[length] = '\0';
	*text = end + 1;
	*rank = RANK_OTHER;
	for (size_t i = 0;
	     i < sizeof(attribute_types) / sizeof(attribute_types[0]); i++) {
		if (strcasecmp(attribute_types[i].keyword, keyword) == 0) {
			*rank = attribute_types[i].rank;
			*type = OBJ_nid2obj(attribute_types[i].nid);
			return true;
		}
	}
	*type = strchr(keyword, '.') == NULL ? NULL : OBJ_txt2obj(keyword, 1);
	if (*type == NULL)
		return names_fault(reason, "no such type: \"%.40s\"", keyword);
	return true;
}

/* Reads one octet of a value, undoing an escape; -1 for a fault. */
static int read_octet(const char **text, char *reason)
{
	int octet = (unsigned char)**text;
	int escaped = octet == '\\' ? hex_octet(*text + 1) : -1;

	if (escaped >= 0) {
		*text += 3;
		return escaped;
	}
	if (octet == '\\') {
		octet = (unsigned char)*++*text;
		if (octet == '\0' || strchr(" \"#+,;<=>\\", octet) == NULL) {
			names_fault(reason, "a backslash before what cannot "
					    "be escaped");
			return -1;
		}
	} else if (strchr("\";<>", octet) != NULL) {
		names_fault(reason, "'%c' needs a backslash before it", octet);
		return -1;
	}
	++*text;
	return octet;
}

/* RFC 4514, 2.4: reads the string of a value up to `,` or `+`. */
static bool read_string(const char **text, char *value, size_t *length,
			char *reason)
{
	const char *at = skip_blanks(*text);
	size_t count = 0, kept = 0; /* blanks at the end do not count */

	while (*at != '\0' && *at != ',' && *at != '+') {
		bool is_escaped = *at == '\\';
		int octet = read_octet(&at, reason);

		if (octet < 0)
			return false;
		if (count == VALUE_MAX)
			return names_fault(reason, "a value is too long");
		value[count++] = (char)octet;
		if (octet != ' ' || is_escaped)
			kept = count;
	}
	if (kept == 0)
		return names_fault(reason, "a type has no value");
	*length = kept;
	*text = at;
	return true;
}

/* Whether a string of any type holds characters, and only such as may stand
 * in a name; OpenSSL takes any octets for a UTF8String at first. */
static bool is_clean_string(const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	int length = ASN1_STRING_to_UTF8(&text, string);
	bool is_clean = length > 0 && text_is_clean(text, (size_t)length);

	OPENSSL_free(text);
	return is_clean;
}

/* RFC 4514, 2.4: `#` and the hexadecimal digits of the value's BER. */
static bool read_hex(const char **text, ASN1_TYPE **value, char *reason)
{
	const char *at = skip_blanks(*text) + 1;
	unsigned char der[VALUE_MAX];
	const unsigned char *end = der;
	size_t length = 0;

	for (; hex_octet(at) >= 0 && length < sizeof(der); at += 2)
		der[length++] = (unsigned char)hex_octet(at);
	*text = skip_blanks(at);
	*value = d2i_ASN1_TYPE(NULL, &end, (long)length);
	if (*value == NULL || end != der + length ||
	    (**text != '\0' && **text != ',' && **text != '+'))
		return names_fault(reason,
				   "what follows '#' is no DER in hexadecimal");
	if ((ASN1_tag2bit(ASN1_TYPE_get(*value)) &
	     (B_ASN1_DIRECTORYSTRING | B_ASN1_IA5STRING)) == 0 ||
	    !is_clean_string((*value)->value.asn1_string))
		return names_fault(reason,
				   "what follows '#' is no character string");
	return true;
}

static bool read_value(const char **text, struct ava_list *list,
		       const struct ava *place, ASN1_OBJECT *type, char *reason)
{
	char value[VALUE_MAX];
	size_t length = 0;
	ASN1_TYPE *raw = NULL;
	bool is_added;

	if (*skip_blanks(*text) != '#')
		return read_string(text, value, &length, reason) &&
		       add_text(list, place, type, value, length, reason);
	is_added = read_hex(text, &raw, reason) &&
		   add_ava(list, place, type, raw->value.asn1_string, reason);
	ASN1_TYPE_free(raw);
	return is_added;
}

/* RFC 4514, 2.1: the RDN that is last in the text is first in the name. */
static bool read_names(const char *text, struct ava_list *list, char *reason)
{
	struct ava place = {.rdn = 0};
	bool is_joined = false;

	if (*skip_blanks(text) == '\0')
		return true;
	for (;;) {
		ASN1_OBJECT *type = NULL;
		enum rank rank;
		bool is_read = read_type(&text, &type, &rank, reason);

		if (!is_joined)
			place.rank = rank;
		is_read =
		    is_read && read_value(&text, list, &place, type, reason);
		ASN1_OBJECT_free(type);
		if (!is_read)
			return false;
		if (*text == '\0')
			return true;
		is_joined = *text == '+';
		if (!is_joined)
			place.rdn--;
		text++;
	}
}

/* ------------------------------------------------------------- the name -- */

static int compare_avas(const void *left, const void *right)
{
	const struct ava *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->rdn != b->rdn)
		return a->rdn < b->rdn ? -1 : 1;
	return a->position - b->position;
}

static X509_NAME *build_name(struct ava_list *list, char *reason)
{
	X509_NAME *name = X509_NAME_new();

	qsort(list->avas, list->count, sizeof(list->avas[0]), compare_avas);
	for (size_t i = 0; name != NULL && i < list->count; i++) {
		bool is_joined = i > 0 &&
				 list->avas[i].rdn == list->avas[i - 1].rdn &&
				 list->avas[i].rank == list->avas[i - 1].rank;

		if (X509_NAME_add_entry(name, list->avas[i].entry, -1,
					is_joined ? -1 : 0) != 1) {
			X509_NAME_free(name);
			name = NULL;
		}
	}
	if (name == NULL)
		names_fault(reason, "the name could not be built");
	return name;
}

X509_NAME *names_subject(const char *organization, const char *common_name,
			 const char *extra, char *reason)
{
	struct ava_list list = {.count = 0};
	X509_NAME *name = NULL;

	if (read_names(extra, &list, reason) &&
	    add_known(&list, NID_organizationName, RANK_ORGANIZATION,
		      organization, reason) &&
	    add_known(&list, NID_commonName, RANK_COMMON_NAME, common_name,
		      reason))
		name = build_name(&list, reason);
	for (size_t i = 0; i < list.count; i++)
		X509_NAME_ENTRY_free(list.avas[i].entry);
	ERR_clear_error();
	return name;
}

void names_text(const X509_NAME *name, char *text)
{
	char *data = NULL;
	long length = 0;
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio != NULL &&
	    X509_NAME_print_ex(bio, name, 0,
			       XN_FLAG_RFC2253 &
				   ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
		length = BIO_get_mem_data(bio, &data);
	text_copy(text, SCEP_TEXT255, length > 0 ? data : "",
		  length > 0 ? (size_t)length : 0);
	BIO_free(bio);
	ERR_clear_error();
}
