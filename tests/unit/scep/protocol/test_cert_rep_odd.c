/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Odd replies that are to be believed: algorithms, encodings and attributes
 * that few servers use and the RFCs allow; and their like that are not.  The
 * rest of what is not is in test_hostile.c.
 */
#include "tests/unit/scep/protocol/hostile.h"

#include "scep/codes.h"

#define SIGNER	   "1/0/4/0"
#define ATTRIBUTES SIGNER "/3"

static void assert_accepted(struct world *world, const struct bytes *message)
{
	struct scep_error error = {.text = ""};

	if (hostile_open_message(world, message, &error) != SCEP_OK)
		fail_msg("%s", error.text);
}

static void assert_reply_accepted(struct world *world)
{
	struct bytes message = {NULL, 0};

	pki_reply_make(&world->reply, &message);
	assert_accepted(world, &message);
	bytes_free(&message);
}

static void a_key_may_come_by_oaep(void **state)
{
	struct world *world = *state;

	world->reply.is_oaep = true;
	assert_reply_accepted(world);
}

static void a_reply_may_be_signed_with_pss(void **state)
{
	static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
	struct world *world = *state;

	world->reply.is_pss = true;
	for (int i = 0; i < 3; i++) {
		world->reply.digest = digests[i];
		assert_reply_accepted(world);
	}
}

static void a_pss_signature_that_is_wrong_is_refused(void **state)
{
	struct world *world = *state;
	struct scep_error error = {.text = ""};
	struct cert_rep reply;

	world->reply.is_pss = true;
	world->reply.is_signature_broken = true;
	assert_int_equal(world_open(world, &reply, &error), SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "does not verify"));
	world->reply.is_signature_broken = false;
	world->reply.digest = "SHA1";
	assert_int_equal(world_open(world, &reply, &error), SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "does not have sha1"));
}

/* An algorithm that is named there is judged as well, whatever was used. */
static void assert_name_refused(struct world *world, const char *name,
				const char *text)
{
	struct scep_error error = {.text = ""};
	struct bytes message = {NULL, 0};
	struct der *root;

	pki_reply_make(&world->reply, &message);
	root = der_read(message.data, message.length);
	der_spoil(root, SIGNER "/4/0", DER_WRONG, name);
	hostile_write(root, &message);
	assert_int_equal(hostile_open_message(world, &message, &error),
			 SCEP_BAD_RESPONSE);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
	der_free(root);
	bytes_free(&message);
}

static void a_weak_digest_in_the_name_of_the_signature_is_refused(void **state)
{
	static const char md5[] = "1.2.840.113549.1.1.4";
	static const char sha1[] = "1.2.840.113549.1.1.5";

	assert_name_refused(*state, md5, "MD5, which is never allowed");
	assert_name_refused(*state, sha1, "does not have sha1");
}

/* An attribute that nobody knows, with a value of a kind that nobody knows. */
static struct der *unknown_attribute(void)
{
	static const unsigned char values[] = {0x31, 0x05, 0x30, 0x03,
					       0x02, 0x01, 0x2a};
	struct der *attribute = der_read("\x30\0", 2);

	der_append(attribute, der_oid("1.2.3.4.5"));
	der_append(attribute, der_read(values, sizeof(values)));
	return attribute;
}

static void unknown_signed_attributes_are_passed_over(void **state)
{
	struct world *world = *state;
	struct bytes message = {NULL, 0};
	struct der *root;

	pki_reply_make(&world->reply, &message);
	root = der_read(message.data, message.length);
	der_insert(root, ATTRIBUTES "/0", unknown_attribute());
	hostile_sign(der_find(root, ATTRIBUTES),
		     V_ASN1_SET | V_ASN1_CONSTRUCTED, world->reply.signer_key,
		     der_find(root, SIGNER "/5"));
	hostile_write(root, &message);
	assert_accepted(world, &message);
	der_free(root);
	bytes_free(&message);
}

/* An unsigned attribute says nothing: neither a status nor that there is none.
 */
static void unsigned_attributes_are_passed_over(void **state)
{
	struct world *world = *state;
	struct bytes message = {NULL, 0};
	struct der *root, *attributes = der_read("\xa1\0", 2);
	struct der *status = der_read("\x30\0", 2);

	der_append(status, der_oid(RFC8894_OID_PKI_STATUS));
	der_append(status, der_read("\x31\x03\x13\x01\x32", 5));
	der_append(attributes, status);
	der_append(attributes, unknown_attribute());
	pki_reply_make(&world->reply, &message);
	root = der_read(message.data, message.length);
	der_append(der_find(root, SIGNER), attributes);
	hostile_write(root, &message);
	assert_accepted(world, &message);
	der_free(root);
	bytes_free(&message);
}

/* RFC 5652, 5.2 allows BER for what is not signed attributes; it is how
 * servers write that stream. */
static void set_indefinite(struct der *root, const char *const *paths)
{
	for (; *paths != NULL; paths++)
		der_find(root, *paths)->is_indefinite = true;
}

static void lengths_may_be_indefinite(void **state)
{
	static const char *const outside[] = {
	    "", "1", "1/0", "1/0/2", "1/0/2/1", "1/0/2/1/0", NULL};
	static const char *const inside[] = {"",      "1",	 "1/0",
					     "1/0/2", "1/0/2/2", NULL};
	struct world *world = *state;
	struct bytes message = {NULL, 0}, envelope = {NULL, 0};
	struct der *root;

	pki_envelope_make(&world->reply, &envelope);
	root = der_read(envelope.data, envelope.length);
	der_split(der_find(root, "1/0/2/2"), V_ASN1_OCTET_STRING);
	set_indefinite(root, inside);
	hostile_write(root, &envelope);
	der_free(root);
	world->reply.raw_content = &envelope;
	pki_reply_make(&world->reply, &message);
	root = der_read(message.data, message.length);
	der_split(der_find(root, "1/0/2/1/0"), V_ASN1_OCTET_STRING);
	set_indefinite(root, outside);
	hostile_write(root, &message);
	assert_int_equal(message.data[1], 0x80);
	assert_accepted(world, &message);
	der_free(root);
	bytes_free(&envelope);
	bytes_free(&message);
}

static void a_bag_may_have_indefinite_lengths(void **state)
{
	static const char *const paths[] = {"", "1", "1/0", "1/0/3", NULL};
	struct world *world = *state;
	struct bytes bag = {NULL, 0};
	struct der *root;

	pki_degenerate(world->reply.certificates, &bag);
	root = der_read(bag.data, bag.length);
	set_indefinite(root, paths);
	hostile_write(root, &bag);
	world->reply.raw_inner = &bag;
	assert_reply_accepted(world);
	der_free(root);
	bytes_free(&bag);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_key_may_come_by_oaep),
	    TEST(a_reply_may_be_signed_with_pss),
	    TEST(a_pss_signature_that_is_wrong_is_refused),
	    TEST(a_weak_digest_in_the_name_of_the_signature_is_refused),
	    TEST(unknown_signed_attributes_are_passed_over),
	    TEST(unsigned_attributes_are_passed_over),
	    TEST(lengths_may_be_indefinite),
	    TEST(a_bag_may_have_indefinite_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
