/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SignedData from outside: its shape, the digests in it, and whose
 * signature it bears.  What a CertRep (RFC 8894, 3.3.2) and the answer to
 * GetNextCACert (4.7.1) have in common.  Pure; knows no attributes of SCEP and
 * no trust but the certificates it is given.
 */
#ifndef SCEP_PROTOCOL_SIGNED_H
#define SCEP_PROTOCOL_SIGNED_H

#include <stddef.h>

#include <openssl/cms.h>
#include <openssl/x509.h>

#include "scep/codes.h"

struct signed_data {
	CMS_ContentInfo *message; /* owned */
	CMS_SignerInfo *signer;	  /* the only one; borrowed from it */
};

/* Reads a SignedData over data that has one signer and fills `der` exactly;
 * signed_free() it in every case.  Fails with SCEP_BAD_RESPONSE. */
enum scep_code signed_read(const unsigned char *der, size_t length,
			   struct signed_data *data, struct scep_error *error);
void signed_free(struct signed_data *data);

/* The content, NULL if there is none or an empty one.  Borrows. */
const ASN1_OCTET_STRING *signed_content(const struct signed_data *data);

/* Whether its digests are `allowed` (enum scep_legacy); adds to `legacy_used`.
 * Fails with SCEP_BAD_RESPONSE. */
enum scep_code signed_check_digests(const struct signed_data *data,
				    uint32_t allowed, uint32_t *legacy_used,
				    struct scep_error *error);

/*
 * Verifies it with one of the `believed` certificates, which must be valid at
 * `now` (0: no judgement).  Certificates of the message itself are not looked
 * at.  Fails with SCEP_BAD_RESPONSE; `stranger` are the words where none of
 * them has signed.
 */
enum scep_code signed_verify(const struct signed_data *data,
			     STACK_OF(X509) * believed, int64_t now,
			     const char *unknown_signer,
			     struct scep_error *error);

#endif
