/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request values that lead to a certificate like a given one.  For the
 * renewal of a certificate whose request is not known any more.  Pure: knows no
 * key and no file.
 */
#ifndef SCEP_PROTOCOL_ASKED_H
#define SCEP_PROTOCOL_ASKED_H

#include <openssl/x509.h>

#include "scep/codes.h"

struct scep_values;

/*
 * Sets subject, alternative name, usages, and algorithm and length of the key.
 * Leaves the rest as it is: preset the values before.  What has no text of ours
 * is left out.  Fails with SCEP_CONFIG_ERROR if something is longer than its
 * value can be: a certificate for a part of a name is another one.  Fails with
 * SCEP_NO_MEMORY.
 */
enum scep_code asked_of_certificate(X509 *certificate,
				    struct scep_values *values,
				    struct scep_error *error);

#endif
