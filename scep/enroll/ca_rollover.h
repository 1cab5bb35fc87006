/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a request, and of a check, where a CA is replaced by
 * another.  Before: the CA that is to come is asked for (RFC 8894, 4.7), by a
 * check or with any request to a CA in its last year.  In the middle of a
 * transaction: a reply that its certificates do not account for has GetCACert
 * sent once more, and is believed if the pin accepts what comes.  Steps and
 * checks call it; it moves nothing by itself.
 */
#ifndef SCEP_ENROLL_CA_ROLLOVER_H
#define SCEP_ENROLL_CA_ROLLOVER_H

#include "scep/state/txn.h"
#include "scep/state/open_request.h"

struct cert_rep_input;

/* ---------------------------------------------------------- GetNextCACert */

/* On the loop, when GetCACert has brought a trusted CA: whether to ask. */
bool ca_rollover_is_due(struct open_request *enrolment);
/* On a worker: the exchange, and what came of it in run->cas, ca_count being
 * 0 if there is no next CA yet; or run->error. */
void ca_rollover_compose(struct open_request *enrolment);
void ca_rollover_digest(struct open_request *enrolment);
/* On the loop: what came becomes rows, the CA pinned with the present one
 * (MIB, rule 15). */
void ca_rollover_keep(struct open_request *enrolment, struct txn *txn);

/* ------------------------------------------------ in mid-transaction */

/* record->doubt */
enum ca_refetch {
	CA_REFETCH_NONE,
	CA_REFETCH_NOW,	    /* GetCACert is to tell */
	CA_REFETCH_SETTLED, /* it has told of another CA: there is no second
			       time */
};

/* On a worker, when a reply was refused with run->error: if another CA could
 * account for it, takes the error away for ca_rollover_begin_refetch(). */
void ca_rollover_consider(struct open_request *enrolment,
			  const struct cert_rep_input *input);
/* On the loop: whether that has happened, and then what is to be recorded. */
bool ca_rollover_begin_refetch(struct open_request *enrolment,
			       struct record *next);
/* On the loop, when GetCACert has brought a trusted CA: false, with the error
 * of the refused reply in run->error, if it is the CA that there was. */
bool ca_rollover_end_refetch(struct open_request *enrolment);

/* Where a request goes on when its CA is known. */
enum step_id ca_rollover_leads_to(const struct record *record);

#endif
