/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "scep/octets.h"
#include "scep/text.h"
#include "scep/base/error.h"

#define OID_BY_NAME    "1.3.6.1.4.1.311.20.2"
#define OID_BY_OID     "1.3.6.1.4.1.311.21.7"
#define DIGITS	       "0123456789"
#define VERSION_DIGITS 10

/* The DER of what S64 can say: a BMPString of 64 characters is the longest. */
struct value {
	unsigned char der[160];
	size_t length;
};

/* Adds the DER of `object`, whose type has that i2d function. */
#define VALUE_ADD(value, i2d, object)                                          \
	do {                                                                   \
		unsigned char *der = (value)->der + (value)->length;           \
		int added = i2d(object, &der);                                 \
                                                                               \
		(value)->length += added > 0 ? (size_t)added : 0;              \
	} while (0)

/* ------------------------------------------------------------- by a name -- */

static enum scep_code read_name(const char *text, struct value *value,
				struct scep_error *error)
{
	ASN1_STRING *name = NULL;
	enum scep_code code = SCEP_OK;

	if (ASN1_mbstring_copy(&name, (const unsigned char *)text, -1,
			       MBSTRING_UTF8, B_ASN1_BMPSTRING) < 0)
		code = error_set_openssl(
		    error, SCEP_CONFIG_ERROR,
		    "the name cannot be written as a BMPString");
	else
		VALUE_ADD(value, i2d_ASN1_BMPSTRING, name);
	ASN1_STRING_free(name);
	return code;
}

/* --------------------------------------------- by an object identifier -- */

/* Tells if a text is meant as an object identifier: it has digits, dots and the
 * colons of a version only, or it begins like one. */
static bool is_oid(const char *text)
{
	if (strspn(text, DIGITS ".:") == strlen(text))
		return strchr(text, '.') != NULL;
	return text[0] >= '0' && text[0] <= '2' && text[1] == '.' &&
	       text[2] >= '0' && text[2] <= '9';
}

/* OpenSSL lets empty arcs and leading zeros pass, so that the text is compared
 * with that of the result. */
static ASN1_OBJECT *oid_read(const char *text)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(text, 1);
	char again[SCEP_TEXT64];

	if (oid != NULL &&
	    OBJ_obj2txt(again, sizeof(again), oid, 1) == (int)strlen(text) &&
	    strcmp(again, text) == 0)
		return oid;
	ASN1_OBJECT_free(oid);
	return NULL;
}

/* Adds one number of the version, if there is one, and moves behind it. */
static enum scep_code read_version(const char **at, struct value *value,
				   struct scep_error *error)
{
	size_t digits;
	unsigned long long number;
	ASN1_INTEGER *integer;
	bool is_set;

	if (**at == '\0')
		return SCEP_OK;
	digits = strspn(*at + 1, DIGITS);
	number = digits > 0 && digits <= VERSION_DIGITS
		     ? strtoull(*at + 1, NULL, 10)
		     : UINT64_MAX;
	if (**at != ':' || number > UINT32_MAX)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "what follows the object identifier is no "
				 "version of a template");
	*at += 1 + digits;
	integer = ASN1_INTEGER_new();
	is_set =
	    integer != NULL && ASN1_INTEGER_set_uint64(integer, number) == 1;
	if (is_set)
		VALUE_ADD(value, i2d_ASN1_INTEGER, integer);
	ASN1_INTEGER_free(integer);
	return is_set ? SCEP_OK : error_set_memory(error);
}

/* Puts a SEQUENCE around the content. */
static void wrap_sequence(struct value *value)
{
	struct value content = *value;
	unsigned char *at = value->der;

	ASN1_put_object(&at, 1, (int)content.length, V_ASN1_SEQUENCE,
			V_ASN1_UNIVERSAL);
	memcpy(at, content.der, content.length);
	value->length = (size_t)(at - value->der) + content.length;
}

/* CertificateTemplateOID: SEQUENCE of the identifier and two optional
 * numbers. */
static enum scep_code read_oid(const char *text, struct value *value,
			       struct scep_error *error)
{
	size_t length = strcspn(text, ":");
	const char *at = text + length;
	char dotted[SCEP_TEXT64];
	ASN1_OBJECT *oid;
	enum scep_code code;

	text_copy(dotted, sizeof(dotted), text, length);
	oid = oid_read(dotted);
	if (oid == NULL)
		return error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "no object identifier");
	VALUE_ADD(value, i2d_ASN1_OBJECT, oid);
	ASN1_OBJECT_free(oid);
	code = read_version(&at, value, error);
	if (code == SCEP_OK)
		code = read_version(&at, value, error);
	wrap_sequence(value);
	if (code == SCEP_OK && *at != '\0')
		return error_set(error, SCEP_CONFIG_ERROR,
				 "a template has two numbers of its version at "
				 "most");
	return code;
}

/* --------------------------------------------------------------- the whole */

static enum scep_code make_extension(const char *type,
				     const struct value *value,
				     X509_EXTENSION **extension,
				     struct scep_error *error)
{
	ASN1_OBJECT *object = OBJ_txt2obj(type, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

	if (object != NULL && octets != NULL &&
	    ASN1_OCTET_STRING_set(octets, value->der, (int)value->length) == 1)
		*extension =
		    X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
	return *extension != NULL ? SCEP_OK : error_set_memory(error);
}

enum scep_code template_extension(const char *text, X509_EXTENSION **extension,
				  struct scep_error *error)
{
	bool is_by_oid = is_oid(text);
	struct value value = {{0}, 0};
	enum scep_code code = is_by_oid ? read_oid(text, &value, error)
					: read_name(text, &value, error);

	*extension = NULL;
	if (code == SCEP_OK)
		code = make_extension(is_by_oid ? OID_BY_OID : OID_BY_NAME,
				      &value, extension, error);
	return error_end_openssl(code, error);
}
