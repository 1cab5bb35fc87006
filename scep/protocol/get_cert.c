/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/get_cert.h"

#include <string.h>

#include <openssl/err.h>
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
	bool is_set = false;

	if (wanted != NULL && copy != NULL &&
	    X509_NAME_set(&wanted->issuer, issuer) == 1) {
		ASN1_INTEGER_free(wanted->serial);
		wanted->serial = copy;
		copy = NULL;
		length = i2d_PKCS7_ISSUER_AND_SERIAL(wanted, &data);
		is_set = length > 0 && bytes_set(der, data, (size_t)length);
	}
	OPENSSL_free(data);
	ASN1_INTEGER_free(copy);
	PKCS7_ISSUER_AND_SERIAL_free(wanted);
	if (!is_set)
		return error_set_openssl(error, SCEP_CONFIG_ERROR,
					 "issuer and serial number cannot be "
					 "encoded");
	return SCEP_OK;
}

/* As scepKeySerial has it; owned. */
static ASN1_INTEGER *read_serial(const struct scep_octets32 *serial)
{
	BIGNUM *number = BN_bin2bn(serial->data, (int)serial->length, NULL);
	ASN1_INTEGER *integer =
	    number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);

	BN_free(number);
	return integer;
}

static const X509_NAME *find_issuer(const struct ca_certs *trust,
				    const char *issuer)
{
	for (int i = 0; i < sk_X509_num(trust->chain); i++) {
		X509 *ca = sk_X509_value(trust->chain, i);
		char text[SCEP_TEXT255];

		names_text(X509_get_subject_name(ca), text);
		if (certs_is_ca(ca) && strcmp(text, issuer) == 0)
			return X509_get_subject_name(ca);
	}
	return NULL;
}

enum scep_code get_cert_wanted(const struct ca_certs *trust, const char *issuer,
			       const struct scep_octets32 *serial,
			       struct bytes *der, struct scep_error *error)
{
	const X509_NAME *name = find_issuer(trust, issuer);
	ASN1_INTEGER *number;
	enum scep_code code;

	if (name == NULL)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the CA is not the one that issued the "
				 "certificate");
	number = read_serial(serial);
	if (number == NULL)
		return error_set(error, SCEP_CONFIG_ERROR, "no memory");
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
	ASN1_INTEGER *number;
	bool is_wanted;

	if (code != SCEP_OK || reply->pki_status != RFC8894_SUCCESS)
		return code;
	number = read_serial(serial);
	is_wanted = number != NULL &&
		    ASN1_INTEGER_cmp(X509_get0_serialNumber(
					 sk_X509_value(reply->certificates, 0)),
				     number) == 0;
	ASN1_INTEGER_free(number);
	ERR_clear_error();
	if (is_wanted)
		return SCEP_OK;
	cert_rep_free(reply);
	return error_set(error, SCEP_BAD_RESPONSE,
			 "the certificate has not the serial number that was "
			 "asked for");
}
