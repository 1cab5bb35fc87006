/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to GetCACert (RFC 8894, 4.2) against the pins of a request: who
 * is in it, which of them is the pinned CA or could become it, and what of it
 * the transaction is made with.  Knows no row of scepCaTable but by its
 * description, and changes none.
 */
#ifndef SCEP_ENROLL_CA_PINNING_H
#define SCEP_ENROLL_CA_PINNING_H

#include "scep/state/open_request.h"

/*
 * On a worker: fills run->cas, candidate and is_trusted, and the trust of
 * run->next.  Without an error and without trust, an operator is to decide
 * about the candidate.
 */
void ca_pinning_digest(struct open_request *enrolment);

#endif
