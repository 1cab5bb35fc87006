/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of scepCaTable: a certificate of a CA or of an RA, and whether it is
 * trusted.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".
 */
#ifndef SCEP_CA_ROW_H
#define SCEP_CA_ROW_H

#include <stdint.h>

#include "scep/octets.h"

enum scep_ca_role {
	SCEP_CA_ROOT = 1u << 0,
	SCEP_CA_INTERMEDIATE = 1u << 1,
	SCEP_CA_RA_SIGN = 1u << 2,
	SCEP_CA_RA_ENCRYPT = 1u << 3,
	SCEP_CA_NEXT = 1u << 4,
};

/* A certificate with none of these roles is an RA. */
#define SCEP_CA_IS_CA (SCEP_CA_ROOT | SCEP_CA_INTERMEDIATE)

enum scep_ca_source { SCEP_CA_OTHER = 1, SCEP_CA_GET, SCEP_CA_GET_NEXT };
enum scep_ca_trust {
	SCEP_CA_PENDING = 1,
	SCEP_CA_TRUSTED = 2,
	SCEP_CA_REJECTED = 3,
	SCEP_CA_CHAINED = 4,
};

struct scep_ca {
	uint32_t index;
	uint32_t profile_index;
	char subject[SCEP_TEXT255];
	char issuer[SCEP_TEXT255];
	struct scep_octets32 serial;
	int64_t not_before;
	int64_t not_after;
	struct scep_octets32 fingerprint; /* SHA-256 */
	uint32_t role;			  /* enum scep_ca_role */
	uint32_t source;		  /* enum scep_ca_source */
	uint32_t trust;			  /* enum scep_ca_trust */
	uint32_t is_believed;		  /* chained: it may speak for the CA */
	uint32_t is_revoked; /* by a CRL that a check has brought */
};

#endif
