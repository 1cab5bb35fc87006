/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetCACert (RFC 8894, 4.2): compares the delivered certificates with the pins
 * of a task, and finds the CA that is pinned, or that could be.  Knows a row of
 * scepCaTable only as a description, and changes none.
 */
#ifndef SCEP_ENROLL_CA_PINNING_H
#define SCEP_ENROLL_CA_PINNING_H

#include "scep/state/task.h"

/* On a worker: sets work.url, or work.error. */
void ca_pinning_compose(struct task *task);
/*
 * On a worker: sets work.cas with their judgement, candidate and is_trusted,
 * and the trust of work.next; or work.error.  With neither trust nor an error,
 * a manager has to decide: about RAs if awaits_ra is set, else about the
 * candidate.
 */
void ca_pinning_digest(struct task *task);

#endif
