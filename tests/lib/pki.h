/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA for tests, in C: keys, certificates and CertReps of which every field
 * can be put wrong.  Aborts the test program where OpenSSL does not do what
 * it is told, so that callers need no checks.  Knows nothing of the engine
 * but struct bytes.
 */
#ifndef TESTS_LIB_PKI_H
#define TESTS_LIB_PKI_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "scep/base/bytes.h"

/* The time at which everything happens, and a day. */
#define PKI_NOW INT64_C(1767225600) /* 2026-01-01 */
#define PKI_DAY INT64_C(86400)

enum pki_key_name {
	PKI_KEY_ROOT,
	PKI_KEY_CA,
	PKI_KEY_RA,
	PKI_KEY_RA_ENCRYPT,
	PKI_KEY_DEVICE,
	PKI_KEY_DEVICE_OLD,
	PKI_KEY_STRANGER,
	PKI_KEY_COUNT
};

/* An RSA key of 2048 bits, out of the pool at first use.  Borrows. */
EVP_PKEY *pki_key(enum pki_key_name name);
/* Frees those keys. */
void pki_keys_free(void);

/* An EC key on P-256, with explicit curve parameters or not.  Owned. */
EVP_PKEY *pki_key_ec(bool is_explicit);
/* An RSA public key of that many bits with that exponent, fit for nothing but
 * to stand in a certificate.  Owned. */
EVP_PKEY *pki_key_rsa_public(int bits, unsigned long exponent);
/* A real RSA key of odd lengths.  Owned. */
EVP_PKEY *pki_key_rsa(int bits);

/* keyUsage is left out. */
#define PKI_NO_KEY_USAGE (-1)

/* The mark of an RA (id-kp-cmcRA). */
#define PKI_MARK_OF_RA "1.3.6.1.5.5.7.3.28"

/* All borrowed. */
struct pki_cert {
	const char *common_name;
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	long serial;
	int64_t not_before;
	int64_t not_after;
	bool is_ca;	      /* basicConstraints cA */
	bool also_says_ca;    /* a second basicConstraints, with cA */
	int path_length;      /* -1: none */
	int key_usage;	      /* KU_ bits of OpenSSL, or PKI_NO_KEY_USAGE */
	const char *digest;   /* "SHA256"; NULL: that of an Edwards curve */
	const char *alt_name; /* in OpenSSL's syntax, or NULL */
	const char *extended_key_usage; /* likewise */
	bool is_version_1;
	bool has_no_constraints; /* no basicConstraints at all */
};

/* A certificate of a CA, or of somebody else: valid from a month before
 * PKI_NOW for two years, serial 1 and 2, keyUsage as is proper. */
struct pki_cert pki_ca_plan(const char *common_name, EVP_PKEY *key);
struct pki_cert pki_leaf_plan(const char *common_name, EVP_PKEY *key,
			      X509 *issuer, EVP_PKEY *issuer_key);
X509 *pki_certify(const struct pki_cert *plan);

/* Digest of a certificate.  Returns its length. */
size_t pki_digest(X509 *certificate, const char *digest,
		  unsigned char value[64]);

/* A list of revoked certificates.  All borrowed. */
struct pki_crl {
	X509 *issuer;
	EVP_PKEY *issuer_key;
	int64_t last_update;
	int64_t next_update; /* 0: none */
	long revoked[4];     /* serial numbers up to 0 */
	const char *digest;  /* "SHA256" */
	bool is_delta;
	bool is_pss; /* the signature */
};

/* A list in force from a day before PKI_NOW for a week. */
struct pki_crl pki_crl_plan(X509 *issuer, EVP_PKEY *issuer_key);
X509_CRL *pki_revoke(const struct pki_crl *plan);
/* A degenerate SignedData of the lists up to NULL. */
void pki_degenerate_crls(X509_CRL *const *lists, struct bytes *der);

/* The parts of a CertRep.  Text members that are NULL are left out. */
struct pki_reply {
	/* signed attributes */
	const char *message_type;
	const char *transaction_id;
	const char *pki_status;
	const char *fail_info;
	const char *fail_info_text;
	size_t fail_info_text_length; /* 0: up to the NUL */
	unsigned char recipient_nonce[32];
	size_t recipient_nonce_length; /* 0: left out */
	int recipient_nonce_type;      /* V_ASN1_OCTET_STRING */
	const char *doubled_type;    /* OID of an attribute to add again ... */
	const char *doubled_text;    /* ... with that text */
	int doubled_string_type;     /* ... and type; 0: PrintableString */
	const char *two_values_type; /* OID of one with two values */
	bool without_attributes;
	/* signature */
	X509 *signer;
	EVP_PKEY *signer_key;
	X509 *second_signer;
	EVP_PKEY *second_signer_key;
	const char *digest;
	unsigned int signer_flags; /* CMS_USE_KEYID, CMS_NOCERTS, ... */
	const char *content_type;  /* OID; NULL: data */
	bool is_pss;		   /* RSASSA-PSS, and not PKCS#1 v1.5 */
	bool is_signature_broken;
	bool is_content_changed; /* after it was signed */
	/* envelope */
	bool has_envelope;
	const struct bytes *raw_content; /* in place of an envelope */
	const char *cipher;
	X509 *recipient;
	X509 *second_recipient;
	bool is_oaep; /* RSAES-OAEP, and not PKCS#1 v1.5 */
	bool is_for_password;
	const char *password;	  /* NULL: "secret" */
	int iterations;		  /* of its derivation; 0: OpenSSL's */
	const char *agreed_by;	  /* digest of a key agreement; NULL: SHA256 */
	const char *agreed_wrap;  /* its cipher; NULL: that of OpenSSL */
	bool is_encrypted_data;	  /* CMS EncryptedData with a shared key */
	size_t envelope_trailing; /* zero octets behind it */
	/* in the envelope */
	X509 *certificates[40];
	const struct bytes *raw_inner; /* in place of the certificates */
	size_t inner_trailing;
	/* behind it all */
	size_t trailing;
};

/* A degenerate SignedData of the certificates up to NULL. */
void pki_degenerate(X509 *const *certificates, struct bytes *der);
/* Makes the envelope alone, as it would stand in the message. */
void pki_envelope_make(const struct pki_reply *reply, struct bytes *der);
/* Makes the message. */
void pki_reply_make(const struct pki_reply *reply, struct bytes *message);

#endif
