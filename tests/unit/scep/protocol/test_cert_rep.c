/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies that are to be believed, and what is made of them.  Those that are
 * not are in test_cert_rep_message.c and
 * test_cert_rep_content.c.
 */
#include "tests/lib/open_world.h"

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/octets.h"
#include "tests/lib/octets.h"

static void assert_certificates(const struct cert_rep *reply, int count,
				X509 *const *expected)
{
	assert_int_equal(sk_X509_num(reply->certificates), count);
	for (int i = 0; i < count; i++)
		assert_int_equal(X509_cmp(sk_X509_value(reply->certificates, i),
					  expected[i]),
				 0);
}

/* Opens well, and expects our certificate and the CA's. */
static void assert_issued(struct world *world)
{
	X509 *const expected[] = {world->issued, world->ca};
	struct cert_rep reply;

	world_open_well(world, &reply);
	assert_int_equal(reply.pki_status, RFC8894_SUCCESS);
	assert_int_equal(reply.fail_info, SCEP_FAIL_NONE);
	assert_certificates(&reply, 2, expected);
	cert_rep_free(&reply);
}

static void a_certificate_is_opened(void **state)
{
	struct world *world = *state;
	struct cert_rep reply;

	world_open_well(world, &reply);
	assert_int_equal(reply.pki_status, RFC8894_SUCCESS);
	assert_int_equal(reply.legacy_used, 0);
	assert_string_equal(reply.fail_info_text, "");
	cert_rep_free(&reply);
	assert_issued(world);
}

static void the_ca_itself_may_sign(void **state)
{
	struct world *world = *state;

	world->reply.signer = world->ca;
	world->reply.signer_key = pki_key(PKI_KEY_CA);
	assert_issued(world);
}

static void a_ca_below_the_pinned_one_may_sign(void **state)
{
	struct world *world = *state;

	world->reply.signer = world->sub_ca;
	world->reply.signer_key = pki_key(PKI_KEY_ROOT);
	assert_issued(world);
}

static void a_signer_is_found_without_its_certificate(void **state)
{
	struct world *world = *state;

	world->reply.signer_flags = CMS_NOCERTS;
	assert_issued(world);
	world->reply.signer_flags = CMS_NOCERTS | CMS_USE_KEYID;
	assert_issued(world);
}

static void stronger_algorithms_are_accepted(void **state)
{
	static const char *const digests[] = {"SHA384", "SHA512"};
	static const char *const ciphers[] = {"AES-192-CBC", "AES-256-CBC"};
	struct world *world = *state;

	for (int i = 0; i < 2; i++) {
		world->reply.digest = digests[i];
		world->reply.cipher = ciphers[i];
		assert_issued(world);
	}
}

static void our_certificate_is_found_in_any_order(void **state)
{
	struct world *world = *state;

	world_send(world, world->issued, world->ca);
	assert_issued(world);
	world_send(world, world->ca, world->issued);
	assert_issued(world);
	world_send(world, world->foreign, world->issued);
	assert_issued(world);
	world_send(world, world->requester, world->issued);
	assert_issued(world);
	world_send(world, world->twin, world->issued);
	assert_issued(world);
}

static void the_youngest_of_several_is_taken(void **state)
{
	struct world *world = *state;
	struct pki_cert plan = world_leaf_plan(world);
	X509 *expected[2];
	struct cert_rep reply;

	plan.not_before = PKI_NOW - 60;
	plan.serial = 102;
	expected[0] = world_certify(world, &plan);
	expected[1] = world->ca;
	world_send(world, expected[0], world->issued);
	world_open_well(world, &reply);
	assert_certificates(&reply, 2, expected);
	cert_rep_free(&reply);
	world_send(world, world->issued, expected[0]);
	world_open_well(world, &reply);
	assert_certificates(&reply, 2, expected);
	cert_rep_free(&reply);
}

static void the_path_may_lead_over_a_ca_that_came_with_it(void **state)
{
	struct world *world = *state;
	struct pki_cert plan =
	    pki_ca_plan("New sub CA", pki_key(PKI_KEY_RA_ENCRYPT));
	X509 *expected[3];
	struct cert_rep reply;

	plan.issuer = world->ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	expected[1] = world_certify(world, &plan);
	plan = world_leaf_plan(world);
	plan.issuer = expected[1];
	plan.issuer_key = pki_key(PKI_KEY_RA_ENCRYPT);
	expected[0] = world_certify(world, &plan);
	expected[2] = world->ca;
	world_send(world, expected[1], expected[0]);
	world_open_well(world, &reply);
	assert_certificates(&reply, 3, expected);
	cert_rep_free(&reply);
}

static void the_path_may_lead_over_a_ca_of_the_chain(void **state)
{
	struct world *world = *state;
	struct pki_cert plan = world_leaf_plan(world);
	X509 *expected[3];
	struct cert_rep reply;

	plan.issuer = world->sub_ca;
	plan.issuer_key = pki_key(PKI_KEY_ROOT);
	expected[0] = world_certify(world, &plan);
	expected[1] = world->sub_ca;
	expected[2] = world->ca;
	world_send(world, expected[0], NULL);
	world_open_well(world, &reply);
	assert_certificates(&reply, 3, expected);
	cert_rep_free(&reply);
}

static void another_subject_is_accepted(void **state)
{
	struct world *world = *state;
	struct pki_cert plan = world_leaf_plan(world);
	struct cert_rep reply;

	plan.common_name = "renamed";
	world_send(world, world_certify(world, &plan), NULL);
	world_open_well(world, &reply);
	cert_rep_free(&reply);
}

static void a_certificate_may_begin_later(void **state)
{
	struct world *world = *state;
	struct pki_cert plan = world_leaf_plan(world);
	struct cert_rep reply;

	plan.not_before = PKI_NOW + PKI_DAY;
	world_send(world, world_certify(world, &plan), NULL);
	world_open_well(world, &reply);
	cert_rep_free(&reply);
}

static void without_a_clock_time_is_not_judged(void **state)
{
	struct world *world = *state;
	struct pki_cert plan = world_leaf_plan(world);
	struct cert_rep reply;

	plan.not_after = PKI_NOW - 1;
	world_send(world, world_certify(world, &plan), NULL);
	world->reply.signer = world->ra_expired;
	world->input.now = 0;
	world_open_well(world, &reply);
	cert_rep_free(&reply);
}

/* -------------------------------------------------------------- renewal -- */

static void a_renewal_is_opened_with_the_old_key(void **state)
{
	struct world *world = *state;

	world->input.signer = world->input.known = world->foreign;
	world->input.signer_key = pki_key(PKI_KEY_DEVICE_OLD);
	world->reply.recipient = world->foreign;
	assert_issued(world);
}

static void a_renewal_is_opened_with_the_new_key_as_well(void **state)
{
	struct world *world = *state;

	world->input.signer = world->input.known = world->foreign;
	world->input.signer_key = pki_key(PKI_KEY_DEVICE_OLD);
	world->reply.recipient = world->issued;
	assert_issued(world);
}

/* ----------------------------------------------------- legacy algorithms -- */

static void assert_legacy(struct world *world, uint32_t legacy)
{
	struct cert_rep reply;

	world->input.allow_legacy = legacy;
	world_open_well(world, &reply);
	assert_int_equal(reply.legacy_used, legacy);
	cert_rep_free(&reply);
	assert_issued(world);
}

static void sha1_is_accepted_where_allowed(void **state)
{
	struct world *world = *state;

	world->reply.digest = "SHA1";
	assert_legacy(world, SCEP_LEGACY_SHA1);
}

static void triple_des_is_accepted_where_allowed(void **state)
{
	struct world *world = *state;

	world->reply.cipher = "DES-EDE3-CBC";
	assert_legacy(world, SCEP_LEGACY_3DES);
}

static void single_des_with_sha1_is_accepted_where_allowed(void **state)
{
	struct world *world = *state;

	world->reply.cipher = "DES-CBC";
	world->reply.digest = "SHA1";
	assert_legacy(world, SCEP_LEGACY_DES | SCEP_LEGACY_SHA1);
}

/* Loading the legacy provider for one reply must not open it to others. */
static void single_des_leaves_nothing_behind(void **state)
{
	struct world *world = *state;
	EVP_CIPHER *cipher;

	world->reply.cipher = "DES-CBC";
	assert_legacy(world, SCEP_LEGACY_DES);
	cipher = EVP_CIPHER_fetch(NULL, "DES-CBC", NULL);
	assert_null(cipher);
}

static void a_sha1_certificate_is_accepted_where_allowed(void **state)
{
	struct world *world = *state;
	struct pki_cert plan = world_leaf_plan(world);
	struct cert_rep reply;

	plan.digest = "SHA1";
	world_send(world, world_certify(world, &plan), NULL);
	world->input.allow_legacy = SCEP_LEGACY_SHA1;
	world_open_well(world, &reply);
	assert_int_equal(reply.legacy_used, SCEP_LEGACY_SHA1);
	cert_rep_free(&reply);
}

/* --------------------------------------------------- PENDING and FAILURE -- */

static void pending_is_opened(void **state)
{
	struct world *world = *state;
	struct cert_rep reply;

	world->reply.pki_status = "3";
	world->reply.has_envelope = false;
	world_open_well(world, &reply);
	assert_int_equal(reply.pki_status, RFC8894_PENDING);
	assert_int_equal(reply.fail_info, SCEP_FAIL_NONE);
	assert_null(reply.certificates);
	cert_rep_free(&reply);
}

static void assert_failure(struct world *world, const char *fail_info,
			   const char *fail_info_text, uint32_t expected,
			   const char *expected_text)
{
	struct cert_rep reply;

	world->reply.pki_status = "2";
	world->reply.has_envelope = false;
	world->reply.fail_info = fail_info;
	world->reply.fail_info_text = fail_info_text;
	world_open_well(world, &reply);
	assert_int_equal(reply.pki_status, RFC8894_FAILURE);
	assert_int_equal(reply.fail_info, expected);
	assert_string_equal(reply.fail_info_text, expected_text);
	assert_null(reply.certificates);
	cert_rep_free(&reply);
}

static void every_fail_info_is_read(void **state)
{
	struct world *world = *state;

	assert_failure(world, "0", NULL, SCEP_FAIL_BAD_ALG, "");
	assert_failure(world, "1", NULL, SCEP_FAIL_BAD_MESSAGE_CHECK, "");
	assert_failure(world, "2", NULL, SCEP_FAIL_BAD_REQUEST, "");
	assert_failure(world, "3", NULL, SCEP_FAIL_BAD_TIME, "");
	assert_failure(world, "4", "no such one", SCEP_FAIL_BAD_CERT_ID,
		       "no such one");
}

static void absent_and_unknown_fail_info_are_other(void **state)
{
	struct world *world = *state;

	assert_failure(world, NULL, NULL, SCEP_FAIL_OTHER,
		       "the server gave no failInfo");
	assert_failure(world, NULL, "because", SCEP_FAIL_OTHER, "because");
	assert_failure(world, "5", NULL, SCEP_FAIL_OTHER,
		       "the server gave an unknown failInfo");
	assert_failure(world, "02", NULL, SCEP_FAIL_OTHER,
		       "the server gave an unknown failInfo");
}

static void fail_info_text_is_capped_and_cleaned(void **state)
{
	struct world *world = *state;
	char text[1001], expected[SCEP_TEXT255];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	memset(expected, 'x', 255);
	expected[255] = '\0';
	assert_failure(world, "2", text, SCEP_FAIL_BAD_REQUEST, expected);
	assert_failure(world, "2", "a\nb\xff", SCEP_FAIL_BAD_REQUEST, "a?b?");
	world->reply.fail_info_text_length = 3;
	assert_failure(world, "2", "a\0b", SCEP_FAIL_BAD_REQUEST, "a?b");
}

static void fail_info_counts_in_a_failure_only(void **state)
{
	struct world *world = *state;

	world->reply.fail_info = "2";
	assert_issued(world);
}

/* Puts these octets in the place of an envelope. */
static void send_content(struct world *world, const void *data, size_t length)
{
	world->reply.raw_content = &world->garbage;
	assert_true(bytes_set(&world->garbage, data, length));
}

static void send_nul(struct world *world)
{
	send_content(world, "", 1); /* as Microsoft's NDES does */
}

static void send_dummy(struct world *world)
{
	send_content(world, "dummy data", 10);
}

static void send_degenerate(struct world *world)
{
	pki_degenerate(world->reply.certificates, &world->garbage);
	world->reply.raw_content = &world->garbage;
}

static void send_to_us(struct world *world)
{
	world->reply.has_envelope = true;
}

static void send_to_somebody_else(struct world *world)
{
	send_to_us(world);
	world->reply.recipient = world->foreign;
}

static void send_3des(struct world *world)
{
	send_to_us(world);
	world->reply.cipher = "DES-EDE3-CBC";
}

static void send_nothing(struct world *world)
{
	world->reply.raw_content = NULL;
}

/* RFC 8894, 3.2.2 has no content there, and servers send some. */
static void no_content_counts_in_a_failure_or_pending(void **state)
{
	static void (*const sends[])(struct world *) = {
	    send_nothing,    send_nul,	 send_dummy,
	    send_degenerate, send_to_us, send_to_somebody_else,
	    send_3des,
	};
	struct world *world = *state;
	const struct pki_reply honest = world->reply;
	struct cert_rep reply;

	for (size_t i = 0; i < sizeof(sends) / sizeof(sends[0]); i++) {
		world->reply = honest;
		world->reply.has_envelope = false;
		sends[i](world);
		world->reply.fail_info = "2";
		world->reply.pki_status = "2";
		world_open_well(world, &reply);
		assert_int_equal(reply.pki_status, RFC8894_FAILURE);
		assert_int_equal(reply.fail_info, SCEP_FAIL_BAD_REQUEST);
		assert_null(reply.certificates);
		assert_int_equal(reply.legacy_used, 0);
		cert_rep_free(&reply);
		world->reply.pki_status = "3";
		world_open_well(world, &reply);
		assert_int_equal(reply.pki_status, RFC8894_PENDING);
		assert_null(reply.certificates);
		cert_rep_free(&reply);
	}
}

static void the_failure_of_ndes_is_read(void **state)
{
	struct world *world = *state;
	struct cert_rep reply;

	send_nul(world);
	world->reply.has_envelope = false;
	world->reply.pki_status = "2";
	world->reply.fail_info = "2";
	world->reply.digest = "SHA1";
	world->reply.signer_flags = CMS_NOCERTS;
	world->input.allow_legacy = SCEP_LEGACY_SHA1;
	world_open_well(world, &reply);
	assert_int_equal(reply.fail_info, SCEP_FAIL_BAD_REQUEST);
	assert_int_equal(reply.legacy_used, SCEP_LEGACY_SHA1);
	cert_rep_free(&reply);
	world->input.allow_legacy = 0;
	assert_int_equal(world_open(world, &reply, NULL), SCEP_BAD_RESPONSE);
}

static void assert_by_ca(struct world *world, X509 *signer,
			 enum pki_key_name key, bool is_by_ca)
{
	struct cert_rep reply;

	world->reply.signer = signer;
	world->reply.signer_key = pki_key(key);
	world->reply.pki_status = "2";
	world->reply.fail_info = "2";
	world->reply.has_envelope = false;
	world_open_well(world, &reply);
	assert_int_equal(reply.is_by_ca, is_by_ca);
	cert_rep_free(&reply);
}

/* A challenge goes to an RA only if the CA has asked for it. */
static void it_is_told_if_the_ca_itself_has_signed(void **state)
{
	struct world *world = *state;

	assert_by_ca(world, world->ca, PKI_KEY_CA, true);
	assert_by_ca(world, world->ra, PKI_KEY_RA, false);
	/* Neither pinned, nor the one that certified the RA. */
	assert_by_ca(world, world->sub_ca, PKI_KEY_ROOT, false);
	X509_free(world->trust.recipient);
	world->trust.recipient = world->sub_ca;
	X509_up_ref(world->sub_ca);
	assert_by_ca(world, world->sub_ca, PKI_KEY_ROOT, true);
	assert_by_ca(world, world->ca, PKI_KEY_CA, true);
}

static void white_space_behind_a_reply_is_let_pass(void **state)
{
	struct world *world = *state;
	struct bytes message = {NULL, 0};
	struct cert_rep reply;

	pki_reply_make(&world->reply, &message);
	octets_append(&message, "\r\n", 2);
	world->input.message = message.data;
	world->input.message_length = message.length;
	assert_int_equal(cert_rep_open(&world->input, &reply, NULL), SCEP_OK);
	cert_rep_free(&reply);
	bytes_free(&message);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

/* Some CAs give a serial number twice. */
static void all_with_the_signers_name_and_number_are_tried(void **state)
{
	struct world *world = *state;
	struct scep_error error = {.text = ""};
	struct cert_rep reply;
	struct pki_cert plan = pki_leaf_plan("RA", pki_key(PKI_KEY_DEVICE_OLD),
					     world->ca, pki_key(PKI_KEY_CA));

	plan.serial = 10; /* that of `ra`, which signs */
	X509_add_cert(world->trust.chain, world_certify(world, &plan),
		      X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_PREPEND);
	assert_int_equal(world_open(world, &reply, &error), SCEP_OK);
	assert_int_equal(reply.pki_status, RFC8894_SUCCESS);
	assert_int_equal(error.code, SCEP_OK);
	assert_string_equal(error.text, "");
	cert_rep_free(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_with_the_signers_name_and_number_are_tried),
	    TEST(a_certificate_is_opened),
	    TEST(the_ca_itself_may_sign),
	    TEST(a_ca_below_the_pinned_one_may_sign),
	    TEST(a_signer_is_found_without_its_certificate),
	    TEST(stronger_algorithms_are_accepted),
	    TEST(our_certificate_is_found_in_any_order),
	    TEST(the_youngest_of_several_is_taken),
	    TEST(the_path_may_lead_over_a_ca_that_came_with_it),
	    TEST(the_path_may_lead_over_a_ca_of_the_chain),
	    TEST(another_subject_is_accepted),
	    TEST(a_certificate_may_begin_later),
	    TEST(without_a_clock_time_is_not_judged),
	    TEST(a_renewal_is_opened_with_the_old_key),
	    TEST(a_renewal_is_opened_with_the_new_key_as_well),
	    TEST(sha1_is_accepted_where_allowed),
	    TEST(triple_des_is_accepted_where_allowed),
	    TEST(single_des_with_sha1_is_accepted_where_allowed),
	    TEST(single_des_leaves_nothing_behind),
	    TEST(a_sha1_certificate_is_accepted_where_allowed),
	    TEST(pending_is_opened),
	    TEST(every_fail_info_is_read),
	    TEST(absent_and_unknown_fail_info_are_other),
	    TEST(fail_info_text_is_capped_and_cleaned),
	    TEST(fail_info_counts_in_a_failure_only),
	    TEST(no_content_counts_in_a_failure_or_pending),
	    TEST(the_failure_of_ndes_is_read),
	    TEST(it_is_told_if_the_ca_itself_has_signed),
	    TEST(white_space_behind_a_reply_is_let_pass),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
