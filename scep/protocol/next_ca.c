/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/next_ca.h"

#include <openssl/cms.h>

#include "scep/base/error.h"
#include "scep/octets.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/certs_tree.h"
#include "scep/protocol/names.h"
#include "scep/protocol/signed.h"

/* A CA below the pinned one may be for a few names only: it must not announce a
 * CA for all.  Refuses those in the chain by name. */
static enum scep_code check_signer(const struct signed_data *answer,
				   const struct ca_certs *trust,
				   struct scep_error *error)
{
	char name[SCEP_TEXT255];
	enum scep_code code;

	if (CMS_SignerInfo_cert_cmp(answer->signer, trust->anchor) == 0)
		return SCEP_OK;
	for (int i = 0; i < sk_X509_num(trust->chain); i++) {
		X509 *each = sk_X509_value(trust->chain, i);

		if (CMS_SignerInfo_cert_cmp(answer->signer, each) != 0)
			continue;
		code = names_text(X509_get_subject_name(each), name, error);
		if (code != SCEP_OK)
			return code;
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply is signed by %s, and not by the "
				 "pinned CA",
				 name);
	}
	return SCEP_OK;
}

/* Verifies it with the pinned CA alone. */
static enum scep_code verify_next(const struct next_ca_input *input,
				  struct signed_data *answer,
				  struct scep_error *error)
{
	X509 *anchor = input->trust->anchor;
	STACK_OF(X509) *pinned = sk_X509_new_null();
	const char *reason;
	enum scep_code code = certs_push(pinned, anchor, error);

	if (code == SCEP_OK && !certs_is_valid_at(anchor, input->now, &reason))
		code = error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the CA certificate %s", reason);
	if (code == SCEP_OK)
		code = check_signer(answer, input->trust, error);
	if (code == SCEP_OK)
		code = signed_verify(answer, pinned, input->now,
				     "the reply is not signed by the pinned CA",
				     error);
	sk_X509_pop_free(pinned, X509_free);
	return code;
}

/* Chooses the next CA among what came, and what it has certified. */
static enum scep_code choose_next(const struct next_ca_input *input,
				  STACK_OF(X509) * received,
				  STACK_OF(X509) * chosen,
				  struct scep_error *error)
{
	X509 *next = NULL;
	struct certs_tree tree;
	const char *reason;
	const struct certs_floor floor = {input->allow_short_keys,
					  input->allow_legacy};
	enum scep_code code =
	    ca_certs_candidate(received, &floor, &next, error);

	if (code != SCEP_OK)
		return code;
	if (next == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "there is no CA certificate in the reply");
	/* It may well begin in the future. */
	if (!certs_is_valid_at(next, input->now, &reason) &&
	    certs_time(X509_get0_notAfter(next)) < input->now)
		return error_set(error, SCEP_BAD_RESPONSE, "the next CA %s",
				 reason);
	code = certs_tree_grow(&tree, next, received, error);
	for (size_t i = 0; code == SCEP_OK && i < tree.count; i++)
		code = certs_push(chosen, tree.certificate[i], error);
	return code;
}

static enum scep_code read_next(const struct next_ca_input *input,
				const ASN1_OCTET_STRING *content,
				STACK_OF(X509) * chosen,
				struct scep_error *error)
{
	STACK_OF(X509) *received = NULL;
	enum scep_code code;

	if (content == NULL)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply has no content");
	code = certs_from_signed_data(ASN1_STRING_get0_data(content),
				      (size_t)ASN1_STRING_length(content),
				      &received, error);
	if (code == SCEP_BAD_RESPONSE)
		error_wrap(error, "in the signed content");
	if (code == SCEP_OK)
		code = choose_next(input, received, chosen, error);
	sk_X509_pop_free(received, X509_free);
	return code;
}

enum scep_code next_ca_read(const struct next_ca_input *input,
			    STACK_OF(X509) * *certificates,
			    uint32_t *legacy_used, struct scep_error *error)
{
	struct signed_data answer;
	enum scep_code code =
	    signed_read(input->body, input->length, "the next CA certificate",
			&answer, error);

	*certificates = sk_X509_new_null();
	if (code == SCEP_OK)
		code = signed_check_digests(&answer, input->allow_legacy,
					    legacy_used, error);
	if (code == SCEP_OK)
		code = verify_next(input, &answer, error);
	if (code == SCEP_OK)
		code = read_next(input, signed_content(&answer), *certificates,
				 error);
	signed_free(&answer);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		sk_X509_pop_free(*certificates, X509_free);
		*certificates = NULL;
	}
	return code;
}
