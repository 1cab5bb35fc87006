/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the EnvelopedData of a reply (RFC 8894, 3.2.2).  Looks at recipient
 * and algorithms first, and refuses by name what is not allowed, so that
 * nothing is decrypted that should not be.  Knows no attributes and no trust:
 * whoever calls has verified the signature over the envelope.
 */
#ifndef SCEP_PROTOCOL_ENVELOPE_H
#define SCEP_PROTOCOL_ENVELOPE_H

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/base/bytes.h"

/* All borrowed. */
struct envelope_input {
	const unsigned char *der; /* must be filled exactly */
	size_t length;
	X509 *signer;	      /* of the request; by it we are addressed */
	EVP_PKEY *signer_key; /* the key of that certificate */
	EVP_PKEY *key;	      /* the requested key: the same, or a new one */
	const struct scep_secret *challenge; /* of the request; may be NULL */
	uint32_t allow_legacy;		     /* enum scep_legacy */
};

/* `content` is set and owned; adds to `legacy_used` (enum scep_legacy).
 * Fails with SCEP_BAD_RESPONSE. */
enum scep_code envelope_open(const struct envelope_input *input,
			     struct bytes *content, uint32_t *legacy_used,
			     struct scep_error *error);

#endif
