/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that renew a certificate (RFC 8894, 2.5, and MIB, rule 16): which
 * certificate a request renews, with which message it is sent, and which
 * certificate signs that.  Knows no schedule and no content of a message.
 */
#ifndef SCEP_KEYS_RENEWAL_H
#define SCEP_KEYS_RENEWAL_H

#include "scep/codes.h"
#include "scep/protocol/ca_certs.h"
#include "scep/state/state.h"

struct scep_key;
struct scep_profile;
struct scep_values;

/* scepServerRenewalMode */
enum renewal_mode {
	/* RenewalReq if the server offers it and has not refused it, else as
	 * OLD_KEY. */
	RENEWAL_AUTO = 1,
	RENEWAL_REQ = 2,
	RENEWAL_PKCS_REQ = 3, /* as if it were the first certificate */
	RENEWAL_OLD_KEY = 4,  /* a PKCSReq that the old certificate signs */
};

/*
 * Returns the key of the profile whose end decides when to renew, or NULL: the
 * one that was installed last.  If that begins later, and not before the
 * present one ends, it is the present one.
 */
const struct scep_key *renewal_next(struct state *state,
				    uint32_t profile_index);
/* Has a new record renew the last certificate of its profile that has begun,
 * if that is valid now. */
void renewal_of_last(struct state *state, struct record *record);
/* Has it renew the certificate of that key, if it is valid now.  In place of
 * one that begins later, it renews the present one of the profile. */
void renewal_of(struct state *state, struct record *record,
		const struct scep_key *key);

/* Keeps with a key what its certificate was requested with. */
void renewal_keep_asked(struct scep_key *key, const struct scep_values *values);
/* Finds that out from the certificate, which is the leaf of the chain in the
 * key's file.  Logs why, and leaves the key alone, if the file cannot be read
 * or a name is longer than a request can have it. */
void renewal_recall_asked(struct state *state, struct scep_key *key);
/* Returns the values that request that certificate again.  The challenge, if
 * one is needed, is that of the next manual request, or else that of the timer.
 * Cleanse them. */
struct scep_values renewal_values(const struct scep_key *key,
				  const struct scep_profile *profile);

/* Returns the step that sends the request: STEP_RENEW or STEP_REQUEST. */
enum step_id renewal_step(const struct record *record);
/* True if the old certificate signs the request, and not one of the new key. */
bool renewal_signs_with_old(const struct record *record);
/* True if a refused RenewalReq may be followed by a PKCSReq. */
bool renewal_may_fall_back(const struct record *record);
/* Makes `next` the record of that PKCSReq: another transaction with the same
 * key.  False if the random source fails. */
bool renewal_fall_back(struct record *next);

/* True if an EC key takes part: the reply is encrypted with the challenge of
 * the request then (RFC 8894, 3.2.2). */
bool renewal_needs_challenge(struct state *state, const struct record *record);

/* On a worker: reads the certificate that the request renews.  `*certificate`
 * is owned; NULL if it renews none.  SCEP_KEY_ERROR if it cannot be read. */
enum scep_code renewal_load(const struct state *state,
			    const struct record *record, X509 **certificate,
			    struct scep_error *error);

#endif
