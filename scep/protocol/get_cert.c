/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/get_cert.h"

#include <string.h>

#include <openssl/pkcs7.h>

#include "scep/octets.h"
#include "scep/protocol/certs.h"
#include "scep/base/error.h"
#include "scep/protocol/names.h"

/* ----------------------------------------------------------- the request -- */

enum scep_code get_cert_encode(const X509_NAME *issuer,
			       const ASN1_INTEGER *serial, struct bytes *der,
			       struct scep_error *error)
{
	PKCS7_ISSUER_AND_SERIAL *wanted = PKCS7_ISSUER_AND_SERIAL_new();
	ASN1_INTEGER *copy = ASN1_INTEGER_dup(serial);
	unsigned char *data = NULL;
	int length = 0;
	enum scep_code code = SCEP_OK;

	if (wanted != NULL && copy != NULL &&
	    X509_NAME_set(&wanted->issuer, issuer) == 1) {
		ASN1_INTEGER_free(wanted->serial);
		wanted->serial = copy;
		copy = NULL;
		length = i2d_PKCS7_ISSUER_AND_SERIAL(wanted, &data);
	}
	if (length <= 0)
		code = error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "issuer and serial number cannot be "
					 "encoded");
	else if (!bytes_set(der, data, (size_t)length))
		code = error_set_memory(error);
	OPENSSL_free(data);
	ASN1_INTEGER_free(copy);
	PKCS7_ISSUER_AND_SERIAL_free(wanted);
	return error_end_openssl(code, error);
}

enum scep_code get_cert_serial(const struct scep_octets32 *octets,
			       ASN1_INTEGER **serial, struct scep_error *error)
{
	BIGNUM *number = BN_bin2bn(octets->data, (int)octets->length, NULL);

	*serial = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	return error_end_openssl(
	    *serial == NULL ? error_set_memory(error) : SCEP_OK, error);
}

/* Finds the name of the CA that the tables call so. */
static enum scep_code find_issuer(const struct ca_certs *trust,
				  const char *issuer, const X509_NAME **name,
				  struct scep_error *error)
{
	for (int i = 0; i < sk_X509_num(trust->chain); i++) {
		X509 *ca = sk_X509_value(trust->chain, i);
		char text[SCEP_TEXT255];
		enum scep_code code =
		    names_text(X509_get_subject_name(ca), text, error);

		if (code != SCEP_OK)
			return code;
		*name = X509_get_subject_name(ca);
		if (certs_is_ca(ca) && strcmp(text, issuer) == 0)
			return SCEP_OK;
	}
	return error_set(error, SCEP_CA_NOT_TRUSTED,
			 "the CA is not the one that issued the certificate");
}

enum scep_code get_cert_wanted(const struct ca_certs *trust, const char *issuer,
			       const struct scep_octets32 *serial,
			       struct bytes *der, struct scep_error *error)
{
	const X509_NAME *name = NULL;
	ASN1_INTEGER *number = NULL;
	enum scep_code code = find_issuer(trust, issuer, &name, error);

	if (code == SCEP_OK)
		code = get_cert_serial(serial, &number, error);
	if (code == SCEP_OK)
		code = get_cert_encode(name, number, der, error);
	ASN1_INTEGER_free(number);
	return code;
}

/* ------------------------------------------------------------ the answer -- */

enum scep_code get_cert_open(const struct cert_rep_input *input,
			     const struct scep_octets32 *serial,
			     struct cert_rep *reply, struct scep_error *error)
{
	enum scep_code code = cert_rep_open(input, reply, error);
	ASN1_INTEGER *number = NULL;

	if (code != SCEP_OK || reply->pki_status != RFC8894_SUCCESS)
		return code;
	code = get_cert_serial(serial, &number, error);
	if (code == SCEP_OK &&
	    ASN1_INTEGER_cmp(
		X509_get0_serialNumber(sk_X509_value(reply->certificates, 0)),
		number) != 0)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the certificate has not the serial number "
				 "that was asked for");
	ASN1_INTEGER_free(number);
	if (code != SCEP_OK)
		cert_rep_free(reply);
	return code;
}
