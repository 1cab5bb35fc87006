/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/objects.h>

#include "scep/text.h"
#include "scep/octets.h"
#include "scep/base/error.h"

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

static enum scep_code ava_add(struct ava_list *list, const struct ava *place,
			      ASN1_OBJECT *type, const ASN1_STRING *value,
			      struct scep_error *error)
{
	struct ava *ava;

	if (list->count == AVA_MAX)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "more than %d attributes", AVA_MAX);
	ava = &list->avas[list->count];
	*ava = *place;
	ava->position = (int)list->count;
	ava->entry = X509_NAME_ENTRY_create_by_OBJ(
	    NULL, type, ASN1_STRING_type(value), ASN1_STRING_get0_data(value),
	    ASN1_STRING_length(value));
	if (ava->entry == NULL)
		return error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "the name could not be built");
	list->count++;
	return SCEP_OK;
}

static enum scep_code ava_add_text(struct ava_list *list,
				   const struct ava *place, ASN1_OBJECT *type,
				   const char *value, size_t length,
				   struct scep_error *error)
{
	char keyword[KEYWORD_MAX] = "";
	ASN1_STRING *string = NULL;
	enum scep_code code;

	OBJ_obj2txt(keyword, sizeof(keyword), type, 0);
	if (!text_is_clean(value, length))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "%s has control characters or is no UTF-8",
				 keyword);
	string = make_string(OBJ_obj2nid(type), value, length);
	if (string == NULL)
		return error_end_openssl(
		    error_set(error, SCEP_CONFIG_ERROR,
			      "%s has a value of a wrong length or with "
			      "characters that are not allowed",
			      keyword),
		    error);
	code = ava_add(list, place, type, string, error);
	ASN1_STRING_free(string);
	return code;
}

static enum scep_code ava_add_known(struct ava_list *list, int nid,
				    enum rank rank, const char *value,
				    struct scep_error *error)
{
	/* Places of the text's RDNs are below 0: these come after them. */
	struct ava place = {.rank = rank, .rdn = 1};

	if (value[0] == '\0')
		return SCEP_OK;
	return ava_add_text(list, &place, OBJ_nid2obj(nid), value,
			    strlen(value), error);
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
static enum scep_code ava_read_type(const char **text, ASN1_OBJECT **type,
				    enum rank *rank, struct scep_error *error)
{
	const char *start = skip_blanks(*text);
	size_t length = strspn(start, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789.-");
	const char *end = skip_blanks(start + length);
	char keyword[KEYWORD_MAX];

	if (*end != '=' || length == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "must be TYPE=VALUE, such as OU=Print");
	if (length >= sizeof(keyword))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "has an unknown type");
	memcpy(keyword, start, length);
	keyword[length] = '\0';
	*text = end + 1;
	*rank = RANK_OTHER;
	for (size_t i = 0;
	     i < sizeof(attribute_types) / sizeof(attribute_types[0]); i++) {
		if (strcasecmp(attribute_types[i].keyword, keyword) == 0) {
			*rank = attribute_types[i].rank;
			*type = OBJ_nid2obj(attribute_types[i].nid);
			return SCEP_OK;
		}
	}
	*type = strchr(keyword, '.') == NULL ? NULL : OBJ_txt2obj(keyword, 1);
	if (*type == NULL)
		return error_end_openssl(
		    error_set(error, SCEP_CONFIG_ERROR, "has an unknown type"),
		    error);
	return SCEP_OK;
}

/* Reads one octet of a value, undoing an escape; -1 for a fault. */
static int ava_read_octet(const char **text, struct scep_error *error)
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
			error_set(error, SCEP_CONFIG_ERROR,
				  "a backslash before what cannot be escaped");
			return -1;
		}
	} else if (strchr("\";<>", octet) != NULL) {
		error_set(error, SCEP_CONFIG_ERROR,
			  "'%c' needs a backslash before it", octet);
		return -1;
	}
	++*text;
	return octet;
}

/* RFC 4514, 2.4: reads the string of a value up to `,` or `+`. */
static enum scep_code ava_read_string(const char **text, char *value,
				      size_t *length, struct scep_error *error)
{
	const char *at = skip_blanks(*text);
	size_t count = 0, kept = 0; /* blanks at the end do not count */

	while (*at != '\0' && *at != ',' && *at != '+') {
		bool is_escaped = *at == '\\';
		int octet = ava_read_octet(&at, error);

		if (octet < 0)
			return SCEP_CONFIG_ERROR;
		if (count == VALUE_MAX)
			return error_set(error, SCEP_CONFIG_ERROR,
					 "a value is longer than %d octets",
					 VALUE_MAX);
		value[count++] = (char)octet;
		if (octet != ' ' || is_escaped)
			kept = count;
	}
	if (kept == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "a type has no value");
	*length = kept;
	*text = at;
	return SCEP_OK;
}

/* Tells whether a string of any type holds characters, and only such as may
 * stand in a name; OpenSSL takes any octets for a UTF8String at first. */
static bool is_clean_string(const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	int length = ASN1_STRING_to_UTF8(&text, string);
	bool is_clean = length > 0 && text_is_clean(text, (size_t)length);

	OPENSSL_free(text);
	return is_clean;
}

/* RFC 4514, 2.4: `#` and the hexadecimal digits of the value's BER. */
static enum scep_code ava_read_hex(const char **text, ASN1_TYPE **value,
				   struct scep_error *error)
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
		return error_set(error, SCEP_CONFIG_ERROR,
				 "what follows '#' is no DER in hexadecimal");
	if ((ASN1_tag2bit(ASN1_TYPE_get(*value)) &
	     (B_ASN1_DIRECTORYSTRING | B_ASN1_IA5STRING)) == 0 ||
	    !is_clean_string((*value)->value.asn1_string))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "what follows '#' is no character string");
	return SCEP_OK;
}

static enum scep_code ava_read_value(const char **text, struct ava_list *list,
				     const struct ava *place, ASN1_OBJECT *type,
				     struct scep_error *error)
{
	char value[VALUE_MAX];
	size_t length = 0;
	ASN1_TYPE *raw = NULL;
	enum scep_code code;

	if (*skip_blanks(*text) != '#') {
		code = ava_read_string(text, value, &length, error);
		if (code == SCEP_OK)
			code = ava_add_text(list, place, type, value, length,
					    error);
		return code;
	}
	code = ava_read_hex(text, &raw, error);
	if (code == SCEP_OK)
		code =
		    ava_add(list, place, type, raw->value.asn1_string, error);
	ASN1_TYPE_free(raw);
	return error_end_openssl(code, error);
}

/* Puts before an error which attribute it is about.  Does not show the text:
 * the text of a refusal never has a part of the value (MIB, rule 7). */
static void ava_blame(unsigned int number, struct scep_error *error)
{
	char attribute[32];

	snprintf(attribute, sizeof(attribute), "attribute %u", number);
	error_wrap(error, attribute);
}

/* RFC 4514, 2.1: the RDN that is last in the text is first in the name. */
static enum scep_code ava_read_all(const char *text, struct ava_list *list,
				   struct scep_error *error)
{
	struct ava place = {.rdn = 0};
	bool is_joined = false;

	if (*skip_blanks(text) == '\0')
		return SCEP_OK;
	for (unsigned int number = 1;; number++, text++) {
		ASN1_OBJECT *type = NULL;
		enum rank rank;
		enum scep_code code = ava_read_type(&text, &type, &rank, error);

		if (code == SCEP_OK && !is_joined)
			place.rank = rank;
		if (code == SCEP_OK)
			code = ava_read_value(&text, list, &place, type, error);
		ASN1_OBJECT_free(type);
		if (code == SCEP_CONFIG_ERROR)
			ava_blame(number, error);
		if (code != SCEP_OK || *text == '\0')
			return code;
		is_joined = *text == '+';
		if (!is_joined)
			place.rdn--;
	}
}

/* ------------------------------------------------------------- the name -- */

static int ava_compare(const void *left, const void *right)
{
	const struct ava *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->rdn != b->rdn)
		return a->rdn < b->rdn ? -1 : 1;
	return a->position - b->position;
}

static enum scep_code ava_build_name(struct ava_list *list, X509_NAME **name,
				     struct scep_error *error)
{
	bool is_built;

	*name = X509_NAME_new();
	is_built = *name != NULL;
	qsort(list->avas, list->count, sizeof(list->avas[0]), ava_compare);
	for (size_t i = 0; is_built && i < list->count; i++) {
		bool is_joined = i > 0 &&
				 list->avas[i].rdn == list->avas[i - 1].rdn &&
				 list->avas[i].rank == list->avas[i - 1].rank;

		is_built = X509_NAME_add_entry(*name, list->avas[i].entry, -1,
					       is_joined ? -1 : 0) == 1;
	}
	if (is_built)
		return SCEP_OK;
	return error_set_openssl(error, SCEP_CONFIG_ERROR,
				 "the name could not be built");
}

enum scep_code names_subject(const char *organization, const char *common_name,
			     const char *extra, X509_NAME **name,
			     struct scep_error *error)
{
	struct ava_list list = {.count = 0};
	enum scep_code code = ava_read_all(extra, &list, error);

	*name = NULL;
	if (code == SCEP_OK)
		code = ava_add_known(&list, NID_organizationName,
				     RANK_ORGANIZATION, organization, error);
	if (code == SCEP_OK)
		code = ava_add_known(&list, NID_commonName, RANK_COMMON_NAME,
				     common_name, error);
	if (code == SCEP_OK)
		code = ava_build_name(&list, name, error);
	for (size_t i = 0; i < list.count; i++)
		X509_NAME_ENTRY_free(list.avas[i].entry);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		X509_NAME_free(*name);
		*name = NULL;
	}
	return code;
}

/* `*length`: octets of the whole text. */
static enum scep_code write_text(const X509_NAME *name, char *text,
				 long *length, struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char *data = NULL;
	BIO *bio = BIO_new(BIO_s_mem());

	*length = 0;
	if (bio == NULL)
		code = error_set_memory(error);
	else if (X509_NAME_print_ex(bio, name, 0,
				    XN_FLAG_RFC2253 &
					~(unsigned long)ASN1_STRFLGS_ESC_MSB) >=
		 0)
		*length = BIO_get_mem_data(bio, &data);
	text_copy_latin(text, SCEP_TEXT255, *length > 0 ? data : "",
			*length > 0 ? (size_t)*length : 0);
	BIO_free(bio);
	return error_end_openssl(code, error);
}

enum scep_code names_text(const X509_NAME *name, char *text,
			  struct scep_error *error)
{
	long length;

	return write_text(name, text, &length, error);
}

enum scep_code names_text_whole(const X509_NAME *name, char *text,
				struct scep_error *error)
{
	long length;
	enum scep_code code = write_text(name, text, &length, error);

	if (code == SCEP_OK && length >= SCEP_TEXT255)
		code = error_set(error, SCEP_CONFIG_ERROR,
				 "the subject is too long: %ld octets, and %d "
				 "is the limit",
				 length, SCEP_TEXT255 - 1);
	return code;
}
