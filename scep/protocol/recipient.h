/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipient of an EnvelopedData (RFC 5652, 6.2): there is one, it is us,
 * and its algorithms are allowed.  An RSA key is one of key transport.  An EC
 * key agrees on a key, or the challenge of the request stands for it (RFC 8894,
 * 3.2.2).  Pure.  Decrypts nothing.
 */
#ifndef SCEP_PROTOCOL_RECIPIENT_H
#define SCEP_PROTOCOL_RECIPIENT_H

#include <openssl/cms.h>

#include "scep/codes.h"
#include "scep/octets.h"

/* The most iterations of PBKDF2 that a server can ask for: some seconds of a
 * small device. */
#define RECIPIENT_ITERATIONS 1000000

/* Our keys and secrets as a recipient; all borrowed. */
struct recipient_keys {
	X509 *signer;	      /* of the request; by it we are addressed */
	EVP_PKEY *signer_key; /* the key of that certificate */
	EVP_PKEY *key;	      /* the requested key: the same, or a new one */
	const struct scep_secret *challenge; /* of the request; may be NULL */
	uint32_t allow_legacy;		     /* enum scep_legacy */
};

/* With what an envelope is opened; borrows from the keys. */
struct recipient {
	EVP_PKEY *key;	   /* NULL: the password */
	X509 *certificate; /* of the key; NULL: the envelope names another */
	const struct scep_secret *password; /* NULL: the key */
};

/* Chooses; adds to `legacy` (enum scep_legacy).  Fails with
 * SCEP_BAD_RESPONSE. */
enum scep_code recipient_choose(const struct recipient_keys *ours,
				CMS_ContentInfo *envelope,
				struct recipient *recipient, uint32_t *legacy,
				struct scep_error *error);

#endif
