/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates (RFC 5280): reading them, writing them as PEM, questions about
 * one of them, the paths between them, and their rows in the tables.  Knows no
 * pin and decides nothing about trust.  Pure: takes the time as an argument.
 */
#ifndef SCEP_PROTOCOL_CERTS_H
#define SCEP_PROTOCOL_CERTS_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/base/bytes.h"
#include "scep/protocol/rfc8894.h"

struct scep_ca;
struct scep_key;

/*
 * Clocks differ: a certificate counts as valid up to so many seconds before
 * notBefore, and a CRL so many seconds around its times.
 */
#define CERTS_CLOCK_SLACK 600
#define CERTS_SERIAL_MAX  20 /* octets: RFC 5280, 4.1.2.2, and the MIB */

/*
 * Each of these reads certificates; `*certificates` is owned and has at least
 * one and at most LIMIT_CERTIFICATES.  They fail with SCEP_BAD_RESPONSE.
 *
 * A degenerate SignedData (RFC 8894, 3.4) that fills `der` exactly.
 */
enum scep_code certs_from_signed_data(const unsigned char *der, size_t length,
				      STACK_OF(X509) * *certificates,
				      struct scep_error *error);
/* One certificate or a degenerate SignedData that fills `der` exactly. */
enum scep_code certs_from_der(const unsigned char *der, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error);
/* PEM blocks of either kind; other blocks are skipped. */
enum scep_code certs_from_pem(const void *pem, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error);
/* Writes a sequence of PEM blocks, for store and files.  `pem` is set and
 * owned.  Fails with SCEP_STORAGE_ERROR. */
enum scep_code certs_to_pem(STACK_OF(X509) * certificates, struct bytes *pem,
			    struct scep_error *error);
/* The same for one certificate. */
enum scep_code certs_one_to_pem(X509 *certificate, struct bytes *pem,
				struct scep_error *error);

/* Whether it may issue certificates; old CAs without basicConstraints too. */
bool certs_is_ca(X509 *certificate);
/* Whether it bears its own signature. */
bool certs_is_self_signed(X509 *certificate);
/* Whether keyUsage allows it; without keyUsage, all is allowed. */
bool certs_may_sign(X509 *certificate);
bool certs_may_encipher(X509 *certificate);

/* 64-bit seconds of an ASN1_TIME; 0 if it cannot be read. */
int64_t certs_time(const ASN1_TIME *time);

/*
 * Whether it is valid at `now`; always if `now` is 0.  It counts as valid up
 * to ten minutes before notBefore, as clocks differ.  `reason` is static text.
 */
bool certs_is_valid_at(X509 *certificate, int64_t now, const char **reason);

/* The digest of its signature is legacy (SHA-1) or never allowed (MD5 and
 * older). */
bool certs_is_signed_with_sha1(X509 *certificate);
bool certs_is_signed_with_md5(X509 *certificate);

/* Pushes a new reference.  Returns false if memory is short. */
bool certs_push(STACK_OF(X509) * certificates, X509 *certificate);
/* Whether that very certificate is in the list (which may be NULL). */
bool certs_contain(STACK_OF(X509) * certificates, X509 *certificate);

/* Tells if two PEM texts have the same certificates, in any order. */
bool certs_are_same_set(const struct bytes *pem, const struct bytes *other);

/* What leads down from one CA: who was certified by whom.  Borrows all. */
#define CERTS_TREE_MAX (2 * LIMIT_CERTIFICATES + 2)

struct certs_tree {
	size_t count;
	X509 *certificate[CERTS_TREE_MAX]; /* the anchor is the first */
	size_t issuer[CERTS_TREE_MAX];	   /* its place in this array */
};

/*
 * Finds all certificates of `pool` that the anchor certified, directly or
 * through CAs of the pool, by checking signatures: names alone prove nothing.
 * Weak keys and MD5 signatures lead nowhere.
 */
void certs_tree_grow(struct certs_tree *tree, X509 *anchor,
		     STACK_OF(X509) * pool);

/*
 * The path from a certificate of the tree up to the anchor, both included,
 * checked as RFC 5280 has it (CA flags, path lengths, name constraints), but
 * for times.  Owned; NULL with the reason in `error` as SCEP_CA_NOT_TRUSTED.
 */
STACK_OF(X509) * certs_tree_path(const struct certs_tree *tree,
				 X509 *certificate, struct scep_error *error);

/* Fills the row of scepCaTable that describes a certificate: subject, issuer,
 * serial, times, fingerprint and role; the rest is left alone. */
void certs_describe_ca(X509 *certificate, struct scep_ca *row);
/* The same for the certificate columns of scepKeyTable: subject, issuer,
 * serial, times, fingerprint, subject_alt_name, algorithm, length. */
void certs_describe_leaf(X509 *certificate, struct scep_key *row);

#endif
