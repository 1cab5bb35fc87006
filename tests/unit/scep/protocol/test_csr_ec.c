/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for EC keys, and Microsoft's certificate templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/csr.h"
#include "tests/lib/pki.h"

#define KU_BIT(n) (1u << (n)) /* of RFC 5280 */

static struct scep_values plain_values(void)
{
	return (struct scep_values){
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "printer.example.com",
	    .key_usage = KU_BIT(0) | KU_BIT(2),
	    .key_algorithm = SCEP_NEW_EC_P256,
	};
}

static X509_REQ *make(const struct scep_values *values, EVP_PKEY *key)
{
	struct scep_error error = {.text = ""};
	X509_REQ *request;

	if (csr_make(values, key, &request, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(X509_REQ_verify(request, key), 1);
	return request;
}

/* ----------------------------------------------------------------- usages */

/* The usages that a request asks for, as bits of RFC 5280; -1 for none. */
static int usage_of(X509_REQ *request)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(request);
	ASN1_BIT_STRING *usage =
	    X509V3_get_d2i(list, NID_key_usage, NULL, NULL);
	int bits = usage == NULL ? -1 : 0;

	for (int bit = 0; usage != NULL && bit <= 8; bit++)
		bits |= ASN1_BIT_STRING_get_bit(usage, bit) << bit;
	ASN1_BIT_STRING_free(usage);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return bits;
}

/* RFC 5480, 3 */
static void an_ec_request_does_not_ask_for_encipherment(void **state)
{
	static const struct {
		uint32_t wanted;
		int asked;
	} cases[] = {
	    {KU_BIT(0) | KU_BIT(2), KU_BIT(0)},
	    {KU_BIT(0) | KU_BIT(2) | KU_BIT(3) | KU_BIT(4),
	     KU_BIT(0) | KU_BIT(4)},
	    {KU_BIT(0) | KU_BIT(1), KU_BIT(0) | KU_BIT(1)},
	    {KU_BIT(2), -1},
	};
	EVP_PKEY *key = pki_key_ec(false);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scep_values values = plain_values();
		X509_REQ *request;

		values.key_usage = cases[i].wanted;
		request = make(&values, key);
		assert_int_equal(usage_of(request), cases[i].asked);
		X509_REQ_free(request);
		/* That of an RSA key is as it was. */
		request = make(&values, pki_key(PKI_KEY_DEVICE));
		assert_int_equal(usage_of(request), cases[i].wanted);
		X509_REQ_free(request);
	}
	EVP_PKEY_free(key);
}

static void an_ec_request_is_signed_with_the_digest_asked_for(void **state)
{
	static const int expected[] = {
	    NID_ecdsa_with_SHA1, NID_ecdsa_with_SHA256, NID_ecdsa_with_SHA384,
	    NID_ecdsa_with_SHA512};
	EVP_PKEY *key = pki_key_ec(false);

	(void)state;
	for (uint32_t i = SCEP_SIGN_SHA1; i <= SCEP_SIGN_SHA512; i++) {
		struct scep_values values = plain_values();
		X509_REQ *request;

		values.signature_algorithm = i;
		request = make(&values, key);
		assert_int_equal(X509_REQ_get_signature_nid(request),
				 expected[i - 1]);
		X509_REQ_free(request);
	}
	EVP_PKEY_free(key);
}

static void its_signing_certificate_may_sign_and_agree_on_keys(void **state)
{
	struct scep_values values = plain_values();
	EVP_PKEY *key = pki_key_ec(false);
	struct scep_error error;
	X509 *certificate;

	(void)state;
	assert_int_equal(
	    csr_self_sign(&values, key, PKI_NOW, &certificate, &error),
	    SCEP_OK);
	assert_int_equal(X509_self_signed(certificate, 1), 1);
	assert_int_equal(X509_get_key_usage(certificate),
			 KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* ------------------------------------------------------------- templates */

/* Compares the extension of that type, if `der` is not NULL, and that there is
 * no other of Microsoft's. */
static void assert_template(const char *text, const char *type, const char *der,
			    size_t length)
{
	struct scep_values values = plain_values();
	X509_REQ *request;
	STACK_OF(X509_EXTENSION) * list;
	size_t found = 0;
	char name[64];

	strcpy(values.template_name, text);
	request = make(&values, pki_key(PKI_KEY_DEVICE));
	list = X509_REQ_get_extensions(request);
	for (int i = 0; i < sk_X509_EXTENSION_num(list); i++) {
		X509_EXTENSION *each = sk_X509_EXTENSION_value(list, i);
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(each);

		OBJ_obj2txt(name, sizeof(name), X509_EXTENSION_get_object(each),
			    1);
		if (strncmp(name, "1.3.6.1.4.1.311.", 16) != 0)
			continue;
		found++;
		assert_string_equal(name, type);
		assert_int_equal(X509_EXTENSION_get_critical(each), 0);
		assert_int_equal(ASN1_STRING_length(value), length);
		assert_memory_equal(ASN1_STRING_get0_data(value), der, length);
	}
	assert_int_equal(found, type != NULL);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(request);
}

static void a_template_is_asked_for_by_name_or_by_oid(void **state)
{
	static const char by_name[] = "1.3.6.1.4.1.311.20.2";
	static const char by_oid[] = "1.3.6.1.4.1.311.21.7";

	(void)state;
	assert_template("", NULL, NULL, 0);
	assert_template("Web", by_name, "\x1e\x06\0W\0e\0b", 8);
	assert_template("\xc3\x9c", by_name, "\x1e\x02\0\xdc", 4);
	assert_template("1.3.6.1", by_oid, "\x30\x05\x06\x03\x2b\x06\x01", 7);
	assert_template("1.3.6.1:100", by_oid,
			"\x30\x08\x06\x03\x2b\x06\x01\x02\x01\x64", 10);
	assert_template("1.3.6.1:100:255", by_oid,
			"\x30\x0c\x06\x03\x2b\x06\x01\x02\x01\x64\x02\x02"
			"\x00\xff",
			14);
}

static void the_longest_template_has_room(void **state)
{
	char text[65] = "";
	char der[131] = "\x1e\x81\x80";

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		text[i] = 'x';
		der[3 + 2 * i] = '\0';
		der[4 + 2 * i] = 'x';
	}
	assert_template(text, "1.3.6.1.4.1.311.20.2", der, 131);
}

static void a_faulty_template_is_refused_by_name(void **state)
{
	struct scep_values values = plain_values();
	struct scep_error error;
	X509_REQ *request;

	(void)state;
	strcpy(values.template_name, "1..2");
	assert_int_equal(
	    csr_make(&values, pki_key(PKI_KEY_DEVICE), &request, &error),
	    SCEP_CONFIG_ERROR);
	assert_null(request);
	assert_non_null(strstr(error.text, "the template: no object ident"));
}

static int tear_down(void **state)
{
	(void)state;
	pki_keys_free();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ec_request_does_not_ask_for_encipherment),
	    cmocka_unit_test(an_ec_request_is_signed_with_the_digest_asked_for),
	    cmocka_unit_test(
		its_signing_certificate_may_sign_and_agree_on_keys),
	    cmocka_unit_test(a_template_is_asked_for_by_name_or_by_oid),
	    cmocka_unit_test(the_longest_template_has_room),
	    cmocka_unit_test(a_faulty_template_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
