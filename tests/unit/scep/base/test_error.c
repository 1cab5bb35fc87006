/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: the words of the manual, the retry table, the texts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/base/error.h"

#define LAST_CODE SCEP_IN_PROGRESS

static struct scep_error filled(enum scep_code code, uint32_t http_status,
				uint32_t fail_info, const char *said)
{
	struct scep_error error;

	error_set(&error, code, "the cause");
	error.http_status = http_status;
	error.fail_info = fail_info;
	strcpy(error.fail_info_text, said);
	return error;
}

static void assert_words(struct scep_error error, const char *expected)
{
	char text[SCEP_TEXT255];

	error_words(&error, text);
	assert_string_equal(text, expected);
}

static void the_manuals_words_come_first(void **state)
{
	const uint32_t none = SCEP_FAIL_NONE;

	(void)state;
	assert_words(filled(SCEP_DEFERRED, 0, none, ""), "Deferred: the cause");
	assert_words(filled(SCEP_REGISTRATION_LIMIT, 0, none, ""),
		     "Key and Certificate Registration Limit Error: the cause");
	assert_words(filled(SCEP_COMM_ERROR, 0, none, ""),
		     "Communication Error (TOP ERROR): the cause");
	assert_words(filled(SCEP_HTTP_ERROR, 503, none, ""),
		     "Communication Error (TOP ERROR 503): the cause");
	assert_words(filled(SCEP_BAD_RESPONSE, 0, none, ""),
		     "Faulty Response Error: the cause");
}

static void a_failure_names_its_fail_info(void **state)
{
	(void)state;
	assert_words(filled(SCEP_SCEP_ERROR, 0, 2, ""),
		     "Communication Error (SCEP ERROR Fail Info 2): "
		     "badRequest");
	assert_words(filled(SCEP_SCEP_ERROR, 0, 0, "use AES"),
		     "Communication Error (SCEP ERROR Fail Info 0): "
		     "badAlg: use AES");
	assert_words(filled(SCEP_SCEP_ERROR, 0, SCEP_FAIL_OTHER, ""),
		     "Communication Error (SCEP ERROR): unknown failInfo");
	assert_words(filled(SCEP_SCEP_ERROR, 0, SCEP_FAIL_NONE, "no"),
		     "Communication Error (SCEP ERROR): no");
	assert_words(filled(SCEP_SCEP_ERROR, 0, SCEP_FAIL_NONE, ""),
		     "Communication Error (SCEP ERROR): the cause");
}

static void no_error_has_no_words_and_no_cause_no_colon(void **state)
{
	struct scep_error error;

	(void)state;
	error_init(&error);
	assert_words(error, "");
	error_set(&error, SCEP_NONE, "%s", "");
	assert_words(error, "");
	error_set(&error, SCEP_CANCELLED, "%s", "");
	assert_words(error, "Cancelled");
}

static void every_code_has_words(void **state)
{
	struct scep_error error;
	char text[SCEP_TEXT255];

	(void)state;
	for (int code = SCEP_NONE; code <= LAST_CODE; code++) {
		error_set(&error, code, "%s", "");
		error_words(&error, text);
		assert_int_equal(text[0] == '\0', code == SCEP_NONE);
	}
	error_set(&error, (enum scep_code)99, "%s", "");
	error_words(&error, text);
	assert_string_equal(text, "");
}

static void only_deferral_and_communication_errors_are_polled(void **state)
{
	(void)state;
	for (int code = SCEP_OK; code <= LAST_CODE; code++)
		assert_int_equal(error_is_polled(code),
				 code == SCEP_DEFERRED ||
				     code == SCEP_COMM_ERROR ||
				     code == SCEP_HTTP_ERROR);
}

static void what_is_polled_and_the_poll_limit_can_be_resumed(void **state)
{
	(void)state;
	for (int code = SCEP_OK; code <= LAST_CODE; code++)
		assert_int_equal(error_is_resumable(code),
				 error_is_polled(code) ||
				     code == SCEP_POLL_LIMIT);
}

static void short_memory_is_a_fault_of_our_own(void **state)
{
	struct scep_error error = filled(SCEP_SCEP_ERROR, 503, 1, "said");

	(void)state;
	assert_int_equal(error_set_memory(&error), SCEP_NO_MEMORY);
	assert_int_equal(error.code, SCEP_NO_MEMORY);
	assert_int_equal(error.http_status, 0);
	assert_int_equal(error.fail_info, SCEP_FAIL_NONE);
	assert_words(error, "Storage Error: memory is short");
	assert_int_equal(error_set_memory(NULL), SCEP_NO_MEMORY);
}

static void a_limit_of_the_system_is_named_with_what_mends_it(void **state)
{
	(void)state;
	assert_non_null(strstr(error_of_system(EMFILE), "LimitNOFILE"));
	assert_non_null(strstr(error_of_system(ENFILE), "fs.file-max"));
	assert_string_equal(error_of_system(EACCES), "Permission denied");
}

static void the_disk_and_memory_are_our_own(void **state)
{
	(void)state;
	for (int code = SCEP_OK; code <= LAST_CODE; code++)
		assert_int_equal(error_is_own(code),
				 code == SCEP_STORAGE_ERROR ||
				     code == SCEP_NO_MEMORY);
}

static void every_code_is_shown_as_a_detail_of_the_mib(void **state)
{
	(void)state;
	for (int code = SCEP_OK; code <= LAST_CODE; code++)
		assert_int_equal(error_detail(code), code);
	assert_int_equal(error_detail(SCEP_NO_MEMORY), SCEP_STORAGE_ERROR);
}

static void a_long_text_is_cut_at_a_character(void **state)
{
	struct scep_error error;
	char text[SCEP_TEXT255];
	char longest[400];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[0] = 'b'; /* so that no character ends at octet 255 */
	for (size_t at = 1; at + 2 < sizeof(longest); at += 2)
		memcpy(longest + at, "\xc3\xa9", 2);
	longest[sizeof(longest) - 1] = '\0';
	error_set(&error, SCEP_COMM_ERROR, "x%s", longest);
	assert_true(strlen(error.text) >= 253);
	error_words(&error, text);
	assert_true(strlen(text) >= 253);
	assert_memory_equal(text + strlen(text) - 2, "\xc3\xa9", 2);
	assert_null(strchr(text, '?'));
}

/* Names are long, and the reason stands behind them. */
static void the_reason_is_not_cut_off(void **state)
{
	struct scep_error error;
	char text[SCEP_TEXT255], name[SCEP_TEXT255];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	error_set(&error, SCEP_CA_NOT_TRUSTED, "the RA %s: %s", name,
		  "it is revoked");
	error_words(&error, text);
	assert_int_equal(strlen(text), 255);
	assert_memory_equal(text, "CA Certificate Not Trusted: the RA nnn", 38);
	assert_string_equal(text + 255 - 15, ": it is revoked");
	/* A server says first what matters. */
	memset(error.fail_info_text, 'w', sizeof(error.fail_info_text) - 1);
	error.fail_info_text[0] = 'v';
	error.code = SCEP_SCEP_ERROR;
	error.fail_info = 2;
	error_words(&error, text);
	assert_int_equal(strlen(text), 255);
	assert_null(strstr(text, "..."));
}

static void control_characters_do_not_get_into_a_text(void **state)
{
	struct scep_error error;

	(void)state;
	error_set(&error, SCEP_KEY_ERROR, "a\nb\x1b[0m\xff");
	assert_string_equal(error.text, "a?b?[0m?");
}

static void setting_forgets_what_was_before(void **state)
{
	struct scep_error error = filled(SCEP_SCEP_ERROR, 500, 1, "said");

	(void)state;
	assert_int_equal(
	    error_set(&error, SCEP_KEY_ERROR, "%s anew", error.fail_info_text),
	    SCEP_KEY_ERROR);
	assert_int_equal(error.http_status, 0);
	assert_int_equal(error.fail_info, SCEP_FAIL_NONE);
	assert_string_equal(error.fail_info_text, "");
	assert_string_equal(error.text, "said anew");
	assert_int_equal(error_set(NULL, SCEP_KEY_ERROR, "x"), SCEP_KEY_ERROR);
}

static void an_http_status_is_kept_and_named(void **state)
{
	struct scep_error error;

	(void)state;
	assert_int_equal(error_set_http(&error, 404), SCEP_HTTP_ERROR);
	assert_int_equal(error.http_status, 404);
	assert_words(error, "Communication Error (TOP ERROR 404): Not Found");
	error_set_http(&error, 418);
	assert_string_equal(error.text, "HTTP status 418");
	error_set_http(&error, 700);
	assert_int_equal(error.http_status, 0);
	assert_int_equal(error_set_http(NULL, 404), SCEP_HTTP_ERROR);
}

static void wrapping_puts_the_context_before_and_keeps_the_rest(void **state)
{
	struct scep_error error = filled(SCEP_HTTP_ERROR, 503, 254, "");

	(void)state;
	assert_int_equal(error_wrap(&error, "GetCACaps"), SCEP_HTTP_ERROR);
	assert_string_equal(error.text, "GetCACaps: the cause");
	assert_int_equal(error.http_status, 503);
	assert_int_not_equal(error_wrap(NULL, "x"), SCEP_OK);
}

static void openssls_reason_is_told_and_its_queue_emptied(void **state)
{
	static const char pem[] = "no pem at all\n";
	struct scep_error error;
	BIO *bio = BIO_new_mem_buf(pem, -1);

	(void)state;
	ERR_clear_error();
	assert_null(PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL));
	BIO_free(bio);
	assert_int_not_equal(ERR_peek_error(), 0);
	assert_int_equal(error_set_openssl(&error, SCEP_KEY_ERROR, "key %d", 7),
			 SCEP_KEY_ERROR);
	assert_memory_equal(error.text, "key 7: ", 7);
	assert_true(strlen(error.text) > 7);
	assert_int_equal(ERR_peek_error(), 0);
	error_set_openssl(&error, SCEP_KEY_ERROR, "alone");
	assert_string_equal(error.text, "alone");
}

static void an_allocation_that_failed_in_openssl_is_short_memory(void **state)
{
	struct scep_error error;

	(void)state;
	ERR_clear_error();
	ERR_raise(ERR_LIB_ASN1, ERR_R_NESTED_ASN1_ERROR);
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	ERR_raise(ERR_LIB_CMS, ERR_R_NESTED_ASN1_ERROR);
	assert_int_equal(error_set_openssl(&error, SCEP_BAD_RESPONSE, "reply"),
			 SCEP_NO_MEMORY);
	assert_string_equal(error.text, "memory is short");
	assert_int_equal(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_SYS, ENOMEM);
	assert_int_equal(error_set_openssl(&error, SCEP_KEY_ERROR, "key"),
			 SCEP_NO_MEMORY);
	ERR_raise(ERR_LIB_SYS, ENOENT);
	assert_int_equal(error_set_openssl(&error, SCEP_KEY_ERROR, "key"),
			 SCEP_KEY_ERROR);
	assert_string_equal(error.text, "key: No such file or directory");
}

static void
the_end_of_openssls_calls_keeps_all_codes_but_for_memory(void **state)
{
	struct scep_error error;

	(void)state;
	ERR_clear_error();
	error_set(&error, SCEP_BAD_RESPONSE, "the cause");
	ERR_raise(ERR_LIB_ASN1, ERR_R_NESTED_ASN1_ERROR);
	assert_int_equal(error_end_openssl(SCEP_BAD_RESPONSE, &error),
			 SCEP_BAD_RESPONSE);
	assert_string_equal(error.text, "the cause");
	assert_int_equal(ERR_peek_error(), 0);
	assert_int_equal(error_end_openssl(SCEP_OK, NULL), SCEP_OK);
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	assert_int_equal(error_end_openssl(SCEP_OK, &error), SCEP_NO_MEMORY);
	assert_int_equal(error.code, SCEP_NO_MEMORY);
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	assert_int_equal(error_end_openssl(SCEP_BAD_RESPONSE, NULL),
			 SCEP_NO_MEMORY);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_allocation_that_failed_in_openssl_is_short_memory),
	    cmocka_unit_test(
		the_end_of_openssls_calls_keeps_all_codes_but_for_memory),
	    cmocka_unit_test(the_manuals_words_come_first),
	    cmocka_unit_test(a_failure_names_its_fail_info),
	    cmocka_unit_test(no_error_has_no_words_and_no_cause_no_colon),
	    cmocka_unit_test(every_code_has_words),
	    cmocka_unit_test(only_deferral_and_communication_errors_are_polled),
	    cmocka_unit_test(what_is_polled_and_the_poll_limit_can_be_resumed),
	    cmocka_unit_test(short_memory_is_a_fault_of_our_own),
	    cmocka_unit_test(the_disk_and_memory_are_our_own),
	    cmocka_unit_test(a_limit_of_the_system_is_named_with_what_mends_it),
	    cmocka_unit_test(every_code_is_shown_as_a_detail_of_the_mib),
	    cmocka_unit_test(a_long_text_is_cut_at_a_character),
	    cmocka_unit_test(the_reason_is_not_cut_off),
	    cmocka_unit_test(control_characters_do_not_get_into_a_text),
	    cmocka_unit_test(setting_forgets_what_was_before),
	    cmocka_unit_test(an_http_status_is_kept_and_named),
	    cmocka_unit_test(
		wrapping_puts_the_context_before_and_keeps_the_rest),
	    cmocka_unit_test(openssls_reason_is_told_and_its_queue_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
