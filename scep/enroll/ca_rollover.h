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

struct open_input;

/* ---------------------------------------------------------- GetNextCACert */

/* On the loop, when GetCACert has brought a trusted CA: whether to ask. */
bool rollover_is_due(struct enrolment *enrolment);
/* On a worker: the exchange, and what came of it in run->cas, ca_count being
 * 0 if there is no next CA yet; or run->error. */
void rollover_compose(struct enrolment *enrolment);
void rollover_digest(struct enrolment *enrolment);
/* On the loop: what came becomes rows, the CA pinned with the present one
 * (MIB, rule 15). */
void rollover_keep(struct enrolment *enrolment, struct batch *batch);

/* ------------------------------------------------ in mid-transaction */

/* record->doubt */
enum rollover_doubt {
	DOUBT_NONE,
	DOUBT_NOW,     /* GetCACert is to tell */
	DOUBT_SETTLED, /* it has told of another CA: there is no second time */
};

/* On a worker, when a reply was refused with run->error: if another CA could
 * account for it, takes the error away for rollover_begin_doubt(). */
void rollover_consider(struct enrolment *enrolment,
		       const struct open_input *input);
/* On the loop: whether that has happened, and then what is to be recorded. */
bool rollover_begin_doubt(struct enrolment *enrolment, struct record *next);
/* On the loop, when GetCACert has brought a trusted CA: false, with the error
 * of the refused reply in run->error, if it is the CA that there was. */
bool rollover_end_doubt(struct enrolment *enrolment);

/* Where a request goes on when its CA is known. */
enum step_id rollover_leads_to(const struct record *record);

#endif
