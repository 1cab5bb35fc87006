/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/unknown_signer.h"

#include <openssl/err.h>

#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/signed.h"

bool unknown_signer_has_signed(const void *message, size_t length,
			       const struct ca_certs *trust)
{
	struct signed_data data;
	struct scep_error error;
	bool is_unknown_signer;

	error_init(&error);
	is_unknown_signer =
	    signed_read(message, length, &data, &error) == SCEP_OK;
	for (int i = 0; is_unknown_signer && i < sk_X509_num(trust->chain); i++)
		is_unknown_signer =
		    CMS_SignerInfo_cert_cmp(
			data.signer, sk_X509_value(trust->chain, i)) != 0;
	signed_free(&data);
	ERR_clear_error();
	return is_unknown_signer;
}

static bool contains_all(STACK_OF(X509) * these, STACK_OF(X509) * others)
{
	for (int i = 0; i < sk_X509_num(others); i++) {
		if (!certs_contain(these, sk_X509_value(others, i)))
			return false;
	}
	return true;
}

bool unknown_signer_is_same_set(const struct bytes *pem,
				const struct bytes *other)
{
	STACK_OF(X509) *these = NULL, *others = NULL;
	struct scep_error error;
	bool is_same;

	error_init(&error);
	is_same =
	    certs_from_pem(pem->data, pem->length, &these, &error) == SCEP_OK &&
	    certs_from_pem(other->data, other->length, &others, &error) ==
		SCEP_OK &&
	    contains_all(these, others) && contains_all(others, these);
	sk_X509_pop_free(these, X509_free);
	sk_X509_pop_free(others, X509_free);
	return is_same;
}
