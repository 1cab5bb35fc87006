/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to believe: pins, chains, recipients. */
#include "tests/unit/scep/protocol/trust_world.h"

#include "scep/codes.h"
static struct ca_certs_pin pin_of(X509 *certificate, const char *digest)
{
	struct ca_certs_pin pin;

	pin.length = (uint32_t)pki_digest(certificate, digest, pin.digest);
	return pin;
}

/* Trusts what is pinned, at PKI_NOW, which must succeed. */
static struct ca_certs establish(X509 *pinned)
{
	struct ca_certs_pin pin = pin_of(pinned, "SHA256");
	struct scep_error error = {.text = ""};
	struct ca_certs trust;

	if (believe(world.list, &pin, 1, PKI_NOW, &trust, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(X509_cmp(trust.anchor, pinned), 0);
	return trust;
}

static void assert_not_trusted_at(X509 *pinned, int64_t now, const char *text)
{
	struct ca_certs_pin pin = pin_of(pinned, "SHA256");
	struct scep_error error = {.text = ""};
	struct ca_certs trust;

	assert_int_equal(believe(world.list, &pin, 1, now, &trust, &error),
			 SCEP_CA_NOT_TRUSTED);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
	assert_null(trust.anchor);
	assert_null(trust.chain);
	assert_null(trust.recipient);
}

static void assert_not_trusted(X509 *pinned, const char *text)
{
	assert_not_trusted_at(pinned, PKI_NOW, text);
}

static bool has(const struct ca_certs *trust, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(trust->chain); i++)
		if (X509_cmp(sk_X509_value(trust->chain, i), certificate) == 0)
			return true;
	return false;
}

/* -------------------------------------------------------------- pinning -- */

static void a_pin_of_any_length_names_the_anchor(void **state)
{
	static const char *const digests[] = {"SHA1", "SHA256", "SHA384",
					      "SHA512"};

	(void)state;
	send_cert(world.ca);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		struct ca_certs_pin pin = pin_of(world.ca, digests[i]);
		struct ca_certs trust;

		assert_int_equal(
		    believe(world.list, &pin, 1, PKI_NOW, &trust, NULL),
		    SCEP_OK);
		assert_int_equal(X509_cmp(trust.anchor, world.ca), 0);
		assert_int_equal(X509_cmp(trust.recipient, world.ca), 0);
		ca_certs_free(&trust);
		pin.digest[0] ^= 1;
		assert_int_equal(
		    believe(world.list, &pin, 1, PKI_NOW, &trust, NULL),
		    SCEP_CA_NOT_TRUSTED);
	}
}

static void a_pin_of_another_length_names_nothing(void **state)
{
	struct ca_certs_pin pin = pin_of(world.ca, "SHA256");
	struct ca_certs trust;

	(void)state;
	send_cert(world.ca);
	pin.length = 16;
	assert_int_equal(believe(world.list, &pin, 1, PKI_NOW, &trust, NULL),
			 SCEP_CA_NOT_TRUSTED);
	assert_int_equal(believe(world.list, NULL, 0, PKI_NOW, &trust, NULL),
			 SCEP_CA_NOT_TRUSTED);
}

static void one_of_several_pins_is_enough(void **state)
{
	struct ca_certs_pin pins[] = {pin_of(world.unknown_signer, "SHA256"),
				      pin_of(world.ca, "SHA1")};
	struct ca_certs trust;

	(void)state;
	send_cert(world.root);
	send_cert(world.ca);
	assert_int_equal(believe(world.list, pins, 2, PKI_NOW, &trust, NULL),
			 SCEP_OK);
	assert_int_equal(X509_cmp(trust.anchor, world.ca), 0);
	ca_certs_free(&trust);
}

/* And of the one that is not nothing is told. */
static void a_pin_that_is_unfit_does_not_spoil_another(void **state)
{
	struct ca_certs_pin pins[] = {pin_of(world.ra_sign, "SHA256"),
				      pin_of(world.ca, "SHA256")};
	struct scep_error error = {.text = ""};
	struct ca_certs trust;

	(void)state;
	send_cert(world.ra_sign);
	send_cert(world.ca);
	assert_int_equal(believe(world.list, pins, 2, PKI_NOW, &trust, &error),
			 SCEP_OK);
	assert_int_equal(X509_cmp(trust.anchor, world.ca), 0);
	assert_int_equal(error.code, SCEP_OK);
	assert_string_equal(error.text, "");
	ca_certs_free(&trust);
	assert_int_equal(believe(world.list, pins, 1, PKI_NOW, &trust, &error),
			 SCEP_CA_NOT_TRUSTED);
	assert_non_null(strstr(error.text, "not that of a CA"));
}

static void a_missing_fingerprint_is_told(void **state)
{
	(void)state;
	send_cert(world.root);
	assert_not_trusted(world.ca, "fingerprint");
}

static void a_pinned_certificate_of_no_ca_is_refused(void **state)
{
	(void)state;
	send_cert(world.ra_sign);
	send_cert(world.ca);
	assert_not_trusted(world.ra_sign, "not that of a CA");
}

static void an_old_ca_without_constraints_can_be_pinned(void **state)
{
	struct pki_cert plan = pki_ca_plan("Old", pki_key(PKI_KEY_CA));
	X509 *old;
	struct ca_certs trust;

	(void)state;
	plan.is_version_1 = true;
	old = pki_certify(&plan);
	send_cert(old);
	trust = establish(old);
	assert_int_equal(X509_cmp(trust.recipient, old), 0);
	ca_certs_free(&trust);
	X509_free(old);
}

static void the_anchor_must_be_valid(void **state)
{
	(void)state;
	send_cert(world.ca);
	assert_not_trusted_at(world.ca, PKI_NOW + 701 * PKI_DAY, "expired");
	assert_not_trusted_at(world.ca, PKI_NOW - 31 * PKI_DAY, "not yet");
}

static void without_a_clock_time_is_not_judged(void **state)
{
	struct pki_cert plan = pki_ca_plan("Old", pki_key(PKI_KEY_CA));
	X509 *old;
	struct ca_certs_pin pin;
	struct ca_certs trust;

	(void)state;
	plan.not_after = PKI_NOW - PKI_DAY;
	old = pki_certify(&plan);
	pin = pin_of(old, "SHA256");
	send_cert(old);
	assert_int_equal(believe(world.list, &pin, 1, 0, &trust, NULL),
			 SCEP_OK);
	ca_certs_free(&trust);
	X509_free(old);
}

static void assert_weak_anchor(EVP_PKEY *key, const char *text)
{
	struct pki_cert plan = pki_ca_plan("Weak", key);
	X509 *weak;

	plan.issuer_key = pki_key(PKI_KEY_ROOT);
	weak = pki_certify(&plan);
	send_cert(weak);
	assert_not_trusted(weak, text);
	sk_X509_zero(world.list);
	X509_free(weak);
	EVP_PKEY_free(key);
}

static void a_weak_anchor_is_refused(void **state)
{
	(void)state;
	assert_weak_anchor(pki_key_rsa(512), "too short");
	assert_weak_anchor(pki_key_rsa_public(16384, 65537), "too long");
	assert_weak_anchor(pki_key_rsa_public(2048, 1), "exponent");
	assert_weak_anchor(pki_key_ec(true), "explicit");
}

/* ---------------------------------------------------------------- chain -- */

static void the_rest_must_chain_to_the_pinned_root(void **state)
{
	struct ca_certs trust;

	(void)state;
	send_cert(world.ra_encrypt);
	send_cert(world.unknown_signer);
	send_cert(world.ra_sign);
	send_cert(world.ca);
	send_cert(world.root);
	trust = establish(world.root);
	assert_int_equal(sk_X509_num(trust.chain), 4);
	assert_true(has(&trust, world.root));
	assert_true(has(&trust, world.ca));
	assert_true(has(&trust, world.ra_sign));
	assert_true(has(&trust, world.ra_encrypt));
	assert_int_equal(X509_cmp(trust.recipient, world.ra_encrypt), 0);
	ca_certs_free(&trust);
}

static void with_the_issuing_ca_pinned_the_root_is_left_out(void **state)
{
	struct ca_certs trust;

	(void)state;
	send_cert(world.root);
	send_cert(world.ra_sign);
	send_cert(world.ca);
	trust = establish(world.ca);
	assert_int_equal(sk_X509_num(trust.chain), 2);
	assert_false(has(&trust, world.root));
	ca_certs_free(&trust);
}

static void a_look_alike_ca_leads_nowhere(void **state)
{
	struct ca_certs trust;

	(void)state;
	send_cert(world.twin_ra);
	send_cert(world.twin);
	send_cert(world.ca);
	trust = establish(world.ca);
	assert_int_equal(sk_X509_num(trust.chain), 1);
	/* Its RA is an RA that nobody has decided about. */
	assert_null(trust.recipient);
	ca_certs_free(&trust);
}

static void an_ra_cannot_certify(void **state)
{
	static const int key_usages[] = {KU_DIGITAL_SIGNATURE,
					 PKI_NO_KEY_USAGE};

	(void)state;
	for (int i = 0; i < 2; i++) {
		X509 *ra = make_ra("RA", PKI_KEY_RA, world.ca, PKI_KEY_CA,
				   key_usages[i]);
		X509 *below = make_ra("Below", PKI_KEY_DEVICE, ra, PKI_KEY_RA,
				      KU_KEY_ENCIPHERMENT);
		struct ca_certs trust;

		sk_X509_zero(world.list);
		send_cert(below);
		send_cert(ra);
		send_cert(world.ca);
		trust = establish(world.ca);
		assert_false(has(&trust, below));
		assert_int_equal(X509_cmp(trust.recipient, ra), 0);
		ca_certs_free(&trust);
		X509_free(below);
		X509_free(ra);
	}
}

static void a_ca_counts_as_valid_ten_minutes_early(void **state)
{
	struct pki_cert plan = pki_ca_plan("New", pki_key(PKI_KEY_CA));
	X509 *young;
	struct ca_certs trust;

	(void)state;
	plan.not_before = PKI_NOW + 600;
	young = pki_certify(&plan);
	send_cert(young);
	trust = establish(young);
	ca_certs_free(&trust);
	assert_not_trusted_at(young, PKI_NOW - 1, "not yet");
	X509_free(young);
}

static void a_path_that_is_too_long_leads_nowhere(void **state)
{
	struct pki_cert plan = pki_ca_plan("Short", pki_key(PKI_KEY_ROOT));
	X509 *root, *ca, *ra;
	struct ca_certs trust;

	(void)state;
	plan.path_length = 0;
	root = pki_certify(&plan);
	ca = make_ca("Sub", PKI_KEY_CA, root, PKI_KEY_ROOT, 2);
	ra = make_ra("RA", PKI_KEY_RA, ca, PKI_KEY_CA, KU_KEY_ENCIPHERMENT);
	send_cert(root);
	send_cert(ca);
	send_cert(ra);
	trust = establish(root);
	assert_false(has(&trust, ra));
	ca_certs_free(&trust);
	X509_free(ra);
	X509_free(ca);
	X509_free(root);
}

static void weak_and_md5_certificates_lead_nowhere(void **state)
{
	EVP_PKEY *short_key = pki_key_rsa(512);
	struct pki_cert plan =
	    pki_leaf_plan("RA", short_key, world.ca, pki_key(PKI_KEY_CA));
	X509 *weak = pki_certify(&plan), *md5;
	struct ca_certs trust;

	(void)state;
	plan.key = pki_key(PKI_KEY_RA);
	plan.digest = "MD5";
	md5 = pki_certify(&plan);
	send_cert(weak);
	send_cert(md5);
	send_cert(world.ca);
	trust = establish(world.ca);
	assert_int_equal(sk_X509_num(trust.chain), 1);
	ca_certs_free(&trust);
	X509_free(weak);
	X509_free(md5);
	EVP_PKEY_free(short_key);
}

/* ------------------------------------------------------------ recipient -- */

static void the_ra_for_encryption_is_the_recipient_in_any_order(void **state)
{
	X509 *const certificates[] = {world.ra_sign, world.ra_encrypt, world.ca,
				      world.root};

	(void)state;
	for (int first = 0; first < 4; first++) {
		struct ca_certs trust;

		sk_X509_zero(world.list);
		for (int i = 0; i < 4; i++)
			send_cert(certificates[(first + i) % 4]);
		trust = establish(world.root);
		assert_int_equal(X509_cmp(trust.recipient, world.ra_encrypt),
				 0);
		ca_certs_free(&trust);
	}
}

static void an_ra_without_key_encipherment_comes_before_the_ca(void **state)
{
	struct ca_certs trust;

	(void)state;
	send_cert(world.ca);
	send_cert(world.ra_sign);
	trust = establish(world.ca);
	assert_int_equal(X509_cmp(trust.recipient, world.ra_sign), 0);
	ca_certs_free(&trust);
}

static void without_an_ra_it_is_the_ca_that_issues(void **state)
{
	struct ca_certs trust;

	(void)state;
	send_cert(world.root);
	send_cert(world.ca);
	trust = establish(world.root);
	assert_int_equal(X509_cmp(trust.recipient, world.ca), 0);
	ca_certs_free(&trust);
}

static void assert_issuer(X509 *pinned, X509 *issuer)
{
	struct ca_certs trust = establish(pinned);

	assert_int_equal(X509_NAME_cmp(ca_certs_issuer_name(&trust),
				       X509_get_subject_name(issuer)),
			 0);
	ca_certs_free(&trust);
}

static void the_ca_that_issues_is_named_whatever_is_pinned(void **state)
{
	(void)state;
	send_cert(world.root);
	assert_issuer(world.root, world.root);
	send_cert(world.ca);
	assert_issuer(world.root, world.ca);
	assert_issuer(world.ca, world.ca);
	send_cert(world.ra_encrypt);
	assert_issuer(world.root, world.ca);
	assert_issuer(world.ca, world.ca);
}

static void an_expired_ra_is_no_recipient(void **state)
{
	struct pki_cert plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA_ENCRYPT),
					     world.ca, pki_key(PKI_KEY_CA));
	X509 *old, *young;
	struct ca_certs trust;

	(void)state;
	plan.extended_key_usage = PKI_MARK_OF_RA;
	plan.not_after = PKI_NOW - 1;
	plan.serial = 20;
	old = pki_certify(&plan);
	plan.not_after = PKI_NOW + PKI_DAY;
	plan.not_before = PKI_NOW - PKI_DAY;
	plan.serial = 21;
	young = pki_certify(&plan);
	send_cert(old);
	send_cert(world.ca);
	trust = establish(world.ca);
	assert_false(has(&trust, old));
	assert_null(trust.recipient);
	ca_certs_free(&trust);
	send_cert(world.ra_encrypt);
	send_cert(young);
	trust = establish(world.ca);
	assert_int_equal(X509_cmp(trust.recipient, young), 0);
	ca_certs_free(&trust);
	X509_free(old);
	X509_free(young);
}

static void without_a_key_to_encrypt_to_there_is_no_recipient(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct pki_cert plan = pki_ca_plan("Ed", key);
	X509 *ca, *ra;
	struct ca_certs trust;

	(void)state;
	plan.digest = NULL;
	ca = pki_certify(&plan);
	send_cert(ca);
	assert_not_trusted(ca, "valid key");
	plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA), ca, key);
	plan.extended_key_usage = PKI_MARK_OF_RA;
	plan.digest = NULL;
	ra = pki_certify(&plan);
	send_cert(ra);
	trust = establish(ca);
	assert_int_equal(X509_cmp(trust.recipient, ra), 0);
	ca_certs_free(&trust);
	X509_free(ra);
	X509_free(ca);
	EVP_PKEY_free(key);
}

/* RFC 8894, 3.1: the request is encrypted with its challenge then. */
static void an_ec_key_is_a_recipient_where_there_is_no_rsa_key(void **state)
{
	EVP_PKEY *key = pki_key_ec(false), *below = pki_key_ec(false);
	struct pki_cert plan = pki_ca_plan("EC", key);
	X509 *ca = pki_certify(&plan), *sub, *ra;
	struct ca_certs trust;

	(void)state;
	send_cert(ca);
	trust = establish(ca);
	assert_int_equal(X509_cmp(trust.recipient, ca), 0);
	ca_certs_free(&trust);
	/* The CA that issues, and then an RA with an RSA key. */
	plan = pki_ca_plan("EC sub", below);
	plan.issuer = ca;
	plan.issuer_key = key;
	sub = pki_certify(&plan);
	send_cert(sub);
	trust = establish(ca);
	assert_int_equal(X509_cmp(trust.recipient, sub), 0);
	ca_certs_free(&trust);
	plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA), ca, key);
	plan.extended_key_usage = PKI_MARK_OF_RA;
	ra = pki_certify(&plan);
	send_cert(ra);
	trust = establish(ca);
	assert_int_equal(X509_cmp(trust.recipient, ra), 0);
	ca_certs_free(&trust);
	X509_free(ra);
	X509_free(sub);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(below);
}

/* ------------------------------------------------------------ candidate -- */

static const struct certs_floor strict;

static X509 *candidate(void)
{
	X509 *found = NULL;

	assert_int_equal(ca_certs_candidate(world.list, &strict, &found, NULL),
			 SCEP_OK);
	return found;
}

static void the_candidate_is_the_topmost_ca(void **state)
{
	(void)state;
	send_cert(world.ra_sign);
	send_cert(world.ca);
	assert_ptr_equal(candidate(), world.ca);
	send_cert(world.root);
	assert_ptr_equal(candidate(), world.root);
	send_cert(world.unknown_signer);
	assert_ptr_equal(candidate(), world.root);
}

static void without_a_ca_there_is_no_candidate(void **state)
{
	(void)state;
	assert_null(candidate());
	send_cert(world.ra_sign);
	send_cert(world.ra_encrypt);
	assert_null(candidate());
}

static void a_weak_ca_is_no_candidate(void **state)
{
	EVP_PKEY *key = pki_key_rsa_public(2048, 1);
	struct pki_cert plan = pki_ca_plan("Weak", key);
	struct scep_error error;
	X509 *weak, *found = NULL;

	(void)state;
	plan.issuer_key = pki_key(PKI_KEY_ROOT);
	weak = pki_certify(&plan);
	send_cert(weak);
	assert_int_equal(
	    ca_certs_candidate(world.list, &strict, &found, &error),
	    SCEP_CA_NOT_TRUSTED);
	assert_string_equal(error.text, "the CA CN=Weak: the RSA key has a bad "
					"public exponent");
	assert_null(found);
	send_cert(world.ca);
	assert_ptr_equal(candidate(), world.ca);
	X509_free(weak);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_pin_of_any_length_names_the_anchor),
	    TEST(a_pin_of_another_length_names_nothing),
	    TEST(one_of_several_pins_is_enough),
	    TEST(a_pin_that_is_unfit_does_not_spoil_another),
	    TEST(a_missing_fingerprint_is_told),
	    TEST(a_pinned_certificate_of_no_ca_is_refused),
	    TEST(an_old_ca_without_constraints_can_be_pinned),
	    TEST(the_anchor_must_be_valid),
	    TEST(without_a_clock_time_is_not_judged),
	    TEST(a_weak_anchor_is_refused),
	    TEST(the_rest_must_chain_to_the_pinned_root),
	    TEST(with_the_issuing_ca_pinned_the_root_is_left_out),
	    TEST(a_look_alike_ca_leads_nowhere),
	    TEST(an_ra_cannot_certify),
	    TEST(a_ca_counts_as_valid_ten_minutes_early),
	    TEST(a_path_that_is_too_long_leads_nowhere),
	    TEST(weak_and_md5_certificates_lead_nowhere),
	    TEST(the_ra_for_encryption_is_the_recipient_in_any_order),
	    TEST(an_ra_without_key_encipherment_comes_before_the_ca),
	    TEST(without_an_ra_it_is_the_ca_that_issues),
	    TEST(the_ca_that_issues_is_named_whatever_is_pinned),
	    TEST(an_expired_ra_is_no_recipient),
	    TEST(without_a_key_to_encrypt_to_there_is_no_recipient),
	    TEST(an_ec_key_is_a_recipient_where_there_is_no_rsa_key),
	    TEST(the_candidate_is_the_topmost_ca),
	    TEST(without_a_ca_there_is_no_candidate),
	    TEST(a_weak_ca_is_no_candidate),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
