/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/issued.h"

#include <openssl/err.h>

#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"

static bool is_same(X509 *certificate, X509 *other)
{
	return other != NULL && X509_cmp(certificate, other) == 0;
}

/*
 * The certificate over our key, the youngest if there are several.  The one
 * that signed the request may have been sent back: it is over our key too.
 */
static X509 *find_ours(const struct open_input *input,
		       STACK_OF(X509) * received)
{
	X509 *ours = NULL;

	for (int i = 0; i < sk_X509_num(received); i++) {
		X509 *one = sk_X509_value(received, i);
		EVP_PKEY *key = X509_get0_pubkey(one);

		if (key == NULL || EVP_PKEY_eq(key, input->key) != 1 ||
		    is_same(one, input->known) || is_same(one, input->signer))
			continue;
		if (ours == NULL || certs_time(X509_get0_notBefore(one)) >
					certs_time(X509_get0_notBefore(ours)))
			ours = one;
	}
	ERR_clear_error();
	return ours;
}

static enum scep_code check_validity(X509 *certificate, int64_t now,
				     struct scep_error *error)
{
	int64_t not_before = certs_time(X509_get0_notBefore(certificate));
	int64_t not_after = certs_time(X509_get0_notAfter(certificate));

	if (not_before == 0 || not_after == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate's validity cannot be read");
	if (not_after <= not_before)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate ends before it begins");
	if (now != 0 && not_after <= now)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate has expired already");
	return SCEP_OK;
}

/* RFC 5280, 4.1.2.1 and 4.1.2.2: extensions need version 3, and a serial
 * number that is longer than it may be cannot be looked up in a CRL. */
static enum scep_code check_form(const X509 *certificate,
				 struct scep_error *error)
{
	long version = X509_get_version(certificate);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

	if (version < X509_VERSION_1 || version > X509_VERSION_3)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is of no known version");
	if (version != X509_VERSION_3 && X509_get_ext_count(certificate) > 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate has extensions, but is not "
				 "of version 3");
	if (ASN1_STRING_length(serial) > CERTS_SERIAL_MAX)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate's serial number is too long");
	return SCEP_OK;
}

static enum scep_code check_algorithms(X509 *certificate, uint32_t allowed,
				       uint32_t *legacy_used,
				       struct scep_error *error)
{
	const char *weakness = key_weakness(X509_get0_pubkey(certificate));

	if (weakness != NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate: %s", weakness);
	if (certs_is_signed_with_md5(certificate))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is signed with MD5, which is "
				 "never allowed");
	if (!certs_is_signed_with_sha1(certificate))
		return SCEP_OK;
	if ((allowed & SCEP_LEGACY_SHA1) == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is signed with SHA-1, and "
				 "allowLegacyAlgorithms does not have sha1");
	*legacy_used |= SCEP_LEGACY_SHA1;
	return SCEP_OK;
}

static enum scep_code check_issuers(STACK_OF(X509) * path, int64_t now,
				    struct scep_error *error)
{
	const char *reason;

	for (int i = 1; i < sk_X509_num(path); i++) {
		if (!certs_is_valid_at(sk_X509_value(path, i), now, &reason))
			return error_set(error, SCEP_CA_NOT_TRUSTED,
					 "a CA above the certificate %s",
					 reason);
	}
	return SCEP_OK;
}

/* The path from our certificate to the pinned CA; owned. */
static enum scep_code find_path(const struct open_input *input,
				STACK_OF(X509) * received, X509 *ours,
				STACK_OF(X509) * *path,
				struct scep_error *error)
{
	STACK_OF(X509) *pool = sk_X509_dup(input->trust->chain);
	struct certs_tree tree;
	enum scep_code code = SCEP_CA_NOT_TRUSTED;

	*path = NULL;
	/* The pool borrows. */
	if (pool == NULL ||
	    X509_add_certs(pool, received, X509_ADD_FLAG_NO_DUP) != 1) {
		error_set(error, code, "no memory");
		goto out;
	}
	certs_tree_grow(&tree, input->trust->anchor, pool);
	*path = certs_tree_path(&tree, ours, error);
	if (*path == NULL) {
		error_wrap(error, "the certificate");
		goto out;
	}
	code = check_issuers(*path, input->now, error);
	if (code != SCEP_OK) {
		sk_X509_pop_free(*path, X509_free);
		*path = NULL;
	}
out:
	sk_X509_free(pool);
	return code;
}

enum scep_code issued_choose(const struct open_input *input,
			     STACK_OF(X509) * received, struct cert_rep *reply,
			     struct scep_error *error)
{
	X509 *ours = find_ours(input, received);
	enum scep_code code;

	if (ours == NULL && input->known != NULL &&
	    certs_contain(received, input->known))
		return error_set(error, SCEP_UNCHANGED_CERTIFICATE,
				 "the server sent the certificate that we "
				 "already have");
	if (ours == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate is for another key");
	code = check_form(ours, error);
	if (code == SCEP_OK)
		code = check_algorithms(ours, input->allow_legacy,
					&reply->legacy_used, error);
	if (code == SCEP_OK)
		code = find_path(input, received, ours, &reply->certificates,
				 error);
	if (code == SCEP_OK)
		code = check_validity(ours, input->now, error);
	if (code == SCEP_OK && input->subject != NULL)
		reply->subject_differs =
		    X509_NAME_cmp(X509_get_subject_name(ours),
				  input->subject) != 0;
	return code;
}
