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
static struct task *stop_before(struct device *d, enum step_id step)
{
	struct task *task;

	device_send(d, 1);
	device_run_to(d, step);
	task = &open_request_find(&d->state, 1)->task;
	assert_true(task_prepare(task));
	ca_table_collect_pins(task);
	task->step = steps_find(step);
	return task;
}

static void answer(struct task *task, const char *body)
{
	assert_true(bytes_set(&task->work.answer.body, body, strlen(body)));
	task->work.answer.http_status = 200;
	task->step->digest(task);
}

/* The scripted CA's answer to what was composed. */
static void answer_of_ca(struct device *d, struct task *task)
{
	const struct fetch_request request = {
	    .url = task->work.url,
	    .content_type =
		task->work.message.length > 0 ? RFC8894_CONTENT_TYPE : NULL,
	    .body = task->work.message.data,
	    .body_length = task->work.message.length,
	};
	struct virtual_answer said = {.http_status = 200};

	scripted_ca_serve(&d->ca, &request, &said);
	assert_int_equal(said.error.code, SCEP_OK);
	bytes_move(&task->work.answer.body, &said.body);
	task->step->digest(task);
}

static void the_table_names_every_step_of_a_record(void **state)
{
	(void)state;
	for (enum step_id id = STEP_GET_CA_CAPS; id < STEP_COUNT; id++) {
		const struct step *step = steps_find(id);

		assert_non_null(step);
		assert_int_equal(step->id, id);
		assert_non_null(step->name);
		/* An exchange is composed, and its answer has a limit. */
		if (step->exchange == EXCHANGE_NONE)
			continue;
		assert_non_null(step->compose);
		assert_non_null(step->digest);
		assert_true(step->limit > 0);
	}
	assert_null(steps_find(STEP_COUNT));
	assert_null(steps_find(0));
}

static void no_step_leads_to_one_that_is_done(void **state)
{
	(void)state;
	for (enum step_id id = STEP_GET_CA_CAPS; id < STEP_COUNT; id++) {
		assert_true(step_may_lead_to(steps_find(id), id));
		assert_true(
		    id == STEP_GET_CA_CAPS ||
		    !step_may_lead_to(steps_find(id), STEP_GET_CA_CAPS));
	}
	assert_true(step_may_lead_to(steps_find(STEP_REGISTER), STEP_DEPLOY));
	assert_false(step_may_lead_to(steps_find(STEP_REGISTER), STEP_REQUEST));
	assert_false(step_may_lead_to(steps_find(STEP_DEPLOY), STEP_REGISTER));
}

static void get_ca_caps_asks_and_reads(void **state)
{
	struct device *d = *state;
	struct task *task;

	device_text(d, SCEP_SERVER_CA_IDENTIFIER, 1, "my ca");
	device_number(d, SCEP_SERVER_PORT, 1, 8080);
	device_set(d);
	task = stop_before(d, STEP_GET_CA_CAPS);
	task->step->compose(task);
	assert_string_equal(task->work.url,
			    "http://ca.example:8080/scep?operation=GetCACaps"
			    "&message=my%20ca");
	assert_int_equal(task->work.message.length, 0);
	answer(task, "Renewal\r\nSHA-256\r\n");
	assert_int_equal(task->work.error.code, SCEP_OK);
	assert_int_equal(task->work.next->caps,
			 SCEP_CAP_RENEWAL | SCEP_CAP_SHA256);
	assert_int_equal(task->record->caps, 0);
}

static void get_ca_cert_finds_the_pinned_ca(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_GET_CA_CERT);

	task->step->compose(task);
	assert_string_equal(task->work.url,
			    "http://ca.example/scep?operation=GetCACert");
	answer_of_ca(d, task);
	assert_int_equal(task->work.error.code, SCEP_OK);
	assert_true(task->work.is_trusted);
	assert_int_equal(task->work.ca_count, 1);
	assert_int_equal(task->work.candidate, 0);
	assert_true(task->work.next->trust.length > 0);
	assert_int_equal(task->record->trust.length, 0);
}

static void get_ca_cert_trusts_no_other_one(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_GET_CA_CERT);

	task->work.pins[0].data[5] ^= 1;
	task->step->compose(task);
	answer_of_ca(d, task);
	assert_int_equal(task->work.error.code, SCEP_CA_NOT_TRUSTED);
	assert_false(task->work.is_trusted);
	assert_int_equal(task->work.next->trust.length, 0);
	assert_true(task_prepare(task));
	ca_table_collect_pins(task);
	answer(task, "-----BEGIN CERTIFICATE-----");
	assert_int_equal(task->work.error.code, SCEP_BAD_RESPONSE);
}

static void a_key_is_on_disk_before_it_is_in_the_record(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_MAKE_KEY);

	assert_int_equal(device_files(d), 0);
	task->step->compose(task);
	assert_int_equal(task->work.error.code, SCEP_OK);
	assert_int_equal(device_files(d), 1);
	assert_int_equal(strlen(task->work.next->transaction_id), 64);
	assert_non_null(
	    strstr((char *)task->work.next->signer.data, "BEGIN CERTIFICATE"));
	assert_string_equal(task->record->transaction_id, "");
}

static void pkcs_req_is_a_message_of_its_transaction(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);

	task->step->compose(task);
	assert_int_equal(task->work.error.code, SCEP_OK);
	assert_string_equal(task->work.url,
			    "http://ca.example/scep?operation=PKIOperation");
	answer_of_ca(d, task);
	assert_string_equal(d->ca.message_type, "19");
	assert_string_equal(d->ca.transaction_id, task->record->transaction_id);
	assert_memory_equal(d->ca.nonce, task->work.sender_nonce,
			    RFC8894_NONCE_LENGTH);
	assert_int_equal(task->work.error.code, SCEP_OK);
	assert_int_equal(task->work.pki_status, RFC8894_SUCCESS);
	assert_true(task->work.next->issued.length > 0);
}

static void a_message_repeated_has_a_nonce_of_its_own(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);
	unsigned char nonce[RFC8894_NONCE_LENGTH];

	task->step->compose(task);
	memcpy(nonce, task->work.sender_nonce, sizeof(nonce));
	assert_true(task_prepare(task));
	task->step->compose(task);
	assert_memory_not_equal(nonce, task->work.sender_nonce, sizeof(nonce));
}

static void pending_leads_to_a_poll(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);

	scripted_ca_plan(&d->ca, CA_PKI, CA_PENDING, 0);
	task->step->compose(task);
	answer_of_ca(d, task);
	assert_int_equal(task->work.error.code, SCEP_DEFERRED);
	assert_int_equal(task->work.next->step, STEP_POLL);
	assert_true(task->work.next->was_pending);
	assert_int_equal(task->record->step, STEP_REQUEST);
}

static void cert_poll_names_the_same_transaction(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);
	char transaction_id[SCEP_TEXT64];

	strcpy(transaction_id, task->record->transaction_id);
	task->step = steps_find(STEP_POLL);
	task->step->compose(task);
	assert_int_equal(task->work.error.code, SCEP_OK);
	answer_of_ca(d, task);
	assert_string_equal(d->ca.message_type, "20");
	assert_string_equal(d->ca.transaction_id, transaction_id);
	assert_int_equal(task->work.pki_status, RFC8894_SUCCESS);
}

static void a_failure_is_told_with_its_reason(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);

	scripted_ca_plan(&d->ca, CA_PKI, CA_FAILURE, 3);
	task->step->compose(task);
	answer_of_ca(d, task);
	assert_int_equal(task->work.error.code, SCEP_SCEP_ERROR);
	assert_int_equal(task->work.error.fail_info, SCEP_FAIL_BAD_TIME);
	assert_string_equal(task->work.error.fail_info_text,
			    "the test wants it so");
	assert_int_equal(task->work.next->issued.length, 0);
}

static void a_reply_to_another_message_is_not_used(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);

	task->step->compose(task);
	task->work.sender_nonce[0] ^= 1;
	answer_of_ca(d, task);
	assert_int_equal(task->work.error.code, SCEP_BAD_RESPONSE);
	assert_int_equal(task->work.next->issued.length, 0);
}

static void without_its_key_no_message_is_made(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REQUEST);
	char name[80];

	strcpy(name, task->record->file_id);
	strcat(name, ".pem");
	assert_int_equal(files_remove(d->state.keys_folder, name, &d->error),
			 SCEP_OK);
	task->step->compose(task);
	assert_int_not_equal(task->work.error.code, SCEP_OK);
	assert_int_equal(task->work.message.length, 0);
	assert_null(task->work.url);
}

static void the_certificate_is_on_disk_before_it_is_a_row(void **state)
{
	struct device *d = *state;
	struct task *task = stop_before(d, STEP_REGISTER);

	assert_int_equal(device_files(d), 1);
	task->step->compose(task);
	assert_int_equal(task->work.error.code, SCEP_OK);
	assert_int_equal(device_files(d), 2);
	assert_string_equal(task->work.key.subject, "CN=printer.example");
	assert_int_equal(task->work.key.algorithm, SCEP_KEY_RSA);
	assert_int_equal(task->work.key.length, 1024);
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
