/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what OpenSSL does not tell of an EnvelopedData before it has decrypted
 * it: read from the DER that OpenSSL has just written itself from what it has
 * read. Pure.  Judges nothing.
 */
#ifndef SCEP_PROTOCOL_ENVELOPE_DER_H
#define SCEP_PROTOCOL_ENVELOPE_DER_H

#include <stdbool.h>

#include <openssl/cms.h>
#include <openssl/x509.h>

/* Octets that are not read yet. */
struct walk {
	const unsigned char *at;
	const unsigned char *end;
};

/* Reads one header; `inner` is what it contains, `walk` goes on behind it.
 * False where there is another one, or none, or no DER. */
bool walk_next(struct walk *walk, int tag, int class, struct walk *inner);

/* Returns the OID of the cipher of the content; owned, or NULL. */
ASN1_OBJECT *envelope_der_cipher(CMS_ContentInfo *envelope);

/* The algorithms by which a PasswordRecipientInfo (RFC 5652, 6.2.4) encrypts
 * the content key; all owned.  A member that is absent or cannot be read is
 * NULL. */
struct envelope_password {
	ASN1_OBJECT *derivation; /* keyDerivationAlgorithm: RFC 8018 */
	PBKDF2PARAM *parameters; /* of PBKDF2 */
	ASN1_OBJECT *wrap;	 /* keyEncryptionAlgorithm: RFC 3211 */
	ASN1_OBJECT *cipher;	 /* that it uses */
	long key_length;	 /* of the encrypted key, octets */
};

/* Reads the only recipient of an envelope, which is one for a password.
 * envelope_password_free() it in every case. */
void envelope_der_password(CMS_ContentInfo *envelope,
			   struct envelope_password *password);
void envelope_password_free(struct envelope_password *password);

#endif
