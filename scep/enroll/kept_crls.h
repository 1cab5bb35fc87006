/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CRLs that checks have brought, kept in a file for each profile: a revoked
 * certificate may be shown, or shown again, long after.  The lists of another
 * server do no harm, as a list counts only for the CA that has signed it.  All
 * of it on a worker.
 */
#ifndef SCEP_ENROLL_KEPT_CRLS_H
#define SCEP_ENROLL_KEPT_CRLS_H

#include "scep/codes.h"
#include "scep/protocol/ca_certs.h"
#include "scep/state/task.h"

/* Reads the CRLs of the task's profile.  `*crls` is owned; NULL if there are
 * none.  A file with something else is logged and ignored, until the next check
 * replaces it.  Fails with SCEP_STORAGE_ERROR or SCEP_NO_MEMORY. */
enum scep_code kept_crls_load(const struct task *task,
			      STACK_OF(X509_CRL) * *crls,
			      struct scep_error *error);
/* Keeps one more, durably, in place of an older one of its issuer. */
enum scep_code kept_crls_add(const struct task *task, X509_CRL *crl,
			     struct scep_error *error);

/*
 * Takes from the CA certificates of a transaction those that have been revoked
 * since it began.  `*stack`, which is owned and which the trust borrows from,
 * may become another.  Fails with SCEP_CA_NOT_TRUSTED if the recipient is one
 * of them.
 */
enum scep_code kept_crls_apply(STACK_OF(X509_CRL) * crls,
			       STACK_OF(X509) * *stack, struct ca_certs *trust,
			       struct scep_error *error);

#endif
