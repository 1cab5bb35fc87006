/* SPDX-License-Identifier: Apache-2.0 */
/* Each step by itself: what it composes, and what it makes of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/server.h"
#include "scep/store/files.h"
#include "scep/enroll/ca_table.h"
#include "scep/enroll/steps.h"
#include "tests/lib/device.h"

/* A request before that step, whose worker the test itself is. */
static struct open_request *stop_before(struct device *d, enum step_id step)
{
	struct open_request *e;

	device_send(d, 1);
	device_run_to(d, step);
	e = open_request_find(&d->state, 1);
	assert_true(open_request_prepare(e));
	ca_table_collect_pins(e);
	e->step = step_find(step);
	e->ops = steps_find(step);
	return e;
}

static void answer(struct open_request *e, const char *body)
{
	assert_true(bytes_set(&e->work.answer.body, body, strlen(body)));
	e->work.answer.http_status = 200;
	e->ops->digest(e);
}

/* The scripted CA's answer to what was composed. */
static void answer_of_ca(struct device *d, struct open_request *e)
{
	const struct fetch_request request = {
	    .url = e->work.url,
	    .content_type =
		e->work.message.length > 0 ? RFC8894_CONTENT_TYPE : NULL,
	    .body = e->work.message.data,
	    .body_length = e->work.message.length,
	};
	struct virtual_answer said = {.http_status = 200};

	scripted_ca_serve(&d->ca, &request, &said);
	assert_int_equal(said.error.code, SCEP_OK);
	bytes_move(&e->work.answer.body, &said.body);
	e->ops->digest(e);
}

static void the_table_names_every_step_of_a_record(void **state)
{
	(void)state;
	for (enum step_id id = STEP_GET_CA_CAPS; id < STEP_COUNT; id++) {
		const struct step *step = step_find(id);
		const struct step_ops *ops = steps_find(id);

		assert_non_null(step);
		assert_int_equal(step->id, id);
		assert_non_null(step->name);
		assert_non_null(ops);
		/* What is exchanged is composed, and read with a cap. */
		if (ops->exchange == EXCHANGE_NONE)
			continue;
		assert_non_null(ops->compose);
		assert_non_null(ops->digest);
		assert_true(ops->limit > 0);
	}
	assert_null(step_find(STEP_COUNT));
	assert_null(steps_find(STEP_COUNT));
	assert_null(steps_find(0));
}

static void no_step_leads_to_one_that_is_done(void **state)
{
	(void)state;
	for (enum step_id id = STEP_GET_CA_CAPS; id < STEP_COUNT; id++) {
		assert_true(step_may_lead_to(step_find(id), id));
		assert_true(id == STEP_GET_CA_CAPS ||
			    !step_may_lead_to(step_find(id), STEP_GET_CA_CAPS));
	}
	assert_true(step_may_lead_to(step_find(STEP_REGISTER), STEP_DEPLOY));
	assert_false(step_may_lead_to(step_find(STEP_REGISTER), STEP_REQUEST));
	assert_false(step_may_lead_to(step_find(STEP_DEPLOY), STEP_REGISTER));
}

static void get_ca_caps_asks_and_reads(void **state)
{
	struct device *d = *state;
	struct open_request *e;

	device_text(d, SCEP_SERVER_CA_IDENTIFIER, 1, "my ca");
	device_number(d, SCEP_SERVER_PORT, 1, 8080);
	device_set(d);
	e = stop_before(d, STEP_GET_CA_CAPS);
	e->ops->compose(e);
	assert_string_equal(e->work.url,
			    "http://ca.example:8080/scep?operation=GetCACaps"
			    "&message=my%20ca");
	assert_int_equal(e->work.message.length, 0);
	answer(e, "Renewal\r\nSHA-256\r\n");
	assert_int_equal(e->work.error.code, SCEP_OK);
	assert_int_equal(e->work.next->caps,
			 SCEP_CAP_RENEWAL | SCEP_CAP_SHA256);
	assert_int_equal(e->record->caps, 0);
}

static void get_ca_cert_finds_the_pinned_ca(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_GET_CA_CERT);

	e->ops->compose(e);
	assert_string_equal(e->work.url,
			    "http://ca.example/scep?operation=GetCACert");
	answer_of_ca(d, e);
	assert_int_equal(e->work.error.code, SCEP_OK);
	assert_true(e->work.is_trusted);
	assert_int_equal(e->work.ca_count, 1);
	assert_int_equal(e->work.candidate, 0);
	assert_true(e->work.next->trust.length > 0);
	assert_int_equal(e->record->trust.length, 0);
}

static void get_ca_cert_trusts_no_other_one(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_GET_CA_CERT);

	e->work.pins[0].data[5] ^= 1;
	e->ops->compose(e);
	answer_of_ca(d, e);
	assert_int_equal(e->work.error.code, SCEP_CA_NOT_TRUSTED);
	assert_false(e->work.is_trusted);
	assert_int_equal(e->work.next->trust.length, 0);
	assert_true(open_request_prepare(e));
	ca_table_collect_pins(e);
	answer(e, "-----BEGIN CERTIFICATE-----");
	assert_int_equal(e->work.error.code, SCEP_BAD_RESPONSE);
}

static void a_key_is_on_disk_before_it_is_in_the_record(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_MAKE_KEY);

	assert_int_equal(device_files(d), 0);
	e->ops->compose(e);
	assert_int_equal(e->work.error.code, SCEP_OK);
	assert_int_equal(device_files(d), 1);
	assert_int_equal(strlen(e->work.next->transaction_id), 64);
	assert_non_null(
	    strstr((char *)e->work.next->signer.data, "BEGIN CERTIFICATE"));
	assert_string_equal(e->record->transaction_id, "");
}

static void pkcs_req_is_a_message_of_its_transaction(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);

	e->ops->compose(e);
	assert_int_equal(e->work.error.code, SCEP_OK);
	assert_string_equal(e->work.url,
			    "http://ca.example/scep?operation=PKIOperation");
	answer_of_ca(d, e);
	assert_string_equal(d->ca.message_type, "19");
	assert_string_equal(d->ca.transaction_id, e->record->transaction_id);
	assert_memory_equal(d->ca.nonce, e->work.sender_nonce,
			    RFC8894_NONCE_LENGTH);
	assert_int_equal(e->work.error.code, SCEP_OK);
	assert_int_equal(e->work.pki_status, RFC8894_SUCCESS);
	assert_true(e->work.next->issued.length > 0);
}

static void a_message_repeated_has_a_nonce_of_its_own(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);
	unsigned char nonce[RFC8894_NONCE_LENGTH];

	e->ops->compose(e);
	memcpy(nonce, e->work.sender_nonce, sizeof(nonce));
	assert_true(open_request_prepare(e));
	e->ops->compose(e);
	assert_memory_not_equal(nonce, e->work.sender_nonce, sizeof(nonce));
}

static void pending_leads_to_a_poll(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	e->ops->compose(e);
	answer_of_ca(d, e);
	assert_int_equal(e->work.error.code, SCEP_DEFERRED);
	assert_int_equal(e->work.next->step, STEP_POLL);
	assert_true(e->work.next->was_pending);
	assert_int_equal(e->record->step, STEP_REQUEST);
}

static void cert_poll_names_the_same_transaction(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);
	char transaction_id[SCEP_TEXT64];

	strcpy(transaction_id, e->record->transaction_id);
	e->ops = steps_find(STEP_POLL);
	e->ops->compose(e);
	assert_int_equal(e->work.error.code, SCEP_OK);
	answer_of_ca(d, e);
	assert_string_equal(d->ca.message_type, "20");
	assert_string_equal(d->ca.transaction_id, transaction_id);
	assert_int_equal(e->work.pki_status, RFC8894_SUCCESS);
}

static void a_failure_is_told_with_its_reason(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);

	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 3);
	e->ops->compose(e);
	answer_of_ca(d, e);
	assert_int_equal(e->work.error.code, SCEP_SCEP_ERROR);
	assert_int_equal(e->work.error.fail_info, SCEP_FAIL_BAD_TIME);
	assert_string_equal(e->work.error.fail_info_text,
			    "the test wants it so");
	assert_int_equal(e->work.next->issued.length, 0);
}

static void a_reply_to_another_message_is_not_used(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);

	e->ops->compose(e);
	e->work.sender_nonce[0] ^= 1;
	answer_of_ca(d, e);
	assert_int_equal(e->work.error.code, SCEP_BAD_RESPONSE);
	assert_int_equal(e->work.next->issued.length, 0);
}

static void without_its_key_no_message_is_made(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REQUEST);
	char name[80];

	strcpy(name, e->record->file_id);
	strcat(name, ".pem");
	assert_int_equal(files_remove(d->state.keys_folder, name, &d->error),
			 SCEP_OK);
	e->ops->compose(e);
	assert_int_not_equal(e->work.error.code, SCEP_OK);
	assert_int_equal(e->work.message.length, 0);
	assert_null(e->work.url);
}

static void the_certificate_is_on_disk_before_it_is_a_row(void **state)
{
	struct device *d = *state;
	struct open_request *e = stop_before(d, STEP_REGISTER);

	assert_int_equal(device_files(d), 1);
	e->ops->compose(e);
	assert_int_equal(e->work.error.code, SCEP_OK);
	assert_int_equal(device_files(d), 2);
	assert_string_equal(e->work.key.subject, "CN=printer.example");
	assert_int_equal(e->work.key.algorithm, SCEP_KEY_RSA);
	assert_int_equal(e->work.key.length, 1024);
	assert_int_equal(device_view(d)->keys.count, 0);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_table_names_every_step_of_a_record),
	    TEST(no_step_leads_to_one_that_is_done),
	    TEST(get_ca_caps_asks_and_reads),
	    TEST(get_ca_cert_finds_the_pinned_ca),
	    TEST(get_ca_cert_trusts_no_other_one),
	    TEST(a_key_is_on_disk_before_it_is_in_the_record),
	    TEST(pkcs_req_is_a_message_of_its_transaction),
	    TEST(a_message_repeated_has_a_nonce_of_its_own),
	    TEST(pending_leads_to_a_poll),
	    TEST(cert_poll_names_the_same_transaction),
	    TEST(a_failure_is_told_with_its_reason),
	    TEST(a_reply_to_another_message_is_not_used),
	    TEST(without_its_key_no_message_is_made),
	    TEST(the_certificate_is_on_disk_before_it_is_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
