/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetCert (RFC 8894, 3.3.4) for a key whose certificate file is lost: steps
 * that get the certificate from the CA again.  A self-signed certificate of the
 * key signs the message, as at the first enrolment.  Knows no check and no
 * other step.
 */
#ifndef SCEP_ENROLL_CERT_RECOVERY_H
#define SCEP_ENROLL_CERT_RECOVERY_H

#include "scep/state/task.h"
#include "scep/state/txn.h"

struct scep_key;

/* Returns the newest such key of the task's profile, or NULL.  Borrows. */
struct scep_key *cert_recovery_find(const struct task *task);

/* On a worker: makes the certificate that signs. */
void cert_recovery_compose_signer(struct task *task,
				  const struct scep_key *lost);
/* On a worker: the message, and its answer.  Writes the file; its certificate
 * signs from then on. */
void cert_recovery_compose(struct task *task, const struct scep_key *lost);
void cert_recovery_digest(struct task *task, const struct scep_key *lost);
/* On the loop: the row of the key is no longer corrupt. */
void cert_recovery_keep(struct task *task, const struct scep_key *lost,
			struct txn *txn);

#endif
