/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging what a CA has issued: which of the certificates in a reply is ours,
 * and whether it is what was asked for.  Pure: knows no messages.
 */
#ifndef SCEP_PROTOCOL_ISSUED_H
#define SCEP_PROTOCOL_ISSUED_H

#include "scep/codes.h"
#include "scep/protocol/cert_rep.h"

/*
 * Chooses our certificate among the received ones and puts it with its path
 * into `reply`; sets `subject_differs` and adds to `legacy_used`.  Fails with
 * SCEP_BAD_RESPONSE (it is not ours, or not sane), SCEP_CA_NOT_TRUSTED (it
 * does not lead to the pinned CA) or SCEP_UNCHANGED_CERTIFICATE.
 */
enum scep_code issued_choose(const struct open_input *input,
			     STACK_OF(X509) * received, struct cert_rep *reply,
			     struct scep_error *error);

#endif
