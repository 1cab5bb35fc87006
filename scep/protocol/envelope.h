/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the EnvelopedData of a reply (RFC 8894, 3.2.2).  Looks at recipient
 * and algorithms first, and refuses by name what is not allowed, so that
 * nothing is decrypted that should not be.  Knows no attributes and no trust:
 * whoever calls has verified the signature over the envelope.
 */
#ifndef SCEP_PROTOCOL_ENVELOPE_H
#define SCEP_PROTOCOL_ENVELOPE_H

#include "scep/codes.h"
#include "scep/base/bytes.h"
#include "scep/protocol/recipient.h"

/* All borrowed. */
struct envelope_input {
	const unsigned char *der; /* must be filled exactly */
	size_t length;
	struct recipient_keys ours;
};

/* `content` is set and owned; adds to `legacy_used` (enum scep_legacy).
 * Fails with SCEP_BAD_RESPONSE. */
enum scep_code envelope_open(const struct envelope_input *input,
			     struct bytes *content, uint32_t *legacy_used,
			     struct scep_error *error);

#endif
