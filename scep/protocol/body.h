/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of an answer before it is parsed: where its DER ends, and what it is
 * if it is no DER: a web page, PEM, text.  A wrong URL, a login page or a proxy
 * is behind most of these, and the words here lead to it.  Pure; knows no
 * message.
 */
#ifndef SCEP_PROTOCOL_BODY_H
#define SCEP_PROTOCOL_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "scep/codes.h"

/* Takes the white space behind the DER off the length: some servers send CR,
 * LF, blanks or tabs there.  Anything else behind it stays. */
void body_trim(const unsigned char *der, size_t *length);

/* Tells if the octets begin as DER of a structure does. */
bool body_is_der(const void *body, size_t length);

/* Tells if a text in PEM is among the octets. */
bool body_has_pem(const void *body, size_t length);

/* Names what a body that is no DER is: "an HTML page".  NULL: a text. */
const char *body_kind(const void *body, size_t length);

/*
 * Sets SCEP_BAD_RESPONSE: "the server sent an HTML page, not a CertRep; is the
 * URL right?".  `wanted` is "a CertRep".
 */
enum scep_code body_refuse(const void *body, size_t length, const char *wanted,
			   struct scep_error *error);

/* Checks that no DER is cut off.  Fails with SCEP_BAD_RESPONSE: "the reply ends
 * after 900 of 1800 octets". */
enum scep_code body_check_end(const void *der, size_t length, const char *what,
			      struct scep_error *error);

/* Sets SCEP_BAD_RESPONSE with the length and its limit: "the reply is too long:
 * 300000 octets, and 262144 is the limit". */
enum scep_code body_refuse_length(const char *what, size_t length, size_t limit,
				  struct scep_error *error);

#endif
