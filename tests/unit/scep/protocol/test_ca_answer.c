/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to GetCACert: certificates in any of its forms. */
#include "scep/protocol/ca_answer.h"
#include "scep/protocol/certs.h"

#include "scep/codes.h"
#include "tests/lib/octets.h"
#include "tests/unit/scep/protocol/trust_world.h"

static void assert_reads(const struct bytes *body, int count)
{
	STACK_OF(X509) * certificates;
	struct scep_error error = {.text = ""};

	if (ca_answer_read(body->data, body->length, &certificates, &error) !=
	    SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(sk_X509_num(certificates), count);
	sk_X509_pop_free(certificates, X509_free);
}

static void assert_no_read(const void *body, size_t length, const char *text)
{
	STACK_OF(X509) *certificates = NULL;
	struct scep_error error = {.text = ""};

	assert_int_equal(ca_answer_read(body, length, &certificates, &error),
			 SCEP_BAD_RESPONSE);
	assert_null(certificates);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
}

static void der_of(X509 *certificate, struct bytes *der)
{
	unsigned char *data = NULL;
	int length = i2d_X509(certificate, &data);

	bytes_set(der, data, (size_t)length);
	OPENSSL_free(data);
}

static void one_certificate_is_read(void **state)
{
	struct bytes body = {NULL, 0};

	(void)state;
	der_of(world.ca, &body);
	assert_reads(&body, 1);
	bytes_free(&body);
}

static void a_degenerate_signed_data_is_read(void **state)
{
	X509 *const list[] = {world.ra_sign, world.ca, world.root, NULL};
	struct bytes body = {NULL, 0};

	(void)state;
	pki_degenerate(list, &body);
	assert_reads(&body, 3);
	bytes_free(&body);
}

static void pem_is_read_with_text_around_it(void **state)
{
	struct bytes pem = {NULL, 0}, body = {NULL, 0};

	(void)state;
	send_cert(world.ca);
	send_cert(world.root);
	assert_int_equal(certs_to_pem(world.list, &pem, NULL), SCEP_OK);
	octets_append(&body, "Our CA:\n", 8);
	octets_append(&body, pem.data, pem.length);
	assert_reads(&body, 2);
	bytes_free(&pem);
	bytes_free(&body);
}

static void other_blocks_of_pem_are_passed_over(void **state)
{
	static const char before[] = "-----BEGIN EC PARAMETERS-----\n"
				     "BggqhkjOPQMBBw==\n"
				     "-----END EC PARAMETERS-----\n";
	struct bytes body = {NULL, 0};
	struct bytes pem = {NULL, 0};

	(void)state;
	send_cert(world.ca);
	assert_int_equal(certs_to_pem(world.list, &pem, NULL), SCEP_OK);
	bytes_set(&body, before, strlen(before));
	octets_append(&body, pem.data, pem.length);
	assert_reads(&body, 1);
	bytes_free(&body);
	bytes_free(&pem);
}

static void doubles_are_dropped(void **state)
{
	struct bytes pem = {NULL, 0};

	(void)state;
	send_cert(world.ca);
	send_cert(world.root);
	send_cert(world.ca);
	send_cert(world.ca);
	assert_int_equal(certs_to_pem(world.list, &pem, NULL), SCEP_OK);
	assert_reads(&pem, 2);
	bytes_free(&pem);
}

static void octets_behind_the_der_are_refused(void **state)
{
	X509 *const list[] = {world.ca, NULL};
	struct bytes body = {NULL, 0}, second = {NULL, 0};

	(void)state;
	der_of(world.ca, &body);
	octets_append(&body, "", 1);
	assert_no_read(body.data, body.length, "octets follow");
	pki_degenerate(list, &body);
	octets_append(&body, "\r\n\f", 3);
	assert_no_read(body.data, body.length, "octets follow");
	der_of(world.ca, &body);
	pki_degenerate(list, &second);
	octets_append(&body, second.data, second.length);
	assert_no_read(body.data, body.length, "octets follow");
	bytes_free(&second);
	bytes_free(&body);
}

static void white_space_behind_the_der_is_let_pass(void **state)
{
	X509 *const list[] = {world.ca, NULL};
	struct bytes body = {NULL, 0};

	(void)state;
	der_of(world.ca, &body);
	octets_append(&body, "\r\n", 2);
	assert_reads(&body, 1);
	pki_degenerate(list, &body);
	octets_append(&body, " \t\n\r\n", 5);
	assert_reads(&body, 1);
	bytes_free(&body);
}

static void truncated_der_is_refused(void **state)
{
	X509 *const list[] = {world.ca, NULL};
	struct bytes body = {NULL, 0};

	(void)state;
	der_of(world.ca, &body);
	for (size_t length = 0; length < body.length; length += 7)
		assert_no_read(body.data, length,
			       length > 3 ? "the answer to GetCACert ends after"
					  : "");
	pki_degenerate(list, &body);
	for (size_t length = 0; length < body.length; length += 7)
		assert_no_read(body.data, length, "");
	bytes_free(&body);
}

/* A ContentInfo of type data, with nothing in it. */
static const unsigned char data_content[] = {0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86,
					     0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
					     0x01, 0xa0, 0x02, 0x04, 0x00};

static void what_has_no_certificates_is_refused(void **state)
{
	X509 *const none[] = {NULL};
	struct bytes body = {NULL, 0};

	(void)state;
	assert_no_read("", 0, "empty");
	assert_no_read("<html>", 6,
		       "the server sent an HTML page, not a CA certificate");
	assert_no_read("0\x03\x02\x01\x07", 5, "CMS");
	assert_no_read(data_content, sizeof(data_content), "SignedData");
	pki_degenerate(none, &body);
	assert_no_read(body.data, body.length, "no certificate");
	assert_no_read("-----BEGIN CERTIFICATE-----\nAAAA\n"
		       "-----END CERTIFICATE-----\n",
		       59, "");
	bytes_free(&body);
}

static void too_many_certificates_are_refused(void **state)
{
	X509 *list[LIMIT_CERTIFICATES + 2] = {NULL};
	struct bytes body = {NULL, 0};

	(void)state;
	for (int i = 0; i <= LIMIT_CERTIFICATES; i++)
		list[i] = make_ra("RA", PKI_KEY_RA, world.ca, PKI_KEY_CA,
				  PKI_NO_KEY_USAGE);
	for (int i = 0; i <= LIMIT_CERTIFICATES; i++)
		ASN1_INTEGER_set(X509_get_serialNumber(list[i]), 100 + i);
	/* Re-encoded with other serial numbers: all of them differ. */
	for (int i = 0; i <= LIMIT_CERTIFICATES; i++)
		X509_sign(list[i], pki_key(PKI_KEY_CA), EVP_sha256());
	pki_degenerate(list, &body);
	assert_no_read(body.data, body.length, "too many");
	for (int i = 0; i <= LIMIT_CERTIFICATES; i++)
		send_cert(list[i]);
	assert_int_equal(certs_to_pem(world.list, &body, NULL), SCEP_OK);
	assert_no_read(body.data, body.length, "too many");
	bytes_free(&body);
	for (int i = 0; i <= LIMIT_CERTIFICATES; i++)
		X509_free(list[i]);
}
static void an_answer_that_is_too_long_is_refused(void **state)
{
	X509 *list[] = {make_huge(LIMIT_CA_CERT), NULL};
	struct bytes body = {NULL, 0};

	(void)state;
	pki_degenerate(list, &body);
	assert_true(body.length > LIMIT_CA_CERT);
	assert_no_read(body.data, body.length,
		       "the answer to GetCACert is too long");
	bytes_free(&body);
	X509_free(list[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_certificate_is_read),
	    TEST(a_degenerate_signed_data_is_read),
	    TEST(pem_is_read_with_text_around_it),
	    TEST(other_blocks_of_pem_are_passed_over),
	    TEST(doubles_are_dropped),
	    TEST(octets_behind_the_der_are_refused),
	    TEST(white_space_behind_the_der_is_let_pass),
	    TEST(truncated_der_is_refused),
	    TEST(what_has_no_certificates_is_refused),
	    TEST(too_many_certificates_are_refused),
	    TEST(an_answer_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
