/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/certs_tree.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "scep/octets.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/protocol/names.h"

/* Returns the place of a certificate in the tree, or -1. */
static int tree_place(const struct certs_tree *tree, X509 *certificate)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (X509_cmp(tree->certificate[i], certificate) == 0)
			return (int)i;
	}
	return -1;
}

bool certs_tree_has(const struct certs_tree *tree, X509 *certificate)
{
	return tree_place(tree, certificate) >= 0;
}

static bool is_issued_by(X509 *certificate, X509 *issuer)
{
	return X509_check_issued(issuer, certificate) == X509_V_OK &&
	       X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

/* Adds a certificate if the one at that place has issued it. */
static enum scep_code tree_add(struct certs_tree *tree, size_t issuer,
			       X509 *subject, struct scep_error *error)
{
	if (tree->count == CERTS_TREE_MAX || tree_place(tree, subject) >= 0)
		return SCEP_OK;
	if (is_issued_by(subject, tree->certificate[issuer])) {
		tree->certificate[tree->count] = subject;
		tree->issuer[tree->count++] = issuer;
	}
	return error_end_openssl(SCEP_OK, error);
}

/* Tells if what it has signed is looked at: a key that is unsound could take
 * any time to verify with.  Fails with SCEP_NO_MEMORY. */
static enum scep_code tree_may_grow(const struct certs_tree *tree, size_t at,
				    bool *may_grow, struct scep_error *error)
{
	X509 *certificate = tree->certificate[at];
	enum scep_code code =
	    key_check_public(X509_get0_pubkey(certificate), NULL);

	if (code == SCEP_NO_MEMORY)
		return error_set_memory(error);
	*may_grow = code == SCEP_OK &&
		    (at == 0 ? certs_is_ca(certificate)
			     : certs_is_sub_ca(certificate) &&
				   !certs_is_signed_with_md5(certificate));
	return SCEP_OK;
}

enum scep_code certs_tree_grow(struct certs_tree *tree, X509 *anchor,
			       STACK_OF(X509) * pool, struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	tree->count = 1;
	tree->certificate[0] = anchor;
	tree->issuer[0] = 0;
	for (size_t at = 0; code == SCEP_OK && at < tree->count; at++) {
		bool may_grow = false;

		code = tree_may_grow(tree, at, &may_grow, error);
		for (int i = 0;
		     code == SCEP_OK && may_grow && i < sk_X509_num(pool); i++)
			code =
			    tree_add(tree, at, sk_X509_value(pool, i), error);
	}
	return code;
}

/* Lets OpenSSL judge a path that is known to be complete. */
static enum scep_code tree_check_path(STACK_OF(X509) * path,
				      struct scep_error *error)
{
	X509 *leaf = sk_X509_value(path, 0);
	X509 *anchor = sk_X509_value(path, sk_X509_num(path) - 1);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	enum scep_code code = SCEP_OK;

	if (store == NULL || context == NULL ||
	    X509_STORE_add_cert(store, anchor) != 1 ||
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN |
					    X509_V_FLAG_NO_CHECK_TIME) != 1 ||
	    X509_STORE_CTX_init(context, store, leaf, path) != 1)
		code = error_set_openssl(error, SCEP_CA_NOT_TRUSTED,
					 "the path cannot be checked");
	else if (X509_verify_cert(context) != 1)
		code = error_set(error, SCEP_CA_NOT_TRUSTED, "%s",
				 X509_verify_cert_error_string(
				     X509_STORE_CTX_get_error(context)));
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return error_end_openssl(code, error);
}

/* Checks all of a path against the floor, from the anchor down. */
static enum scep_code tree_check_floor(STACK_OF(X509) * path,
				       const struct certs_floor *floor,
				       struct scep_error *error)
{
	int last = sk_X509_num(path) - 1;
	struct scep_error weakness;
	char subject[SCEP_TEXT255];

	for (int i = last; i >= 0; i--) {
		X509 *each = sk_X509_value(path, i);
		enum scep_code code =
		    certs_check_floor(each, i == last, floor, &weakness);

		if (code == SCEP_NO_MEMORY)
			return error_set_memory(error);
		if (code == SCEP_OK)
			continue;
		if (i == 0)
			return error_set(error, code, "%s", weakness.text);
		if (names_text(X509_get_subject_name(each), subject, error) !=
		    SCEP_OK)
			return SCEP_NO_MEMORY;
		return error_set(error, code, "the CA %s above it: %s", subject,
				 weakness.text);
	}
	return SCEP_OK;
}

enum scep_code certs_tree_path(const struct certs_tree *tree, X509 *certificate,
			       const struct certs_floor *floor,
			       STACK_OF(X509) * *path, struct scep_error *error)
{
	int place = tree_place(tree, certificate);
	enum scep_code code;

	*path = NULL;
	if (place < 0)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "it was not certified by the pinned CA");
	*path = sk_X509_new_null();
	code = certs_push(*path, tree->certificate[place], error);
	while (code == SCEP_OK && place != 0) {
		place = (int)tree->issuer[place];
		code = certs_push(*path, tree->certificate[place], error);
	}
	if (code == SCEP_OK)
		code = tree_check_floor(*path, floor, error);
	if (code == SCEP_OK)
		code = tree_check_path(*path, error);
	if (code != SCEP_OK) {
		sk_X509_pop_free(*path, X509_free);
		*path = NULL;
	}
	return code;
}
