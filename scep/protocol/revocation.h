/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CRLs that are known of a server, and what they say of a certificate and
 * its issuer (RFC 5280, 6.3).  A CRL counts for whoever has signed it, so that
 * it may be kept longer than the trust in its CA.  Pure: knows no files, no
 * rows and no clock: a certificate stays revoked when the CRL has ended.
 */
#ifndef SCEP_PROTOCOL_REVOCATION_H
#define SCEP_PROTOCOL_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/base/bytes.h"

/* So many issuers are known of a server; the oldest goes first. */
#define REVOCATION_LISTS 4

/* Reads a sequence of PEM blocks.  `*lists` is owned; NULL after a failure.
 * Fails with SCEP_STORAGE_ERROR. */
enum scep_code revocation_read(const void *pem, size_t length,
			       STACK_OF(X509_CRL) * *lists,
			       struct scep_error *error);
/* Writes them.  `pem` is set and owned.  Fails with SCEP_NO_MEMORY. */
enum scep_code revocation_write(STACK_OF(X509_CRL) * lists, struct bytes *pem,
				struct scep_error *error);
/* Adds a new reference to a CRL, in place of an older one of its issuer.  Fails
 * with SCEP_NO_MEMORY. */
enum scep_code revocation_add(STACK_OF(X509_CRL) * lists, X509_CRL *crl,
			      struct scep_error *error);

/* Tells if one of the lists (NULL: none), which the issuer has signed, revokes
 * the certificate. */
bool revocation_tells(STACK_OF(X509_CRL) * lists, X509 *certificate,
		      X509 *issuer);

/* Copies a chain of certificates that all chain to `anchor`, without those that
 * are revoked and those below them.  `*kept` is owned; NULL after a failure.
 * Fails with SCEP_NO_MEMORY. */
enum scep_code revocation_filter(STACK_OF(X509_CRL) * lists, X509 *anchor,
				 STACK_OF(X509) * chain, STACK_OF(X509) * *kept,
				 struct scep_error *error);

#endif
