/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of scepKeyTable: a key, its certificate, and the use locations that
 * they are meant for.  Holds no key material, only the name of its files.
 *
 * Times are seconds since 1970 in UTC, 0 for "none".  Truth values are 0 and 1.
 */
#ifndef SCEP_KEY_ROW_H
#define SCEP_KEY_ROW_H

#include <stdint.h>

#include "scep/octets.h"
#include "scep/values.h"

enum scep_key_algorithm { SCEP_KEY_OTHER = 1, SCEP_KEY_RSA, SCEP_KEY_EC };
enum scep_key_storage { SCEP_KEY_FILE = 1, SCEP_KEY_TPM, SCEP_KEY_PKCS11 };
enum scep_key_state {
	SCEP_KEY_NO_CERTIFICATE = 1,
	SCEP_KEY_VALID,
	SCEP_KEY_EXPIRING,
	SCEP_KEY_EXPIRED,
	SCEP_KEY_NOT_YET_VALID,
	SCEP_KEY_REVOKED,
	SCEP_KEY_CORRUPT,
};

struct scep_key {
	uint32_t index;
	char name[SCEP_TEXT64];
	uint32_t algorithm; /* enum scep_key_algorithm */
	uint32_t length;    /* bits */
	uint32_t storage;   /* enum scep_key_storage; 0: never looked at */
	uint32_t is_default;
	uint32_t is_corrupt; /* the files do not bear out the row */
	uint32_t is_revoked; /* by the last CRL */
	char subject[SCEP_TEXT255];
	char issuer[SCEP_TEXT255];
	struct scep_octets32 serial; /* at most 20 octets */
	int64_t not_before;	     /* 0 without a certificate */
	int64_t not_after;
	struct scep_octets32 fingerprint; /* SHA-256 of the certificate */
	char subject_alt_name[SCEP_TEXT255];
	char use_location[SCEP_TEXT255];
	uint32_t profile_index;
	uint32_t replaces;    /* index of the row it replaced, or 0 */
	uint32_t replaced_by; /* index of the row that replaced it, or 0 */
	int64_t install_time;
	uint32_t action_result; /* enum scep_code, of the last scepKeyAction;
				 * 0: none */
	char action_text[SCEP_TEXT255]; /* the same in words */
	char assign_to[SCEP_TEXT255];
	/* never shown */
	/* The values of its request, for its renewal: all but the name, the
	 * use location and the challenge.  key_length is 0 where nothing is
	 * known. */
	struct scep_values asked;
	char file_id[SCEP_TEXT64];		 /* keys/ID.pem, certs/ID.pem */
	struct scep_octets32 issuer_fingerprint; /* SHA-256 of the certificate
						  * of who issued it */
	uint32_t successor; /* of one that is set aside, or waited for
			     * its notBefore: the key that took its
			     * place */
	/* The certificate begins later: the use locations that get the key
	 * then, and the enum scep_trigger of the request whose consequences
	 * follow after that (0: none). */
	char use_when_valid[SCEP_TEXT255];
	uint32_t wait_trigger;
	uint32_t is_to_be_verified; /* a manager has asked for it */
	/* The first failure of the action that runs, at one of its locations;
	 * in words. */
	char action_fault[SCEP_TEXT255];
};

/* The state of a key's certificate at the time `now`. */
enum scep_key_state scep_key_state_at(const struct scep_key *key, int64_t now,
				      uint32_t expiry_days);

#endif
