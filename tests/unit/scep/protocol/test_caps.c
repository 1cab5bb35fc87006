/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/server.h"
#include "scep/protocol/caps.h"
#include "scep/protocol/rfc8894.h"

#define ALL_CAPS 0x1ffu

static uint32_t read_text(const char *text)
{
	return caps_read(text, strlen(text));
}

static void all_nine_keywords_are_read(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("AES\nDES3\nGetNextCACert\nPOSTPKIOperation\nRenewal\n"
		      "SHA-1\nSHA-256\nSHA-512\nSCEPStandard\n"),
	    ALL_CAPS);
}

static void line_ends_blanks_and_case_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(read_text("AES\r\nSHA-256\r\n"),
			 SCEP_CAP_AES | SCEP_CAP_SHA256);
	assert_int_equal(read_text("\r\n\n  aes \t\n\n\tsha-256"),
			 SCEP_CAP_AES | SCEP_CAP_SHA256);
	assert_int_equal(read_text("postpkioperation"), SCEP_CAP_POST);
	assert_int_equal(read_text("\xef\xbb\xbf"
				   "AES\n"),
			 SCEP_CAP_AES);
}

static void unknown_words_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(read_text("AES-GCM\nAE\nAESS\nRenewal\nUpdate\n"),
			 SCEP_CAP_RENEWAL);
}

static void an_empty_answer_gives_none(void **state)
{
	(void)state;
	assert_int_equal(caps_read(NULL, 0), 0);
	assert_int_equal(read_text(" \r\n"), 0);
}

static void a_web_page_gives_none(void **state)
{
	(void)state;
	assert_int_equal(read_text("<html> AES SHA-256 </html>"), 0);
	assert_int_equal(read_text("\n <!DOCTYPE html>\nAES\n"), 0);
}

static void binary_data_gives_none(void **state)
{
	(void)state;
	assert_int_equal(caps_read("AES\n\0SHA-256\n", 13), 0);
	assert_int_equal(read_text("AES\n\x01\n"), 0);
}

static void nothing_is_read_beyond_the_limit(void **state)
{
	char text[LIMIT_CA_CAPS + 8];

	(void)state;
	memset(text, '\n', sizeof(text));
	memcpy(text + LIMIT_CA_CAPS + 1, "AES\n", 4);
	memcpy(text, "Renewal", 7);
	assert_int_equal(caps_read(text, sizeof(text)), SCEP_CAP_RENEWAL);
}

/* One row: what is offered, set and allowed, and what follows. */
struct choice_row {
	uint32_t caps;
	uint32_t setting; /* enum scep_cipher */
	uint32_t allow_legacy;
	enum scep_cipher cipher;
	const char *digest;
};

static const struct choice_row choice_rows[] = {
    {0, SCEP_CIPHER_AUTO, 0, SCEP_CIPHER_AES128, "SHA256"},
    {0, SCEP_CIPHER_AUTO, 7, SCEP_CIPHER_AES128, "SHA256"},
    {ALL_CAPS, SCEP_CIPHER_AUTO, 7, SCEP_CIPHER_AES128, "SHA256"},
    {SCEP_CAP_STANDARD | SCEP_CAP_DES3 | SCEP_CAP_SHA1, SCEP_CIPHER_AUTO, 7,
     SCEP_CIPHER_AES128, "SHA256"},
    {SCEP_CAP_DES3 | SCEP_CAP_SHA1, SCEP_CIPHER_AUTO, 0, SCEP_CIPHER_AES128,
     "SHA256"},
    {SCEP_CAP_DES3 | SCEP_CAP_SHA1, SCEP_CIPHER_AUTO, SCEP_LEGACY_SHA1,
     SCEP_CIPHER_AES128, "SHA1"},
    {SCEP_CAP_DES3 | SCEP_CAP_SHA1, SCEP_CIPHER_AUTO, SCEP_LEGACY_3DES,
     SCEP_CIPHER_3DES, "SHA256"},
    {SCEP_CAP_DES3 | SCEP_CAP_AES, SCEP_CIPHER_AUTO, SCEP_LEGACY_3DES,
     SCEP_CIPHER_AES128, "SHA256"},
    {SCEP_CAP_DES3, SCEP_CIPHER_AUTO, SCEP_LEGACY_DES, SCEP_CIPHER_AES128,
     "SHA256"},
    {SCEP_CAP_AES, SCEP_CIPHER_3DES, SCEP_LEGACY_3DES, SCEP_CIPHER_3DES,
     "SHA256"},
    {SCEP_CAP_DES3, SCEP_CIPHER_AES256, SCEP_LEGACY_3DES, SCEP_CIPHER_AES256,
     "SHA256"},
    {SCEP_CAP_DES3, SCEP_CIPHER_AES128, SCEP_LEGACY_3DES, SCEP_CIPHER_AES128,
     "SHA256"},
    {SCEP_CAP_SHA512 | SCEP_CAP_SHA1, SCEP_CIPHER_AUTO, SCEP_LEGACY_SHA1,
     SCEP_CIPHER_AES128, "SHA512"},
    {SCEP_CAP_SHA512 | SCEP_CAP_SHA256, SCEP_CIPHER_AUTO, 0, SCEP_CIPHER_AES128,
     "SHA256"},
};

static void weak_algorithms_need_a_weak_server_and_permission(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(choice_rows) / sizeof(choice_rows[0]);
	     i++) {
		const struct choice_row *row = &choice_rows[i];
		struct scep_server server = {.cipher = row->setting,
					     .http_method = SCEP_HTTP_AUTO};
		struct caps_choice choice;

		assert_int_equal(caps_choose(row->caps, &server,
					     row->allow_legacy, &choice, NULL),
				 SCEP_OK);
		if (choice.cipher != row->cipher ||
		    strcmp(choice.digest, row->digest) != 0)
			fail_msg("row %zu gives cipher %d and %s", i,
				 (int)choice.cipher, choice.digest);
	}
}

static void triple_des_is_refused_where_it_is_not_allowed(void **state)
{
	struct scep_server server = {.cipher = SCEP_CIPHER_3DES,
				     .http_method = SCEP_HTTP_AUTO};
	struct caps_choice choice;
	struct scep_error error;

	(void)state;
	assert_int_equal(caps_choose(ALL_CAPS, &server,
				     SCEP_LEGACY_SHA1 | SCEP_LEGACY_DES,
				     &choice, &error),
			 SCEP_CONFIG_ERROR);
	assert_non_null(strstr(error.text, "3DES"));
}

static void require_standard_refuses_a_server_without_it(void **state)
{
	struct scep_server server = {.cipher = SCEP_CIPHER_AUTO,
				     .http_method = SCEP_HTTP_AUTO,
				     .require_standard = 1};
	struct caps_choice choice;
	struct scep_error error;

	(void)state;
	assert_int_equal(caps_choose(ALL_CAPS & ~(uint32_t)SCEP_CAP_STANDARD,
				     &server, 0, &choice, &error),
			 SCEP_BAD_RESPONSE);
	assert_non_null(strstr(error.text, "SCEPStandard"));
	assert_int_equal(
	    caps_choose(SCEP_CAP_STANDARD, &server, 0, &choice, &error),
	    SCEP_OK);
}

static bool chooses_post(uint32_t caps, enum scep_http_method method)
{
	struct scep_server server = {.cipher = SCEP_CIPHER_AUTO,
				     .http_method = method};
	struct caps_choice choice = {.is_post = false};

	assert_int_equal(caps_choose(caps, &server, 0, &choice, NULL), SCEP_OK);
	return choice.is_post;
}

static void post_follows_the_setting_or_else_the_offer(void **state)
{
	(void)state;
	assert_false(chooses_post(0, SCEP_HTTP_AUTO));
	assert_true(chooses_post(SCEP_CAP_POST, SCEP_HTTP_AUTO));
	assert_true(chooses_post(SCEP_CAP_STANDARD, SCEP_HTTP_AUTO));
	assert_true(chooses_post(0, SCEP_HTTP_POST));
	assert_false(chooses_post(ALL_CAPS, SCEP_HTTP_GET));
}

static void renewal_is_offered_by_its_keyword_only(void **state)
{
	struct scep_server server = {.cipher = SCEP_CIPHER_AUTO,
				     .http_method = SCEP_HTTP_AUTO};
	struct caps_choice choice;

	(void)state;
	caps_choose(SCEP_CAP_STANDARD, &server, 0, &choice, NULL);
	assert_false(choice.has_renewal);
	caps_choose(SCEP_CAP_RENEWAL, &server, 0, &choice, NULL);
	assert_true(choice.has_renewal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_nine_keywords_are_read),
	    cmocka_unit_test(line_ends_blanks_and_case_do_not_matter),
	    cmocka_unit_test(unknown_words_are_passed_over),
	    cmocka_unit_test(an_empty_answer_gives_none),
	    cmocka_unit_test(a_web_page_gives_none),
	    cmocka_unit_test(binary_data_gives_none),
	    cmocka_unit_test(nothing_is_read_beyond_the_limit),
	    cmocka_unit_test(weak_algorithms_need_a_weak_server_and_permission),
	    cmocka_unit_test(triple_des_is_refused_where_it_is_not_allowed),
	    cmocka_unit_test(require_standard_refuses_a_server_without_it),
	    cmocka_unit_test(post_follows_the_setting_or_else_the_offer),
	    cmocka_unit_test(renewal_is_offered_by_its_keyword_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
