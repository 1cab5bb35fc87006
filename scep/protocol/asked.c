/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/asked.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "scep/octets.h"
#include "scep/text.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/names.h"

/* -------------------------------------------------------------- subject -- */

/* Moves the value of an attribute out of a name, if it fits into SCEP_TEXT64.
 * Takes the last one of several, which is the most specific. */
static void take_attribute(X509_NAME *name, int nid, char *text)
{
	unsigned char *utf8 = NULL;
	int at = -1, place = -1, length;

	text[0] = '\0';
	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		place = at;
	if (place < 0)
		return;
	length = ASN1_STRING_to_UTF8(
	    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, place)));
	if (length > 0 && length < SCEP_TEXT64 &&
	    text_is_clean(utf8, (size_t)length)) {
		memcpy(text, utf8, (size_t)length);
		text[length] = '\0';
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, place));
	}
	OPENSSL_free(utf8);
}

static enum scep_code asked_subject(X509 *certificate,
				    struct scep_values *values,
				    struct scep_error *error)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));
	enum scep_code code;

	if (name == NULL)
		return error_set_memory(error);
	take_attribute(name, NID_commonName, values->common_name);
	take_attribute(name, NID_organizationName, values->organization);
	code = names_text_whole(name, values->subject_extra, error);
	X509_NAME_free(name);
	return code;
}

/* --------------------------------------------------------------- usages -- */

/* OpenSSL has the bits of keyUsage in the order of their octets. */
static uint32_t asked_key_usage(X509 *certificate)
{
	uint32_t flags = X509_get_key_usage(certificate);
	uint32_t bits = 0;

	if (flags == UINT32_MAX) /* there is none */
		return 0;
	for (int bit = 0; bit < 8; bit++)
		if (flags & (0x80u >> bit))
			bits |= 1u << bit;
	return flags & KU_DECIPHER_ONLY ? bits | 1u << 8 : bits;
}

static enum scep_code refuse_length(const char *what, struct scep_error *error)
{
	return error_set(error, SCEP_CONFIG_ERROR,
			 "%s is too long: more than %d octets", what,
			 SCEP_TEXT255 - 1);
}

static enum scep_code asked_ext_key_usage(X509 *certificate, char *text,
					  struct scep_error *error)
{
	EXTENDED_KEY_USAGE *usage =
	    X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool is_whole = extensions_ext_key_usage_text(usage, text);

	EXTENDED_KEY_USAGE_free(usage);
	return is_whole ? SCEP_OK : refuse_length("extendedKeyUsage", error);
}

static enum scep_code asked_alt_name(X509 *certificate, char *text,
				     struct scep_error *error)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool is_whole = extensions_names_text(names, text);

	GENERAL_NAMES_free(names);
	return is_whole ? SCEP_OK : refuse_length("subjectAltName", error);
}

/* ------------------------------------------------------------------ key -- */

static void asked_key(X509 *certificate, struct scep_values *values)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);

	if (key != NULL && EVP_PKEY_is_a(key, "EC"))
		values->key_algorithm =
		    bits > 256 ? SCEP_NEW_EC_P384 : SCEP_NEW_EC_P256;
	else if (bits > 0)
		values->key_length = (uint32_t)bits;
}

enum scep_code asked_of_certificate(X509 *certificate,
				    struct scep_values *values,
				    struct scep_error *error)
{
	enum scep_code code = asked_subject(certificate, values, error);

	if (code == SCEP_OK)
		code = asked_alt_name(certificate, values->subject_alt_name,
				      error);
	if (code == SCEP_OK)
		code = asked_ext_key_usage(certificate,
					   values->extended_key_usage, error);
	values->key_usage = asked_key_usage(certificate);
	asked_key(certificate, values);
	return error_end_openssl(code, error);
}
