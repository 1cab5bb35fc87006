/* SPDX-License-Identifier: Apache-2.0 */
/* From a certificate back to the values that request it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/asked.h"
#include "scep/protocol/csr.h"
#include "tests/lib/pki.h"

/* Certifies what the request asks for, and reads it as from a file. */
static X509 *certify(const struct scep_values *values, EVP_PKEY *key)
{
	struct scep_error error = {.text = ""};
	X509 *certificate = X509_new(), *read = NULL;
	STACK_OF(X509_EXTENSION) * list;
	unsigned char *der = NULL;
	const unsigned char *at;
	X509_REQ *request;
	int length;

	if (csr_make(values, key, &request, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	list = X509_REQ_get_extensions(request);
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_issuer_name(certificate, X509_REQ_get_subject_name(request));
	X509_set_subject_name(certificate, X509_REQ_get_subject_name(request));
	X509_set_pubkey(certificate, key);
	for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
		X509_add_ext(certificate, sk_X509_EXTENSION_value(list, i), -1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	length = i2d_X509(certificate, &der);
	at = der;
	read = d2i_X509(NULL, &at, length);
	assert_non_null(read);
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	csr_free(request);
	X509_free(certificate);
	return read;
}

static struct scep_values ask(const struct scep_values *values, EVP_PKEY *key)
{
	struct scep_error error = {.text = ""};
	struct scep_values found = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .key_algorithm = SCEP_NEW_RSA,
	    .key_length = 2048,
	};
	X509 *certificate = certify(values, key);

	if (asked_of_certificate(certificate, &found, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	X509_free(certificate);
	return found;
}

/* The same certificate follows from both. */
static void assert_leads_back(const struct scep_values *values, EVP_PKEY *key)
{
	struct scep_values found = ask(values, key);
	X509 *first = certify(values, key), *again = certify(&found, key);

	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(first),
				       X509_get_subject_name(again)),
			 0);
	assert_string_equal(found.common_name, values->common_name);
	assert_string_equal(found.organization, values->organization);
	assert_string_equal(found.extended_key_usage,
			    values->extended_key_usage);
	assert_int_equal(found.key_usage, values->key_usage);
	assert_int_equal(found.key_algorithm, values->key_algorithm);
	X509_free(first);
	X509_free(again);
}

static void the_values_lead_to_the_same_certificate(void **state)
{
	static const struct scep_values cases[] = {
	    {.common_name = "printer.example.com", .key_usage = 5},
	    {.common_name = "printer.example.com",
	     .organization = "Example, \"Inc.\" + Söhne",
	     .subject_extra = "OU=Print,L=Riga,ST=R\\, L,C=LV",
	     .subject_alt_name = "DNS:a.example,IP:192.0.2.1,UPN:u@e\\,x",
	     .extended_key_usage = "serverAuth,1.3.6.1.4.1.99999.7",
	     .key_usage = 1u | 1u << 8},
	    {.common_name = "device",
	     .subject_extra = "OU=a+serialNumber=7,OU=b,DC=example,DC=net",
	     .extended_key_usage = "clientAuth",
	     .key_usage = 1u << 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scep_values values = cases[i];

		values.signature_algorithm = SCEP_SIGN_SHA256;
		values.key_algorithm = SCEP_NEW_RSA;
		assert_leads_back(&values, pki_key(PKI_KEY_DEVICE));
	}
}

static void the_alternative_names_are_those_of_the_certificate(void **state)
{
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "192.0.2.7",
	    .key_usage = 1,
	};
	struct scep_values found;

	(void)state;
	found = ask(&values, pki_key(PKI_KEY_DEVICE));
	assert_string_equal(found.subject_alt_name, "IP:192.0.2.7");
	values.common_name[0] = '\0';
	strcpy(values.organization, "Example");
	found = ask(&values, pki_key(PKI_KEY_DEVICE));
	assert_string_equal(found.subject_alt_name, "");
	assert_string_equal(found.common_name, "");
	assert_string_equal(found.extended_key_usage, "");
}

static void an_ec_key_is_of_its_curve(void **state)
{
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .key_algorithm = SCEP_NEW_EC_P256,
	    .common_name = "printer.example.com",
	    .key_usage = 1,
	};
	EVP_PKEY *key = pki_key_ec(false);

	(void)state;
	assert_leads_back(&values, key);
	EVP_PKEY_free(key);
}

/* A certificate of that subject and without extensions; takes the name. */
static X509 *of_subject(X509_NAME *name, EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_issuer_name(certificate, name);
	X509_set_subject_name(certificate, name);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return certificate;
}

/* Adds it, whatever its length and its characters. */
static void add_text(X509_NAME *name, int nid, const char *text)
{
	assert_int_equal(
	    X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING,
				       (const unsigned char *)text, -1, -1, 0),
	    1);
}

static struct scep_values read_values(X509 *certificate)
{
	struct scep_values found = {.key_length = 2048};

	assert_int_equal(asked_of_certificate(certificate, &found, NULL),
			 SCEP_OK);
	X509_free(certificate);
	return found;
}

static void the_last_of_several_names_is_the_common_name(void **state)
{
	X509_NAME *name = X509_NAME_new();
	struct scep_values found;

	(void)state;
	add_text(name, NID_commonName, "devices");
	add_text(name, NID_commonName, "printer");
	found = read_values(of_subject(name, pki_key(PKI_KEY_DEVICE)));
	assert_string_equal(found.common_name, "printer");
	assert_string_equal(found.subject_extra, "CN=devices");
	/* There is no keyUsage. */
	assert_int_equal(found.key_usage, 0);
}

static void a_value_that_does_not_fit_stays_in_the_subject(void **state)
{
	X509_NAME *name = X509_NAME_new();
	char longer[SCEP_TEXT64 + 1];
	struct scep_values found;

	(void)state;
	memset(longer, 'x', SCEP_TEXT64);
	longer[SCEP_TEXT64] = '\0';
	add_text(name, NID_commonName, longer);
	add_text(name, NID_organizationName, "a\nb");
	found = read_values(of_subject(name, pki_key(PKI_KEY_DEVICE)));
	assert_string_equal(found.common_name, "");
	assert_string_equal(found.organization, "");
	assert_non_null(strstr(found.subject_extra, longer));
}

static void assert_not_asked(X509 *certificate, const char *text)
{
	struct scep_values found = {.key_length = 2048};
	struct scep_error error = {.text = ""};

	assert_int_equal(asked_of_certificate(certificate, &found, &error),
			 SCEP_CONFIG_ERROR);
	assert_string_equal(error.text, text);
	X509_free(certificate);
}

/* The CA would certify a part of it as if it were the whole. */
static void nothing_is_cut_off(void **state)
{
	struct pki_cert plan = pki_leaf_plan("dev", pki_key(PKI_KEY_DEVICE),
					     NULL, pki_key(PKI_KEY_DEVICE));
	X509_NAME *name = X509_NAME_new();
	char longer[251], names[300] = "DNS:";
	struct scep_values found;

	(void)state;
	memset(longer, 'x', 250);
	longer[250] = '\0';
	add_text(name, NID_organizationalUnitName, longer + 4);
	add_text(name, NID_localityName, "y");
	found = read_values(
	    of_subject(X509_NAME_dup(name), pki_key(PKI_KEY_DEVICE)));
	assert_int_equal(strlen(found.subject_extra), 253);
	add_text(name, NID_localityName, "z");
	assert_not_asked(of_subject(name, pki_key(PKI_KEY_DEVICE)),
			 "the subject is too long: 257 octets, and 255 is the "
			 "limit");
	strcat(names, longer);
	plan.alt_name = names;
	X509_free(pki_certify(&plan));
	strcat(names, ",DNS:a");
	assert_not_asked(pki_certify(&plan),
			 "subjectAltName is too long: more than 255 octets");
}

static void the_larger_curve_is_told_from_the_smaller(void **state)
{
	X509_NAME *name = X509_NAME_new();
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	struct scep_values found;

	(void)state;
	add_text(name, NID_commonName, "printer");
	found = read_values(of_subject(name, key));
	assert_int_equal(found.key_algorithm, SCEP_NEW_EC_P384);
	EVP_PKEY_free(key);
}

static int free_keys(void **state)
{
	(void)state;
	pki_keys_free();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_values_lead_to_the_same_certificate),
	    cmocka_unit_test(
		the_alternative_names_are_those_of_the_certificate),
	    cmocka_unit_test(an_ec_key_is_of_its_curve),
	    cmocka_unit_test(the_last_of_several_names_is_the_common_name),
	    cmocka_unit_test(a_value_that_does_not_fit_stays_in_the_subject),
	    cmocka_unit_test(nothing_is_cut_off),
	    cmocka_unit_test(the_larger_curve_is_told_from_the_smaller),
	};

	return cmocka_run_group_tests_name("asked", tests, NULL, free_keys);
}
