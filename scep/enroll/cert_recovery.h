/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate whose file was lost while its key is there: steps of a check
 * that have it back from the CA (RFC 8894, 3.3.4).  What is to sign the request
 * is a certificate that we make ourselves over the key, as at the first
 * enrolment.  Knows no way that a check goes.
 */
#ifndef SCEP_ENROLL_CERT_RECOVERY_H
#define SCEP_ENROLL_CERT_RECOVERY_H

#include "scep/state/txn.h"
#include "scep/state/open_request.h"

/* Has the check look for the newest such key of its profile; false if there is
 * none. */
bool cert_recovery_choose(struct open_request *check);

/* On a worker: makes the certificate that signs. */
void cert_recovery_compose_signer(struct open_request *check);
/* On a worker: the exchange.  The file is written, and what signs from then on
 * is the certificate in it. */
void cert_recovery_compose(struct open_request *check);
void cert_recovery_digest(struct open_request *check);
/* On the loop: the row is corrupt no more. */
void cert_recovery_keep(struct open_request *check, struct txn *txn);

/* On a worker: another transaction. */
void cert_recovery_new_transaction(struct open_request *check);

#endif
