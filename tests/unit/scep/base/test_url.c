/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of servers: which are valid, and those of the operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scep/base/url.h"

static const char *const good_urls[] = {
    "http://ca.example",
    "HTTPS://CA.example/scep",
    "http://192.0.2.1:8080/cgi-bin/pkiclient.exe",
    "http://[2001:db8::1]/scep",
    "http://[::1]:8080",
    "http://ca_1.example./a/..x/.../.?x=%2F&y=../..",
    "http://h:65535/?",
    "http://h/%41b;c=d,e!f'(g)*$&",
    "http://h?query",
};

static const char *const bad_urls[] = {
    "",
    "ca.example/scep",
    "ftp://ca.example/",
    "file:///etc/passwd",
    "http:/ca.example",
    "http://",
    "http:///path",
    "http://:80/",
    "http://h:/",
    "http://h:0/",
    "http://h:65536/",
    "http://h:99999999999999999999/",
    "http://h:8a/",
    "http://user@h/",
    "http://user:secret@h/",
    "http://h/#fragment",
    "http://h#",
    "http://h/a b",
    "http://h/a\r\nX: y",
    "http://h/\x7f",
    "http://h\xc3\xa9/",
    "http://h/%4",
    "http://h/%zz",
    "http://h/<x>",
    "http://h\\@g/",
    "http://[::1",
    "http://[::1]x/",
    "http://[::1]x:80/",
    "http://[fe80::1%25eth0]/",
    "http://[127.0.0.1]/",
    "http://[]/",
    "http://h%41/",
    "http://a..b/",
    "http://.h/",
    "http://-h/",
    "http://h/..",
    "http://h/a/../b",
    "http://h/a/%2e%2E/b",
    "http://h/.%2e?x",
};

static void urls_with_a_host_are_valid(void **state)
{
	const char *reason = "unset";

	(void)state;
	for (size_t i = 0; i < sizeof(good_urls) / sizeof(*good_urls); i++) {
		if (!url_is_valid(good_urls[i], &reason))
			fail_msg("%s: %s", good_urls[i], reason);
		assert_null(reason);
		assert_true(url_is_valid(good_urls[i], NULL));
	}
}

static void what_is_no_url_of_a_server_is_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_urls) / sizeof(*bad_urls); i++) {
		const char *reason = NULL;

		if (url_is_valid(bad_urls[i], &reason))
			fail_msg("%s is taken", bad_urls[i]);
		assert_non_null(reason);
		assert_false(url_is_valid(bad_urls[i], NULL));
		assert_null(url_operation(bad_urls[i], 0, "GetCACaps", NULL));
		assert_null(url_origin(bad_urls[i]));
	}
}

static void a_host_beyond_253_octets_is_refused(void **state)
{
	char url[300] = "http://";

	(void)state;
	memset(url + 7, 'a', 253);
	assert_true(url_is_valid(url, NULL));
	url[7 + 253] = 'a';
	assert_false(url_is_valid(url, NULL));
}

static void assert_operation(const char *url, uint32_t port,
			     const char *message, const char *expected)
{
	char *built = url_operation(url, port, "GetCACert", message);

	assert_non_null(built);
	assert_string_equal(built, expected);
	assert_true(url_is_valid(built, NULL));
	free(built);
}

static void an_operation_is_added_to_the_path(void **state)
{
	(void)state;
	assert_operation("http://h/scep", 0, NULL,
			 "http://h/scep?operation=GetCACert");
	assert_operation("HTTP://H/", 0, "", "http://H/?operation=GetCACert");
	assert_operation("https://[::1]:8443/s", 0, NULL,
			 "https://[::1]:8443/s?operation=GetCACert");
}

static void without_a_path_it_is_that_of_the_rfc(void **state)
{
	(void)state;
	assert_operation("http://h", 0, NULL,
			 "http://h/cgi-bin/pkiclient.exe?operation=GetCACert");
	assert_operation(
	    "http://h?a=b", 0, NULL,
	    "http://h/cgi-bin/pkiclient.exe?a=b&operation=GetCACert");
}

static void a_query_is_kept(void **state)
{
	(void)state;
	assert_operation("http://h/s?x=1", 0, NULL,
			 "http://h/s?x=1&operation=GetCACert");
	assert_operation("http://h/s?x=1&", 0, NULL,
			 "http://h/s?x=1&operation=GetCACert");
	assert_operation("http://h/s?", 0, NULL,
			 "http://h/s?operation=GetCACert");
}

static void a_port_takes_the_place_of_the_urls_own(void **state)
{
	(void)state;
	assert_operation("http://h:80/s", 8080, NULL,
			 "http://h:8080/s?operation=GetCACert");
	assert_operation("http://[::1]/s", 81, NULL,
			 "http://[::1]:81/s?operation=GetCACert");
}

static void a_message_is_escaped_and_an_empty_one_left_out(void **state)
{
	(void)state;
	assert_operation("http://h/s", 0, "My CA&x=1#\xc3\xa9",
			 "http://h/s?operation=GetCACert&message="
			 "My%20CA%26x%3D1%23%C3%A9");
	assert_operation("http://h/s", 0, "a+b/c=",
			 "http://h/s?operation=GetCACert&message=a%2Bb%2Fc%3D");
	assert_operation("http://h/s", 0, "", "http://h/s?operation=GetCACert");
}

static void assert_origin(const char *url, const char *expected)
{
	char *origin = url_origin(url);

	assert_non_null(origin);
	assert_string_equal(origin, expected);
	free(origin);
}

static void an_origin_is_lower_case_and_has_its_port(void **state)
{
	(void)state;
	assert_origin("HTTP://CA.Example/X?y", "http://ca.example:80");
	assert_origin("https://h", "https://h:443");
	assert_origin("http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81");
}

static void assert_base64(const char *data, size_t length, const char *text)
{
	char *built = url_base64((const unsigned char *)data, length);

	assert_non_null(built);
	assert_string_equal(built, text);
	free(built);
}

static void base64_is_that_of_rfc_4648_section_4(void **state)
{
	char data[300];
	char *text;

	(void)state;
	assert_base64("", 0, "");
	assert_base64("f", 1, "Zg==");
	assert_base64("fo", 2, "Zm8=");
	assert_base64("foo", 3, "Zm9v");
	assert_base64("\xfb\xff\xfe", 3, "+//+");
	memset(data, 'x', sizeof(data));
	text = url_base64((unsigned char *)data, sizeof(data));
	assert_int_equal(strlen(text), 400);
	assert_null(strchr(text, '\n'));
	free(text);
}

static void the_url_of_a_server_has_no_operation(void **state)
{
	static const char *const good[] = {
	    "http://h/scep?profile=x",	 "http://h/scep?",
	    "http://h/scep?a=operation", "http://h/?xoperation=1&&messages=",
	    "http://h/operation=x",
	};
	static const char *const bad[] = {
	    "http://h/scep?operation=GetCACert&message=x",
	    "http://h/scep?operation",
	    "http://h/scep?profile=x&message=",
	    "http://h/scep?%6fperatio%6E=x",
	    "http://h/scep?Operation=GetCACaps",
	};
	const char *reason;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(url_is_server(good[i], &reason));
		assert_null(reason);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_true(url_is_valid(bad[i], NULL));
		assert_false(url_is_server(bad[i], &reason));
		assert_non_null(strstr(reason, "operation="));
	}
	assert_false(url_is_server("ftp://h/", &reason));
	assert_non_null(reason);
}

static void assert_host(const char *url, const char *expected)
{
	char *host = url_host(url);

	assert_non_null(host);
	assert_string_equal(host, expected);
	free(host);
}

static void a_host_is_without_brackets_port_and_last_dot(void **state)
{
	(void)state;
	assert_host("http://CA.example.:80/x", "CA.example");
	assert_host("https://[2001:db8::1]:8443", "2001:db8::1");
	assert_host("http://192.0.2.1?x", "192.0.2.1");
	assert_null(url_host("ftp://h/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_with_a_host_are_valid),
	    cmocka_unit_test(
		what_is_no_url_of_a_server_is_refused_with_a_reason),
	    cmocka_unit_test(a_host_beyond_253_octets_is_refused),
	    cmocka_unit_test(the_url_of_a_server_has_no_operation),
	    cmocka_unit_test(a_host_is_without_brackets_port_and_last_dot),
	    cmocka_unit_test(an_operation_is_added_to_the_path),
	    cmocka_unit_test(without_a_path_it_is_that_of_the_rfc),
	    cmocka_unit_test(a_query_is_kept),
	    cmocka_unit_test(a_port_takes_the_place_of_the_urls_own),
	    cmocka_unit_test(a_message_is_escaped_and_an_empty_one_left_out),
	    cmocka_unit_test(an_origin_is_lower_case_and_has_its_port),
	    cmocka_unit_test(base64_is_that_of_rfc_4648_section_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
