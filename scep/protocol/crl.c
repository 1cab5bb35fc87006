/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/crl.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "scep/engine_config.h"
#include "scep/octets.h"
#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/get_cert.h"
#include "scep/protocol/names.h"

/* -------------------------------------------------------------- the request */

enum scep_code crl_wanted(const X509 *certificate, struct bytes *der,
			  struct scep_error *error)
{
	return get_cert_encode(X509_get_issuer_name(certificate),
			       X509_get0_serialNumber(certificate), der, error);
}

/* --------------------------------------------------------------- the answer */

/* The lists in a degenerate SignedData that fills the envelope. */
static enum scep_code read_lists(const struct bytes *content,
				 STACK_OF(X509_CRL) * *lists,
				 struct scep_error *error)
{
	const unsigned char *end = content->data;
	CMS_ContentInfo *bag =
	    d2i_CMS_ContentInfo(NULL, &end, (long)content->length);
	enum scep_code code = SCEP_OK;

	*lists = NULL;
	if (bag == NULL)
		code = error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "in the envelope is no CMS structure");
	else if (end != content->data + content->length)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "octets follow the CRL in the envelope");
	else if (OBJ_obj2nid(CMS_get0_type(bag)) != NID_pkcs7_signed)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the CRL does not come as SignedData");
	else
		*lists = CMS_get1_crls(bag);
	CMS_ContentInfo_free(bag);
	if (code == SCEP_OK && sk_X509_CRL_num(*lists) < 1)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "there is no CRL in the envelope");
	return code;
}

static X509_CRL *find_by_issuer(STACK_OF(X509_CRL) * lists, X509 *certificate)
{
	for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
		X509_CRL *each = sk_X509_CRL_value(lists, i);

		if (X509_NAME_cmp(X509_CRL_get_issuer(each),
				  X509_get_issuer_name(certificate)) == 0)
			return each;
	}
	return NULL;
}

/* RFC 4055, 3.1: that of a PSS signature is in its parameters, and SHA-1 if
 * they do not name one. */
static int pss_digest(const X509_ALGOR *algorithm)
{
	const void *value = NULL;
	RSA_PSS_PARAMS *parameters = NULL;
	int type = V_ASN1_UNDEF;
	int digest = NID_sha1;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type == V_ASN1_SEQUENCE)
		parameters = ASN1_TYPE_unpack_sequence(
		    ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
	if (parameters != NULL && parameters->hashAlgorithm != NULL)
		digest = OBJ_obj2nid(parameters->hashAlgorithm->algorithm);
	RSA_PSS_PARAMS_free(parameters);
	return digest;
}

static int signature_digest(X509_CRL *crl)
{
	const X509_ALGOR *algorithm = NULL;
	int digest = NID_undef;

	X509_CRL_get0_signature(crl, NULL, &algorithm);
	if (X509_CRL_get_signature_nid(crl) == NID_rsassaPss)
		return pss_digest(algorithm);
	OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, NULL);
	return digest;
}

static enum scep_code check_algorithm(X509_CRL *crl, uint32_t allow_legacy,
				      uint32_t *legacy_used,
				      struct scep_error *error)
{
	int digest = signature_digest(crl);

	if (digest == NID_md5 || digest == NID_md4 || digest == NID_md2)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the CRL is signed with MD5 or older");
	if (digest != NID_sha1)
		return SCEP_OK;
	if ((allow_legacy & SCEP_LEGACY_SHA1) == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the CRL is signed with SHA-1, and "
				 "allowLegacyAlgorithms does not have sha1");
	*legacy_used |= SCEP_LEGACY_SHA1;
	return SCEP_OK;
}

/* RFC 5280, 6.3.3: by the CA that bears the issuer's name. */
static enum scep_code check_signature(X509_CRL *crl,
				      const struct ca_certs *trust,
				      struct scep_error *error)
{
	for (int i = 0; i < sk_X509_num(trust->chain); i++) {
		X509 *ca = sk_X509_value(trust->chain, i);

		if (certs_is_ca(ca) &&
		    X509_NAME_cmp(X509_get_subject_name(ca),
				  X509_CRL_get_issuer(crl)) == 0 &&
		    X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1)
			return SCEP_OK;
	}
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the CRL is not signed by the CA");
}

static enum scep_code check_times(X509_CRL *crl, int64_t now,
				  struct scep_error *error)
{
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);

	if (certs_time(X509_CRL_get0_lastUpdate(crl)) == 0 ||
	    (end != NULL && certs_time(end) == 0))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the time of the CRL cannot be read");
	if (now == 0)
		return SCEP_OK;
	if (certs_time(X509_CRL_get0_lastUpdate(crl)) > now + CERTS_CLOCK_SLACK)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the CRL is not yet valid");
	if (end != NULL && certs_time(end) < now - CERTS_CLOCK_SLACK)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the CRL has expired");
	return SCEP_OK;
}

static enum scep_code judge(const struct cert_rep_input *input, X509_CRL *crl,
			    uint32_t *legacy_used, struct scep_error *error)
{
	enum scep_code code =
	    check_algorithm(crl, input->allow_legacy, legacy_used, error);

	if (code == SCEP_OK)
		code = check_signature(crl, input->trust, error);
	if (code == SCEP_OK)
		code = check_times(crl, input->now, error);
	/* A certificate that another list revokes could look good in this one.
	 */
	if (code == SCEP_OK &&
	    X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the CRL is not a complete one");
	return code;
}

enum scep_code crl_open(const struct cert_rep_input *input,
			struct cert_rep *reply, X509_CRL **crl,
			struct scep_error *error)
{
	struct bytes content = {NULL, 0};
	STACK_OF(X509_CRL) *lists = NULL;
	X509_CRL *found = NULL;
	enum scep_code code =
	    cert_rep_open_reply(input, reply, &content, error);

	*crl = NULL;
	if (code != SCEP_OK || reply->pki_status != RFC8894_SUCCESS)
		goto out;
	code = read_lists(&content, &lists, error);
	if (code == SCEP_OK) {
		found = find_by_issuer(lists, input->signer);
		code = found != NULL
			   ? judge(input, found, &reply->legacy_used, error)
			   : error_set(error, SCEP_BAD_RESPONSE,
				       "the CRL is by another issuer");
	}
	code = error_end_openssl(code, error);
	if (code == SCEP_OK && X509_CRL_up_ref(found) == 1)
		*crl = found;
	else
		cert_rep_free(reply);
out:
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	bytes_free(&content);
	return code;
}

/* ----------------------------------------------------------------- the list */

enum scep_code crl_look_up(X509_CRL *crl, const char *issuer,
			   const struct scep_octets32 *serial,
			   enum crl_verdict *verdict, struct scep_error *error)
{
	char text[SCEP_TEXT255];
	ASN1_INTEGER *number = NULL;
	X509_REVOKED *entry = NULL;
	enum scep_code code = names_text(X509_CRL_get_issuer(crl), text, error);

	*verdict = CRL_OF_ANOTHER_ISSUER;
	if (code != SCEP_OK || strcmp(text, issuer) != 0)
		return code;
	code = get_cert_serial(serial, &number, error);
	/* 2: the entry takes an earlier one back. */
	if (code == SCEP_OK)
		*verdict = X509_CRL_get0_by_serial(crl, &entry, number) == 1
			       ? CRL_REVOKED
			       : CRL_NOT_REVOKED;
	ASN1_INTEGER_free(number);
	return error_end_openssl(code, error);
}
