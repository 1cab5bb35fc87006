/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of trust.h that describes certificates as rows of the tables.
 */
#include "scep/protocol/ca_certs.h"

#include <string.h>

#include <openssl/evp.h>

#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/names.h"

#define SERIAL_MAX 20 /* RFC 5280, 4.1.2.2, and the MIB */

/* Serials that are longer than allowed are cut. */
static void describe_serial(const X509 *certificate,
			    struct scep_octets32 *serial)
{
	const ASN1_INTEGER *number = X509_get0_serialNumber(certificate);
	size_t length = (size_t)ASN1_STRING_length(number);

	memset(serial, 0, sizeof(*serial));
	if (length > SERIAL_MAX)
		length = SERIAL_MAX;
	serial->length = (uint32_t)length;
	if (length > 0)
		memcpy(serial->data, ASN1_STRING_get0_data(number), length);
}

static void describe_fingerprint(const X509 *certificate,
				 struct scep_octets32 *fingerprint)
{
	EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	unsigned int length = 0;

	memset(fingerprint, 0, sizeof(*fingerprint));
	if (digest != NULL &&
	    X509_digest(certificate, digest, fingerprint->data, &length) == 1)
		fingerprint->length = length;
	EVP_MD_free(digest);
}

static uint32_t role_of(X509 *certificate)
{
	if (certs_is_ca(certificate))
		return certs_is_self_signed(certificate) ? SCEP_CA_ROOT
							 : SCEP_CA_INTERMEDIATE;
	return (certs_may_sign(certificate) ? SCEP_CA_RA_SIGN : 0) |
	       (certs_may_encipher(certificate) ? SCEP_CA_RA_ENCRYPT : 0);
}

void ca_certs_describe(X509 *certificate, struct scep_ca *row)
{
	name_text(X509_get_subject_name(certificate), row->subject);
	name_text(X509_get_issuer_name(certificate), row->issuer);
	describe_serial(certificate, &row->serial);
	row->not_before = ca_certs_time(X509_get0_notBefore(certificate));
	row->not_after = ca_certs_time(X509_get0_notAfter(certificate));
	describe_fingerprint(certificate, &row->fingerprint);
	row->role = role_of(certificate);
}

static enum scep_key_algorithm algorithm_of(const EVP_PKEY *key)
{
	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		return SCEP_KEY_RSA;
	if (key != NULL && EVP_PKEY_is_a(key, "EC"))
		return SCEP_KEY_EC;
	return SCEP_KEY_OTHER;
}

void ca_certs_describe_leaf(X509 *certificate, struct scep_key *row)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);

	name_text(X509_get_subject_name(certificate), row->subject);
	name_text(X509_get_issuer_name(certificate), row->issuer);
	describe_serial(certificate, &row->serial);
	row->not_before = ca_certs_time(X509_get0_notBefore(certificate));
	row->not_after = ca_certs_time(X509_get0_notAfter(certificate));
	describe_fingerprint(certificate, &row->fingerprint);
	extensions_alt_name_text(certificate, row->subject_alt_name);
	row->algorithm = algorithm_of(key);
	row->length = bits > 0 ? (uint32_t)bits : 0;
}
