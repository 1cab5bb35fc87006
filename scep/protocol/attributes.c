/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/attributes.h"

#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "scep/base/error.h"

enum scep_code attributes_find(const CMS_SignerInfo *signer, const char *type,
			       const char *name, const ASN1_TYPE **value,
			       struct scep_error *error)
{
	ASN1_OBJECT *object = OBJ_txt2obj(type, 1);
	X509_ATTRIBUTE *attribute;
	int at, next = -1;

	*value = NULL;
	if (object == NULL)
		return error_set(error, SCEP_BAD_RESPONSE, "no memory");
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

enum scep_code attributes_find_text(const CMS_SignerInfo *signer,
				    const char *type, const char *name,
				    const ASN1_STRING **text,
				    struct scep_error *error)
{
	const ASN1_TYPE *value;
	enum scep_code code =
	    attributes_find(signer, type, name, &value, error);

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

enum scep_code attributes_find_octets(const CMS_SignerInfo *signer,
				      const char *type, const char *name,
				      const ASN1_STRING **octets,
				      struct scep_error *error)
{
	const ASN1_TYPE *value;
	enum scep_code code =
	    attributes_find(signer, type, name, &value, error);

	*octets = NULL;
	if (code != SCEP_OK || value == NULL)
		return code;
	if (value->type != V_ASN1_OCTET_STRING)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "%s is not an OCTET STRING", name);
	*octets = value->value.octet_string;
	return SCEP_OK;
}

bool attributes_equal(const ASN1_STRING *string, const void *data,
		      size_t length)
{
	return (size_t)ASN1_STRING_length(string) == length &&
	       memcmp(ASN1_STRING_get0_data(string), data, length) == 0;
}
