/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies that are signed as they should be, and yet not to be believed:
 * envelope and certificates.  A table as in test_open_message.c.
 */
#include <openssl/err.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "tests/lib/open_world.h"

/* ------------------------------------------------------------ envelope -- */

static void success_without_an_envelope(struct world *world)
{
	world->reply.has_envelope = false;
}

static void envelope_is_garbage(struct world *world)
{
	bytes_set(&world->garbage, "0\x03\x02\x01\x07", 5);
	world->reply.raw_content = &world->garbage;
}

static void envelope_is_not_encrypted(struct world *world)
{
	pki_degenerate(world->reply.certificates, &world->garbage);
	world->reply.raw_content = &world->garbage;
}

static void octets_follow_the_envelope(struct world *world)
{
	world->reply.envelope_trailing = 1;
}

static void for_a_password(struct world *world)
{
	world->reply.is_for_password = true;
	world->reply.recipient = NULL;
}

static void for_a_password_too(struct world *world)
{
	world->reply.is_for_password = true;
}

static void for_two(struct world *world)
{
	world->reply.second_recipient = world->foreign;
}

static void for_nobody(struct world *world)
{
	world->reply.recipient = NULL;
}

static void for_somebody_else(struct world *world)
{
	world->reply.recipient = world->foreign;
}

static void by_key_agreement(struct world *world)
{
	struct pki_cert plan;

	world->made_key = pki_key_ec(false);
	plan = pki_leaf_plan("EC", world->made_key, NULL, world->made_key);
	world->reply.recipient = world_certify(world, &plan);
}

/* Addressed to us, but encrypted to another key. */
static void for_our_name_with_another_key(struct world *world)
{
	struct pki_cert plan = pki_leaf_plan("dev", pki_key(PKI_KEY_STRANGER),
					     NULL, pki_key(PKI_KEY_STRANGER));

	world->reply.recipient = world_certify(world, &plan);
}

static void auth_enveloped(struct world *world)
{
	world->reply.cipher = "AES-128-GCM";
}

static void encrypted_with_a_shared_key(struct world *world)
{
	world->reply.is_encrypted_data = true;
}

static void allow_all(struct world *world)
{
	world->input.allow_legacy =
	    SCEP_LEGACY_SHA1 | SCEP_LEGACY_3DES | SCEP_LEGACY_DES;
}

static void encrypted_with_rc2(struct world *world)
{
	allow_all(world);
	world->reply.cipher = "RC2-CBC";
}

static void encrypted_with_camellia(struct world *world)
{
	allow_all(world);
	world->reply.cipher = "CAMELLIA-128-CBC";
}

static void encrypted_with_des(struct world *world)
{
	allow_all(world);
	world->input.allow_legacy &= ~(uint32_t)SCEP_LEGACY_DES;
	world->reply.cipher = "DES-CBC";
}

static void encrypted_with_3des(struct world *world)
{
	allow_all(world);
	world->input.allow_legacy &= ~(uint32_t)SCEP_LEGACY_3DES;
	world->reply.cipher = "DES-EDE3-CBC";
}

/* -------------------------------------------------------- certificates -- */

static void inside_is_garbage(struct world *world)
{
	bytes_set(&world->garbage, "<html>", 6);
	world->reply.raw_inner = &world->garbage;
}

static void inside_is_a_bare_certificate(struct world *world)
{
	unsigned char *der = NULL;
	int length = i2d_X509(world->issued, &der);

	bytes_set(&world->garbage, der, (size_t)length);
	OPENSSL_free(der);
	world->reply.raw_inner = &world->garbage;
}

static void octets_follow_inside(struct world *world)
{
	world->reply.inner_trailing = 3;
}

static void no_certificate(struct world *world)
{
	world_send(world, NULL, NULL);
}

static void for_another_key(struct world *world)
{
	world_send(world, world->foreign, NULL);
}

static void for_other_keys(struct world *world)
{
	world_send(world, world->foreign, world->ca);
}

static void only_what_we_signed_with(struct world *world)
{
	world_send(world, world->requester, NULL);
}

static void the_old_one_for_the_same_key(struct world *world)
{
	world->input.known = world->issued;
}

static void the_old_one_for_the_old_key(struct world *world)
{
	world->input.known = world->foreign;
	world_send(world, world->foreign, world->ca);
}

static void from_a_look_alike_ca(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.issuer = world->twin;
	plan.issuer_key = pki_key(PKI_KEY_STRANGER);
	world_send(world, world_certify(world, &plan), world->twin);
}

static void from_an_ra(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.issuer = world->ra;
	plan.issuer_key = pki_key(PKI_KEY_RA);
	world_send(world, world_certify(world, &plan), NULL);
}

static void self_signed_anew(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.issuer = NULL;
	plan.issuer_key = plan.key;
	world_send(world, world_certify(world, &plan), NULL);
}

static void from_an_expired_ca_below(struct world *world)
{
	struct pki_cert plan = pki_ca_plan("Sub", pki_key(PKI_KEY_ROOT));
	X509 *sub;

	plan.issuer = world->ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.not_after = PKI_NOW - 1;
	sub = world_certify(world, &plan);
	plan = world_leaf_plan(world);
	plan.issuer = sub;
	plan.issuer_key = pki_key(PKI_KEY_ROOT);
	world_send(world, world_certify(world, &plan), sub);
}

static void send_plan(struct world *world, const struct pki_cert *plan)
{
	world_send(world, world_certify(world, plan), NULL);
}

static void expired_already(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.not_after = PKI_NOW;
	send_plan(world, &plan);
}

static void ends_before_it_begins(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.not_before = PKI_NOW + 2 * PKI_DAY;
	plan.not_after = PKI_NOW + PKI_DAY;
	send_plan(world, &plan);
}

static void certificate_of_a_ca(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.is_ca = true;
	send_plan(world, &plan);
}

static void certificate_of_a_ca_that_may_certify_nobody(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.is_ca = true;
	plan.path_length = 0;
	plan.key_usage = KU_DIGITAL_SIGNATURE;
	send_plan(world, &plan);
}

static void certificate_says_twice_if_it_is_a_ca(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.also_says_ca = true;
	send_plan(world, &plan);
}

static void certificate_signed_with_md5(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	allow_all(world);
	plan.digest = "MD5";
	send_plan(world, &plan);
}

static void certificate_signed_with_sha1(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.digest = "SHA1";
	send_plan(world, &plan);
}

static void our_key_is_too_short(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	world->made_key = pki_key_rsa(512);
	world->input.key = world->made_key;
	plan.key = world->made_key;
	send_plan(world, &plan);
}

/* --------------------------------------------------------------- table -- */

static const struct world_row rows[] = {
    WORLD_ROW(success_without_an_envelope, "SUCCESS, but there is no envelope"),
    WORLD_ROW(envelope_is_garbage, "the envelope is no CMS structure"),
    WORLD_ROW(envelope_is_not_encrypted, "no EnvelopedData"),
    WORLD_ROW(octets_follow_the_envelope, "the envelope is no CMS structure"),
    WORLD_ROW(for_a_password, "is for a password"),
    WORLD_ROW(for_a_password_too, "exactly one recipient"),
    WORLD_ROW(for_two, "exactly one recipient"),
    WORLD_ROW(for_nobody, "exactly one recipient"),
    WORLD_ROW(for_somebody_else, "another recipient"),
    WORLD_ROW(by_key_agreement, "is for a key agreement"),
    WORLD_ROW(for_our_name_with_another_key, "envelope"),
    WORLD_ROW(auth_enveloped, "no EnvelopedData"),
    WORLD_ROW(encrypted_with_a_shared_key, "no EnvelopedData"),
    WORLD_ROW(encrypted_with_rc2, "rc2-cbc, which is never allowed"),
    WORLD_ROW(encrypted_with_camellia,
	      "camellia-128-cbc, which is never allowed"),
    WORLD_ROW(encrypted_with_des, "does not have des"),
    WORLD_ROW(encrypted_with_3des, "does not have 3des"),
    WORLD_ROW(inside_is_garbage, "in the envelope"),
    WORLD_ROW(inside_is_a_bare_certificate, "in the envelope"),
    WORLD_ROW(octets_follow_inside, "octets follow the certificates"),
    WORLD_ROW(no_certificate, "no certificate"),
    WORLD_ROW(for_another_key, "for another key"),
    WORLD_ROW(for_other_keys, "for another key"),
    WORLD_ROW(only_what_we_signed_with, "for another key"),
    WORLD_ROW_CODE(the_old_one_for_the_same_key, SCEP_UNCHANGED_CERTIFICATE,
		   "already have"),
    WORLD_ROW_CODE(the_old_one_for_the_old_key, SCEP_UNCHANGED_CERTIFICATE,
		   "already have"),
    WORLD_ROW_CODE(from_a_look_alike_ca, SCEP_CA_NOT_TRUSTED,
		   "not certified by the pinned CA"),
    WORLD_ROW_CODE(from_an_ra, SCEP_CA_NOT_TRUSTED,
		   "not certified by the pinned CA"),
    WORLD_ROW_CODE(self_signed_anew, SCEP_CA_NOT_TRUSTED,
		   "not certified by the pinned CA"),
    WORLD_ROW_CODE(from_an_expired_ca_below, SCEP_CA_NOT_TRUSTED,
		   "above the certificate has expired"),
    WORLD_ROW(expired_already, "expired already"),
    WORLD_ROW(ends_before_it_begins, "ends before it begins"),
    WORLD_ROW(certificate_of_a_ca, "is that of a CA"),
    WORLD_ROW(certificate_of_a_ca_that_may_certify_nobody, "is that of a CA"),
    WORLD_ROW(certificate_says_twice_if_it_is_a_ca,
	      "basicConstraints cannot be read"),
    WORLD_ROW(certificate_signed_with_md5, "MD5"),
    WORLD_ROW(certificate_signed_with_sha1, "does not have sha1"),
    WORLD_ROW(our_key_is_too_short, "too short"),
};

static void each_fault_is_refused_in_its_own_words(void **state)
{
	(void)state;
	world_assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_failed_decryption_leaves_no_errors_in_openssls_queue(void **state)
{
	struct world *world = *state;
	struct cert_rep reply;

	for_our_name_with_another_key(world);
	assert_int_equal(world_open(world, &reply, NULL), SCEP_BAD_RESPONSE);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_fault_is_refused_in_its_own_words),
	    cmocka_unit_test_setup_teardown(
		a_failed_decryption_leaves_no_errors_in_openssls_queue,
		world_set_up, world_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
