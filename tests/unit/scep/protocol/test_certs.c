/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: read from SignedData and PEM, and described as rows. */
#include "scep/protocol/certs.h"
#include "scep/protocol/certs_tree.h"

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "tests/lib/octets.h"
#include "tests/unit/scep/protocol/trust_world.h"

/* -------------------------------------------------------------- reading -- */

static void what_is_too_long_is_refused_in_any_form(void **state)
{
	X509 *list[] = {make_huge(LIMIT_CA_CERT), NULL};
	struct bytes body = {NULL, 0};
	STACK_OF(X509) * read;
	struct scep_error error = {.text = ""};

	(void)state;
	pki_degenerate(list, &body);
	assert_true(body.length > LIMIT_CA_CERT);
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
