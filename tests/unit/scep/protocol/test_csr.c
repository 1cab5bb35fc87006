/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/values.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/names.h"
#include "scep/protocol/certs.h"
#include "tests/lib/pki.h"

static struct scep_values plain_values(void)
{
	return (struct scep_values){
	    .key_name = "web",
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .key_length = 2048,
	    .organization = "Example",
	    .common_name = "printer.example.com",
	    .key_usage = 1u << 0 | 1u << 2,
	};
}

/* Makes a request that must succeed, and reads its DER again. */
static X509_REQ *make(const struct scep_values *values)
{
	X509_REQ *made, *read;
	unsigned char *der = NULL;
	const unsigned char *end;
	struct scep_error error = {.text = ""};
	int length;

	if (csr_make(values, pki_key(PKI_KEY_DEVICE), &made, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	length = i2d_X509_REQ(made, &der);
	end = der;
	read = d2i_X509_REQ(NULL, &end, length);
	assert_non_null(read);
	assert_int_equal(X509_REQ_verify(read, pki_key(PKI_KEY_DEVICE)), 1);
	csr_free(made);
	OPENSSL_free(der);
	return read;
}

static void assert_refused(const struct scep_values *values, const char *text)
{
	X509_REQ *request;
	struct scep_error error;

	assert_int_equal(
	    csr_make(values, pki_key(PKI_KEY_DEVICE), &request, &error),
	    SCEP_CONFIG_ERROR);
	assert_null(request);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
}

/* -------------------------------------------------------------- subject -- */

static void the_subject_is_made_of_three_texts(void **state)
{
	struct scep_values values = plain_values();
	X509_REQ *request;
	char text[SCEP_TEXT255];

	(void)state;
	strcpy(values.subject_extra, "OU=Print,C=LV");
	request = make(&values);
	names_text(X509_REQ_get_subject_name(request), text, NULL);
	assert_string_equal(text,
			    "CN=printer.example.com,OU=Print,O=Example,C=LV");
	X509_REQ_free(request);
}

static void an_empty_subject_is_refused(void **state)
{
	struct scep_values values = plain_values();

	(void)state;
	values.organization[0] = values.common_name[0] = '\0';
	assert_refused(&values, "empty");
}

static void a_subject_with_control_characters_is_refused(void **state)
{
	struct scep_values values = plain_values();

	(void)state;
	strcpy(values.common_name, "a\nb");
	assert_refused(&values, "control");
	strcpy(values.common_name, "a\xff");
	assert_refused(&values, "UTF-8");
}

/* ------------------------------------------------------- subjectAltName -- */

/* Returns what a request asks for, as OpenSSL prints it; "" for none. */
static void alt_name_of(const struct scep_values *values, char text[512])
{
	X509_REQ *request = make(values);
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(request);
	int at = X509v3_get_ext_by_NID(list, NID_subject_alt_name, -1);
	BIO *bio = BIO_new(BIO_s_mem());
	char *twice;

	if (at >= 0)
		X509V3_EXT_print(bio, X509v3_get_ext(list, at), 0, 0);
	text[0] = '\0';
	if (at >= 0)
		BIO_gets(bio, text, 512);
	/* OpenSSL before 3.5 prints two colons. */
	twice = strstr(text, "UPN::");
	if (twice != NULL)
		memmove(twice + 4, twice + 5, strlen(twice + 5) + 1);
	BIO_free(bio);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(request);
}

static void assert_alt_name(const char *common_name, const char *alt_name,
			    const char *expected)
{
	struct scep_values values = plain_values();
	char text[512];

	strcpy(values.common_name, common_name);
	strcpy(values.subject_alt_name, alt_name);
	alt_name_of(&values, text);
	assert_string_equal(text, expected);
}

static void the_alternative_names_are_those_of_the_values(void **state)
{
	(void)state;
	assert_alt_name("x", "DNS:a.example,IP:192.0.2.1",
			"DNS:a.example, IP Address:192.0.2.1");
	assert_alt_name("x", "dns:*.example , ip:2001:db8::1",
			"DNS:*.example, IP Address:2001:DB8:0:0:0:0:0:1");
	assert_alt_name("x", "URI:ipp://a/b?c=d\\,e,email:a@b.example",
			"URI:ipp://a/b?c=d,e, email:a@b.example");
	assert_alt_name("x", "UPN:me@example.com",
			"othername: UPN:me@example.com");
}

static void without_values_they_come_from_the_common_name(void **state)
{
	(void)state;
	assert_alt_name("a.example.com", "", "DNS:a.example.com");
	assert_alt_name("192.0.2.1", "", "IP Address:192.0.2.1");
	assert_alt_name("2001:db8::1", "", "IP Address:2001:DB8:0:0:0:0:0:1");
	assert_alt_name("Printer in the hall", "", "");
	assert_alt_name("printer", "", "DNS:printer");
	assert_alt_name("192.0.2.300", "", "");
	assert_alt_name("a..b", "", "");
}

static void faulty_alternative_names_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
	    {"a.example", "must be DNS:"},
	    {"X:a", "must be DNS:"},
	    {"DNS:", "DNS"},
	    {"DNS:a b", "DNS"},
	    {"DNS:-a", "DNS"},
	    {"DNS:a-", "DNS"},
	    {"DNS:a..b", "DNS"},
	    {"DNS:a.*", "DNS"},
	    {"DNS:a.", "DNS"},
	    {"DNS:r\xc4\xab.lv", "DNS"},
	    {"IP:", "IP"},
	    {"IP:1.2.3", "IP"},
	    {"IP:192.0.2.0/24", "IP"},
	    {"IP:::g", "IP"},
	    {"URI:", "URI"},
	    {"URI:abc", "URI"},
	    {"URI:1a:b", "URI"},
	    {"URI:a:b c", "URI"},
	    {"email:", "mail"},
	    {"email:a", "mail"},
	    {"email:@b", "mail"},
	    {"email:a@", "mail"},
	    {"email:a@b@c", "mail"},
	    {"email:<a@b>", "mail"},
	    {"UPN:", "principal"},
	    {"UPN:a\x01", "principal"},
	    {"DNS:a,", "empty"},
	    {",DNS:a", "empty"},
	    {"DNS:a,,DNS:b", "empty"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scep_error error = {.text = ""};

		if (csr_check_subject_alt_name(rows[i].text, &error) !=
		    SCEP_CONFIG_ERROR)
			fail_msg("%s is accepted", rows[i].text);
		if (strstr(error.text, rows[i].reason) == NULL)
			fail_msg("%s: \"%s\"", rows[i].text, error.text);
		assert_int_equal(csr_check_subject_alt_name(rows[i].text, NULL),
				 SCEP_CONFIG_ERROR);
	}
	assert_int_equal(csr_check_subject_alt_name("", NULL), SCEP_OK);
}

static void long_labels_and_names_are_no_dns_names(void **state)
{
	char text[SCEP_TEXT255] = "DNS:";

	(void)state;
	memset(text + 4, 'a', 63);
	text[67] = '\0';
	assert_int_equal(csr_check_subject_alt_name(text, NULL), SCEP_OK);
	text[67] = 'a';
	text[68] = '\0';
	assert_int_equal(csr_check_subject_alt_name(text, NULL),
			 SCEP_CONFIG_ERROR);
}

static void alternative_names_survive_the_way_to_a_row(void **state)
{
	static const char text[] = "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,"
				   "URI:ipp://a/b\\,c,email:a@b.example,"
				   "UPN:me@example.com";
	struct pki_cert plan = pki_leaf_plan("x", pki_key(PKI_KEY_DEVICE), NULL,
					     pki_key(PKI_KEY_DEVICE));
	X509 *certificate = pki_certify(&plan);
	GENERAL_NAMES *names = NULL;
	char found[SCEP_TEXT255];

	(void)state;
	assert_int_equal(extensions_read_alt_name(text, &names, NULL), SCEP_OK);
	X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0,
			  X509V3_ADD_DEFAULT);
	assert_int_equal(extensions_alt_name_text(certificate, found, NULL),
			 SCEP_OK);
	assert_string_equal(found, text);
	GENERAL_NAMES_free(names);
	X509_free(certificate);
}

static void a_long_list_of_names_is_cut_between_names(void **state)
{
	struct pki_cert plan = pki_leaf_plan("x", pki_key(PKI_KEY_DEVICE), NULL,
					     pki_key(PKI_KEY_DEVICE));
	char list[2000] = "", found[SCEP_TEXT255];
	X509 *certificate;

	(void)state;
	for (int i = 0; i < 50; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			 "%sDNS:host%02d.example", i == 0 ? "" : ",", i);
	plan.alt_name = list;
	certificate = pki_certify(&plan);
	assert_int_equal(extensions_alt_name_text(certificate, found, NULL),
			 SCEP_OK);
	assert_int_equal(strlen(found) % 19, 18);
	assert_true(strlen(found) > 230);
	assert_memory_equal(found, list, strlen(found));
	X509_free(certificate);
}

/* ------------------------------------------------------- other wishes -- */

static void key_usages_are_asked_for(void **state)
{
	struct scep_values values = plain_values();
	X509_REQ *request;
	STACK_OF(X509_EXTENSION) * list;
	ASN1_BIT_STRING *usage;
	EXTENDED_KEY_USAGE *purposes;
	int is_critical = -1;

	(void)state;
	values.key_usage = 1u << 0 | 1u << 4 | 1u << 8;
	strcpy(values.extended_key_usage, "serverauth, 1.3.6.1.5.5.7.3.2");
	request = make(&values);
	list = X509_REQ_get_extensions(request);
	usage = X509V3_get_d2i(list, NID_key_usage, &is_critical, NULL);
	assert_int_equal(is_critical, 1);
	for (int bit = 0; bit < 9; bit++)
		assert_int_equal(ASN1_BIT_STRING_get_bit(usage, bit),
				 bit == 0 || bit == 4 || bit == 8);
	purposes = X509V3_get_d2i(list, NID_ext_key_usage, NULL, NULL);
	assert_int_equal(sk_ASN1_OBJECT_num(purposes), 2);
	assert_int_equal(OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, 0)),
			 NID_server_auth);
	assert_int_equal(OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, 1)),
			 NID_client_auth);
	ASN1_BIT_STRING_free(usage);
	EXTENDED_KEY_USAGE_free(purposes);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(request);
}

static void no_wishes_give_no_extensions(void **state)
{
	struct scep_values values = plain_values();
	X509_REQ *request;
	STACK_OF(X509_EXTENSION) * list;

	(void)state;
	values.key_usage = 0;
	strcpy(values.common_name, "two words");
	request = make(&values);
	list = X509_REQ_get_extensions(request);
	assert_int_equal(X509_REQ_get_attr_count(request), 0);
	assert_true(sk_X509_EXTENSION_num(list) <= 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(request);
}

static void faulty_extended_key_usages_are_refused(void **state)
{
	static const char *const texts[] = {"serverauthentication",
					    "1",
					    "1.",
					    "..",
					    "9.9.9",
					    "1.2.a",
					    "x,y",
					    "serverAuth,",
					    "serverAuth,serverAuth",
					    "serverAuth,1.3.6.1.5.5.7.3.1"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct scep_error error = {.text = ""};

		if (csr_check_extended_key_usage(texts[i], &error) !=
		    SCEP_CONFIG_ERROR)
			fail_msg("%s is accepted", texts[i]);
		assert_string_not_equal(error.text, "");
	}
	assert_int_equal(csr_check_extended_key_usage("", NULL), SCEP_OK);
	assert_int_equal(
	    csr_check_extended_key_usage(
		"clientAuth,OCSPSigning,ipsecIKE,msSmartcardLogin", NULL),
	    SCEP_OK);
}

static const ASN1_TYPE *challenge_of(X509_REQ *request)
{
	int at =
	    X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1);

	return at < 0 ? NULL
		      : X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(request, at),
						 0);
}

static void assert_challenge(const char *challenge, int type)
{
	struct scep_values values = plain_values();
	X509_REQ *request;
	const ASN1_TYPE *found;

	values.challenge_password.length = (uint32_t)strlen(challenge);
	memcpy(values.challenge_password.data, challenge, strlen(challenge));
	request = make(&values);
	found = challenge_of(request);
	assert_non_null(found);
	assert_int_equal(found->type, type);
	assert_int_equal(ASN1_STRING_length(found->value.asn1_string),
			 strlen(challenge));
	assert_memory_equal(ASN1_STRING_get0_data(found->value.asn1_string),
			    challenge, strlen(challenge));
	X509_REQ_free(request);
}

static void the_challenge_password_is_in_the_request(void **state)
{
	char longest[SCEP_SECRET_MAX + 1] = "";

	(void)state;
	assert_challenge("76A5B1C9", V_ASN1_PRINTABLESTRING);
	assert_challenge("se_cret!", V_ASN1_UTF8STRING);
	assert_challenge("p\xc4\x81role", V_ASN1_UTF8STRING);
	memset(longest, 'x', SCEP_SECRET_MAX);
	assert_challenge(longest, V_ASN1_PRINTABLESTRING);
}

static void without_a_challenge_there_is_no_attribute(void **state)
{
	struct scep_values values = plain_values();
	X509_REQ *request = make(&values);

	(void)state;
	assert_null(challenge_of(request));
	X509_REQ_free(request);
}

static void a_challenge_that_is_no_text_is_refused(void **state)
{
	struct scep_values values = plain_values();

	(void)state;
	values.challenge_password.length = 2;
	memcpy(values.challenge_password.data, "\xff\xfe", 2);
	assert_refused(&values, "challenge");
	memcpy(values.challenge_password.data, "a\0", 2);
	assert_refused(&values, "challenge");
}

static void faulty_values_are_refused_by_name(void **state)
{
	struct scep_values values = plain_values();

	(void)state;
	strcpy(values.subject_alt_name, "IP:x");
	assert_refused(&values, "alternative name: item 1: no IP address");
	values = plain_values();
	strcpy(values.extended_key_usage, "nothing");
	assert_refused(&values, "key usage: item 1: is neither the name");
	values = plain_values();
	strcpy(values.subject_extra, "XX=1");
	assert_refused(&values, "subject: attribute 1: has an unknown type");
	values = plain_values();
	values.signature_algorithm = 9;
	assert_refused(&values, "signature algorithm");
}

static void the_signature_has_the_digest_asked_for(void **state)
{
	static const int expected[] = {
	    NID_sha1WithRSAEncryption, NID_sha256WithRSAEncryption,
	    NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption};

	(void)state;
	for (uint32_t i = SCEP_SIGN_SHA1; i <= SCEP_SIGN_SHA512; i++) {
		struct scep_values values = plain_values();
		X509_REQ *request;

		values.signature_algorithm = i;
		request = make(&values);
		assert_int_equal(X509_REQ_get_signature_nid(request),
				 expected[i - 1]);
		assert_int_equal(X509_REQ_get_version(request), 0);
		X509_REQ_free(request);
	}
}

/* --------------------------------------------- self-signed certificate -- */

static void the_signing_certificate_is_as_the_rfc_has_it(void **state)
{
	struct scep_values values = plain_values();
	X509_REQ *request = make(&values);
	struct scep_error error;
	X509 *certificate;

	(void)state;
	assert_int_equal(csr_self_sign(&values, pki_key(PKI_KEY_DEVICE),
				       PKI_NOW, &certificate, &error),
			 SCEP_OK);
	assert_int_equal(X509_self_signed(certificate, 1), 1);
	assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(certificate),
				       X509_REQ_get_subject_name(request)),
			 0);
	assert_int_equal(X509_get_key_usage(certificate),
			 KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
	assert_int_equal(certs_time(X509_get0_notBefore(certificate)),
			 PKI_NOW - 600);
	assert_int_equal(certs_time(X509_get0_notAfter(certificate)),
			 PKI_NOW + 365 * PKI_DAY);
	assert_int_equal(
	    ASN1_STRING_length(X509_get0_serialNumber(certificate)), 16);
	X509_free(certificate);
	X509_REQ_free(request);
}

static void it_can_be_made_in_1970_too(void **state)
{
	struct scep_values values = plain_values();
	struct scep_error error;
	X509 *certificate;

	(void)state;
	assert_int_equal(csr_self_sign(&values, pki_key(PKI_KEY_DEVICE), 30,
				       &certificate, &error),
			 SCEP_OK);
	assert_int_equal(certs_time(X509_get0_notBefore(certificate)), -570);
	X509_free(certificate);
}

static void two_of_them_have_different_serial_numbers(void **state)
{
	struct scep_values values = plain_values();
	X509 *one, *two;

	(void)state;
	csr_self_sign(&values, pki_key(PKI_KEY_DEVICE), PKI_NOW, &one, NULL);
	csr_self_sign(&values, pki_key(PKI_KEY_DEVICE), PKI_NOW, &two, NULL);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(one),
					      X509_get0_serialNumber(two)),
			     0);
	X509_free(one);
	X509_free(two);
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
	    cmocka_unit_test(the_subject_is_made_of_three_texts),
	    cmocka_unit_test(an_empty_subject_is_refused),
	    cmocka_unit_test(a_subject_with_control_characters_is_refused),
	    cmocka_unit_test(the_alternative_names_are_those_of_the_values),
	    cmocka_unit_test(without_values_they_come_from_the_common_name),
	    cmocka_unit_test(
		faulty_alternative_names_are_refused_with_a_reason),
	    cmocka_unit_test(long_labels_and_names_are_no_dns_names),
	    cmocka_unit_test(alternative_names_survive_the_way_to_a_row),
	    cmocka_unit_test(a_long_list_of_names_is_cut_between_names),
	    cmocka_unit_test(key_usages_are_asked_for),
	    cmocka_unit_test(no_wishes_give_no_extensions),
	    cmocka_unit_test(faulty_extended_key_usages_are_refused),
	    cmocka_unit_test(the_challenge_password_is_in_the_request),
	    cmocka_unit_test(without_a_challenge_there_is_no_attribute),
	    cmocka_unit_test(a_challenge_that_is_no_text_is_refused),
	    cmocka_unit_test(faulty_values_are_refused_by_name),
	    cmocka_unit_test(the_signature_has_the_digest_asked_for),
	    cmocka_unit_test(the_signing_certificate_is_as_the_rfc_has_it),
	    cmocka_unit_test(it_can_be_made_in_1970_too),
	    cmocka_unit_test(two_of_them_have_different_serial_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
