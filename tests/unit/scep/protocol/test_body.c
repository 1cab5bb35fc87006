/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a body before it is parsed: where its DER ends, and what it is if it
 * is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "scep/protocol/body.h"

/* A SEQUENCE of an OCTET STRING that ends as white space does; in DER, and with
 * indefinite length. */
#define DER	   "0\x04\x04\x02\r\n"
#define INDEFINITE "0\x80\x04\x02\r\n\0\0"

static void assert_trimmed(const char *body, size_t length, size_t expected)
{
	body_trim((const unsigned char *)body, &length);
	assert_int_equal(length, expected);
	assert_int_equal(ERR_peek_error(), 0);
}

#define ASSERT_TRIMMED(body, expected)                                         \
	assert_trimmed(body, sizeof(body) - 1, (expected))

static void white_space_behind_der_is_taken_off(void **state)
{
	(void)state;
	ASSERT_TRIMMED(DER, 6);
	ASSERT_TRIMMED(DER "\r\n", 6);
	ASSERT_TRIMMED(DER " \t\n\r\n   ", 6);
	ASSERT_TRIMMED(INDEFINITE, 8);
	ASSERT_TRIMMED(INDEFINITE "\n", 8);
}

static void anything_else_stays(void **state)
{
	(void)state;
	ASSERT_TRIMMED(DER "\r\n.", 9);
	ASSERT_TRIMMED(DER "\0", 7);
	ASSERT_TRIMMED(DER "\f", 7);
	ASSERT_TRIMMED(DER DER, 12);
	ASSERT_TRIMMED("text \r\n", 7);
	ASSERT_TRIMMED("0\x09\x04\x02\r\n", 6);
	ASSERT_TRIMMED("0", 1);
	ASSERT_TRIMMED("", 0);
}

static void der_that_is_cut_off_is_told(void **state)
{
	struct scep_error error = {.text = ""};

	(void)state;
	assert_int_equal(body_check_end("0\x82\x07\x08\x02", 5, "it", &error),
			 SCEP_BAD_RESPONSE);
	assert_string_equal(error.text, "it ends after 5 of 1804 octets");
	assert_int_equal(body_check_end(DER, 6, "it", &error), SCEP_OK);
	assert_int_equal(body_check_end(DER "\n", 7, "it", &error), SCEP_OK);
	assert_int_equal(body_check_end(INDEFINITE, 8, "it", &error), SCEP_OK);
	assert_int_equal(body_check_end("0", 1, "it", &error), SCEP_OK);
	assert_int_equal(ERR_peek_error(), 0);
}

static void each_kind_of_body_has_its_words(void **state)
{
	static const struct {
		const char *body;
		const char *kind;
	} rows[] = {
	    {"", "an empty answer"},
	    {" \r\n", "an empty answer"},
	    {"<!DOCTYPE html>\n<html>", "an HTML page"},
	    {"\n <HTML><body>", "an HTML page"},
	    {"\xef\xbb\xbf<html>", "an HTML page"},
	    {"<h1>Log in</h1>", "an HTML page"},
	    {"<?xml version=\"1.0\"?><!DOCTYPE html><html>", "an HTML page"},
	    {"<?xml version=\"1.0\"?><fault/>", "an XML document"},
	    {"{\"error\": 401}", "JSON"},
	    {" [1]", "JSON"},
	    {"-----BEGIN PKCS7-----\nMII", "PEM text"},
	    {"subject=x\n-----BEGIN CERTIFICATE-----\n", "PEM text"},
	    {"\x01\x02\x03", "data that is neither DER nor text"},
	    {"line 1\r\nline 2", "the text \"line 1\" and more"},
	    {" no such profile\r\n", "the text \"no such profile\""},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
	     "the text "
	     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "aaaa\" and more"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scep_error error = {.text = ""};
		char expected[256];

		snprintf(expected, sizeof(expected),
			 "the server sent %s, not a CertRep; is the URL right?",
			 rows[i].kind);
		assert_int_equal(body_refuse(rows[i].body, strlen(rows[i].body),
					     "a CertRep", &error),
				 SCEP_BAD_RESPONSE);
		assert_string_equal(error.text, expected);
	}
}

static void a_length_comes_with_its_limit(void **state)
{
	struct scep_error error = {.text = ""};

	(void)state;
	assert_int_equal(body_refuse_length("the reply", 300, 256, &error),
			 SCEP_BAD_RESPONSE);
	assert_string_equal(error.text, "the reply is too long: 300 octets, "
					"and 256 is the limit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(white_space_behind_der_is_taken_off),
	    cmocka_unit_test(anything_else_stays),
	    cmocka_unit_test(der_that_is_cut_off_is_told),
	    cmocka_unit_test(each_kind_of_body_has_its_words),
	    cmocka_unit_test(a_length_comes_with_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
