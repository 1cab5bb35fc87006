/* SPDX-License-Identifier: Apache-2.0 */
/* The RAs that speak for a CA (MIB, rule 15), and the floor for the
 * certificates of CAs and RAs (rule 20). */
#include "tests/unit/scep/protocol/trust_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/engine_config.h"

/* The answer, the decisions, and the result. */
static struct {
	struct ca_certs_input input;
	struct ca_certs_pin pin;
	struct ca_certs_entry entries[LIMIT_CERTIFICATES];
	struct ca_certs trust;
	struct scep_error error;
	X509 *owned[8];
	size_t owned_count;
} at;

static int set_up_case(void **state)
{
	memset(&at, 0, sizeof(at));
	at.input.ra_policy = SCEP_RA_MARKED;
	at.input.now = PKI_NOW;
	return set_up(state);
}

static int tear_down_case(void **state)
{
	ca_certs_free(&at.trust);
	for (size_t i = 0; i < at.owned_count; i++)
		X509_free(at.owned[i]);
	return tear_down(state);
}

static X509 *own(X509 *certificate)
{
	at.owned[at.owned_count++] = certificate;
	return certificate;
}

static struct pki_cert plan_of(const char *name, enum pki_key_name key)
{
	struct pki_cert plan =
	    pki_leaf_plan(name, pki_key(key), world.ca, pki_key(PKI_KEY_CA));

	plan.serial = 30 + (long)at.owned_count;
	plan.not_before = PKI_NOW - PKI_DAY;
	return plan;
}

static X509 *send_plan(const struct pki_cert *plan)
{
	X509 *certificate = own(pki_certify(plan));

	send_cert(certificate);
	return certificate;
}

/* A certificate of the CA for somebody else, younger than the RAs. */
static X509 *send_printer(void)
{
	struct pki_cert plan = plan_of("Printer", PKI_KEY_STRANGER);

	return send_plan(&plan);
}

static int place_of(X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(world.list); i++)
		if (sk_X509_value(world.list, i) == certificate)
			return i;
	fail();
	return -1;
}

static const struct ca_certs_entry *entry_of(X509 *certificate)
{
	return &at.entries[place_of(certificate)];
}

static void decide(X509 *certificate, enum scep_ca_trust trust)
{
	at.entries[place_of(certificate)].decision = trust;
}

static enum scep_code judge_under(X509 *pinned)
{
	ca_certs_free(&at.trust);
	at.pin.length = (uint32_t)pki_digest(pinned, "SHA256", at.pin.digest);
	at.input.certificates = world.list;
	at.input.pins = &at.pin;
	at.input.pin_count = 1;
	return ca_certs_establish(&at.input, at.entries, &at.trust, &at.error);
}

static enum scep_code judge(void)
{
	return judge_under(world.ca);
}

static bool has(X509 *certificate)
{
	return certs_contain(at.trust.chain, certificate);
}

static void assert_goes_to(X509 *certificate)
{
	if (judge() != SCEP_OK)
		fail_msg("%s", at.error.text);
	assert_non_null(at.trust.recipient);
	assert_int_equal(X509_cmp(at.trust.recipient, certificate), 0);
}

static void assert_waits(void)
{
	assert_int_equal(judge(), SCEP_OK);
	assert_null(at.trust.recipient);
}

static void assert_refused(const char *text)
{
	assert_int_equal(judge(), SCEP_CA_NOT_TRUSTED);
	assert_string_equal(at.error.text, text);
	assert_null(at.trust.recipient);
}

/* ------------------------------------------------------------- the marks -- */

static void each_mark_makes_an_ra_and_nothing_else_does(void **state)
{
	static const struct {
		const char *usage;
		bool is_mark;
	} usages[] = {
	    {"1.3.6.1.4.1.311.20.2.1", true},
	    {"1.3.6.1.5.5.7.3.28", true},
	    {"serverAuth,1.3.6.1.5.5.7.3.28", true},
	    {"1.3.6.1.4.1.311.20.2.1,1.3.6.1.5.5.7.3.28", true},
	    {NULL, false},
	    {"anyExtendedKeyUsage", false},
	    {"clientAuth,emailProtection", false},
	    {"1.3.6.1.5.5.7.3.27", false},
	    {"1.3.6.1.5.5.7.3.28.1", false},
	    {"1.3.6.1.5.5.7.3.2", false},
	    {"1.3.6.1.4.1.311.20.2", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		struct pki_cert plan = plan_of("RA", PKI_KEY_RA);
		X509 *ra;

		plan.extended_key_usage = usages[i].usage;
		ra = pki_certify(&plan);
		if (certs_is_marked_ra(ra) != usages[i].is_mark)
			fail_msg("%s", usages[i].usage);
		X509_free(ra);
	}
}

/* ------------------------------------------------------------- the rule -- */

static void somebody_else_of_the_ca_is_waited_for(void **state)
{
	X509 *printer = send_printer();

	(void)state;
	send_cert(world.ca);
	assert_waits();
	assert_false(has(printer));
	assert_true(entry_of(printer)->is_ra);
	assert_string_equal(entry_of(printer)->reason,
			    "its extendedKeyUsage is not that of an RA");
	assert_false(entry_of(world.ca)->is_ra);
	assert_string_equal(entry_of(world.ca)->reason, "");
}

static void beside_a_marked_ra_somebody_else_is_ignored(void **state)
{
	X509 *printer = send_printer();

	(void)state;
	send_cert(world.ra_encrypt);
	send_cert(world.ca);
	assert_goes_to(world.ra_encrypt);
	assert_false(has(printer));
	assert_true(has(world.ra_encrypt));
}

static void a_manager_s_word_makes_an_ra(void **state)
{
	X509 *printer = send_printer(), *other = send_printer();

	(void)state;
	send_cert(world.ca);
	decide(printer, SCEP_CA_TRUSTED);
	assert_goes_to(printer);
	assert_false(has(other));
	decide(printer, SCEP_CA_REJECTED);
	assert_waits();
	decide(other, SCEP_CA_REJECTED);
	assert_goes_to(world.ca);
	assert_int_equal(sk_X509_num(at.trust.chain), 1);
}

static void a_manager_s_word_goes_before_a_mark(void **state)
{
	(void)state;
	send_cert(world.ra_encrypt);
	send_cert(world.ca);
	decide(world.ra_encrypt, SCEP_CA_REJECTED);
	assert_goes_to(world.ca);
	assert_false(has(world.ra_encrypt));
	at.input.ra_policy = SCEP_RA_ANY;
	assert_goes_to(world.ca);
}

static void confirmed_wants_a_manager_s_word_for_marked_ones_too(void **state)
{
	(void)state;
	at.input.ra_policy = SCEP_RA_CONFIRMED;
	send_cert(world.ra_encrypt);
	send_cert(world.ca);
	assert_waits();
	assert_string_equal(entry_of(world.ra_encrypt)->reason,
			    "scepServerRaPolicy is confirmed");
	decide(world.ra_encrypt, SCEP_CA_TRUSTED);
	assert_goes_to(world.ra_encrypt);
}

static void any_believes_what_the_ca_has_certified(void **state)
{
	X509 *printer = send_printer();

	(void)state;
	at.input.ra_policy = SCEP_RA_ANY;
	send_cert(world.ca);
	assert_goes_to(printer);
	assert_true(has(printer));
	send_cert(world.twin_ra);
	assert_goes_to(printer);
	assert_false(has(world.twin_ra));
}

/* RFC 5280, 4.2.1.9: below a pinned CA, basicConstraints alone makes one. */
static void a_certificate_that_may_sign_others_is_no_ca_yet(void **state)
{
	struct pki_cert plan = plan_of("Printer", PKI_KEY_STRANGER);
	X509 *printer, *below;

	(void)state;
	plan.key_usage = KU_KEY_CERT_SIGN | KU_KEY_ENCIPHERMENT;
	plan.has_no_constraints = true;
	printer = send_plan(&plan);
	plan = plan_of("Below", PKI_KEY_DEVICE);
	plan.issuer = printer;
	plan.issuer_key = pki_key(PKI_KEY_STRANGER);
	plan.extended_key_usage = PKI_MARK_OF_RA;
	below = send_plan(&plan);
	send_cert(world.ca);
	assert_waits();
	assert_true(entry_of(printer)->is_ra);
	assert_true(entry_of(below)->is_unfit);
	assert_int_equal(sk_X509_num(at.trust.chain), 1);
}

/* ----------------------------------------------------------------- unfit -- */

static void an_ra_that_is_unfit_is_never_skipped(void **state)
{
	struct pki_cert plan = plan_of("Old RA", PKI_KEY_RA);
	X509 *old;

	(void)state;
	plan.extended_key_usage = PKI_MARK_OF_RA;
	plan.not_after = PKI_NOW - 1;
	old = send_plan(&plan);
	send_cert(world.ca);
	assert_waits();
	assert_string_equal(entry_of(old)->reason, "it has expired");
	decide(old, SCEP_CA_TRUSTED);
	assert_refused("the RA CN=Old RA: it has expired");
	decide(old, SCEP_CA_REJECTED);
	assert_goes_to(world.ca);
	/* Without a clock there is nothing to say against it. */
	decide(old, 0);
	at.input.now = 0;
	assert_goes_to(old);
}

static void an_ra_of_another_ca_is_never_believed(void **state)
{
	(void)state;
	send_cert(world.twin_ra);
	send_cert(world.ca);
	assert_waits();
	assert_string_equal(entry_of(world.twin_ra)->reason,
			    "it was not certified by the pinned CA");
	decide(world.twin_ra, SCEP_CA_TRUSTED);
	assert_refused("the RA CN=RA: it was not certified by the pinned CA");
	send_cert(world.ra_encrypt);
	assert_goes_to(world.ra_encrypt);
	assert_false(has(world.twin_ra));
}

static void a_ca_above_an_ra_must_be_valid(void **state)
{
	struct pki_cert plan = pki_ca_plan("Sub", pki_key(PKI_KEY_STRANGER));
	X509 *sub, *ra;

	(void)state;
	plan.issuer = world.ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.not_after = PKI_NOW - 1;
	sub = send_plan(&plan);
	plan = plan_of("RA", PKI_KEY_RA);
	plan.issuer = sub;
	plan.issuer_key = pki_key(PKI_KEY_STRANGER);
	plan.extended_key_usage = PKI_MARK_OF_RA;
	ra = send_plan(&plan);
	send_cert(world.ca);
	assert_waits();
	assert_string_equal(entry_of(ra)->reason,
			    "the CA CN=Sub above it has expired");
	assert_string_equal(entry_of(sub)->reason, "it has expired");
}

static void who_is_revoked_is_not_believed(void **state)
{
	struct pki_cert plan = pki_ca_plan("Sub", pki_key(PKI_KEY_STRANGER));
	X509 *sub, *ra;

	(void)state;
	send_cert(world.ra_encrypt);
	send_cert(world.ca);
	at.entries[place_of(world.ra_encrypt)].is_revoked = true;
	assert_waits();
	assert_string_equal(entry_of(world.ra_encrypt)->reason,
			    "it is revoked");
	assert_false(has(world.ra_encrypt));
	decide(world.ra_encrypt, SCEP_CA_TRUSTED);
	assert_refused("the RA CN=RA: it is revoked");
	decide(world.ra_encrypt, SCEP_CA_REJECTED);
	plan.issuer = world.ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.serial = 41;
	sub = send_plan(&plan);
	assert_goes_to(sub);
	at.entries[place_of(sub)].is_revoked = true;
	assert_refused("the CA CN=Sub: it is revoked");
	plan = plan_of("RA below", PKI_KEY_RA);
	plan.issuer = sub;
	plan.issuer_key = pki_key(PKI_KEY_STRANGER);
	plan.extended_key_usage = PKI_MARK_OF_RA;
	ra = send_plan(&plan);
	assert_waits();
	assert_string_equal(entry_of(ra)->reason,
			    "the CA CN=Sub above it is revoked");
	at.entries[place_of(world.ca)].is_revoked = true;
	assert_refused("the CA certificate: it is revoked");
}

/* It issues nothing any more; what it has issued may have to be explained. */
static void a_ca_that_has_expired_receives_nothing(void **state)
{
	struct pki_cert plan = pki_ca_plan("Sub", pki_key(PKI_KEY_STRANGER));
	X509 *sub;

	(void)state;
	plan.issuer = world.ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.not_after = PKI_NOW - 1;
	sub = send_plan(&plan);
	send_cert(world.ca);
	assert_goes_to(world.ca);
	assert_true(has(sub));
	assert_string_equal(entry_of(sub)->reason, "it has expired");
}

/* ------------------------------------------------------------- the floor -- */

struct weak {
	const char *digest;
	int bits; /* of an RSA key, or 0 */
	const char *reason;
	bool is_legacy; /* allowed with sha1 */
	bool is_short;	/* allowed with allowShortKeys */
};

static const struct weak weak_ones[] = {
    {"SHA256", 1024, "the RSA key has 1024 bits, and allowShortKeys is no",
     .is_short = true},
    {"SHA1", 0,
     "it is signed with SHA-1, and allowLegacyAlgorithms does not have sha1",
     .is_legacy = true},
    {"MD5", 0, "it is signed with MD5, which is never allowed",
     .is_short = false},
    {"SHA224", 0, "it is signed with SHA224, which is never allowed",
     .is_short = false},
    {"SHA256", 512, "the RSA key is too short: 512 bits, and 1024 is the least",
     .is_short = false},
};

#define WEAK_COUNT (sizeof(weak_ones) / sizeof(weak_ones[0]))

static EVP_PKEY *weak_key(const struct weak *weak)
{
	if (weak->bits != 0)
		return pki_key_rsa(weak->bits);
	EVP_PKEY_up_ref(pki_key(PKI_KEY_RA));
	return pki_key(PKI_KEY_RA);
}

static void an_ra_below_the_floor_is_not_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < WEAK_COUNT; i++) {
		const struct weak *weak = &weak_ones[i];
		EVP_PKEY *key = weak_key(weak);
		struct pki_cert plan = plan_of("RA", PKI_KEY_RA);
		X509 *ra;

		memset(at.entries, 0, sizeof(at.entries));
		sk_X509_zero(world.list);
		plan.key = key;
		plan.digest = weak->digest;
		plan.extended_key_usage = PKI_MARK_OF_RA;
		ra = send_plan(&plan);
		send_cert(world.ca);
		at.input.floor = (struct certs_floor){false, 0};
		assert_waits();
		assert_string_equal(entry_of(ra)->reason, weak->reason);
		at.input.floor.allow_short_keys = true;
		at.input.floor.allow_legacy = SCEP_LEGACY_SHA1;
		if (weak->is_legacy || weak->is_short)
			assert_goes_to(ra);
		else
			assert_waits();
		EVP_PKEY_free(key);
	}
}

/* It would issue: to pass over it would send the challenge elsewhere. */
static void a_sub_ca_below_the_floor_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < WEAK_COUNT; i++) {
		const struct weak *weak = &weak_ones[i];
		EVP_PKEY *key = weak_key(weak);
		struct pki_cert plan = pki_ca_plan("Sub", key);
		char text[SCEP_TEXT255];
		X509 *sub;

		sk_X509_zero(world.list);
		plan.issuer = world.ca;
		plan.issuer_key = pki_key(PKI_KEY_CA);
		plan.digest = weak->digest;
		plan.serial = 40;
		sub = send_plan(&plan);
		send_cert(world.ca);
		snprintf(text, sizeof(text), "the CA CN=Sub: %s", weak->reason);
		at.input.floor = (struct certs_floor){false, 0};
		assert_refused(text);
		at.input.floor.allow_short_keys = true;
		at.input.floor.allow_legacy = SCEP_LEGACY_SHA1;
		if (weak->is_legacy || weak->is_short)
			assert_goes_to(sub);
		else
			assert_refused(text);
		EVP_PKEY_free(key);
	}
}

static void what_is_below_a_weak_ca_is_weak(void **state)
{
	struct pki_cert plan = pki_ca_plan("Sub", pki_key(PKI_KEY_STRANGER));
	X509 *sub, *ra;

	(void)state;
	plan.issuer = world.ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.digest = "SHA1";
	sub = send_plan(&plan);
	plan = plan_of("RA", PKI_KEY_RA);
	plan.issuer = sub;
	plan.issuer_key = pki_key(PKI_KEY_STRANGER);
	plan.extended_key_usage = PKI_MARK_OF_RA;
	ra = send_plan(&plan);
	send_cert(world.ca);
	assert_waits();
	assert_string_equal(entry_of(ra)->reason,
			    "the CA CN=Sub above it: it is signed with SHA-1, "
			    "and allowLegacyAlgorithms does not have sha1");
}

/* Its fingerprint vouches for it. */
static void the_signature_of_what_is_pinned_does_not_count(void **state)
{
	static const char *const digests[] = {"SHA1", "MD5"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pki_cert plan =
		    pki_ca_plan("Old", pki_key(PKI_KEY_STRANGER));
		X509 *root;

		sk_X509_zero(world.list);
		plan.digest = digests[i];
		root = send_plan(&plan);
		assert_int_equal(judge_under(root), SCEP_OK);
		assert_int_equal(X509_cmp(at.trust.recipient, root), 0);
	}
}

static void a_pinned_ca_with_a_short_key_is_refused(void **state)
{
	EVP_PKEY *key = pki_key_rsa(1024);
	struct pki_cert plan = pki_ca_plan("Short", key);
	X509 *root, *found;

	(void)state;
	root = send_plan(&plan);
	assert_int_equal(judge_under(root), SCEP_CA_NOT_TRUSTED);
	assert_string_equal(at.error.text,
			    "the pinned certificate: the RSA key has 1024 "
			    "bits, and allowShortKeys is no");
	assert_int_equal(
	    ca_certs_candidate(world.list, &at.input.floor, &found, &at.error),
	    SCEP_CA_NOT_TRUSTED);
	assert_string_equal(at.error.text,
			    "the CA CN=Short: the RSA key has 1024 bits, and "
			    "allowShortKeys is no");
	at.input.floor.allow_short_keys = true;
	assert_int_equal(judge_under(root), SCEP_OK);
	EVP_PKEY_free(key);
}

/* EC keys of 224 bits are as short as RSA keys of 1024 here. */
static void ec_keys_begin_at_p_256(void **state)
{
	const struct certs_floor strict = {false, 0}, loose = {true, 0};
	EVP_PKEY *key = EVP_EC_gen("P-224");
	struct pki_cert plan = pki_ca_plan("EC", key);
	struct scep_error error;
	X509 *ca = own(pki_certify(&plan));

	(void)state;
	assert_int_equal(certs_check_floor(ca, true, &strict, &error),
			 SCEP_CA_NOT_TRUSTED);
	assert_string_equal(error.text, "the EC key has 224 bits, and "
					"allowShortKeys is no");
	assert_int_equal(certs_check_floor(ca, true, &loose, &error), SCEP_OK);
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-256");
	plan = pki_ca_plan("EC", key);
	ca = own(pki_certify(&plan));
	assert_int_equal(certs_check_floor(ca, false, &strict, &error),
			 SCEP_OK);
	EVP_PKEY_free(key);
}

#undef TEST
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, set_up_case, tear_down_case)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_mark_makes_an_ra_and_nothing_else_does),
	    TEST(somebody_else_of_the_ca_is_waited_for),
	    TEST(beside_a_marked_ra_somebody_else_is_ignored),
	    TEST(a_manager_s_word_makes_an_ra),
	    TEST(a_manager_s_word_goes_before_a_mark),
	    TEST(confirmed_wants_a_manager_s_word_for_marked_ones_too),
	    TEST(any_believes_what_the_ca_has_certified),
	    TEST(a_certificate_that_may_sign_others_is_no_ca_yet),
	    TEST(an_ra_that_is_unfit_is_never_skipped),
	    TEST(an_ra_of_another_ca_is_never_believed),
	    TEST(a_ca_above_an_ra_must_be_valid),
	    TEST(who_is_revoked_is_not_believed),
	    TEST(a_ca_that_has_expired_receives_nothing),
	    TEST(an_ra_below_the_floor_is_not_believed),
	    TEST(a_sub_ca_below_the_floor_is_named),
	    TEST(what_is_below_a_weak_ca_is_weak),
	    TEST(the_signature_of_what_is_pinned_does_not_count),
	    TEST(a_pinned_ca_with_a_short_key_is_refused),
	    TEST(ec_keys_begin_at_p_256),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
