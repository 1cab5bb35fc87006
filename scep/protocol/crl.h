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

/* Tells what a CRL says of a certificate. */
enum crl_verdict {
	CRL_OF_ANOTHER_ISSUER, /* nothing */
	CRL_NOT_REVOKED,
	CRL_REVOKED,
};

/* Looks up a certificate by issuer and serial number (as in the tables).  Fails
 * with SCEP_NO_MEMORY. */
enum scep_code crl_look_up(X509_CRL *crl, const char *issuer,
			   const struct scep_octets32 *serial,
			   enum crl_verdict *verdict, struct scep_error *error);

#endif
