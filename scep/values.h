/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a certificate request, "P" of the MIB: those of a manual
 * request (scepRequestTable) and those of the timer (scepAutoTable).  Both are
 * parts of a profile row.  Knows no profile.
 *
 * A BITS value has bit n of the MIB in bit n of the number (1u << n).
 */
#ifndef SCEP_VALUES_H
#define SCEP_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "scep/octets.h"

enum scep_signature_algorithm {
	SCEP_SIGN_SHA1 = 1,
	SCEP_SIGN_SHA256 = 2,
	SCEP_SIGN_SHA384 = 3,
	SCEP_SIGN_SHA512 = 4,
};

/* The kinds of key that are made: scepRequestKeyAlgorithm. */
enum scep_new_key {
	SCEP_NEW_RSA = 1,
	SCEP_NEW_EC_P256 = 2,
	SCEP_NEW_EC_P384 = 3,
};

/* The shortest length of a key, in bits.  It needs allowShortKeys.  The range
 * of scepRequestKeyLength has all lengths. */
#define SCEP_KEY_LENGTH_SHORT 1024

/* The request values, "P" of the MIB: of a manual request or of the timer. */
struct scep_values {
	char key_name[SCEP_TEXT64];
	uint32_t signature_algorithm; /* enum scep_signature_algorithm */
	uint32_t key_length;	      /* bits, of an RSA key */
	char organization[SCEP_TEXT64];
	char common_name[SCEP_TEXT64];
	char subject_extra[SCEP_TEXT255];
	char subject_alt_name[SCEP_TEXT255];
	uint32_t key_usage; /* BITS, numbered as KeyUsage of RFC 5280 */
	char extended_key_usage[SCEP_TEXT255];
	struct scep_secret challenge_password;
	char use_location[SCEP_TEXT255];
	uint32_t key_algorithm; /* enum scep_new_key; 0: RSA, in the record of
				 * an older version */
	char template_name[SCEP_TEXT64]; /* Microsoft's */
};

/* Tells if the values ask for a key of an elliptic curve. */
static inline bool scep_values_are_ec(const struct scep_values *values)
{
	return values->key_algorithm == SCEP_NEW_EC_P256 ||
	       values->key_algorithm == SCEP_NEW_EC_P384;
}

#endif
