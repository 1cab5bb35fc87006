/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distinguished names: from the texts of the request values, and to the text
 * that is shown.  Pure: knows no keys and no messages.
 */
#ifndef SCEP_PROTOCOL_NAMES_H
#define SCEP_PROTOCOL_NAMES_H

#include <openssl/x509.h>

#include "scep/codes.h"

/*
 * The subject of a request: the RDNs of `extra` (RFC 4514 with escapes, the
 * most specific first, as the RFC has it) with the organisation and the
 * common name (each may be "") put in their places: DC, C, ST, L, street, O,
 * OU, others, CN.  `*name` is owned; NULL after a failure.  Fails with
 * SCEP_CONFIG_ERROR.
 */
enum scep_code names_subject(const char *organization, const char *common_name,
			     const char *extra, X509_NAME **name,
			     struct scep_error *error);

/* Writes the RFC 2253 text of a name, cut to fit SCEP_TEXT255 octets.  Fails
 * with SCEP_NO_MEMORY. */
enum scep_code names_text(const X509_NAME *name, char *text,
			  struct scep_error *error);
/* The same, for a text that leads back to the name: fails with
 * SCEP_CONFIG_ERROR if it would have to be cut. */
enum scep_code names_text_whole(const X509_NAME *name, char *text,
				struct scep_error *error);

#endif
