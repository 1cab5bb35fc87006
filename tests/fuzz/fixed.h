/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed world of the fuzz targets: keys and certificates of a CA, an RA
 * and a device, the transaction that the CertReps of the corpus answer, and
 * the CA's part of making such a reply.  The keys are for tests only: they
 * are published here, and worth nothing.  Knows no parser of ours.
 */
#ifndef TESTS_FUZZ_FIXED_H
#define TESTS_FUZZ_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "scep/base/bytes.h"
#include "tests/fuzz/fixed_keys.h"

#define FIXED_TRANSACTION_ID "FUZZ-TRANSACTION"
#define FIXED_CHALLENGE	     "open sesame"
#define FIXED_NONCE	     "0123456789abcdef"

enum fixed_party {
	FIXED_CA,
	FIXED_RA,
	FIXED_DEVICE,	  /* self-signed: the first enrolment */
	FIXED_DEVICE_OLD, /* certified by the CA: what is renewed */
	FIXED_DEVICE_EC,  /* self-signed, with an EC key */
	FIXED_PARTY_COUNT
};

/* Read from fixed_keys.h at first use.  Both borrow. */
EVP_PKEY *fixed_key(enum fixed_party party);
X509 *fixed_certificate(enum fixed_party party);

/* Signs every certificate anew with the CA's key, and puts them into a
 * degenerate SignedData.  Returns false if that cannot be encoded. */
bool fixed_certify(STACK_OF(X509) * certificates, struct bytes *der);

/* Encrypts to a party.  `cipher` is OpenSSL's name. */
bool fixed_seal(const void *plain, size_t length, enum fixed_party recipient,
		const char *cipher, struct bytes *der);

/* One signed attribute. */
struct fixed_attribute {
	const char *oid;
	int type; /* V_ASN1_ of a string; 0: no value at all */
	const void *data;
	size_t length;
};

/* Signs with SHA-256; no content if `length` is 0. */
bool fixed_sign(const void *content, size_t length,
		const struct fixed_attribute *attributes, size_t count,
		enum fixed_party signer, struct bytes *message);

/* Reads a SignedData and makes the digest and the signature of its first
 * signer right again, by the CA's key, whatever else is in it. */
bool fixed_sign_again(const void *message, size_t length, struct bytes *again);

#endif
