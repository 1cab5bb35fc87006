/* SPDX-License-Identifier: Apache-2.0 */
/* GetNextCACert: who may say which CA comes next, and what is taken of it. */
#include "tests/lib/octets.h"
#include "tests/lib/open_world.h"

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/protocol/next_ca.h"

/* An answer that is right until a test changes it. */
struct next_world {
	struct world *world;
	X509 *next; /* the CA that is to come */
	struct pki_reply reply;
	X509 *sent[4];
	struct next_ca_input input;
	const char *behind; /* the answer */
};

static struct pki_cert next_plan(void)
{
	struct pki_cert plan =
	    pki_ca_plan("Next CA", pki_key(PKI_KEY_DEVICE_OLD));

	plan.serial = 50;
	plan.not_before = PKI_NOW + 30 * PKI_DAY;
	plan.not_after = PKI_NOW + 900 * PKI_DAY;
	return plan;
}

static void open_world(struct next_world *next, void **state)
{
	struct pki_cert plan = next_plan();

	memset(next, 0, sizeof(*next));
	next->world = *state;
	next->next = world_certify(next->world, &plan);
	next->sent[0] = next->next;
	next->reply = (struct pki_reply){
	    .signer = next->world->ca,
	    .signer_key = pki_key(PKI_KEY_CA),
	    .digest = "SHA256",
	};
	next->input = (struct next_ca_input){
	    .trust = &next->world->trust,
	    .now = PKI_NOW,
	};
}

static enum scep_code read_answer(struct next_world *next,
				  STACK_OF(X509) * *certificates,
				  uint32_t *legacy_used,
				  struct scep_error *error)
{
	struct bytes content = {NULL, 0}, body = {NULL, 0};
	enum scep_code code;

	pki_degenerate(next->sent, &content);
	if (next->reply.raw_content == NULL)
		next->reply.raw_content = &content;
	pki_reply_make(&next->reply, &body);
	if (next->behind != NULL)
		octets_append(&body, next->behind, strlen(next->behind));
	next->input.body = body.data;
	next->input.length = body.length;
	code = next_ca_read(&next->input, certificates, legacy_used, error);
	next->reply.raw_content = NULL;
	bytes_free(&content);
	bytes_free(&body);
	return code;
}

/* Reads it, and expects these and no others, in this order. */
static void assert_brings(struct next_world *next, X509 *first, X509 *second)
{
	struct scep_error error = {.text = ""};
	STACK_OF(X509) *certificates = NULL;
	uint32_t legacy_used = 0;

	if (read_answer(next, &certificates, &legacy_used, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(sk_X509_num(certificates), second == NULL ? 1 : 2);
	assert_int_equal(X509_cmp(sk_X509_value(certificates, 0), first), 0);
	if (second != NULL)
		assert_int_equal(
		    X509_cmp(sk_X509_value(certificates, 1), second), 0);
	assert_int_equal(legacy_used, next->input.allow_legacy);
	sk_X509_pop_free(certificates, X509_free);
}

static void assert_refused(struct next_world *next, enum scep_code code,
			   const char *text)
{
	struct scep_error error = {.text = ""};
	STACK_OF(X509) *certificates = NULL;
	uint32_t legacy_used = 0;

	assert_int_equal(read_answer(next, &certificates, &legacy_used, &error),
			 code);
	assert_null(certificates);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
}

static X509 *next_ra(struct next_world *next)
{
	struct pki_cert plan =
	    pki_leaf_plan("Next RA", pki_key(PKI_KEY_RA), next->next,
			  pki_key(PKI_KEY_DEVICE_OLD));

	plan.serial = 51;
	return world_certify(next->world, &plan);
}

static void what_the_present_ca_has_signed_is_the_next_ca(void **state)
{
	struct next_world next;

	open_world(&next, state);
	assert_brings(&next, next.next, NULL);
}

static void its_ras_come_after_it_and_strangers_not_at_all(void **state)
{
	struct next_world next;
	X509 *ra;

	open_world(&next, state);
	ra = next_ra(&next);
	next.sent[0] = next.world->issued;
	next.sent[1] = ra;
	next.sent[2] = next.next;
	assert_brings(&next, next.next, ra);
}

/* It could be one for a few names only, and would plant a CA for all. */
static void a_ca_below_the_pinned_one_may_not_say_it(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.signer = next.world->sub_ca;
	next.reply.signer_key = pki_key(PKI_KEY_ROOT);
	assert_refused(
	    &next, SCEP_BAD_RESPONSE,
	    "the reply is signed by CN=Sub CA, and not by the pinned CA");
}

/* The root has given it its own serial number. */
static void a_ca_below_with_the_number_of_the_root_may_not_say_it(void **state)
{
	struct pki_cert plan = pki_ca_plan("Sub CA", pki_key(PKI_KEY_ROOT));
	struct next_world next;
	X509 *sub_ca;

	open_world(&next, state);
	plan.issuer = next.world->ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.serial = ASN1_INTEGER_get(X509_get0_serialNumber(next.world->ca));
	sub_ca = world_certify(next.world, &plan);
	assert_int_equal(X509_add_cert(next.world->trust.chain, sub_ca,
				       X509_ADD_FLAG_UP_REF),
			 1);
	next.reply.signer = sub_ca;
	next.reply.signer_key = pki_key(PKI_KEY_ROOT);
	assert_refused(&next, SCEP_BAD_RESPONSE, "does not verify");
}

static void an_ra_may_not_say_it(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.signer = next.world->ra;
	next.reply.signer_key = pki_key(PKI_KEY_RA);
	assert_refused(&next, SCEP_BAD_RESPONSE, "not by the pinned CA");
}

static void the_next_ca_may_not_say_it_of_itself(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.signer = next.next;
	next.reply.signer_key = pki_key(PKI_KEY_DEVICE_OLD);
	assert_refused(&next, SCEP_BAD_RESPONSE, "not signed by the pinned CA");
}

static void one_who_has_the_names_of_the_ca_may_not_say_it(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.signer = next.world->twin;
	next.reply.signer_key = pki_key(PKI_KEY_STRANGER);
	assert_refused(&next, SCEP_BAD_RESPONSE, "does not verify");
}

static void what_was_changed_after_it_was_signed_is_refused(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.is_content_changed = true;
	assert_refused(&next, SCEP_BAD_RESPONSE, "does not verify");
	next.reply.is_content_changed = false;
	next.reply.is_signature_broken = true;
	assert_refused(&next, SCEP_BAD_RESPONSE, "does not verify");
}

/* The certificates as GetCACert has them: anybody could have sent them. */
static void an_answer_without_a_signature_is_refused(void **state)
{
	struct scep_error error = {.text = ""};
	STACK_OF(X509) *certificates = NULL;
	struct bytes body = {NULL, 0};
	struct next_world next;
	uint32_t legacy_used = 0;

	open_world(&next, state);
	pki_degenerate(next.sent, &body);
	next.input.body = body.data;
	next.input.length = body.length;
	assert_int_equal(
	    next_ca_read(&next.input, &certificates, &legacy_used, &error),
	    SCEP_BAD_RESPONSE);
	assert_null(certificates);
	assert_non_null(strstr(error.text, "exactly one signer"));
	bytes_free(&body);
}

static void an_answer_that_is_no_SignedData_is_refused(void **state)
{
	static const unsigned char html[] = "<html>";
	struct scep_error error = {.text = ""};
	STACK_OF(X509) *certificates = NULL;
	struct next_world next;
	uint32_t legacy_used = 0;

	open_world(&next, state);
	next.input.body = html;
	next.input.length = sizeof(html) - 1;
	assert_int_equal(
	    next_ca_read(&next.input, &certificates, &legacy_used, &error),
	    SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "not the next CA certificate"));
	next.input.length = 0;
	assert_int_equal(
	    next_ca_read(&next.input, &certificates, &legacy_used, &error),
	    SCEP_BAD_RESPONSE);
	assert_null(certificates);
}

static void an_answer_without_content_is_refused(void **state)
{
	const struct bytes nothing = {NULL, 0};
	struct next_world next;

	open_world(&next, state);
	next.reply.raw_content = &nothing;
	assert_refused(&next, SCEP_BAD_RESPONSE, "the reply has no content");
}

static void octets_behind_the_answer_are_refused(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.trailing = 3;
	assert_refused(&next, SCEP_BAD_RESPONSE, "octets follow");
}

static void white_space_behind_the_answer_is_let_pass(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.behind = "\r\n";
	assert_brings(&next, next.next, NULL);
	next.behind = " \t\n.";
	assert_refused(&next, SCEP_BAD_RESPONSE, "octets follow");
}

static void signed_rubbish_is_refused(void **state)
{
	struct bytes rubbish = {NULL, 0};
	struct next_world next;

	open_world(&next, state);
	assert_true(bytes_set(&rubbish, "rubbish", 7));
	next.reply.raw_content = &rubbish;
	assert_refused(&next, SCEP_BAD_RESPONSE, "in the signed content");
	bytes_free(&rubbish);
}

static void an_answer_without_a_ca_is_refused(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.sent[0] = next.world->issued;
	assert_refused(&next, SCEP_BAD_RESPONSE, "no CA certificate");
}

static void a_next_ca_that_has_expired_is_refused(void **state)
{
	struct pki_cert plan = next_plan();
	struct next_world next;

	open_world(&next, state);
	plan.not_before = PKI_NOW - 20 * PKI_DAY;
	plan.not_after = PKI_NOW - PKI_DAY;
	next.sent[0] = world_certify(next.world, &plan);
	assert_refused(&next, SCEP_BAD_RESPONSE, "has expired");
	/* A clock that is of no use judges nothing. */
	next.input.now = 0;
	assert_brings(&next, next.sent[0], NULL);
}

static void a_present_ca_that_has_expired_announces_nothing(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.input.now = PKI_NOW + 3650 * PKI_DAY;
	assert_refused(&next, SCEP_CA_NOT_TRUSTED, "has expired");
}

static void SHA1_needs_the_leave_of_the_configuration(void **state)
{
	struct next_world next;

	open_world(&next, state);
	next.reply.digest = "SHA1";
	assert_refused(&next, SCEP_BAD_RESPONSE, "SHA-1");
	next.input.allow_legacy = SCEP_LEGACY_SHA1;
	assert_brings(&next, next.next, NULL);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_the_present_ca_has_signed_is_the_next_ca),
	    TEST(its_ras_come_after_it_and_strangers_not_at_all),
	    TEST(a_ca_below_the_pinned_one_may_not_say_it),
	    TEST(a_ca_below_with_the_number_of_the_root_may_not_say_it),
	    TEST(an_ra_may_not_say_it),
	    TEST(the_next_ca_may_not_say_it_of_itself),
	    TEST(one_who_has_the_names_of_the_ca_may_not_say_it),
	    TEST(what_was_changed_after_it_was_signed_is_refused),
	    TEST(an_answer_without_a_signature_is_refused),
	    TEST(an_answer_that_is_no_SignedData_is_refused),
	    TEST(an_answer_without_content_is_refused),
	    TEST(octets_behind_the_answer_are_refused),
	    TEST(white_space_behind_the_answer_is_let_pass),
	    TEST(signed_rubbish_is_refused),
	    TEST(an_answer_without_a_ca_is_refused),
	    TEST(a_next_ca_that_has_expired_is_refused),
	    TEST(a_present_ca_that_has_expired_announces_nothing),
	    TEST(SHA1_needs_the_leave_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
