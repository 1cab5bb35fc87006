/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to GetCACert (RFC 8894, 4.2): from its octets to certificates.
 * Believes none of them (ca_certs.h).  Pure.
 */
#ifndef SCEP_PROTOCOL_CA_ANSWER_H
#define SCEP_PROTOCOL_CA_ANSWER_H

#include <stddef.h>

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/base/error.h"

/*
 * Reads the certificates of an answer: one DER certificate, a degenerate
 * SignedData, or PEM by mistake; decided by content.  Behind the DER there may
 * be white space.  `*certificates` is owned; at most LIMIT_CERTIFICATES.
 * Fails with SCEP_BAD_RESPONSE.
 */
enum scep_code ca_answer_read(const void *body, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error);

#endif
