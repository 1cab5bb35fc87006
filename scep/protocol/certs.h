/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates (RFC 5280): reading them, writing them as PEM, questions about
 * one of them, and their rows in the tables.  Knows no pin and decides nothing
 * about trust.  Pure: takes the time as an argument.
 */
#ifndef SCEP_PROTOCOL_CERTS_H
#define SCEP_PROTOCOL_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * Each of these reads certificates and has OpenSSL decode them, so that what
 * is asked of them later cannot fail.  `*certificates` is owned and has at
 * least one and at most LIMIT_CERTIFICATES; NULL after a failure.  They fail
 * with SCEP_BAD_RESPONSE.
 *
 * This one reads a degenerate SignedData (RFC 8894, 3.4) that fills `der`.
 */
enum scep_code certs_from_signed_data(const unsigned char *der, size_t length,
				      STACK_OF(X509) * *certificates,
				      struct scep_error *error);
/* Reads one certificate or a degenerate SignedData that fills `der`. */
enum scep_code certs_from_der(const unsigned char *der, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error);
/* Reads PEM blocks of either kind; skips other blocks. */
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
/* Tells if two PEM texts have the same certificates, in any order.  Fails as
 * reading them does. */
enum scep_code certs_compare_sets(const struct bytes *pem,
				  const struct bytes *other, bool *is_same,
				  struct scep_error *error);

/* Tells if it may issue certificates; old CAs without basicConstraints may. */
bool certs_is_ca(X509 *certificate);
/* Tells if basicConstraints says that it may: below a pinned CA, nothing else
 * makes a CA. */
bool certs_is_sub_ca(X509 *certificate);
/* Tells if extendedKeyUsage makes it an RA: that of an enrolment agent of
 * Microsoft's, or id-kp-cmcRA (RFC 6402, 2.10). */
bool certs_is_marked_ra(X509 *certificate);
/* Tells if keyUsage (RFC 5280, 4.2.1.3) allows it; without keyUsage, all is
 * allowed. */
bool certs_may_sign(X509 *certificate);
bool certs_may_encipher(X509 *certificate);

/* Returns the 64-bit seconds of an ASN1_TIME; 0 if it cannot be read. */
int64_t certs_time(const ASN1_TIME *time);

/* Tells if it is valid at `now`; always if `now` is 0.  `reason` is static
 * text. */
bool certs_is_valid_at(X509 *certificate, int64_t now, const char **reason);

/* Tell if the digest of its signature is legacy (SHA-1) or never allowed (MD5
 * and older). */
bool certs_is_signed_with_sha1(X509 *certificate);
bool certs_is_signed_with_md5(X509 *certificate);

/* The floor for the certificates of CAs and RAs, as for our own (MIB, rule
 * 20). */
struct certs_floor {
	bool allow_short_keys; /* RSA below 2048 bits, EC below 256 */
	uint32_t allow_legacy; /* enum scep_legacy: SHA-1 */
};

/*
 * Checks a certificate against the floor.  The signature over a pinned one (the
 * anchor) does not count.  Fails with SCEP_CA_NOT_TRUSTED, with a text that
 * calls the certificate "it".
 */
enum scep_code certs_check_floor(X509 *certificate, bool is_anchor,
				 const struct certs_floor *floor,
				 struct scep_error *error);

/* Adds a new reference to a list; NULL is a list for which memory was short.
 * Fails with SCEP_NO_MEMORY. */
enum scep_code certs_push(STACK_OF(X509) * certificates, X509 *certificate,
			  struct scep_error *error);
/* Tells if that very certificate is in the list (which may be NULL). */
bool certs_contain(STACK_OF(X509) * certificates, X509 *certificate);

/* Fills the row of scepCaTable that describes a certificate: subject, issuer,
 * serial, times, fingerprint and role; leaves the rest alone.  Fails with
 * SCEP_NO_MEMORY. */
enum scep_code certs_describe_ca(X509 *certificate, struct scep_ca *row,
				 struct scep_error *error);
/* The same for the certificate columns of scepKeyTable: subject, issuer,
 * serial, times, fingerprint, subject_alt_name, algorithm, length. */
enum scep_code certs_describe_leaf(X509 *certificate, struct scep_key *row,
				   struct scep_error *error);

#endif
