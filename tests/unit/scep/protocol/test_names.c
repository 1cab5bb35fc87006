/* SPDX-License-Identifier: Apache-2.0 */
/* Names: from the texts of the request values, and to texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/objects.h>

#include "scep/octets.h"
#include "scep/text.h"
#include "scep/protocol/names.h"
#include "scep/protocol/csr.h"

static X509_NAME *subject_of(const char *organization, const char *common_name,
			     const char *extra)
{
	X509_NAME *name = NULL;

	assert_int_equal(
	    names_subject(organization, common_name, extra, &name, NULL),
	    SCEP_OK);
	return name;
}

/* The subject with that SubjectExtra, the first RDN first. */
static void assert_extra(const char *extra, const char *text)
{
	struct scep_error error = {.text = ""};
	X509_NAME *name = NULL;
	char *found;

	if (names_subject("Example", "printer.example.com", extra, &name,
			  &error) != SCEP_OK)
		fail_msg("%s", error.text);
	found = X509_NAME_oneline(name, NULL, 0);
	assert_string_equal(found, text);
	OPENSSL_free(found);
	X509_NAME_free(name);
}

static void the_country_is_first_and_the_common_name_last(void **state)
{
	(void)state;
	assert_extra("", "/O=Example/CN=printer.example.com");
	assert_extra("OU=Print,L=Riga,C=LV",
		     "/C=LV/L=Riga/O=Example/OU=Print/CN=printer.example.com");
	assert_extra("C=LV,OU=Print,ST=Riga,L=Riga",
		     "/C=LV/ST=Riga/L=Riga/O=Example/OU=Print"
		     "/CN=printer.example.com");
	assert_extra("DC=example,DC=com",
		     "/DC=com/DC=example/O=Example/CN=printer.example.com");
	assert_extra("OU=Lower,OU=Upper",
		     "/O=Example/OU=Upper/OU=Lower/CN=printer.example.com");
	assert_extra("serialNumber=17",
		     "/O=Example/serialNumber=17/CN=printer.example.com");
}

static void types_are_read_in_any_case_and_as_oids(void **state)
{
	(void)state;
	assert_extra("ou=Print, c=LV",
		     "/C=LV/O=Example/OU=Print/CN=printer.example.com");
	assert_extra("2.5.4.11=Print",
		     "/O=Example/OU=Print/CN=printer.example.com");
}

static void escapes_are_undone(void **state)
{
	(void)state;
	assert_extra("OU=a\\, b\\+c\\\\d\\=e=f",
		     "/O=Example/OU=a, b\\+c\\d=e=f/CN=printer.example.com");
	assert_extra("OU=\\ a\\ ", "/O=Example/OU= a /CN=printer.example.com");
	assert_extra("OU=a\\\\ ,C=LV",
		     "/C=LV/O=Example/OU=a\\/CN=printer.example.com");
	assert_extra("OU=\\23\\41b\\20",
		     "/O=Example/OU=#Ab /CN=printer.example.com");
	assert_extra("OU=#0c0441c3a942",
		     "/O=Example/OU=A\\xC3\\xA9B/CN=printer.example.com");
}

static void values_joined_by_plus_are_one_rdn(void **state)
{
	X509_NAME *name = subject_of("O", "cn", "OU=Print+UID=7,C=LV");
	static const int sets[] = {0, 1, 2, 2, 3};

	(void)state;
	assert_int_equal(X509_NAME_entry_count(name), 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i)), sets[i]);
	X509_NAME_free(name);
}

static int type_of(const X509_NAME *name, int nid)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	assert_true(at >= 0);
	return ASN1_STRING_type(
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void strings_are_printable_where_they_can_be(void **state)
{
	X509_NAME *name = subject_of("A & B", "cn.example",
				     "OU=R\xc4\xabga,C=LV,DC=example,E=a@b.c");

	(void)state;
	assert_int_equal(type_of(name, NID_commonName), V_ASN1_PRINTABLESTRING);
	assert_int_equal(type_of(name, NID_organizationName),
			 V_ASN1_UTF8STRING);
	assert_int_equal(type_of(name, NID_organizationalUnitName),
			 V_ASN1_UTF8STRING);
	assert_int_equal(type_of(name, NID_countryName),
			 V_ASN1_PRINTABLESTRING);
	assert_int_equal(type_of(name, NID_domainComponent), V_ASN1_IA5STRING);
	assert_int_equal(type_of(name, NID_pkcs9_emailAddress),
			 V_ASN1_IA5STRING);
	X509_NAME_free(name);
}

static void faulty_subject_extra_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
	    {"Print", "TYPE=VALUE"},
	    {"OU", "TYPE=VALUE"},
	    {"=Print", "TYPE=VALUE"},
	    {"OU=a,", "TYPE=VALUE"},
	    {",OU=a", "TYPE=VALUE"},
	    {"OU=a,,C=LV", "TYPE=VALUE"},
	    {"OU=", "no value"},
	    {"OU=,C=LV", "no value"},
	    {"XX=a", "has an unknown type"},
	    {"1.2.x=a", "has an unknown type"},
	    {"OU=a;C=LV", "';'"},
	    {"OU=\"a\"", "'\"'"},
	    {"OU=<a>", "'<'"},
	    {"OU=a\\", "backslash"},
	    {"OU=a\\q", "backslash"},
	    {"OU=\\00", "control"},
	    {"OU=\\0a", "control"},
	    {"OU=\\ff", "UTF-8"},
	    {"OU=#zz", "hexadecimal"},
	    {"OU=#0c05414243", "hexadecimal"},
	    {"OU=#0c0141x", "hexadecimal"},
	    {"OU=#020107", "character string"},
	    {"C=Latvia", "countryName has"},
	    {"C=L", "countryName has"},
	    {"E=\xc4\xab@b.c", "emailAddress has"},
	    {"serialNumber=\xc4\xab", "serialNumber has"},
	    {"OU=01234567890123456789012345678901234567890123456789"
	     "012345678901234",
	     "organizationalUnitName has"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scep_error error = {.text = ""};

		if (csr_check_subject_extra(rows[i].text, &error) !=
		    SCEP_CONFIG_ERROR)
			fail_msg("%s is accepted", rows[i].text);
		if (strstr(error.text, rows[i].reason) == NULL)
			fail_msg("%s: \"%s\"", rows[i].text, error.text);
		assert_int_equal(csr_check_subject_extra(rows[i].text, NULL),
				 SCEP_CONFIG_ERROR);
	}
}

static void too_many_attributes_are_refused(void **state)
{
	char text[SCEP_TEXT255] = "";
	struct scep_error error;

	(void)state;
	for (int i = 0; i < 50; i++)
		strcat(text, i == 0 ? "OU=a" : ",OU=a");
	assert_int_equal(csr_check_subject_extra(text, &error),
			 SCEP_CONFIG_ERROR);
	assert_non_null(strstr(error.text, "more than"));
}

static void names_read_as_rfc_2253_has_them(void **state)
{
	X509_NAME *name = subject_of("A, B", "r\xc4\xabga.example", "C=LV");
	char text[SCEP_TEXT255];

	(void)state;
	assert_int_equal(names_text(name, text, NULL), SCEP_OK);
	assert_string_equal(text, "CN=r\xc4\xabga.example,O=A\\, B,C=LV");
	X509_NAME_free(name);
}

static void a_long_name_is_cut_to_fit(void **state)
{
	X509_NAME *name = X509_NAME_new();
	char text[SCEP_TEXT255];

	(void)state;
	for (int i = 0; i < 20; i++)
		X509_NAME_add_entry_by_txt(
		    name, "OU", MBSTRING_UTF8,
		    (const unsigned char *)"abcdefghijklmnopqrst", -1, -1, 0);
	assert_int_equal(names_text(name, text, NULL), SCEP_OK);
	assert_int_equal(strlen(text), 255);
	X509_NAME_free(name);
}

static void add_octets(X509_NAME *name, const char *type, int kind,
		       const char *octets, int length)
{
	X509_NAME_ENTRY *entry = X509_NAME_ENTRY_create_by_txt(
	    NULL, type, kind, (const unsigned char *)octets, length);

	assert_non_null(entry);
	assert_int_equal(X509_NAME_add_entry(name, entry, -1, 0), 1);
	X509_NAME_ENTRY_free(entry);
}

/* A CA may write any type of string, and Latin-1 where UTF-8 belongs. */
static void a_name_in_any_character_set_reads_as_utf_8(void **state)
{
	static const struct {
		int kind, length;
		const char *octets;
	} cases[] = {
	    {V_ASN1_UTF8STRING, 5, "B\xc3\xbcro"},
	    {V_ASN1_UTF8STRING, 4, "B\xfcro"},
	    {V_ASN1_T61STRING, 4, "B\xfcro"},
	    {V_ASN1_IA5STRING, 4, "B\xfcro"},
	    {V_ASN1_PRINTABLESTRING, 4, "B\xfcro"},
	    {V_ASN1_BMPSTRING, 8, "\0B\0\xfc\0r\0o"},
	    {V_ASN1_UNIVERSALSTRING, 16, "\0\0\0B\0\0\0\xfc\0\0\0r\0\0\0o"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		X509_NAME *name = X509_NAME_new();
		char text[SCEP_TEXT255];

		add_octets(name, "O", cases[i].kind, cases[i].octets,
			   cases[i].length);
		assert_int_equal(names_text(name, text, NULL), SCEP_OK);
		assert_string_equal(text, "O=B\xc3\xbcro");
		X509_NAME_free(name);
	}
}

/* At every length, a text that is too long ends with a whole character. */
static void a_long_name_is_never_cut_inside_a_character(void **state)
{
	(void)state;
	for (int ahead = 0; ahead < 8; ahead++) {
		X509_NAME *name = X509_NAME_new();
		char value[64] = "", text[SCEP_TEXT255];

		add_octets(name, "O", V_ASN1_UTF8STRING, "abcdefgh", ahead + 1);
		for (int i = 0; i < 10; i++)
			strcat(value, "\xc3\xa9\xe2\x82\xac");
		for (int i = 0; i < 9; i++)
			add_octets(name, "OU", V_ASN1_UTF8STRING, value, 50);
		assert_int_equal(names_text(name, text, NULL), SCEP_OK);
		assert_true(strlen(text) > 251);
		assert_true(text_is_clean(text, strlen(text)));
		assert_null(strchr(text, '?'));
		X509_NAME_free(name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_country_is_first_and_the_common_name_last),
	    cmocka_unit_test(types_are_read_in_any_case_and_as_oids),
	    cmocka_unit_test(escapes_are_undone),
	    cmocka_unit_test(values_joined_by_plus_are_one_rdn),
	    cmocka_unit_test(strings_are_printable_where_they_can_be),
	    cmocka_unit_test(faulty_subject_extra_is_refused_with_a_reason),
	    cmocka_unit_test(too_many_attributes_are_refused),
	    cmocka_unit_test(names_read_as_rfc_2253_has_them),
	    cmocka_unit_test(a_long_name_is_cut_to_fit),
	    cmocka_unit_test(a_name_in_any_character_set_reads_as_utf_8),
	    cmocka_unit_test(a_long_name_is_never_cut_inside_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
