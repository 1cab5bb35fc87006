/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to believe: from the answer to GetCACert (RFC 8894, 4.2) to the pinned
 * CA, those who may sign a CertRep, and the one to whom requests are sealed.
 * Pure: knows no HTTP, no files, and takes the time as an argument.
 */
#ifndef SCEP_PROTOCOL_CA_CERTS_H
#define SCEP_PROTOCOL_CA_CERTS_H

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/base/bytes.h"

struct scep_ca;
struct scep_key;

/*
 * Reads the certificates of an answer: one DER certificate, a degenerate
 * SignedData, or PEM by mistake; decided by content.  The DER must fill the
 * body exactly.  `*certificates` is owned; at most LIMIT_CERTIFICATES.
 * Fails with SCEP_BAD_RESPONSE.
 */
enum scep_code ca_certs_read(const void *body, size_t length,
			     STACK_OF(X509) * *certificates,
			     struct scep_error *error);

/* A certificate that may be believed: SHA-256, SHA-384, SHA-512 or (legacy)
 * SHA-1 of its DER, told apart by length. */
struct ca_certs_pin {
	uint32_t length; /* 20, 32, 48 or 64 */
	unsigned char digest[64];
};

/* The certificates of one transaction. */
struct ca_certs {
	X509 *anchor;		/* the pinned CA; owned */
	STACK_OF(X509) * chain; /* all that chain to it, it included; owned */
	X509 *recipient;	/* to whom requests are sealed; owned */
};

/*
 * Finds the certificate that one of the pins names, checks that the others
 * chain to it (those that do not are left out), that the anchor is valid at
 * `now` (0: no judgement about time) and is a CA, and chooses the recipient:
 * an RA with keyEncipherment, else the RA, else the CA.  `trust` is
 * initialised and owned by the caller (ca_certs_free).  Fails with
 * SCEP_CA_NOT_TRUSTED.
 */
enum scep_code ca_certs_establish(STACK_OF(X509) * certificates,
				  const struct ca_certs_pin *pins,
				  size_t pin_count, int64_t now,
				  struct ca_certs *trust,
				  struct scep_error *error);
void ca_certs_free(struct ca_certs *trust);

/*
 * Finds the candidate for a pin when there is none yet: the CA certificate that
 * the others chain to (the topmost present).  Borrows from `certificates`; NULL
 * if there is no CA among them.  Fails with SCEP_NO_MEMORY.
 */
enum scep_code ca_certs_candidate(STACK_OF(X509) * certificates,
				  X509 **candidate, struct scep_error *error);

#endif
