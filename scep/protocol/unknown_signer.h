/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a reply comes from somebody whom the transaction does not know: what
 * distinguishes a CA that has changed from one that errs.  Decides nothing
 * about whom to believe.  Pure.
 */
#ifndef SCEP_PROTOCOL_UNKNOWN_SIGNER_H
#define SCEP_PROTOCOL_UNKNOWN_SIGNER_H

#include "scep/protocol/ca_certs.h"

/* Whether a SignedData names, as its signer, none of the certificates that
 * chain to the anchor.  False for what is no message at all. */
bool unknown_signer_has_signed(const void *message, size_t length,
			       const struct ca_certs *trust);

/* Whether two sets of certificates in PEM are the same in any order. */
bool unknown_signer_is_same_set(const struct bytes *pem,
				const struct bytes *other);

#endif
