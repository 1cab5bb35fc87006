/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions that a request asks for (RFC 5280, 4.2.1): from the texts of
 * the request values, and subjectAltName back to such a text.  Pure.
 */
#ifndef SCEP_PROTOCOL_EXTENSIONS_H
#define SCEP_PROTOCOL_EXTENSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509v3.h>

#include "scep/codes.h"

/*
 * Reads subjectAltName from `DNS:a,IP:192.0.2.1,URI:..,email:..,UPN:..`; a
 * comma within a value has a backslash before it.  `*names` is owned (no names
 * for ""); NULL after a failure.  Fails with SCEP_CONFIG_ERROR.
 */
enum scep_code extensions_read_alt_name(const char *text, GENERAL_NAMES **names,
					struct scep_error *error);

/* The same from a common name: an IP address, or a DNS name with a dot in it;
 * none for anything else. */
enum scep_code extensions_alt_name_of(const char *common_name,
				      GENERAL_NAMES **names,
				      struct scep_error *error);

/* Reads extendedKeyUsage from comma-separated names ("serverAuth") or OIDs.  As
 * above. */
enum scep_code extensions_read_ext_key_usage(const char *text,
					     EXTENDED_KEY_USAGE **usage,
					     struct scep_error *error);

/* Makes keyUsage, with bit n of RFC 5280 for 1u << n.  Returns owned, or NULL
 * if memory is short. */
ASN1_BIT_STRING *extensions_key_usage(uint32_t bits);

/* Each of these writes as much as fits into SCEP_TEXT255 octets; "" for NULL.
 * Names are in the syntax above, without those of other kinds.  False if they
 * do not fit. */
bool extensions_names_text(const GENERAL_NAMES *names, char *text);
/* Names of RFC 5280, separated by commas. */
void extensions_key_usage_text(const ASN1_BIT_STRING *usage, char *text);
/* Names or OIDs, separated by commas.  False if they do not fit. */
bool extensions_ext_key_usage_text(const EXTENDED_KEY_USAGE *usage, char *text);

/* Writes the subjectAltName of a certificate.  Fails with SCEP_NO_MEMORY. */
enum scep_code extensions_alt_name_text(const X509 *certificate, char *text,
					struct scep_error *error);

#endif
