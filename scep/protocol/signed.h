/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SignedData (RFC 5652, 5) from outside: its form, its digests, its signature
 * and its signed attributes.  A CertRep (RFC 8894, 3.3.2) and the answer to
 * GetNextCACert (4.7.1) have this in common.  Pure.  Knows no transaction, and
 * trusts the certificates that it is given and no others.
 */
#ifndef SCEP_PROTOCOL_SIGNED_H
#define SCEP_PROTOCOL_SIGNED_H

#include <stddef.h>

#include <stdbool.h>

#include <openssl/cms.h>
#include <openssl/x509.h>

#include "scep/codes.h"

struct signed_data {
	CMS_ContentInfo *message; /* owned */
	CMS_SignerInfo *signer;	  /* the only one; borrowed from it */
	X509 *certificate;	  /* whose key verified it; borrowed, or NULL */
};

/*
 * Reads a SignedData over data that has one signer and fills `der` but for
 * white space behind it; signed_free() it in every case.  `wanted` is what it
 * should be, for the error: "a CertRep".  Fails with SCEP_BAD_RESPONSE.
 */
enum scep_code signed_read(const unsigned char *der, size_t length,
			   const char *wanted, struct signed_data *data,
			   struct scep_error *error);
void signed_free(struct signed_data *data);

/* The content, NULL if there is none or an empty one.  Borrows. */
const ASN1_OCTET_STRING *signed_content(const struct signed_data *data);

/* Tells whether its digests are `allowed` (enum scep_legacy); adds to
 * `legacy_used`. Fails with SCEP_BAD_RESPONSE. */
enum scep_code signed_check_digests(const struct signed_data *data,
				    uint32_t allowed, uint32_t *legacy_used,
				    struct scep_error *error);

/*
 * Verifies it with one of the `believed` certificates, which must be valid at
 * `now` (0: no judgement), and sets data->certificate.  Certificates of the
 * message itself are not looked at.  Fails with SCEP_BAD_RESPONSE;
 * `unknown_signer` are the words where none of them has signed.
 */
enum scep_code signed_verify(struct signed_data *data,
			     STACK_OF(X509) * believed, int64_t now,
			     const char *unknown_signer,
			     struct scep_error *error);

/* Tells if a message names none of the `known` certificates as its signer: the
 * CA may have changed.  False for what is no SignedData.  Fails with
 * SCEP_NO_MEMORY. */
enum scep_code signed_by_unknown(const void *message, size_t length,
				 STACK_OF(X509) * known, bool *is_unknown,
				 struct scep_error *error);

/*
 * Finds the value of a signed attribute (RFC 8894, 3.2.1); `*value` is
 * borrowed, NULL if the attribute is not there.  `type` is its OID, `name` the
 * RFC's word for it.  Fails with SCEP_BAD_RESPONSE if there is more than one
 * value.
 */
enum scep_code signed_attribute(const CMS_SignerInfo *signer, const char *type,
				const char *name, const ASN1_TYPE **value,
				struct scep_error *error);

/* The same for a character string: PrintableString as the RFC has it, and
 * UTF8String and IA5String, which servers send in its place. */
enum scep_code signed_attribute_text(const CMS_SignerInfo *signer,
				     const char *type, const char *name,
				     const ASN1_STRING **text,
				     struct scep_error *error);

/* The same for an OCTET STRING. */
enum scep_code signed_attribute_octets(const CMS_SignerInfo *signer,
				       const char *type, const char *name,
				       const ASN1_STRING **octets,
				       struct scep_error *error);

#endif
