/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a request that follows another certificate goes about it (RFC 8894, 2.5,
 * and MIB, rule 16): which certificate it renews, with which message, and who
 * signs that.  Knows no schedule, and no message's content.
 */
#ifndef SCEP_KEYS_RENEWAL_H
#define SCEP_KEYS_RENEWAL_H

#include "scep/state/open_request.h"
#include "scep/protocol/certs.h"

/* scepServerRenewalMode */
enum renewal_mode {
	/* RenewalReq where it is offered and not refused, else as OLD_KEY. */
	RENEWAL_AUTO = 1,
	RENEWAL_REQ = 2,
	RENEWAL_PKCS_REQ = 3, /* as if it were the first certificate */
	RENEWAL_OLD_KEY = 4,  /* a PKCSReq that the old certificate signs */
};

/* The certificate of a profile that was installed last, or NULL. */
const struct scep_key *renewal_last(struct state *state,
				    uint32_t profile_index);
/* Has a new record renew that one, if it is valid now. */
void renewal_begin(struct state *state, struct record *record);
/* The same for a certain key. */
void renewal_of(struct state *state, struct record *record,
		const struct scep_key *key);

/* The step that sends the request: STEP_RENEW or STEP_REQUEST. */
enum step_id renewal_step(const struct record *record);
/* Whether the old certificate signs, and not one over the new key. */
bool renewal_signs_with_old(const struct record *record);
/* Whether the server may be asked in another way once it has refused. */
bool renewal_may_fall_back(const struct record *record);
/* Makes of `next` another transaction with the same key, in that other way.
 * False if there are no random numbers. */
bool renewal_fall_back(struct record *next);

/* On a worker: the certificate to be renewed, which is owned; NULL if there is
 * none.  SCEP_KEY_ERROR if it cannot be read. */
enum scep_code renewal_load(struct open_request *enrolment, X509 **certificate);

#endif
