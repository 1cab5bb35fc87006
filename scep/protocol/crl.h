/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetCRL (RFC 8894, 3.3.4): what is asked for, and the list of revoked
 * certificates in the CertRep.  Pure: knows no files and no transaction.
 */
#ifndef SCEP_PROTOCOL_CRL_H
#define SCEP_PROTOCOL_CRL_H

#include "scep/codes.h"
#include "scep/protocol/cert_rep.h"

struct scep_octets32;

/* IssuerAndSerialNumber of the certificate whose CRL is wanted, as the content
 * of the message.  `der` is set and owned. */
enum scep_code crl_wanted(const X509 *certificate, struct bytes *der,
			  struct scep_error *error);

/*
 * Opens the CertRep to a GetCRL that input->signer has signed.  For SUCCESS,
 * `*crl` is owned: a complete list by the issuer of that certificate, which a
 * CA of input->trust has signed and which is in force at input->now; else it
 * is NULL.  Fails with SCEP_BAD_RESPONSE or SCEP_CA_NOT_TRUSTED.
 */
enum scep_code crl_open(const struct cert_rep_input *input,
			struct cert_rep *reply, X509_CRL **crl,
			struct scep_error *error);

/* Whether the list speaks of certificates by that issuer (as in the tables).
 */
bool crl_is_of(X509_CRL *crl, const char *issuer);
/* Whether it has that serial number. */
bool crl_has(X509_CRL *crl, const struct scep_octets32 *serial);

#endif
