/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/ca_answer.h"

#include "scep/protocol/body.h"
#include "scep/protocol/certs.h"

/* The same certificate may well be sent twice. */
static void drop_doubles(STACK_OF(X509) * certificates)
{
	for (int i = sk_X509_num(certificates) - 1; i > 0; i--) {
		X509 *one = sk_X509_value(certificates, i);

		for (int j = 0; j < i; j++) {
			if (X509_cmp(sk_X509_value(certificates, j), one) ==
			    0) {
				X509_free(sk_X509_delete(certificates, i));
				break;
			}
		}
	}
}

static enum scep_code read_der(const unsigned char *der, size_t length,
			       STACK_OF(X509) * *certificates,
			       struct scep_error *error)
{
	enum scep_code code =
	    body_check_end(der, length, "the answer to GetCACert", error);

	body_trim(der, &length);
	return code == SCEP_OK
		   ? certs_from_der(der, length, certificates, error)
		   : code;
}

enum scep_code ca_answer_read(const void *body, size_t length,
			      STACK_OF(X509) * *certificates,
			      struct scep_error *error)
{
	enum scep_code code;

	*certificates = NULL;
	if (length > LIMIT_CA_CERT)
		return body_refuse_length("the answer to GetCACert", length,
					  LIMIT_CA_CERT, error);
	if (body_is_der(body, length))
		code = read_der(body, length, certificates, error);
	else if (body_has_pem(body, length))
		code = certs_from_pem(body, length, certificates, error);
	else
		code = body_refuse(body, length, "a CA certificate", error);
	if (code == SCEP_OK)
		drop_doubles(*certificates);
	return code;
}
