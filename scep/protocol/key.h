/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key pairs: making, writing and reading them.  A caller holds a key as an
 * EVP_PKEY, wherever it lives.  Knows PEM but no file names' meaning.
 */
#ifndef SCEP_PROTOCOL_KEY_H
#define SCEP_PROTOCOL_KEY_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/base/bytes.h"

/* Makes an RSA key.  `*key` is owned.  Fails with SCEP_KEY_ERROR. */
enum scep_code key_make_rsa(uint32_t bits, EVP_PKEY **key,
			    struct scep_error *error);

/* Makes an EC key on the NIST curve of that many bits, 256 or 384.  `*key` is
 * owned.  Fails with SCEP_KEY_ERROR. */
enum scep_code key_make_ec(uint32_t bits, EVP_PKEY **key,
			   struct scep_error *error);

/* Tells where the private key is. */
enum scep_key_storage key_storage(const EVP_PKEY *key);

/* PEM (PKCS#8, unencrypted) of a key.  `pem` is set and owned. */
enum scep_code key_to_pem(const EVP_PKEY *key, struct bytes *pem,
			  struct scep_error *error);
/* Reads a PEM key from memory.  `*key` is owned.  SCEP_KEY_ERROR. */
enum scep_code key_from_pem(const void *pem, size_t length, EVP_PKEY **key,
			    struct scep_error *error);
/* Opens the key that a reference names: "file:PATH", or a URI that a provider
 * of OpenSSL's knows, whose key stays in its TPM or token.  `*key` is owned.
 * SCEP_KEY_ERROR; SCEP_STORAGE_ERROR for a file that cannot be read now. */
enum scep_code key_open(const char *reference, EVP_PKEY **key,
			struct scep_error *error);

/* Checks that the certificate is over that key.  Fails with SCEP_KEY_ERROR. */
enum scep_code key_check_certificate(const EVP_PKEY *key,
				     const X509 *certificate,
				     struct scep_error *error);

/*
 * The property query with which OpenSSL uses the key where it lives, and not a
 * copy without its secret elsewhere, whichever provider comes first; NULL if
 * none has it.  `text` is room for it.
 */
#define KEY_PROPERTIES 256
const char *key_properties(const EVP_PKEY *key, char text[KEY_PROPERTIES]);

/* SHA-256 over the SubjectPublicKeyInfo, 64 hexadecimal digits and a NUL. */
enum scep_code key_digest(const EVP_PKEY *key, char hex[65],
			  struct scep_error *error);

/* Checks a public key that came from outside.  Fails with SCEP_BAD_RESPONSE:
 * RSA below 1024 or above 8192 bits or with a bad exponent, explicit curve
 * parameters, other kinds, and NULL. */
enum scep_code key_check_public(const EVP_PKEY *key, struct scep_error *error);
/* Tells if it is below the floor of our own keys: RSA 2048, EC P-256. */
bool key_is_short(const EVP_PKEY *key);

#endif
