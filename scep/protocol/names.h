/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distinguished names: from the texts of the request values, and to the text
 * that is shown.  Pure: knows no keys and no messages.
 */
#ifndef SCEP_PROTOCOL_NAMES_H
#define SCEP_PROTOCOL_NAMES_H

#include <stdbool.h>

#include <openssl/x509.h>

/* What the checks of texts say about a fault fits into that. */
#define NAMES_REASON 160

/* Writes the reason of a fault unless `reason` is NULL.  Returns false. */
bool names_fault(char *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The subject of a request: the RDNs of `extra` (RFC 4514 with escapes, the
 * most specific first, as the RFC has it) with the organisation and the
 * common name (each may be "") put in their places: DC, C, ST, L, street, O,
 * OU, others, CN.  Returns an owned name, or NULL with the text of the fault
 * in `reason` (NAMES_REASON octets, may be NULL).
 */
X509_NAME *names_subject(const char *organization, const char *common_name,
			 const char *extra, char *reason);

/* RFC 2253 text of a name, cut to fit SCEP_TEXT255 octets. */
void names_text(const X509_NAME *name, char *text);

#endif
