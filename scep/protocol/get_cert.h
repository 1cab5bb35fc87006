/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetCert (RFC 8894, 3.3.4): a certificate of ours that was lost, asked for by
 * its issuer and serial number.  It cannot bring one whose SUCCESS was lost, as
 * nobody has told its number: there the request is sent once more.  Pure.
 */
#ifndef SCEP_PROTOCOL_GET_CERT_H
#define SCEP_PROTOCOL_GET_CERT_H

#include "scep/codes.h"
#include "scep/protocol/cert_rep.h"

struct scep_octets32;

/* RFC 5652, 10.2.4: IssuerAndSerialNumber, the content of GetCert and of
 * GetCRL.  `der` is set and owned.  Fails with SCEP_CONFIG_ERROR. */
enum scep_code get_cert_encode(const X509_NAME *issuer,
			       const ASN1_INTEGER *serial, struct bytes *der,
			       struct scep_error *error);

/* Makes the serial number of a certificate of one in the tables; owned. */
enum scep_code get_cert_serial(const struct scep_octets32 *octets,
			       ASN1_INTEGER **serial, struct scep_error *error);

/* The same for a row: the issuer is the CA of that name.  Fails with
 * SCEP_CA_NOT_TRUSTED if there is no such CA any more. */
enum scep_code get_cert_wanted(const struct ca_certs *trust, const char *issuer,
			       const struct scep_octets32 *serial,
			       struct bytes *der, struct scep_error *error);

/* Opens the answer: a SUCCESS brings the certificate with that number over our
 * key, and its chain.  As cert_rep_open(). */
enum scep_code get_cert_open(const struct cert_rep_input *input,
			     const struct scep_octets32 *serial,
			     struct cert_rep *reply, struct scep_error *error);

#endif
