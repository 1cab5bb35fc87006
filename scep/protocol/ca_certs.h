/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust in the certificates that GetCACert has brought (RFC 8894, 4.2):
 * finds the pinned CA, those that may sign a CertRep, and the one to whom
 * requests are encrypted (MIB, rule 15).  Pure: knows no HTTP, no files and no
 * rows, and takes the time as an argument.
 */
#ifndef SCEP_PROTOCOL_CA_CERTS_H
#define SCEP_PROTOCOL_CA_CERTS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/server.h"
#include "scep/base/bytes.h"
#include "scep/protocol/certs.h"

struct scep_ca;
struct scep_key;

/* A certificate that may be believed: SHA-256, SHA-384, SHA-512 or (legacy)
 * SHA-1 of its DER, told apart by length. */
struct ca_certs_pin {
	uint32_t length; /* 20, 32, 48 or 64 */
	unsigned char digest[64];
};

/* The certificates of one transaction. */
struct ca_certs {
	X509 *anchor;		/* the pinned CA; owned */
	STACK_OF(X509) * chain; /* all that are believed, it included; owned */
	X509 *recipient;	/* to whom requests are sealed; owned */
};

/* One certificate of the answer: what a manager and a CRL say of it, and the
 * judgement. */
struct ca_certs_entry {
	uint32_t decision; /* enum scep_ca_trust: TRUSTED, REJECTED, or 0 */
	bool is_revoked;   /* also set by the judgement */
	/* the judgement */
	bool is_ra;	  /* no CA: it speaks for one only under rule 15 */
	bool is_believed; /* may sign a CertRep */
	bool is_marked;	  /* as an RA, by its extendedKeyUsage */
	bool is_unfit;	  /* never believed, whatever a manager says */
	/* The reason why it is not believed, in words that call it "it";
	 * "" if it is. */
	char reason[SCEP_TEXT255];
};

/* All borrowed. */
struct ca_certs_input {
	STACK_OF(X509) * certificates;
	const struct ca_certs_pin *pins;
	size_t pin_count;
	struct certs_floor floor;
	enum scep_ra_policy ra_policy;
	STACK_OF(X509_CRL) * crls; /* NULL: none */
	int64_t now;		   /* 0: no judgement about time */
};

/*
 * Finds the certificate that one of the pins names, checks that it is fit to be
 * the anchor, and judges the others.  A CA is believed if it chains to the
 * anchor, and an RA under rule 15 of the MIB.  Then chooses the recipient: an
 * RA with keyEncipherment, else an RA, else the CA that issues.
 *
 * `entries` has one for each certificate, in the same order, with the decision
 * and is_revoked set and the rest zero.  With SCEP_OK, `trust` is initialised,
 * and owned by the caller (ca_certs_free).  Its recipient is NULL if a manager
 * first has to decide about an RA: one that is neither believed nor decided.
 * Fails with SCEP_CA_NOT_TRUSTED.
 */
enum scep_code ca_certs_establish(const struct ca_certs_input *input,
				  struct ca_certs_entry *entries,
				  struct ca_certs *trust,
				  struct scep_error *error);
void ca_certs_free(struct ca_certs *trust);

/* Judges the certificates as if that CA were pinned.  Fails with
 * SCEP_NO_MEMORY. */
enum scep_code ca_certs_judge(const struct ca_certs_input *input, X509 *anchor,
			      struct ca_certs_entry *entries,
			      struct scep_error *error);

/*
 * Finds the name of the CA that will issue: the recipient if it is a CA, else
 * the CA that certified the RA.  A pinned root above it may issue no
 * certificate of ours.  Borrows from the recipient.
 */
const X509_NAME *ca_certs_issuer_name(const struct ca_certs *trust);

/* Tells if a certificate of the chain is that of the pinned CA, or of the CA
 * that will issue.  Another CA below the pinned one speaks for itself only. */
bool ca_certs_is_ca(const struct ca_certs *trust, X509 *certificate);

/*
 * Finds the candidate for a pin when there is none yet: the CA certificate that
 * the others chain to (the topmost present).  Borrows from `certificates`; NULL
 * if there is no CA among them.  Fails with SCEP_CA_NOT_TRUSTED if the CAs are
 * below the floor.
 */
enum scep_code ca_certs_candidate(STACK_OF(X509) * certificates,
				  const struct certs_floor *floor,
				  X509 **candidate, struct scep_error *error);

#endif
