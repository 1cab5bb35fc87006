/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The change from one CA to the next.  Before the change, checks and the
 * requests to a CA in its last year ask for the next CA (RFC 8894, 4.7).
 * During a transaction, a reply that does not fit the CA's certificates has
 * GetCACert sent again, and the reply is accepted if a pinned CA now explains
 * it.  Changes the state of no task.
 */
#ifndef SCEP_ENROLL_CA_ROLLOVER_H
#define SCEP_ENROLL_CA_ROLLOVER_H

#include "scep/state/open_request.h"
#include "scep/state/txn.h"

struct cert_rep_input;

/* --------------------------------------------------------- GetNextCACert -- */

/* On the loop, when GetCACert has delivered a trusted CA: tells if the task has
 * to ask for the next one. */
bool ca_rollover_is_due(const struct task *task);
/* On a worker: sets work.url; then work.cas, with ca_count 0 if there is no
 * next CA yet.  Or work.error. */
void ca_rollover_compose(struct task *task);
void ca_rollover_digest(struct task *task);
/* On the loop: adds the rows.  The next CA is pinned with the present one
 * (MIB, rule 15). */
void ca_rollover_keep(struct task *task, struct txn *txn);

/* -------------------------------------------------- during a transaction -- */

/* record->ca_refetch */
enum ca_refetch {
	CA_REFETCH_NONE,
	CA_REFETCH_NOW,	    /* GetCACert is sent again */
	CA_REFETCH_SETTLED, /* the CA has changed; it is not sent once more */
};

/* On a worker, when a reply is refused with work.error: if another CA could
 * explain the reply, moves the error to work.ca_refetch. */
void ca_rollover_consider(struct task *task,
			  const struct cert_rep_input *input);
/* On the loop: tells if that was done, and notes it in `next`. */
bool ca_rollover_begin_refetch(struct open_request *e, struct record *next);
/* On the loop, when GetCACert has delivered a trusted CA: returns false, with
 * the error of the refused reply in work.error, if the CA is still the same. */
bool ca_rollover_end_refetch(struct open_request *e, struct record *next);

/* Returns the step that follows when the CA is known. */
enum step_id ca_rollover_leads_to(const struct record *record);

#endif
