/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/next_ca.h"

#include <openssl/err.h>

#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/signed.h"

/* Who may say which CA comes next.  The certificates are borrowed. */
static STACK_OF(X509) * cas_of(const struct ca_certs *trust)
{
	STACK_OF(X509) *cas = sk_X509_new_null();

	for (int i = 0; cas != NULL && i < sk_X509_num(trust->chain); i++) {
		X509 *each = sk_X509_value(trust->chain, i);

		if (certs_is_ca(each) && !sk_X509_push(cas, each)) {
			sk_X509_free(cas);
			cas = NULL;
		}
	}
	return cas;
}

static enum scep_code verify(const struct next_ca_input *input,
			     const struct signed_data *answer,
			     struct scep_error *error)
{
	STACK_OF(X509) *cas = cas_of(input->trust);
	const char *reason;
	enum scep_code code;

	if (cas == NULL)
		return error_set(error, SCEP_BAD_RESPONSE, "no memory");
	if (!certs_is_valid_at(input->trust->anchor, input->now, &reason))
		code = error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the CA certificate %s", reason);
	else
		code = signed_verify(answer, cas, input->now,
				     "the reply is not signed by the pinned CA",
				     error);
	sk_X509_free(cas);
	return code;
}

/* The next CA among what came, and what it has certified. */
static enum scep_code choose(STACK_OF(X509) * received, int64_t now,
			     STACK_OF(X509) * chosen, struct scep_error *error)
{
	X509 *next = ca_certs_candidate(received);
	struct certs_tree tree;
	const char *reason;

	if (next == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "there is no CA certificate in the reply");
	/* It may well begin in the future. */
	if (!certs_is_valid_at(next, now, &reason) &&
	    certs_time(X509_get0_notAfter(next)) < now)
		return error_set(error, SCEP_BAD_RESPONSE, "the next CA %s",
				 reason);
	certs_tree_grow(&tree, next, received);
	for (size_t i = 0; i < tree.count; i++) {
		if (!certs_push(chosen, tree.certificate[i]))
			return error_set(error, SCEP_BAD_RESPONSE, "no memory");
	}
	return SCEP_OK;
}

static enum scep_code read_content(const ASN1_OCTET_STRING *content,
				   int64_t now, STACK_OF(X509) * chosen,
				   struct scep_error *error)
{
	STACK_OF(X509) *received = NULL;
	enum scep_code code;

	if (content == NULL || chosen == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 content == NULL ? "the reply has no content"
						 : "no memory");
	code = certs_from_signed_data(ASN1_STRING_get0_data(content),
				      (size_t)ASN1_STRING_length(content),
				      &received, error);
	if (code != SCEP_OK)
		error_wrap(error, "in the signed content");
	else
		code = choose(received, now, chosen, error);
	sk_X509_pop_free(received, X509_free);
	return code;
}

enum scep_code next_ca_read(const struct next_ca_input *input,
			    STACK_OF(X509) * *certificates,
			    uint32_t *legacy_used, struct scep_error *error)
{
	STACK_OF(X509) *chosen = sk_X509_new_null();
	struct signed_data answer;
	enum scep_code code =
	    signed_read(input->body, input->length, &answer, error);

	*certificates = NULL;
	if (code == SCEP_OK)
		code = signed_check_digests(&answer, input->allow_legacy,
					    legacy_used, error);
	if (code == SCEP_OK)
		code = verify(input, &answer, error);
	if (code == SCEP_OK)
		code = read_content(signed_content(&answer), input->now, chosen,
				    error);
	signed_free(&answer);
	ERR_clear_error();
	if (code == SCEP_OK)
		*certificates = chosen;
	else
		sk_X509_pop_free(chosen, X509_free);
	return code;
}
