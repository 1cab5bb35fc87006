/* SPDX-License-Identifier: Apache-2.0 */
/* GetCRL: what is asked for, and which lists are believed. */
#include "tests/lib/open_world.h"

#include <openssl/pkcs7.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/octets.h"
#include "scep/protocol/crl.h"

/* One list in a CertRep that is otherwise right. */
struct crl_world {
	struct world *world;
	struct pki_crl plan;
	X509_CRL *second; /* put before it; owned */
	size_t trailing;  /* octets behind it, in the envelope */
};

static void open_world(struct crl_world *crl, void **state)
{
	memset(crl, 0, sizeof(*crl));
	crl->world = *state;
	crl->world->input.signer = crl->world->issued;
	crl->world->reply.recipient = crl->world->issued;
	crl->plan = pki_crl_plan(crl->world->ca, pki_key(PKI_KEY_CA));
}

static enum scep_code open_list(struct crl_world *crl, X509_CRL **list,
				struct cert_rep *reply,
				struct scep_error *error)
{
	struct bytes bag = {NULL, 0}, message = {NULL, 0};
	X509_CRL *made = pki_revoke(&crl->plan);
	X509_CRL *lists[] = {made, NULL, NULL};
	enum scep_code code;

	if (crl->second != NULL) {
		lists[0] = crl->second;
		lists[1] = made;
	}
	pki_degenerate_crls(lists, &bag);
	crl->world->reply.raw_inner = &bag;
	crl->world->reply.inner_trailing = crl->trailing;
	pki_reply_make(&crl->world->reply, &message);
	crl->world->input.message = message.data;
	crl->world->input.message_length = message.length;
	code = crl_open(&crl->world->input, reply, list, error);
	X509_CRL_free(made);
	X509_CRL_free(crl->second);
	crl->second = NULL;
	bytes_free(&bag);
	bytes_free(&message);
	return code;
}

static X509_CRL *open_well(struct crl_world *crl)
{
	struct scep_error error = {.text = ""};
	struct cert_rep reply;
	X509_CRL *list = NULL;

	if (open_list(crl, &list, &reply, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(reply.pki_status, RFC8894_SUCCESS);
	assert_non_null(list);
	cert_rep_free(&reply);
	return list;
}

static void assert_refused(struct crl_world *crl, const char *text)
{
	struct scep_error error = {.text = ""};
	struct cert_rep reply;
	X509_CRL *list = NULL;

	assert_int_equal(open_list(crl, &list, &reply, &error),
			 SCEP_BAD_RESPONSE);
	assert_null(list);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
}

/* -------------------------------------------------------------- the request */

static void issuer_and_serial_number_of_the_certificate_are_asked(void **state)
{
	struct world *world = *state;
	struct bytes der = {NULL, 0};
	const unsigned char *end;
	PKCS7_ISSUER_AND_SERIAL *asked;

	assert_int_equal(crl_wanted(world->issued, &der, NULL), SCEP_OK);
	end = der.data;
	asked = d2i_PKCS7_ISSUER_AND_SERIAL(NULL, &end, (long)der.length);
	assert_non_null(asked);
	assert_ptr_equal(end, der.data + der.length);
	assert_int_equal(
	    X509_NAME_cmp(asked->issuer, X509_get_subject_name(world->ca)), 0);
	assert_int_equal(ASN1_INTEGER_get(asked->serial), 100);
	PKCS7_ISSUER_AND_SERIAL_free(asked);
	bytes_free(&der);
}

/* --------------------------------------------------------------- the answer */

static enum crl_verdict verdict_on(X509_CRL *list, const char *issuer,
				   const struct scep_octets32 *serial)
{
	enum crl_verdict verdict;

	assert_int_equal(crl_look_up(list, issuer, serial, &verdict, NULL),
			 SCEP_OK);
	return verdict;
}

static void the_list_of_the_ca_tells_what_is_revoked(void **state)
{
	const struct scep_octets32 ours = {.length = 1, .data = {100}};
	const struct scep_octets32 other = {.length = 1, .data = {101}};
	const struct scep_octets32 none = {.length = 0};
	struct crl_world crl;
	X509_CRL *list;

	open_world(&crl, state);
	crl.plan.revoked[0] = 7;
	crl.plan.revoked[1] = 100;
	list = open_well(&crl);
	assert_int_equal(verdict_on(list, "CN=CA", &ours), CRL_REVOKED);
	assert_int_equal(verdict_on(list, "CN=CA", &other), CRL_NOT_REVOKED);
	assert_int_equal(verdict_on(list, "CN=CA", &none), CRL_NOT_REVOKED);
	assert_int_equal(verdict_on(list, "CN=RA", &ours),
			 CRL_OF_ANOTHER_ISSUER);
	X509_CRL_free(list);
}

static void a_list_may_be_empty_and_without_an_end(void **state)
{
	const struct scep_octets32 ours = {.length = 1, .data = {100}};
	struct crl_world crl;
	X509_CRL *list;

	open_world(&crl, state);
	crl.plan.next_update = 0;
	list = open_well(&crl);
	assert_int_equal(verdict_on(list, "CN=CA", &ours), CRL_NOT_REVOKED);
	X509_CRL_free(list);
}

static void the_list_of_our_issuer_is_found_among_several(void **state)
{
	const struct scep_octets32 ours = {.length = 1, .data = {100}};
	struct crl_world crl;
	struct pki_crl other;
	X509_CRL *list;

	open_world(&crl, state);
	other = pki_crl_plan(crl.world->sub_ca, pki_key(PKI_KEY_ROOT));
	crl.second = pki_revoke(&other);
	list = open_well(&crl);
	assert_int_equal(verdict_on(list, "CN=CA", &ours), CRL_NOT_REVOKED);
	X509_CRL_free(list);
}

static void a_list_by_a_stranger_is_refused(void **state)
{
	struct crl_world crl;

	open_world(&crl, state);
	crl.plan = pki_crl_plan(crl.world->twin, pki_key(PKI_KEY_STRANGER));
	assert_refused(&crl, "not signed by the CA");
}

static void a_list_by_an_ra_is_refused(void **state)
{
	struct crl_world crl;

	open_world(&crl, state);
	crl.plan.issuer_key = pki_key(PKI_KEY_RA);
	assert_refused(&crl, "not signed by the CA");
}

/* It bears the CA's name, has the CA's signature, and is no CA. */
static void a_list_by_an_ra_of_the_cas_name_is_refused(void **state)
{
	struct pki_cert plan;
	struct crl_world crl;

	open_world(&crl, state);
	plan = pki_leaf_plan("CA", pki_key(PKI_KEY_RA), crl.world->ca,
			     pki_key(PKI_KEY_CA));
	X509_add_cert(crl.world->trust.chain, world_certify(crl.world, &plan),
		      X509_ADD_FLAG_UP_REF);
	crl.plan.issuer_key = pki_key(PKI_KEY_RA);
	assert_refused(&crl, "not signed by the CA");
}

static void a_list_by_another_issuer_is_refused(void **state)
{
	struct crl_world crl;

	open_world(&crl, state);
	crl.plan = pki_crl_plan(crl.world->sub_ca, pki_key(PKI_KEY_ROOT));
	assert_refused(&crl, "by another issuer");
}

static void a_list_is_believed_in_its_time_only(void **state)
{
	struct crl_world crl;
	X509_CRL *list;

	open_world(&crl, state);
	crl.plan.next_update = PKI_NOW - 3600;
	assert_refused(&crl, "has expired");
	crl.plan.next_update = PKI_NOW + PKI_DAY;
	crl.plan.last_update = PKI_NOW + 3600;
	assert_refused(&crl, "not yet valid");
	/* Clocks differ; and ours may be of no use at all. */
	crl.plan.last_update = PKI_NOW + 300;
	X509_CRL_free(open_well(&crl));
	crl.plan.last_update = PKI_NOW + 3600;
	crl.world->input.now = 0;
	list = open_well(&crl);
	X509_CRL_free(list);
}

static void an_incomplete_list_is_refused(void **state)
{
	struct crl_world crl;

	open_world(&crl, state);
	crl.plan.is_delta = true;
	assert_refused(&crl, "not a complete one");
}

static void weak_signatures_are_refused(void **state)
{
	struct scep_error error = {.text = ""};
	struct crl_world crl;
	struct cert_rep reply;
	X509_CRL *list;

	open_world(&crl, state);
	crl.plan.digest = "MD5";
	assert_refused(&crl, "MD5");
	crl.plan.digest = "SHA1";
	assert_refused(&crl, "SHA-1");
	crl.world->input.allow_legacy = SCEP_LEGACY_SHA1;
	assert_int_equal(open_list(&crl, &list, &reply, &error), SCEP_OK);
	assert_int_equal(reply.legacy_used, SCEP_LEGACY_SHA1);
	X509_CRL_free(list);
	cert_rep_free(&reply);
}

/* The digest is in the parameters, and SHA-1 where there is none. */
static void the_digest_of_a_pss_signature_counts_too(void **state)
{
	struct scep_error error = {.text = ""};
	struct crl_world crl;
	struct cert_rep reply;
	X509_CRL *list;

	open_world(&crl, state);
	crl.plan.is_pss = true;
	crl.plan.digest = "SHA1";
	assert_refused(&crl, "SHA-1");
	crl.plan.digest = "SHA256";
	assert_int_equal(open_list(&crl, &list, &reply, &error), SCEP_OK);
	assert_int_equal(reply.legacy_used, 0);
	X509_CRL_free(list);
	cert_rep_free(&reply);
}

static void octets_behind_the_list_are_refused(void **state)
{
	struct crl_world crl;

	open_world(&crl, state);
	crl.trailing = 4;
	assert_refused(&crl, "octets follow");
}

/* As in the answer to a PKCSReq. */
static void certificates_are_no_list(void **state)
{
	struct scep_error error = {.text = ""};
	struct bytes message = {NULL, 0};
	struct crl_world crl;
	struct cert_rep reply;
	X509_CRL *list = NULL;

	open_world(&crl, state);
	pki_reply_make(&crl.world->reply, &message);
	crl.world->input.message = message.data;
	crl.world->input.message_length = message.length;
	assert_int_equal(crl_open(&crl.world->input, &reply, &list, &error),
			 SCEP_BAD_RESPONSE);
	assert_null(list);
	assert_non_null(strstr(error.text, "there is no CRL"));
	bytes_free(&message);
}

/* A ContentInfo of type data, with nothing in it. */
static void another_structure_is_no_list(void **state)
{
	static const unsigned char data[] = {0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86,
					     0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
					     0x01, 0xa0, 0x02, 0x04, 0x00};
	struct scep_error error = {.text = ""};
	struct bytes message = {NULL, 0}, inner = {NULL, 0};
	struct crl_world crl;
	struct cert_rep reply;
	X509_CRL *list = NULL;

	open_world(&crl, state);
	assert_true(bytes_set(&inner, data, sizeof(data)));
	crl.world->reply.raw_inner = &inner;
	pki_reply_make(&crl.world->reply, &message);
	crl.world->input.message = message.data;
	crl.world->input.message_length = message.length;
	assert_int_equal(crl_open(&crl.world->input, &reply, &list, &error),
			 SCEP_BAD_RESPONSE);
	assert_null(list);
	assert_non_null(strstr(error.text, "does not come as SignedData"));
	bytes_free(&message);
	bytes_free(&inner);
}

static void rubbish_is_no_list(void **state)
{
	struct scep_error error = {.text = ""};
	struct bytes message = {NULL, 0}, rubbish = {NULL, 0};
	struct crl_world crl;
	struct cert_rep reply;
	X509_CRL *list = NULL;

	open_world(&crl, state);
	assert_true(bytes_set(&rubbish, "rubbish", 7));
	crl.world->reply.raw_inner = &rubbish;
	pki_reply_make(&crl.world->reply, &message);
	crl.world->input.message = message.data;
	crl.world->input.message_length = message.length;
	assert_int_equal(crl_open(&crl.world->input, &reply, &list, &error),
			 SCEP_BAD_RESPONSE);
	assert_null(list);
	assert_non_null(strstr(error.text, "no CMS structure"));
	bytes_free(&message);
	bytes_free(&rubbish);
}

/* A reply that cert_rep_open_reply() refuses is refused here too. */
static void the_reply_must_be_the_one_to_the_request(void **state)
{
	struct crl_world crl;

	open_world(&crl, state);
	crl.world->reply.recipient_nonce[0] ^= 1;
	assert_refused(&crl, "recipientNonce does not match");
	crl.world->reply.recipient_nonce[0] ^= 1;
	crl.world->reply.signer = crl.world->twin;
	crl.world->reply.signer_key = pki_key(PKI_KEY_STRANGER);
	assert_refused(&crl, "signature");
}

static void a_failure_is_told_as_it_is(void **state)
{
	struct scep_error error = {.text = ""};
	struct crl_world crl;
	struct cert_rep reply;
	X509_CRL *list;

	open_world(&crl, state);
	crl.world->reply.pki_status = "2";
	crl.world->reply.fail_info = "4";
	crl.world->reply.has_envelope = false;
	assert_int_equal(open_list(&crl, &list, &reply, &error), SCEP_OK);
	assert_null(list);
	assert_int_equal(reply.pki_status, RFC8894_FAILURE);
	assert_int_equal(reply.fail_info, SCEP_FAIL_BAD_CERT_ID);
	cert_rep_free(&reply);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(issuer_and_serial_number_of_the_certificate_are_asked),
	    TEST(the_list_of_the_ca_tells_what_is_revoked),
	    TEST(a_list_may_be_empty_and_without_an_end),
	    TEST(the_list_of_our_issuer_is_found_among_several),
	    TEST(a_list_by_a_stranger_is_refused),
	    TEST(a_list_by_an_ra_is_refused),
	    TEST(a_list_by_an_ra_of_the_cas_name_is_refused),
	    TEST(a_list_by_another_issuer_is_refused),
	    TEST(a_list_is_believed_in_its_time_only),
	    TEST(an_incomplete_list_is_refused),
	    TEST(weak_signatures_are_refused),
	    TEST(the_digest_of_a_pss_signature_counts_too),
	    TEST(octets_behind_the_list_are_refused),
	    TEST(certificates_are_no_list),
	    TEST(another_structure_is_no_list),
	    TEST(rubbish_is_no_list),
	    TEST(the_reply_must_be_the_one_to_the_request),
	    TEST(a_failure_is_told_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
