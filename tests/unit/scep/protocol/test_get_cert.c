/* SPDX-License-Identifier: Apache-2.0 */
/* GetCert: what is asked for, and which certificate answers it. */
#include "tests/lib/open_world.h"

#include <openssl/pkcs7.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/base/error.h"
#include "scep/protocol/get_cert.h"

static struct scep_octets32 serial_of(long number)
{
	struct scep_octets32 serial = {.length = 2};

	serial.data[0] = (unsigned char)(number >> 8);
	serial.data[1] = (unsigned char)number;
	return serial;
}

static void it_names_issuer_and_serial_number(void **state)
{
	struct world *world = *state;
	const struct scep_octets32 serial = serial_of(0x1234);
	struct bytes der = {NULL, 0};
	struct scep_error error = {.text = ""};
	const unsigned char *at;
	PKCS7_ISSUER_AND_SERIAL *wanted;
	char name[SCEP_TEXT255];

	X509_NAME_oneline(X509_get_subject_name(world->ca), name, sizeof(name));
	assert_int_equal(get_cert_wanted(&world->trust, strstr(name, "CN="),
					 &serial, &der, &error),
			 SCEP_OK);
	at = der.data;
	wanted = d2i_PKCS7_ISSUER_AND_SERIAL(NULL, &at, (long)der.length);
	assert_non_null(wanted);
	assert_ptr_equal(at, der.data + der.length);
	assert_int_equal(
	    X509_NAME_cmp(wanted->issuer, X509_get_subject_name(world->ca)), 0);
	assert_int_equal(ASN1_INTEGER_get(wanted->serial), 0x1234);
	PKCS7_ISSUER_AND_SERIAL_free(wanted);
	bytes_free(&der);
}

static void of_a_ca_that_is_gone_nothing_is_asked(void **state)
{
	struct world *world = *state;
	const struct scep_octets32 serial = serial_of(5);
	struct bytes der = {NULL, 0};
	struct scep_error error = {.text = ""};

	assert_int_equal(get_cert_wanted(&world->trust, "CN=Another CA",
					 &serial, &der, &error),
			 SCEP_CA_NOT_TRUSTED);
	assert_null(der.data);
}

/* Makes the world's reply, and opens it as the answer to GetCert. */
static enum scep_code open_answer(struct world *world, long number,
				  struct cert_rep *reply,
				  struct scep_error *error)
{
	const struct scep_octets32 serial = serial_of(number);
	struct bytes message = {NULL, 0};
	enum scep_code code;

	pki_reply_make(&world->reply, &message);
	world->input.message = message.data;
	world->input.message_length = message.length;
	code = get_cert_open(&world->input, &serial, reply, error);
	bytes_free(&message);
	return code;
}

static long number_of(X509 *certificate)
{
	return ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
}

static void the_certificate_with_that_number_is_taken(void **state)
{
	struct world *world = *state;
	struct scep_error error = {.text = ""};
	struct cert_rep reply;

	assert_int_equal(
	    open_answer(world, number_of(world->issued), &reply, &error),
	    SCEP_OK);
	assert_int_equal(
	    X509_cmp(sk_X509_value(reply.certificates, 0), world->issued), 0);
	cert_rep_free(&reply);
}

static void another_number_or_another_key_is_refused(void **state)
{
	struct world *world = *state;
	struct scep_error error = {.text = ""};
	struct cert_rep reply;

	assert_int_equal(
	    open_answer(world, number_of(world->issued) + 1, &reply, &error),
	    SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "serial number"));
	assert_null(reply.certificates);
	world_send(world, world->foreign, world->ca);
	assert_int_equal(
	    open_answer(world, number_of(world->foreign), &reply, &error),
	    SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "another key"));
}

static void a_failure_is_passed_on(void **state)
{
	struct world *world = *state;
	struct scep_error error = {.text = ""};
	struct cert_rep reply;

	world->reply.pki_status = "2";
	world->reply.fail_info = "4";
	world->reply.has_envelope = false;
	assert_int_equal(open_answer(world, 5, &reply, &error), SCEP_OK);
	assert_int_equal(reply.pki_status, RFC8894_FAILURE);
	assert_int_equal(reply.fail_info, SCEP_FAIL_BAD_CERT_ID);
	cert_rep_free(&reply);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_names_issuer_and_serial_number),
	    TEST(of_a_ca_that_is_gone_nothing_is_asked),
	    TEST(the_certificate_with_that_number_is_taken),
	    TEST(another_number_or_another_key_is_refused),
	    TEST(a_failure_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
