/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares an issued certificate with the request for it: subject,
 * subjectAltName, keyUsage and extendedKeyUsage (MIB, rule 20).  A CA may
 * choose all of them, so that a difference is told and refuses nothing.  Pure.
 */
#ifndef SCEP_PROTOCOL_DIFFERENCE_H
#define SCEP_PROTOCOL_DIFFERENCE_H

#include <stddef.h>

#include <openssl/x509.h>

#include "scep/codes.h"

/*
 * Writes what was asked and what came, for all that differs, into `size` octets
 * (at least 80): `differs: keyUsage: asked
 * "digitalSignature,keyEncipherment", came "digitalSignature"`.  Shortens the
 * values where they do not fit, and leaves them out where too little would be
 * left of them.  "" if nothing differs.
 *
 * The order of RDNs, of names and of usages is no difference, nor are string
 * types, case and blanks where RFC 5280, 7, compares names without them.  Fails
 * with SCEP_NO_MEMORY.
 */
enum scep_code difference_text(X509_REQ *asked, const X509 *issued, char *text,
			       size_t size, struct scep_error *error);

#endif
