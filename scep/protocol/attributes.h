/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed attributes of a pkiMessage (RFC 8894, 3.2.1).  Each may be there
 * once, with one value.  Knows no transaction.
 */
#ifndef SCEP_PROTOCOL_ATTRIBUTES_H
#define SCEP_PROTOCOL_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/cms.h>

#include "scep/codes.h"

/*
 * Finds the value of a signed attribute; `*value` is borrowed, NULL if the
 * attribute is not there.  `name` is that of the RFC.  Fails with
 * SCEP_BAD_RESPONSE if there is more than one value.
 */
enum scep_code attributes_find(const CMS_SignerInfo *signer, const char *type,
			       const char *name, const ASN1_TYPE **value,
			       struct scep_error *error);

/* The same for a character string: PrintableString as the RFC has it, and
 * what servers send in its place. */
enum scep_code attributes_find_text(const CMS_SignerInfo *signer,
				    const char *type, const char *name,
				    const ASN1_STRING **text,
				    struct scep_error *error);

/* The same for an OCTET STRING. */
enum scep_code attributes_find_octets(const CMS_SignerInfo *signer,
				      const char *type, const char *name,
				      const ASN1_STRING **octets,
				      struct scep_error *error);

/* Whether a string (not NULL) has just these octets. */
bool attributes_equal(const ASN1_STRING *string, const void *data,
		      size_t length);

#endif
