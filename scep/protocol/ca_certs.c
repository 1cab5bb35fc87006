/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/ca_certs.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"

/* ------------------------------------------------------------- reading -- */

static bool has_pem(const unsigned char *body, size_t length)
{
	static const char mark[] = "-----BEGIN ";
	size_t size = sizeof(mark) - 1;

	for (size_t at = 0; at + size <= length; at++) {
		if (memcmp(body + at, mark, size) == 0)
			return true;
	}
	return false;
}

/* The same certificate may well be sent twice. */
static void drop_doubles(STACK_OF(X509) * certificates)
{
	for (int i = sk_X509_num(certificates) - 1; i > 0; i--) {
		X509 *one = sk_X509_value(certificates, i);

		for (int j = 0; j < i; j++) {
			if (X509_cmp(sk_X509_value(certificates, j), one) ==
			    0) {
				X509_free(sk_X509_delete(certificates, i));
				break;
			}
		}
	}
}

enum scep_code ca_certs_read(const void *body, size_t length,
			     STACK_OF(X509) * *certificates,
			     struct scep_error *error)
{
	const unsigned char *octets = body;
	enum scep_code code;

	*certificates = NULL;
	if (length == 0 || length > LIMIT_CA_CERT)
		return error_set(error, SCEP_BAD_RESPONSE,
				 length == 0
				     ? "the answer to GetCACert is empty"
				     : "the answer to GetCACert is too long");
	if (octets[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
		code = certs_from_der(octets, length, certificates, error);
	else if (has_pem(octets, length))
		code = certs_from_pem(body, length, certificates, error);
	else
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the answer to GetCACert is neither DER nor "
				 "PEM");
	if (code == SCEP_OK)
		drop_doubles(*certificates);
	return code;
}

/* ------------------------------------------------------------ believing -- */

static const char *digest_of_length(uint32_t length)
{
	switch (length) {
	case 20:
		return "SHA1";
	case 32:
		return "SHA256";
	case 48:
		return "SHA384";
	case 64:
		return "SHA512";
	}
	return NULL;
}

/* Finds the certificate that a pin names; NULL if there is none. */
static enum scep_code find_pinned(STACK_OF(X509) * certificates,
				  const struct ca_certs_pin *pin, X509 **found,
				  struct scep_error *error)
{
	const char *name = digest_of_length(pin->length);
	EVP_MD *digest = name == NULL ? NULL : EVP_MD_fetch(NULL, name, NULL);
	enum scep_code code = SCEP_OK;

	*found = NULL;
	/* OpenSSL always has these digests. */
	if (name != NULL && digest == NULL)
		code = error_set_memory(error);
	for (int i = 0; code == SCEP_OK && digest != NULL && *found == NULL &&
			i < sk_X509_num(certificates);
	     i++) {
		X509 *each = sk_X509_value(certificates, i);
		unsigned char value[EVP_MAX_MD_SIZE];
		unsigned int length = 0;

		if (X509_digest(each, digest, value, &length) != 1)
			code = error_set_memory(error);
		else if (octets_equal(value, length, pin->digest, pin->length))
			*found = each;
	}
	EVP_MD_free(digest);
	return code;
}

static enum scep_code check_anchor(X509 *anchor, int64_t now,
				   struct scep_error *error)
{
	struct scep_error weakness;
	const char *reason;
	enum scep_code code =
	    key_check_public(X509_get0_pubkey(anchor), &weakness);

	if (code == SCEP_NO_MEMORY)
		return error_set_memory(error);
	if (code != SCEP_OK)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the pinned certificate: %s", weakness.text);
	if (!certs_is_ca(anchor))
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the pinned certificate is not that of a CA");
	if (!certs_is_valid_at(anchor, now, &reason))
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the CA certificate %s", reason);
	return SCEP_OK;
}

/* Finds the first certificate that is pinned and fit to be the anchor. */
static enum scep_code find_anchor(STACK_OF(X509) * certificates,
				  const struct ca_certs_pin *pins,
				  size_t pin_count, int64_t now, X509 **anchor,
				  struct scep_error *error)
{
	struct scep_error unfit;

	error_set(&unfit, SCEP_CA_NOT_TRUSTED,
		  "no certificate of the server has the fingerprint that is "
		  "trusted");
	for (size_t i = 0; i < pin_count; i++) {
		enum scep_code code =
		    find_pinned(certificates, &pins[i], anchor, error);

		if (code != SCEP_OK)
			return code;
		if (*anchor == NULL)
			continue;
		code = check_anchor(*anchor, now, &unfit);
		if (code == SCEP_NO_MEMORY)
			return error_set_memory(error);
		if (code == SCEP_OK)
			return code;
	}
	return error_set(error, unfit.code, "%s", unfit.text);
}

/* Tells if it and all CAs above it are valid. */
static bool is_path_valid(STACK_OF(X509) * path, int64_t now)
{
	const char *reason;

	for (int i = 0; i < sk_X509_num(path); i++) {
		if (!certs_is_valid_at(sk_X509_value(path, i), now, &reason))
			return false;
	}
	return true;
}

static bool has_issued_cas(const struct certs_tree *tree, size_t place)
{
	for (size_t i = 1; i < tree->count; i++) {
		if (tree->issuer[i] == place &&
		    certs_is_ca(tree->certificate[i]))
			return true;
	}
	return false;
}

/*
 * Says how well a certificate suits as the recipient: an RA that says it may,
 * an RA that does not say, an RA, the CA that issues (no CA below it), a CA.
 */
static int suitability(const struct certs_tree *tree, size_t place)
{
	X509 *certificate = tree->certificate[place];

	if (!EVP_PKEY_is_a(X509_get0_pubkey(certificate), "RSA"))
		return 0;
	if (certs_is_ca(certificate))
		return has_issued_cas(tree, place) ? 1 : 2;
	if (!certs_may_encipher(certificate))
		return 3;
	return (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0 ? 4
									    : 5;
}

/* Tells if one is better suited, or as well suited and younger: RA certificates
 * roll over. */
static bool is_better(int suits, X509 *certificate, int best_suits, X509 *best)
{
	if (suits != best_suits)
		return suits > best_suits;
	return suits > 0 && certs_time(X509_get0_notBefore(certificate)) >
				certs_time(X509_get0_notBefore(best));
}

/* Fills the chain and chooses the recipient. */
static enum scep_code fill_trust(const struct certs_tree *tree, int64_t now,
				 struct ca_certs *trust,
				 struct scep_error *error)
{
	X509 *best = NULL;
	int best_suits = 0;

	for (size_t i = 0; i < tree->count; i++) {
		X509 *certificate = tree->certificate[i];
		STACK_OF(X509) *path = NULL;
		enum scep_code code =
		    certs_tree_path(tree, certificate, &path, NULL);
		int suits;

		if (code == SCEP_NO_MEMORY)
			return error_set_memory(error);
		/* What has no path to the anchor is left out. */
		if (code != SCEP_OK)
			continue;
		suits = is_path_valid(path, now) ? suitability(tree, i) : 0;
		sk_X509_pop_free(path, X509_free);
		code = certs_push(trust->chain, certificate, error);
		if (code != SCEP_OK)
			return code;
		if (is_better(suits, certificate, best_suits, best)) {
			best = certificate;
			best_suits = suits;
		}
	}
	if (best == NULL)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "neither CA nor RA has a valid RSA key to "
				 "which requests can be encrypted");
	X509_up_ref(best);
	trust->recipient = best;
	return SCEP_OK;
}

enum scep_code ca_certs_establish(STACK_OF(X509) * certificates,
				  const struct ca_certs_pin *pins,
				  size_t pin_count, int64_t now,
				  struct ca_certs *trust,
				  struct scep_error *error)
{
	struct certs_tree tree;
	X509 *anchor = NULL;
	enum scep_code code;

	memset(trust, 0, sizeof(*trust));
	code = find_anchor(certificates, pins, pin_count, now, &anchor, error);
	if (code == SCEP_OK) {
		X509_up_ref(anchor);
		trust->anchor = anchor;
		trust->chain = sk_X509_new_null();
		code = certs_tree_grow(&tree, anchor, certificates, error);
	}
	if (code == SCEP_OK)
		code = fill_trust(&tree, now, trust, error);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK)
		ca_certs_free(trust);
	return code;
}

void ca_certs_free(struct ca_certs *trust)
{
	X509_free(trust->anchor);
	sk_X509_pop_free(trust->chain, X509_free);
	X509_free(trust->recipient);
	memset(trust, 0, sizeof(*trust));
}

enum scep_code ca_certs_candidate(STACK_OF(X509) * certificates,
				  X509 **candidate, struct scep_error *error)
{
	struct certs_tree tree;
	size_t best_count = 0;

	*candidate = NULL;
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *each = sk_X509_value(certificates, i);
		enum scep_code code;

		if (!certs_is_ca(each))
			continue;
		code = key_check_public(X509_get0_pubkey(each), NULL);
		if (code == SCEP_OK)
			code = certs_tree_grow(&tree, each, certificates, NULL);
		if (code == SCEP_NO_MEMORY)
			return error_set_memory(error);
		if (code != SCEP_OK)
			continue;
		if (tree.count > best_count) {
			*candidate = each;
			best_count = tree.count;
		}
	}
	return SCEP_OK;
}
