/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to GetNextCACert (RFC 8894, 4.7.1): the certificates of the CA
 * that is to come, signed by the one there is.  Nothing of it is believed
 * before that signature is.  Pure.
 */
#ifndef SCEP_PROTOCOL_NEXT_CA_H
#define SCEP_PROTOCOL_NEXT_CA_H

#include "scep/codes.h"
#include "scep/protocol/ca_certs.h"

/* All borrowed. */
struct next_ca_input {
	const void *body;
	size_t length;
	const struct ca_certs *trust; /* a CA of it, and no RA, has signed */
	uint32_t allow_legacy;	      /* enum scep_legacy */
	bool allow_short_keys;
	int64_t now; /* 0: no judgement about time */
};

/*
 * `*certificates` is owned: the next CA first, then what it has certified; the
 * rest is left out.  Adds to `legacy_used` (enum scep_legacy).  Fails with
 * SCEP_BAD_RESPONSE, or SCEP_CA_NOT_TRUSTED if the present CA has expired.
 */
enum scep_code next_ca_read(const struct next_ca_input *input,
			    STACK_OF(X509) * *certificates,
			    uint32_t *legacy_used, struct scep_error *error);

#endif
