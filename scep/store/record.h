/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable part of an open request: enough to continue after a kill at any
 * instruction with the same key and the same transactionID.  A counted row
 * (rows.h) that owns its octet strings.  Knows neither how it is stored nor
 * what is running for it.
 */
#ifndef SCEP_STORE_RECORD_H
#define SCEP_STORE_RECORD_H

#include "scep/octets.h"
#include "scep/server.h"
#include "scep/values.h"
#include "scep/base/bytes.h"

/* The steps of an enrolment, in the order of the RFC. */
enum step_id {
	STEP_GET_CA_CAPS = 1,
	STEP_GET_CA_CERT = 2,
	STEP_WAIT_TRUST = 3,
	STEP_MAKE_KEY = 4,
	STEP_REQUEST = 5,
	STEP_POLL = 6,
	STEP_REGISTER = 7,
	STEP_RENEW = 8,	       /* in the place of STEP_REQUEST */
	STEP_DEPLOY = 9,       /* after STEP_REGISTER */
	STEP_GET_NEXT_CA = 10, /* after STEP_GET_CA_CERT */
	STEP_COUNT
};

struct record {
	uint32_t index; /* of its status row */
	uint32_t profile_index;
	uint32_t step;		   /* enum step_id: what is to be done next */
	uint32_t is_suspended;	   /* ended in Error, but pollNow can resume */
	struct scep_server server; /* copies: the request keeps its own */
	struct scep_values values; /* challenge included until it is wiped */
	uint32_t caps;		   /* enum scep_caps */
	uint32_t key_index;	   /* place reserved in the registry */
	char file_id[SCEP_TEXT64]; /* names key and certificate files */
	char transaction_id[SCEP_TEXT64];
	uint32_t replaces;	       /* the key that it renews, or 0 */
	char old_file_id[SCEP_TEXT64]; /* its files */
	uint32_t action_key; /* whose scepKeyAction asked for it, or 0 */
	uint32_t renewal_was_refused; /* RenewalReq, by the server */
	uint32_t was_pending;	      /* the server has answered PENDING */
	uint32_t ca_refetch;	      /* enum ca_refetch: of its CA */
	uint32_t awaits_ra;	 /* at STEP_WAIT_TRUST: RAs, and not the CA */
	char note[SCEP_TEXT255]; /* Text of the row where there is no
				  * error */
	int64_t next_try;	 /* wall clock; 0: at once */
	uint32_t next_wait;	 /* seconds that this was away */
	struct bytes signer;	 /* PEM: the certificate that signs */
	struct bytes trust;	 /* PEM: the CA certificates of the transaction,
				  * anchor first, recipient second */
	struct bytes issued; /* PEM: ours, then its chain; at STEP_REGISTER */
	/* For Text of the successful row: how the certificate differs from the
	 * request. */
	char difference[SCEP_TEXT255];
};

/* A zeroed record with one reference, or NULL if memory is short. */
struct record *record_new(void);

#endif
