/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/signed.h"

#include <openssl/objects.h>

#include "scep/engine_config.h"
#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/body.h"
#include "scep/protocol/rfc8894.h"

/* ---------------------------------------------------------- the structure --
 */

enum scep_code signed_read(const unsigned char *der, size_t length,
			   const char *wanted, struct signed_data *data,
			   struct scep_error *error)
{
	const unsigned char *end = der;
	STACK_OF(CMS_SignerInfo) * signers;

	data->message = NULL;
	data->signer = NULL;
	data->certificate = NULL;
	if (length > LIMIT_CERT_REP)
		return body_refuse_length("the reply", length, LIMIT_CERT_REP,
					  error);
	if (!body_is_der(der, length))
		return body_refuse(der, length, wanted, error);
	if (body_check_end(der, length, "the reply", error) != SCEP_OK)
		return SCEP_BAD_RESPONSE;
	body_trim(der, &length);
	data->message = d2i_CMS_ContentInfo(NULL, &end, (long)length);
	if (data->message == NULL)
		return error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "the reply is no CMS structure");
	if (end != der + length)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "octets follow the reply");
	if (OBJ_obj2nid(CMS_get0_type(data->message)) != NID_pkcs7_signed)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply is no SignedData");
	if (OBJ_obj2nid(CMS_get0_eContentType(data->message)) != NID_pkcs7_data)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the content type of the reply is not data");
	signers = CMS_get0_SignerInfos(data->message);
	if (sk_CMS_SignerInfo_num(signers) != 1)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply has not exactly one signer");
	data->signer = sk_CMS_SignerInfo_value(signers, 0);
	return SCEP_OK;
}

void signed_free(struct signed_data *data)
{
	CMS_ContentInfo_free(data->message);
	data->message = NULL;
	data->signer = NULL;
}

const ASN1_OCTET_STRING *signed_content(const struct signed_data *data)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(data->message);

	if (content == NULL || *content == NULL ||
	    ASN1_STRING_length(*content) == 0)
		return NULL;
	return *content;
}

/* -------------------------------------------------------------- the digest --
 */

static enum scep_code signed_check_digest(int digest, uint32_t allowed,
					  uint32_t *legacy_used,
					  struct scep_error *error)
{
	const char *name = digest == NID_undef ? NULL : OBJ_nid2sn(digest);

	if (digest == NID_sha256 || digest == NID_sha384 ||
	    digest == NID_sha512)
		return SCEP_OK;
	if (digest != NID_sha1)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply is signed with %s, which is never "
				 "allowed",
				 name == NULL ? "an unknown digest" : name);
	if ((allowed & SCEP_LEGACY_SHA1) == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply is signed with SHA-1, and "
				 "allowLegacyAlgorithms does not have sha1");
	*legacy_used |= SCEP_LEGACY_SHA1;
	return SCEP_OK;
}

/* RFC 3370 and RFC 5754 have NULL or nothing as the parameters of a digest and
 * of RSA, and only RSASSA-PSS has more to say. */
static enum scep_code signed_check_parameters(const X509_ALGOR *algorithm,
					      const char *which,
					      struct scep_error *error)
{
	const ASN1_OBJECT *type = NULL;
	int parameters = V_ASN1_UNDEF;

	X509_ALGOR_get0(&type, &parameters, NULL, algorithm);
	if (parameters == V_ASN1_UNDEF || parameters == V_ASN1_NULL ||
	    OBJ_obj2nid(type) == NID_rsassaPss)
		return SCEP_OK;
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the %s algorithm of the reply has parameters that "
			 "it cannot have",
			 which);
}

/* The digest algorithm, and the one in the name of the signature algorithm:
 * servers write sha1WithRSAEncryption or plain rsaEncryption there. */
enum scep_code signed_check_digests(const struct signed_data *data,
				    uint32_t allowed, uint32_t *legacy_used,
				    struct scep_error *error)
{
	X509_ALGOR *digest = NULL, *signature = NULL;
	const ASN1_OBJECT *type = NULL;
	int named = NID_undef;
	enum scep_code code;

	CMS_SignerInfo_get0_algs(data->signer, NULL, NULL, &digest, &signature);
	X509_ALGOR_get0(&type, NULL, NULL, digest);
	code =
	    signed_check_digest(OBJ_obj2nid(type), allowed, legacy_used, error);
	X509_ALGOR_get0(&type, NULL, NULL, signature);
	if (code == SCEP_OK)
		code = signed_check_parameters(digest, "digest", error);
	if (code == SCEP_OK)
		code = signed_check_parameters(signature, "signature", error);
	if (code == SCEP_OK &&
	    OBJ_find_sigid_algs(OBJ_obj2nid(type), &named, NULL) == 1 &&
	    named != NID_undef)
		code = signed_check_digest(named, allowed, legacy_used, error);
	return code;
}

/* ----------------------------------------------------------- the signature --
 */

/* Verifies the signature with the key of that certificate: whom to believe is
 * known already, and no certificate of the message itself is to be looked at.
 * CMS_verify() would keep the certificate that it was given first. */
static enum scep_code signed_check_signature(const struct signed_data *data,
					     X509 *certificate,
					     struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	BIO *nothing = NULL;

	/* Without content, the signature is over attributes and no octets. */
	if (signed_content(data) == NULL)
		nothing = BIO_new_mem_buf("", 0);
	CMS_SignerInfo_set1_signer_cert(data->signer, certificate);
	if (CMS_verify(data->message, NULL, NULL, nothing, NULL,
		       CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) !=
	    1)
		code = error_set_openssl(error, SCEP_BAD_RESPONSE,
					 "the signature of the reply does not "
					 "verify");
	BIO_free(nothing);
	return error_end_openssl(code, error);
}

static enum scep_code signed_verify_with(const struct signed_data *data,
					 X509 *certificate, int64_t now,
					 struct scep_error *error)
{
	const char *reason;

	/* A CA's keyUsage is often incomplete, that of an RA tells. */
	if (!certs_is_ca(certificate) && !certs_may_sign(certificate))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the reply is signed by a certificate that "
				 "may not sign");
	if (!certs_is_valid_at(certificate, now, &reason))
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate that signed the reply %s",
				 reason);
	return signed_check_signature(data, certificate, error);
}

/* The signer's issuer and serial number name the certificate.  Some CAs give
 * a number twice, so all are tried. */
enum scep_code signed_verify(struct signed_data *data,
			     STACK_OF(X509) * believed, int64_t now,
			     const char *unknown_signer,
			     struct scep_error *error)
{
	struct scep_error refusal;

	error_set(&refusal, SCEP_BAD_RESPONSE, "%s", unknown_signer);
	for (int i = 0; i < sk_X509_num(believed); i++) {
		X509 *certificate = sk_X509_value(believed, i);
		enum scep_code code;

		if (CMS_SignerInfo_cert_cmp(data->signer, certificate) != 0)
			continue;
		code = signed_verify_with(data, certificate, now, &refusal);
		if (code == SCEP_OK) {
			data->certificate = certificate;
			return code;
		}
		if (code == SCEP_NO_MEMORY)
			break;
	}
	return error_set(error, refusal.code, "%s", refusal.text);
}

enum scep_code signed_by_unknown(const void *message, size_t length,
				 STACK_OF(X509) * known, bool *is_unknown,
				 struct scep_error *error)
{
	struct signed_data data;
	enum scep_code code =
	    signed_read(message, length, "a CertRep", &data, NULL);

	*is_unknown = code == SCEP_OK;
	for (int i = 0; *is_unknown && i < sk_X509_num(known); i++)
		*is_unknown = CMS_SignerInfo_cert_cmp(
				  data.signer, sk_X509_value(known, i)) != 0;
	signed_free(&data);
	if (code == SCEP_NO_MEMORY)
		return error_set_memory(error);
	return error_end_openssl(SCEP_OK, error);
}

/* -------------------------------------------------------- the attributes -- */

enum scep_code signed_attribute(const CMS_SignerInfo *signer, const char *type,
				const char *name, const ASN1_TYPE **value,
				struct scep_error *error)
{
	ASN1_OBJECT *object = OBJ_txt2obj(type, 1);
	X509_ATTRIBUTE *attribute;
	int at, next = -1;

	*value = NULL;
	if (object == NULL)
		return error_set_memory(error);
	at = CMS_signed_get_attr_by_OBJ(signer, object, -1);
	if (at >= 0)
		next = CMS_signed_get_attr_by_OBJ(signer, object, at);
	ASN1_OBJECT_free(object);
	if (at < 0)
		return SCEP_OK;
	attribute = CMS_signed_get_attr(signer, at);
	if (next >= 0 || X509_ATTRIBUTE_count(attribute) != 1)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "%s does not have exactly one value", name);
	*value = X509_ATTRIBUTE_get0_type(attribute, 0);
	return SCEP_OK;
}

enum scep_code signed_attribute_text(const CMS_SignerInfo *signer,
				     const char *type, const char *name,
				     const ASN1_STRING **text,
				     struct scep_error *error)
{
	const ASN1_TYPE *value;
	enum scep_code code =
	    signed_attribute(signer, type, name, &value, error);

	*text = NULL;
	if (code != SCEP_OK || value == NULL)
		return code;
	if (value->type != V_ASN1_PRINTABLESTRING &&
	    value->type != V_ASN1_UTF8STRING && value->type != V_ASN1_IA5STRING)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "%s is not a character string", name);
	*text = value->value.asn1_string;
	return SCEP_OK;
}

enum scep_code signed_attribute_octets(const CMS_SignerInfo *signer,
				       const char *type, const char *name,
				       const ASN1_STRING **octets,
				       struct scep_error *error)
{
	const ASN1_TYPE *value;
	enum scep_code code =
	    signed_attribute(signer, type, name, &value, error);

	*octets = NULL;
	if (code != SCEP_OK || value == NULL)
		return code;
	if (value->type != V_ASN1_OCTET_STRING)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "%s is not an OCTET STRING", name);
	*octets = value->value.octet_string;
	return SCEP_OK;
}
