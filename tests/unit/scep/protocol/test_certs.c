/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: read from what a server sends, and described as rows. */
#include "scep/protocol/ca_answer.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/certs_tree.h"

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "tests/lib/octets.h"
#include "tests/unit/scep/protocol/trust_world.h"

/* -------------------------------------------------------------- reading -- */

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
		assert_no_read(body.data, length, "");
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

/* A certificate with a name of more octets than an answer may have. */
static X509 *make_huge(size_t length)
{
	static char name[LIMIT_PEM + 16] = "DNS:";
	struct pki_cert plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA),
					     world.ca, pki_key(PKI_KEY_CA));

	memset(name + 4, 'a', length);
	name[4 + length] = '\0';
	plan.alt_name = name;
	return pki_certify(&plan);
}

static void what_is_too_long_is_refused_in_any_form(void **state)
{
	X509 *list[] = {make_huge(LIMIT_CA_CERT), NULL};
	struct bytes body = {NULL, 0};
	STACK_OF(X509) * read;
	struct scep_error error = {.text = ""};

	(void)state;
	pki_degenerate(list, &body);
	assert_true(body.length > LIMIT_CA_CERT);
	assert_no_read(body.data, body.length, "too long");
	assert_int_equal(
	    certs_from_signed_data(body.data, body.length, &read, &error),
	    SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, " octets, and 262144 is the limit"));
	/* PEM is longer than DER, and is read back for as much of it. */
	send_cert(list[0]);
	assert_int_equal(certs_to_pem(world.list, &body, NULL), SCEP_OK);
	assert_int_equal(certs_from_pem(body.data, body.length, &read, &error),
			 SCEP_OK);
	sk_X509_pop_free(read, X509_free);
	X509_free(list[0]);
	sk_X509_pop(world.list);
	send_cert(list[0] = make_huge(LIMIT_PEM));
	assert_int_equal(certs_to_pem(world.list, &body, NULL), SCEP_OK);
	assert_int_equal(certs_from_pem(body.data, body.length, &read, &error),
			 SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, " octets, and 524288 is the limit"));
	bytes_free(&body);
	X509_free(list[0]);
}

/* Without keyUsage, OpenSSL alone takes it for an issuer. */
static void nothing_grows_below_one_that_is_no_ca(void **state)
{
	X509 *ra =
	    make_ra("RA", PKI_KEY_RA, world.ca, PKI_KEY_CA, PKI_NO_KEY_USAGE);
	X509 *below = make_ra("Below", PKI_KEY_DEVICE, ra, PKI_KEY_RA,
			      KU_KEY_ENCIPHERMENT);
	struct certs_tree tree;

	(void)state;
	send_cert(below);
	send_cert(ra);
	assert_int_equal(certs_tree_grow(&tree, world.ca, world.list, NULL),
			 SCEP_OK);
	assert_int_equal(tree.count, 2);
	assert_ptr_equal(tree.certificate[1], ra);
	X509_free(below);
	X509_free(ra);
}

static void nothing_grows_below_an_unsound_key_or_md5(void **state)
{
	EVP_PKEY *short_key = pki_key_rsa(512);

	(void)state;
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *key = i == 0 ? short_key : pki_key(PKI_KEY_STRANGER);
		struct pki_cert plan = pki_ca_plan("Sub", key);
		struct certs_tree tree;
		X509 *sub, *below;

		plan.issuer = world.ca;
		plan.issuer_key = pki_key(PKI_KEY_CA);
		plan.digest = i == 0 ? "SHA256" : "MD5";
		sub = pki_certify(&plan);
		plan = pki_leaf_plan("Below", pki_key(PKI_KEY_RA), sub, key);
		below = pki_certify(&plan);
		sk_X509_zero(world.list);
		send_cert(below);
		send_cert(sub);
		assert_int_equal(
		    certs_tree_grow(&tree, world.ca, world.list, NULL),
		    SCEP_OK);
		assert_int_equal(tree.count, 2);
		assert_true(certs_tree_has(&tree, sub));
		assert_false(certs_tree_has(&tree, below));
		X509_free(below);
		X509_free(sub);
	}
	EVP_PKEY_free(short_key);
}

static void a_tree_has_room_for_no_more_than_it_holds(void **state)
{
	struct {
		struct certs_tree tree;
		size_t guard[8]; /* where the next issuers would go */
	} room = {.guard = {7, 7, 7, 7, 7, 7, 7, 7}};
	struct pki_cert plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA),
					     world.ca, pki_key(PKI_KEY_CA));
	X509 *each;

	(void)state;
	for (int i = 0; i < CERTS_TREE_MAX + 4; i++) {
		plan.serial = 100 + i;
		send_cert(pki_certify(&plan));
	}
	assert_int_equal(
	    certs_tree_grow(&room.tree, world.ca, world.list, NULL), SCEP_OK);
	assert_int_equal(room.tree.count, CERTS_TREE_MAX);
	for (int i = 0; i < 8; i++)
		assert_int_equal(room.guard[i], 7);
	while ((each = sk_X509_pop(world.list)) != NULL)
		X509_free(each);
}

static void certificates_survive_their_pem(void **state)
{
	STACK_OF(X509) * read;
	struct bytes pem = {NULL, 0};

	(void)state;
	send_cert(world.ra_sign);
	send_cert(world.root);
	send_cert(world.ca);
	assert_int_equal(certs_to_pem(world.list, &pem, NULL), SCEP_OK);
	assert_int_equal(certs_from_pem(pem.data, pem.length, &read, NULL),
			 SCEP_OK);
	assert_int_equal(sk_X509_num(read), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(X509_cmp(sk_X509_value(read, i),
					  sk_X509_value(world.list, i)),
				 0);
	sk_X509_pop_free(read, X509_free);
	bytes_free(&pem);
}

/* ---------------------------------------------------------- description -- */

static void rows_describe_certificates(void **state)
{
	struct scep_ca row = {.index = 5, .trust = SCEP_CA_TRUSTED};
	unsigned char digest[64];

	(void)state;
	assert_int_equal(certs_describe_ca(world.ca, &row, NULL), SCEP_OK);
	assert_string_equal(row.subject, "CN=CA");
	assert_string_equal(row.issuer, "CN=Root");
	assert_int_equal(row.serial.length, 1);
	assert_int_equal(row.serial.data[0], 2);
	assert_int_equal(row.not_before, PKI_NOW - 30 * PKI_DAY);
	assert_int_equal(row.not_after, PKI_NOW + 700 * PKI_DAY);
	assert_int_equal(row.fingerprint.length, 32);
	pki_digest(world.ca, "SHA256", digest);
	assert_memory_equal(row.fingerprint.data, digest, 32);
	assert_int_equal(row.index, 5);
	assert_int_equal(row.trust, SCEP_CA_TRUSTED);
}

static uint32_t role_of(X509 *certificate)
{
	struct scep_ca row = {.role = 0xff};

	assert_int_equal(certs_describe_ca(certificate, &row, NULL), SCEP_OK);
	return row.role;
}

static void roles_follow_from_the_certificates(void **state)
{
	X509 *plain =
	    make_ra("RA", PKI_KEY_RA, world.ca, PKI_KEY_CA, PKI_NO_KEY_USAGE);

	(void)state;
	assert_int_equal(role_of(world.root), SCEP_CA_ROOT);
	assert_int_equal(role_of(world.ca), SCEP_CA_INTERMEDIATE);
	assert_int_equal(role_of(world.twin), SCEP_CA_INTERMEDIATE);
	assert_int_equal(role_of(world.ra_sign), SCEP_CA_RA_SIGN);
	assert_int_equal(role_of(world.ra_encrypt), SCEP_CA_RA_ENCRYPT);
	assert_int_equal(role_of(plain), SCEP_CA_RA_SIGN | SCEP_CA_RA_ENCRYPT);
	X509_free(plain);
}

static void long_serial_numbers_are_cut_at_20_octets(void **state)
{
	unsigned char octets[25];
	struct scep_ca row;

	(void)state;
	memset(octets, 0x7f, sizeof(octets));
	for (int length = 19; length <= 25; length += 3) {
		struct pki_cert plan = pki_ca_plan("CA", pki_key(PKI_KEY_CA));
		X509 *certificate = pki_certify(&plan);

		ASN1_STRING_set(X509_get_serialNumber(certificate), octets,
				length);
		assert_int_equal(certs_describe_ca(certificate, &row, NULL),
				 SCEP_OK);
		assert_int_equal(row.serial.length, length > 20 ? 20 : length);
		X509_free(certificate);
	}
}

static void rows_describe_our_certificate(void **state)
{
	struct pki_cert plan = pki_leaf_plan("dev", pki_key(PKI_KEY_DEVICE),
					     world.ca, pki_key(PKI_KEY_CA));
	X509 *leaf;
	struct scep_key row = {.index = 3, .name = "web"};

	(void)state;
	plan.alt_name = "DNS:dev.example,IP:192.0.2.7";
	leaf = pki_certify(&plan);
	assert_int_equal(certs_describe_leaf(leaf, &row, NULL), SCEP_OK);
	assert_string_equal(row.subject, "CN=dev");
	assert_string_equal(row.issuer, "CN=CA");
	assert_string_equal(row.subject_alt_name,
			    "DNS:dev.example,IP:192.0.2.7");
	assert_int_equal(row.algorithm, SCEP_KEY_RSA);
	assert_int_equal(row.length, 2048);
	assert_int_equal(row.fingerprint.length, 32);
	assert_int_equal(row.not_after, PKI_NOW + 700 * PKI_DAY);
	assert_string_equal(row.name, "web");
	X509_free(leaf);
}

static void times_have_64_bits(void **state)
{
	ASN1_TIME *time = ASN1_TIME_new();

	(void)state;
	assert_int_equal(certs_time(NULL), 0);
	ASN1_TIME_set_string(time, "20380119031408Z");
	assert_int_equal(certs_time(time), INT64_C(2147483648));
	ASN1_TIME_set_string(time, "99991231235959Z");
	assert_int_equal(certs_time(time), INT64_C(253402300799));
	ASN1_TIME_set_string(time, "500101000000Z");
	assert_int_equal(certs_time(time), INT64_C(-631152000));
	ASN1_TIME_free(time);
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
	    TEST(what_is_too_long_is_refused_in_any_form),
	    TEST(nothing_grows_below_one_that_is_no_ca),
	    TEST(nothing_grows_below_an_unsound_key_or_md5),
	    TEST(a_tree_has_room_for_no_more_than_it_holds),
	    TEST(certificates_survive_their_pem),
	    TEST(rows_describe_certificates),
	    TEST(roles_follow_from_the_certificates),
	    TEST(long_serial_numbers_are_cut_at_20_octets),
	    TEST(rows_describe_our_certificate),
	    TEST(times_have_64_bits),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
