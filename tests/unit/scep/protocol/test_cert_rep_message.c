/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies that are not to be believed for what can be seen of them from the
 * outside: structure, signature, attributes.  A table, each row with one thing
 * wrong in a reply that is otherwise right, and with the words that the
 * refusal must have.
 */
#include <openssl/err.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "tests/lib/open_world.h"

/* ----------------------------------------------------------- structure -- */

static void octets_follow(struct world *world)
{
	world->reply.trailing = 1;
}

static void longer_than_a_reply_may_be(struct world *world)
{
	world->reply.trailing = LIMIT_CERT_REP;
}

static void two_signers(struct world *world)
{
	world->reply.second_signer = world->ca;
	world->reply.second_signer_key = pki_key(PKI_KEY_CA);
}

static void content_type_is_not_data(struct world *world)
{
	world->reply.content_type = "1.2.840.113549.1.9.16.1.4";
}

/* ----------------------------------------------------------- signature -- */

static void signed_with_md5(struct world *world)
{
	world->reply.digest = "MD5";
	world->input.allow_legacy = SCEP_LEGACY_SHA1;
}

static void signed_with_sha224(struct world *world)
{
	world->reply.digest = "SHA224";
}

static void signed_with_sha1(struct world *world)
{
	world->reply.digest = "SHA1";
	world->input.allow_legacy = SCEP_LEGACY_3DES | SCEP_LEGACY_DES;
}

static void signed_by_the_requester(struct world *world)
{
	world->reply.signer = world->requester;
	world->reply.signer_key = pki_key(PKI_KEY_DEVICE);
}

static void signed_by_another_device(struct world *world)
{
	/* Certified by the pinned CA, but not among what it calls its RAs. */
	world->reply.signer = world->foreign;
	world->reply.signer_key = pki_key(PKI_KEY_DEVICE_OLD);
}

static void signed_by_a_look_alike_ca(struct world *world)
{
	world->reply.signer = world->twin;
	world->reply.signer_key = pki_key(PKI_KEY_STRANGER);
}

static void signed_by_a_look_alike_ra(struct world *world)
{
	world->reply.signer = world->twin_ra;
	world->reply.signer_key = pki_key(PKI_KEY_STRANGER);
}

static void signed_by_a_look_alike_by_key_id(struct world *world)
{
	signed_by_a_look_alike_ra(world);
	world->reply.signer_flags = CMS_USE_KEYID;
}

static void signed_by_an_ra_that_may_not(struct world *world)
{
	world->reply.signer = world->ra_encrypt;
	world->reply.signer_key = pki_key(PKI_KEY_RA_ENCRYPT);
}

static void signed_by_an_expired_ra(struct world *world)
{
	world->reply.signer = world->ra_expired;
}

static void signed_by_an_ra_to_come(struct world *world)
{
	world->reply.signer = world->ra_future;
}

static void signature_broken(struct world *world)
{
	world->reply.is_signature_broken = true;
}

static void content_changed(struct world *world)
{
	world->reply.is_content_changed = true;
}

static void ca_expired(struct world *world)
{
	world->input.now = PKI_NOW + 701 * PKI_DAY;
}

static void ca_not_yet_valid(struct world *world)
{
	world->input.now = PKI_NOW - 31 * PKI_DAY;
}

/* ---------------------------------------------------------- attributes -- */

static void no_signed_attributes(struct world *world)
{
	world->reply.without_attributes = true;
}

static void no_message_type(struct world *world)
{
	world->reply.message_type = NULL;
}

static void message_type_of_a_request(struct world *world)
{
	world->reply.message_type = "19";
}

static void message_type_with_a_zero(struct world *world)
{
	world->reply.message_type = "03";
}

static void no_transaction_id(struct world *world)
{
	world->reply.transaction_id = NULL;
}

static void transaction_id_longer(struct world *world)
{
	world->reply.transaction_id = TRANSACTION "0";
}

static void transaction_id_shorter(struct world *world)
{
	world->reply.transaction_id = "0123456789abcde";
}

static void transaction_id_in_upper_case(struct world *world)
{
	world->reply.transaction_id = "0123456789ABCDEF";
}

static void no_pki_status(struct world *world)
{
	world->reply.pki_status = NULL;
}

static void pki_status_unknown(struct world *world)
{
	world->reply.pki_status = "1";
}

static void pki_status_with_a_zero(struct world *world)
{
	world->reply.pki_status = "00";
}

static void no_nonce(struct world *world)
{
	world->reply.recipient_nonce_length = 0;
}

static void nonce_wrong(struct world *world)
{
	world->reply.recipient_nonce[15] ^= 1;
}

/* All that is read before the nonce is there. */
static void failure_by_the_ca_with_a_wrong_nonce(struct world *world)
{
	world->reply.signer = world->ca;
	world->reply.signer_key = pki_key(PKI_KEY_CA);
	world->reply.digest = "SHA1";
	world->input.allow_legacy = SCEP_LEGACY_SHA1;
	world->reply.pki_status = "2";
	world->reply.fail_info = "2";
	world->reply.has_envelope = false;
	nonce_wrong(world);
}

static void nonce_short(struct world *world)
{
	world->reply.recipient_nonce_length = RFC8894_NONCE_LENGTH - 1;
}

static void nonce_long(struct world *world)
{
	world->reply.recipient_nonce_length = RFC8894_NONCE_LENGTH + 1;
}

static void nonce_of_another_type(struct world *world)
{
	world->reply.recipient_nonce_type = V_ASN1_PRINTABLESTRING;
}

static void doubled(struct world *world, const char *type, const char *text)
{
	world->reply.doubled_type = type;
	world->reply.doubled_text = text;
}

static void message_type_twice(struct world *world)
{
	doubled(world, RFC8894_OID_MESSAGE_TYPE, "19");
}

static void transaction_id_twice(struct world *world)
{
	doubled(world, RFC8894_OID_TRANSACTION_ID, TRANSACTION);
}

static void pki_status_twice(struct world *world)
{
	doubled(world, RFC8894_OID_PKI_STATUS, "3");
}

static void nonce_twice(struct world *world)
{
	doubled(world, RFC8894_OID_RECIPIENT_NONCE, "0123456789abcdef");
}

static void fail_info_twice(struct world *world)
{
	world->reply.fail_info = "2";
	doubled(world, RFC8894_OID_FAIL_INFO, "3");
}

static void message_type_with_two_values(struct world *world)
{
	world->reply.message_type = NULL;
	world->reply.two_values_type = RFC8894_OID_MESSAGE_TYPE;
}

static void message_type_as_octets(struct world *world)
{
	world->reply.message_type = NULL;
	world->reply.doubled_string_type = V_ASN1_OCTET_STRING;
	doubled(world, RFC8894_OID_MESSAGE_TYPE, "3");
}

/* --------------------------------------------------------------- table -- */

static const struct world_row rows[] = {
    WORLD_ROW(octets_follow, "octets follow the reply"),
    WORLD_ROW(longer_than_a_reply_may_be, "octets, and 262144 is the limit"),
    WORLD_ROW(two_signers, "not exactly one signer"),
    WORLD_ROW(content_type_is_not_data, "content type of the reply"),
    WORLD_ROW(signed_with_md5, "MD5, which is never allowed"),
    WORLD_ROW(signed_with_sha224, "SHA224, which is never allowed"),
    WORLD_ROW(signed_with_sha1, "does not have sha1"),
    WORLD_ROW(signed_by_the_requester, "not the pinned CA's"),
    WORLD_ROW(signed_by_another_device, "not the pinned CA's"),
    WORLD_ROW(signed_by_a_look_alike_ca, "does not verify"),
    WORLD_ROW(signed_by_a_look_alike_ra, "does not verify"),
    WORLD_ROW(signed_by_a_look_alike_by_key_id, "not the pinned CA's"),
    WORLD_ROW(signed_by_an_ra_that_may_not, "may not sign"),
    WORLD_ROW(signed_by_an_expired_ra, "signed the reply has expired"),
    WORLD_ROW(signed_by_an_ra_to_come, "signed the reply is not yet valid"),
    WORLD_ROW(signature_broken, "does not verify"),
    WORLD_ROW(content_changed, "does not verify"),
    WORLD_ROW_CODE(ca_expired, SCEP_CA_NOT_TRUSTED,
		   "the CA certificate has expired"),
    WORLD_ROW_CODE(ca_not_yet_valid, SCEP_CA_NOT_TRUSTED,
		   "the CA certificate is not yet valid"),
    WORLD_ROW(no_signed_attributes, "contentType"),
    WORLD_ROW(no_message_type, "messageType is missing"),
    WORLD_ROW(message_type_of_a_request, "messageType is not CertRep"),
    WORLD_ROW(message_type_with_a_zero, "messageType is not CertRep"),
    WORLD_ROW(message_type_as_octets, "messageType is not a character string"),
    WORLD_ROW(no_transaction_id, "transactionID is missing"),
    WORLD_ROW(transaction_id_longer, "transactionID does not match"),
    WORLD_ROW(transaction_id_shorter, "transactionID does not match"),
    WORLD_ROW(transaction_id_in_upper_case, "transactionID does not match"),
    WORLD_ROW(no_pki_status, "pkiStatus is missing"),
    WORLD_ROW(pki_status_unknown, "pkiStatus is not known"),
    WORLD_ROW(pki_status_with_a_zero, "pkiStatus is not known"),
    WORLD_ROW(no_nonce, "recipientNonce is missing"),
    WORLD_ROW(nonce_wrong, "recipientNonce does not match"),
    WORLD_ROW(failure_by_the_ca_with_a_wrong_nonce,
	      "recipientNonce does not match"),
    WORLD_ROW(nonce_short, "recipientNonce does not match"),
    WORLD_ROW(nonce_long, "recipientNonce does not match"),
    WORLD_ROW(nonce_of_another_type, "recipientNonce is not an OCTET STRING"),
    WORLD_ROW(message_type_twice, "messageType does not have exactly one"),
    WORLD_ROW(transaction_id_twice, "transactionID does not have exactly one"),
    WORLD_ROW(pki_status_twice, "pkiStatus does not have exactly one"),
    WORLD_ROW(nonce_twice, "recipientNonce does not have exactly one"),
    WORLD_ROW(fail_info_twice, "failInfo does not have exactly one"),
    WORLD_ROW(message_type_with_two_values,
	      "messageType does not have exactly one"),
};

static void each_fault_is_refused_in_its_own_words(void **state)
{
	(void)state;
	world_assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

/* -------------------------------------------------- things not in a row -- */

static enum scep_code open_octets(struct world *world, const void *data,
				  size_t length, struct scep_error *error)
{
	struct cert_rep reply;
	enum scep_code code;

	world->input.message = data;
	world->input.message_length = length;
	code = cert_rep_open(&world->input, &reply, error);
	cert_rep_free(&reply);
	return code;
}

static void assert_no_reply(struct world *world, const void *data,
			    size_t length, const char *text)
{
	struct scep_error error = {.text = ""};

	assert_int_equal(open_octets(world, data, length, &error),
			 SCEP_BAD_RESPONSE);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
}

/* A ContentInfo of type data, with nothing in it. */
static const unsigned char data_content[] = {0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86,
					     0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
					     0x01, 0xa0, 0x02, 0x04, 0x00};

static void what_is_no_reply_at_all_is_refused(void **state)
{
	struct world *world = *state;
	struct bytes der = {NULL, 0};

	assert_no_reply(world, "", 0, "empty");
	assert_no_reply(world, "<html></html>", 13,
			"an HTML page, not a CertRep");
	assert_no_reply(world, data_content, sizeof(data_content),
			"no SignedData");
	pki_degenerate(world->reply.certificates, &der);
	assert_no_reply(world, der.data, der.length, "exactly one signer");
	bytes_free(&der);
}

static void a_reply_cut_anywhere_is_refused(void **state)
{
	struct world *world = *state;
	struct bytes message = {NULL, 0};

	pki_reply_make(&world->reply, &message);
	for (size_t length = 0; length < message.length; length++)
		assert_no_reply(world, message.data, length, "");
	bytes_free(&message);
}

/* The certificates in the message are not signed: a flip there may pass. */
static void a_reply_with_a_flipped_bit_is_refused_or_the_same(void **state)
{
	struct world *world = *state;
	struct bytes message = {NULL, 0};
	size_t refused = 0, passed = 0;

	world->reply.signer_flags = CMS_NOCERTS;
	pki_reply_make(&world->reply, &message);
	for (size_t at = 0; at < message.length; at++) {
		message.data[at] ^= (unsigned char)(1u << at % 8);
		if (open_octets(world, message.data, message.length, NULL) ==
		    SCEP_OK)
			passed++;
		else
			refused++;
		message.data[at] ^= (unsigned char)(1u << at % 8);
	}
	assert_int_equal(refused + passed, message.length);
	/* Version numbers and the like that nobody looks at. */
	assert_in_range(passed, 0, 24);
	bytes_free(&message);
}

static void a_refusal_leaves_no_errors_in_openssls_queue(void **state)
{
	struct world *world = *state;
	struct cert_rep reply;

	world->reply.is_signature_broken = true;
	assert_int_equal(world_open(world, &reply, NULL), SCEP_BAD_RESPONSE);
	assert_int_equal(ERR_peek_error(), 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_fault_is_refused_in_its_own_words),
	    TEST(what_is_no_reply_at_all_is_refused),
	    TEST(a_reply_cut_anywhere_is_refused),
	    TEST(a_reply_with_a_flipped_bit_is_refused_or_the_same),
	    TEST(a_refusal_leaves_no_errors_in_openssls_queue),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
