/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a SCEP server (scepServerTable), and the facts that the
 * engine has learned about it.  Both are parts of a profile row.  Knows no
 * profile.
 *
 * Truth values are 0 and 1.  Numbers of enumerations are those of
 * SCEP-CLIENT-MIB.
 */
#ifndef SCEP_SERVER_H
#define SCEP_SERVER_H

#include <stdint.h>

#include "scep/octets.h"

enum scep_trust_policy { SCEP_TRUST_VERIFY = 1, SCEP_TRUST_FIRST_USE = 2 };
enum scep_http_method { SCEP_HTTP_AUTO = 1, SCEP_HTTP_POST, SCEP_HTTP_GET };
enum scep_cipher {
	SCEP_CIPHER_AUTO = 1,
	SCEP_CIPHER_AES128 = 2,
	SCEP_CIPHER_AES256 = 3,
	SCEP_CIPHER_3DES = 4,
};

/* Names who speaks for the CA beside itself (MIB, rule 15): an RA that its
 * certificate marks or a manager trusts, one that a manager trusts, or all. */
enum scep_ra_policy { SCEP_RA_MARKED = 1, SCEP_RA_CONFIRMED, SCEP_RA_ANY };

/* scepServerCaps, and the keywords of RFC 8894, 3.5.2 */
enum scep_caps {
	SCEP_CAP_AES = 1u << 0,
	SCEP_CAP_DES3 = 1u << 1,
	SCEP_CAP_NEXT_CA = 1u << 2,
	SCEP_CAP_POST = 1u << 3,
	SCEP_CAP_RENEWAL = 1u << 4,
	SCEP_CAP_SHA1 = 1u << 5,
	SCEP_CAP_SHA256 = 1u << 6,
	SCEP_CAP_SHA512 = 1u << 7,
	SCEP_CAP_STANDARD = 1u << 8,
};

/* The settings of scepServerTable. */
struct scep_server {
	char url[SCEP_TEXT255];
	uint32_t port;	  /* 0: the URL's own, or the scheme's */
	uint32_t timeout; /* seconds */
	char ca_identifier[SCEP_TEXT255];
	struct scep_octets64 ca_fingerprint;
	uint32_t ca_trust_policy; /* enum scep_trust_policy */
	uint32_t http_method;	  /* enum scep_http_method */
	uint32_t cipher;	  /* enum scep_cipher */
	uint32_t require_standard;
	uint32_t renewal_mode;
	char proxy_url[SCEP_TEXT255];
	uint32_t ra_policy; /* enum scep_ra_policy */
};

/* Facts that the engine has learned of a server; not settings. */
struct scep_server_facts {
	uint32_t check_result;	       /* enum scep_code */
	char check_text[SCEP_TEXT255]; /* in words; "": no check so far */
	uint32_t caps;		       /* enum scep_caps */
	int64_t last_contact;
	int32_t clock_skew; /* seconds, the server's clock minus ours */
};

#endif
