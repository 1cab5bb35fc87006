/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to GetCACaps (RFC 8894, 3.5), and what follows from it for the
 * messages of one transaction.  Pure: knows no HTTP and no clock.
 */
#ifndef SCEP_PROTOCOL_CAPS_H
#define SCEP_PROTOCOL_CAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "scep/codes.h"
#include "scep/server.h"

/*
 * Reads the keywords: CRLF, LF, blanks, any case, unknown words are fine, and
 * what is no text gives none.  Reads at most LIMIT_CA_CAPS octets.  Returns
 * the bits as sent; SCEPStandard does not set the bits that it implies.
 */
uint32_t caps_read(const void *body, size_t length);

/* The way in which the messages of one transaction are made. */
struct caps_choice {
	bool is_post;
	bool has_renewal;
	enum scep_cipher cipher; /* never auto */
	const char *digest;	 /* "SHA256": OpenSSL's name, never NULL */
};

/*
 * Chooses from capabilities, settings and what the configuration allows.  The
 * floor is AES-128-CBC and SHA-256 whatever the (unauthenticated)
 * capabilities say; 3DES and SHA-1 are chosen only where the server offers
 * nothing better and `allow_legacy` has them, or where the setting asks for
 * 3DES and `allow_legacy` has it.  Fails with SCEP_CONFIG_ERROR (setting asks
 * for what is not allowed) or SCEP_BAD_RESPONSE (RequireStandard and no
 * SCEPStandard).
 */
enum scep_code caps_choose(uint32_t caps, const struct scep_server *server,
			   uint32_t allow_legacy, struct caps_choice *choice,
			   struct scep_error *error);

#endif
