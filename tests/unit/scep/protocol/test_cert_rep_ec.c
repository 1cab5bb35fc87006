/* SPDX-License-Identifier: Apache-2.0 */
/* CertReps to EC keys: for a password, and by key agreement. */
#include <openssl/err.h>

#include "scep/base/error.h"
#include "scep/engine_config.h"
#include "tests/lib/der.h"
#include "tests/lib/open_world.h"

static int set_up(void **state)
{
	world_set_up(state);
	world_use_ec(*state);
	return 0;
}

static void for_the_challenge(struct world *world)
{
	world->reply.recipient = NULL;
	world->reply.is_for_password = true;
}

static void assert_opens(struct world *world)
{
	struct cert_rep reply;

	world_open_well(world, &reply);
	assert_int_equal(reply.pki_status, RFC8894_SUCCESS);
	assert_int_equal(
	    EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(reply.certificates, 0)),
			world->input.key),
	    1);
	cert_rep_free(&reply);
}

/* --------------------------------------------------------------- accepted */

static void a_reply_for_the_challenge_is_opened(void **state)
{
	static const char *const ciphers[] = {"AES-128-CBC", "AES-192-CBC",
					      "AES-256-CBC"};
	struct world *world = *state;

	for_the_challenge(world);
	for (size_t i = 0; i < 3; i++) {
		world->reply.cipher = ciphers[i];
		assert_opens(world);
	}
	world->reply.iterations = 100000;
	assert_opens(world);
}

static void a_reply_for_the_longest_challenge_is_opened(void **state)
{
	struct world *world = *state;
	char text[SCEP_SECRET_MAX + 1] = "";

	for_the_challenge(world);
	memset(text, 'x', SCEP_SECRET_MAX);
	memcpy(world->challenge.data, text, SCEP_SECRET_MAX);
	world->challenge.length = SCEP_SECRET_MAX;
	world->reply.password = text;
	assert_opens(world);
}

static void a_reply_by_key_agreement_is_opened(void **state)
{
	static const char *const digests[] = {"SHA1", "SHA224", "SHA256",
					      "SHA384", "SHA512"};
	struct world *world = *state;

	for (size_t i = 0; i < 5; i++) {
		world->reply.agreed_by = digests[i];
		assert_opens(world);
	}
	world->reply.cipher = "AES-256-CBC";
	assert_opens(world);
	/* No password is needed for that. */
	world->input.challenge = NULL;
	assert_opens(world);
}

static void legacy_ciphers_are_used_where_they_are_allowed(void **state)
{
	struct world *world = *state;
	struct cert_rep reply;

	world->input.allow_legacy = SCEP_LEGACY_3DES;
	world->reply.cipher = "DES-EDE3-CBC";
	for (int i = 0; i < 2; i++) {
		world_open_well(world, &reply);
		assert_int_equal(reply.legacy_used, SCEP_LEGACY_3DES);
		cert_rep_free(&reply);
		for_the_challenge(world);
	}
	/* The wrap alone. */
	world->reply.is_for_password = false;
	world->reply.recipient = world->input.signer;
	world->reply.cipher = "AES-128-CBC";
	world->reply.agreed_wrap = "id-smime-alg-CMS3DESwrap";
	world_open_well(world, &reply);
	assert_int_equal(reply.legacy_used, SCEP_LEGACY_3DES);
	cert_rep_free(&reply);
}

/* --------------------------------------------------------------- renewals */

/* The old key signs the request, and a new EC key is asked for. */
static void renew(struct world *world, EVP_PKEY *old, int usage)
{
	struct pki_cert plan =
	    pki_leaf_plan("dev", old, world->ca, pki_key(PKI_KEY_CA));

	plan.serial = 70;
	plan.key_usage = usage;
	world->input.signer = world_certify(world, &plan);
	world->input.signer_key = old;
	world->input.known = world->input.signer;
	world->reply.recipient = world->input.signer;
}

static void a_renewal_by_an_rsa_key_is_opened_with_it(void **state)
{
	struct world *world = *state;

	renew(world, pki_key(PKI_KEY_DEVICE_OLD),
	      KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
	assert_opens(world);
	/* Or with the new key, or with the challenge. */
	world->reply.recipient = world->reply.certificates[0];
	assert_opens(world);
	for_the_challenge(world);
	assert_opens(world);
}

static void a_renewal_by_an_ec_key_is_opened_with_it(void **state)
{
	struct world *world = *state;
	EVP_PKEY *old = pki_key_ec(false);

	renew(world, old, KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
	assert_opens(world);
	world->reply.recipient = world->reply.certificates[0];
	assert_opens(world);
	for_the_challenge(world);
	assert_opens(world);
	EVP_PKEY_free(old);
}

static void an_rsa_key_that_an_ec_key_renews_is_opened_with_it(void **state)
{
	struct world *world = *state;
	EVP_PKEY *old = pki_key_ec(false);

	world_send(world, world->issued, NULL);
	world->input.key = pki_key(PKI_KEY_DEVICE);
	renew(world, old, KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
	assert_opens(world);
	world->reply.recipient = world->issued;
	assert_opens(world);
	for_the_challenge(world);
	assert_opens(world);
	EVP_PKEY_free(old);
}

/* ---------------------------------------------------------------- refused */

static void for_another_challenge(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->reply.password = "secreT";
}

static void for_a_challenge_that_the_request_did_not_have(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->input.challenge = NULL;
}

static void for_an_empty_challenge(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->reply.password = "";
	world->challenge.length = 0;
}

static void for_the_challenge_of_an_rsa_request(struct world *world)
{
	for_the_challenge(world);
	world->challenge = (struct scep_secret){6, "secret"};
	world->input.challenge = &world->challenge;
}

static void for_challenge_and_key(struct world *world)
{
	world_use_ec(world);
	world->reply.is_for_password = true;
}

static void for_challenge_and_somebody(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->reply.recipient = world->foreign;
}

static void too_much_work(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->reply.iterations = 1000001;
}

static void by_the_name_of_another(struct world *world)
{
	struct pki_cert plan =
	    pki_leaf_plan("other", world->made_key, NULL, world->made_key);

	world_use_ec(world);
	plan.key = plan.issuer_key = world->made_key;
	world->reply.recipient = world_certify(world, &plan);
}

static void by_our_name_with_another_key(struct world *world)
{
	struct pki_cert plan;
	EVP_PKEY *key = pki_key_ec(false);

	world_use_ec(world);
	plan = pki_leaf_plan("dev", key, NULL, key);
	world->reply.recipient = world_certify(world, &plan);
	EVP_PKEY_free(key);
}

static void by_our_name_on_another_curve(struct world *world)
{
	struct pki_cert plan;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");

	world_use_ec(world);
	plan = pki_leaf_plan("dev", key, NULL, key);
	world->reply.recipient = world_certify(world, &plan);
	EVP_PKEY_free(key);
}

static void by_our_name_to_an_rsa_key(struct world *world)
{
	struct pki_cert plan = pki_leaf_plan("dev", pki_key(PKI_KEY_STRANGER),
					     NULL, pki_key(PKI_KEY_STRANGER));

	world_use_ec(world);
	world->reply.recipient = world_certify(world, &plan);
}

static void to_somebodys_rsa_key(struct world *world)
{
	world_use_ec(world);
	world->reply.recipient = world->foreign;
}

static void wrapped_with_3des(struct world *world)
{
	world_use_ec(world);
	world->reply.agreed_wrap = "id-smime-alg-CMS3DESwrap";
}

static void password_with_3des(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->reply.cipher = "DES-EDE3-CBC";
}

static void password_with_des(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world->input.allow_legacy = SCEP_LEGACY_DES | SCEP_LEGACY_3DES;
	world->reply.cipher = "DES-CBC";
}

static void certificate_for_another_key(struct world *world)
{
	world_use_ec(world);
	for_the_challenge(world);
	world_send(world, world->issued, NULL);
}

static const struct world_row rows[] = {
    WORLD_ROW(for_another_challenge, "the envelope cannot be decrypted"),
    WORLD_ROW(for_a_challenge_that_the_request_did_not_have,
	      "is for a password, and the request had no challenge"),
    WORLD_ROW(for_an_empty_challenge,
	      "is for a password, and the request had no challenge"),
    WORLD_ROW(for_the_challenge_of_an_rsa_request,
	      "is for a password and not for our key"),
    WORLD_ROW(for_challenge_and_key, "not exactly one recipient"),
    WORLD_ROW(for_challenge_and_somebody, "not exactly one recipient"),
    WORLD_ROW(too_much_work, "has not 1 to 1000000 iterations"),
    WORLD_ROW(by_the_name_of_another, "is for another recipient"),
    WORLD_ROW(by_our_name_with_another_key, "cannot be decrypted"),
    WORLD_ROW(by_our_name_on_another_curve, "cannot be decrypted"),
    WORLD_ROW(by_our_name_to_an_rsa_key, "is for another recipient"),
    WORLD_ROW(to_somebodys_rsa_key, "is for another recipient"),
    WORLD_ROW(wrapped_with_3des, "CMS3DESwrap, which is not allowed"),
    WORLD_ROW(password_with_3des, "des-ede3-cbc, which is not allowed"),
    WORLD_ROW(password_with_des, "des-cbc, which is not allowed"),
    WORLD_ROW(certificate_for_another_key, "for another key"),
};

static void each_fault_is_refused_in_its_own_words(void **state)
{
	(void)state;
	world_assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(ERR_peek_error(), 0);
}

/* ------------------------------------------------------ what DER can say */

/* Adds `more` behind the last child of the node at the path in the envelope,
 * and opens the reply. */
static enum scep_code open_with(struct world *world, const char *path,
				const char *more, size_t length,
				struct scep_error *error)
{
	struct bytes envelope = {NULL, 0};
	struct cert_rep reply;
	struct der *root;
	enum scep_code code;

	error_init(error);
	pki_envelope_make(&world->reply, &envelope);
	root = der_read(envelope.data, envelope.length);
	der_append(der_find(root, path), der_read(more, length));
	bytes_free(&envelope);
	der_write(root, &envelope);
	world->reply.raw_content = &envelope;
	code = world_open(world, &reply, error);
	world->reply.raw_content = NULL;
	cert_rep_free(&reply);
	der_free(root);
	bytes_free(&envelope);
	return code;
}

/* RFC 5753, 3.1.1: the curve may stand there, but no other one. */
static void the_other_key_is_on_our_curve(void **state)
{
	static const char path[] = "1/0/1/0/1/0/0";
	static const char null[] = "\x05\x00";
	static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
	static const char p384[] = "\x06\x05\x2b\x81\x04\x00\x22";
	static const char written_out[] = "\x30\x03\x02\x01\x01";
	struct world *world = *state;
	struct scep_error error;

	assert_int_equal(open_with(world, path, null, 2, &error), SCEP_OK);
	assert_int_equal(open_with(world, path, p256, 10, &error), SCEP_OK);
	assert_int_equal(open_with(world, path, p384, 7, &error),
			 SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "not on the curve of ours"));
	assert_int_equal(open_with(world, path, written_out, 5, &error),
			 SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "not on the curve of ours"));
}

/* RFC 5652, 6.2.2: a certificate may be named in place of a key; we have none
 * of the other side. */
static void the_other_side_sends_its_key(void **state)
{
	struct world *world = *state;
	struct bytes envelope = {NULL, 0}, name = {NULL, 0};
	struct scep_error error = {.text = ""};
	struct cert_rep reply;
	struct der *root;

	pki_envelope_make(&world->reply, &envelope);
	root = der_read(envelope.data, envelope.length);
	der_write(der_find(root, "1/0/1/0/3/0/0"), &name);
	der_set(der_find(root, "1/0/1/0/1"), name.data, name.length);
	bytes_free(&envelope);
	der_write(root, &envelope);
	world->reply.raw_content = &envelope;
	assert_int_equal(world_open(world, &reply, &error), SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "no public key to agree with"));
	cert_rep_free(&reply);
	der_free(root);
	bytes_free(&name);
	bytes_free(&envelope);
}

/* A derivation with another digest is another key: that it is let pass shows
 * in the next refusal. */
static void the_password_is_derived_with_digests_of_a_list(void **state)
{
	static const char path[] = "1/0/1/0/1/1";
	/* hmacWithSHA1 is 1.2.840.113549.2.7; 8 to 11 are SHA-224 to SHA-512,
	 * and 6 is MD5. */
	char digest[] = "\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x07"
			"\x05\x00";
	struct world *world = *state;
	struct scep_error error;

	for_the_challenge(world);
	assert_int_equal(open_with(world, path, digest, 14, &error), SCEP_OK);
	for (char i = 8; i <= 11; i++) {
		digest[11] = i;
		assert_int_equal(open_with(world, path, digest, 14, &error),
				 SCEP_BAD_RESPONSE);
		assert_non_null(strstr(error.text, "cannot be decrypted"));
	}
	digest[11] = 6;
	assert_int_equal(open_with(world, path, digest, 14, &error),
			 SCEP_BAD_RESPONSE);
	assert_non_null(
	    strstr(error.text, "hmacWithMD5, which is not allowed"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_reply_for_the_challenge_is_opened),
	    TEST(a_reply_for_the_longest_challenge_is_opened),
	    TEST(a_reply_by_key_agreement_is_opened),
	    TEST(legacy_ciphers_are_used_where_they_are_allowed),
	    TEST(a_renewal_by_an_rsa_key_is_opened_with_it),
	    TEST(a_renewal_by_an_ec_key_is_opened_with_it),
	    TEST(an_rsa_key_that_an_ec_key_renews_is_opened_with_it),
	    TEST(the_other_key_is_on_our_curve),
	    TEST(the_other_side_sends_its_key),
	    TEST(the_password_is_derived_with_digests_of_a_list),
	    cmocka_unit_test(each_fault_is_refused_in_its_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
