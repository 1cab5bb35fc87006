/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extension that asks Microsoft's CA for a certificate template, from the
 * text of a setting: by name (1.3.6.1.4.1.311.20.2, [MS-WCCE] 2.2.2.7.7.1) or
 * by object identifier (1.3.6.1.4.1.311.21.7, 2.2.2.7.7.2).  Pure.  Knows no
 * request.
 */
#ifndef SCEP_PROTOCOL_TEMPLATE_H
#define SCEP_PROTOCOL_TEMPLATE_H

#include <openssl/x509.h>

#include "scep/codes.h"

/*
 * Makes the extension from `text`: a name; or `OID`, `OID:MAJOR` or
 * `OID:MAJOR:MINOR` with the version of the template.  `*extension` is owned;
 * NULL after a failure.  Fails with SCEP_CONFIG_ERROR.
 */
enum scep_code template_extension(const char *text, X509_EXTENSION **extension,
				  struct scep_error *error);

#endif
