/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions that a request asks for (RFC 5280, 4.2.1): from the texts of
 * the request values, and subjectAltName back to such a text.  Pure.
 */
#ifndef SCEP_PROTOCOL_EXTENSIONS_H
#define SCEP_PROTOCOL_EXTENSIONS_H

#include <stdint.h>

#include <openssl/x509v3.h>

/*
 * subjectAltName of `DNS:a,IP:192.0.2.1,URI:..,email:..,UPN:..`; a comma
 * within a value has a backslash before it.  Returns owned names (none for
 * ""), or NULL with the text of the fault in `reason` (NAMES_REASON octets,
 * may be NULL).
 */
GENERAL_NAMES *extensions_read_alt_name(const char *text, char *reason);

/* The same from a common name: an IP address, or a DNS name with a dot in it;
 * none for anything else. */
GENERAL_NAMES *extensions_alt_name_of(const char *common_name);

/* extendedKeyUsage of comma-separated names ("serverAuth") or OIDs.  As
 * above. */
EXTENDED_KEY_USAGE *extensions_read_ext_key_usage(const char *text,
						  char *reason);

/* keyUsage with bit n of RFC 5280 for 1u << n.  Returns owned, or NULL if
 * memory is short. */
ASN1_BIT_STRING *extensions_key_usage(uint32_t bits);

/* Writes the subjectAltName of a certificate in the syntax above, as many
 * names as fit into SCEP_TEXT255 octets; "" if it has none. */
void extensions_alt_name_text(const X509 *certificate, char *text);

#endif
