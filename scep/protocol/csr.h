/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PKCS#10 request (RFC 2986) from the request values,
 * and the self-signed certificate that signs a first PKCSReq (RFC 8894, 2.3).
 * Pure: knows no files, and takes the time as an argument.
 */
#ifndef SCEP_PROTOCOL_CSR_H
#define SCEP_PROTOCOL_CSR_H

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/base/bytes.h"

struct scep_values;

/*
 * Checks the texts of the request values without a key: SubjectExtra (RFC 4514
 * with escapes), SubjectAltName (`DNS:a,IP:192.0.2.1,URI:..,email:..,UPN:..`)
 * and ExtendedKeyUsage (comma-separated names or OIDs), and Template (a name
 * or an OID).  Fail with SCEP_CONFIG_ERROR.
 */
enum scep_code csr_check_subject_extra(const char *text,
				       struct scep_error *error);
enum scep_code csr_check_subject_alt_name(const char *text,
					  struct scep_error *error);
enum scep_code csr_check_extended_key_usage(const char *text,
					    struct scep_error *error);
enum scep_code csr_check_template(const char *text, struct scep_error *error);

/*
 * Builds and signs the CSR: subject in the order SubjectExtra's country first
 * to CN last (C, O, OU, CN), UTF8String or PrintableString as the content
 * needs; SAN from the values, or from CommonName (IP or DNS) when empty; key
 * usage, without what an EC key cannot do (RFC 5480, 3); extended key usage;
 * template; challengePassword when `values` has one.
 * `*request` is owned.  Fails with SCEP_CONFIG_ERROR or SCEP_KEY_ERROR.
 */
enum scep_code csr_make(const struct scep_values *values, EVP_PKEY *key,
			X509_REQ **request, struct scep_error *error);
/* Cleanses the challenge password in it, and frees.  NULL is fine. */
void csr_free(X509_REQ *request);

/*
 * RFC 8894, 2.3: the self-signed certificate over the new key, same subject,
 * keyUsage digitalSignature + keyEncipherment (of an EC key: keyAgreement),
 * notBefore 10 minutes before `now`, notAfter a year later.  `*certificate` is
 * owned.
 */
enum scep_code csr_self_sign(const struct scep_values *values, EVP_PKEY *key,
			     int64_t now, X509 **certificate,
			     struct scep_error *error);

/* 99991231235959Z: RFC 5280, 4.1.2.5, for what has no well-defined end. */
#define REQUEST_FOR_EVER INT64_C(253402300799)

/* A self-signed certificate to be used as such: the same with a subjectAltName
 * from the common name, from `from` on and without an end. */
enum scep_code csr_self_sign_for_ever(const struct scep_values *values,
				      EVP_PKEY *key, int64_t from,
				      X509 **certificate,
				      struct scep_error *error);

#endif
