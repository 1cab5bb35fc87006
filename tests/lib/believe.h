/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Establishes trust with the settings as they are at first: marked RAs are
 * believed, nobody has decided anything, and nothing weak is allowed.
 */
#ifndef TESTS_LIB_BELIEVE_H
#define TESTS_LIB_BELIEVE_H

#include "scep/protocol/ca_certs.h"
#include "scep/protocol/rfc8894.h"

static inline enum scep_code believe(STACK_OF(X509) * certificates,
				     const struct ca_certs_pin *pins,
				     size_t pin_count, int64_t now,
				     struct ca_certs *trust,
				     struct scep_error *error)
{
	struct ca_certs_entry entries[LIMIT_CERTIFICATES] = {0};
	const struct ca_certs_input input = {
	    .certificates = certificates,
	    .pins = pins,
	    .pin_count = pin_count,
	    .ra_policy = SCEP_RA_MARKED,
	    .now = now,
	};

	return ca_certs_establish(&input, entries, trust, error);
}

#endif
