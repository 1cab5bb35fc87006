/* SPDX-License-Identifier: Apache-2.0 */
/* The words for the differences between a certificate and its request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "scep/values.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/difference.h"
#include "scep/protocol/names.h"
#include "tests/lib/pki.h"

/* The request, and what the certificate has. */
struct pair {
	struct scep_values asked;
	X509 *issued;
	char text[SCEP_TEXT255];
};

static struct pair the_pair;

static void add(X509 *issued, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(issued, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void set_subject(X509 *issued, const char *organization,
			const char *common_name, const char *extra)
{
	X509_NAME *name = NULL;

	assert_int_equal(
	    names_subject(organization, common_name, extra, &name, NULL),
	    SCEP_OK);
	assert_int_equal(X509_set_subject_name(issued, name), 1);
	X509_NAME_free(name);
}

/* A request, and a certificate that has nothing but its subject. */
static int set_up(void **state)
{
	struct pair *pair = &the_pair;

	memset(pair, 0, sizeof(*pair));
	*state = pair;
	pair->asked.signature_algorithm = SCEP_SIGN_SHA256;
	strcpy(pair->asked.common_name, "a.example");
	strcpy(pair->asked.organization, "Example");
	pair->issued = X509_new();
	assert_non_null(pair->issued);
	set_subject(pair->issued, "Example", "a.example", "");
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	X509_free(pair->issued);
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	pki_keys_free();
	return 0;
}

static const char *compare_into(struct pair *pair, size_t size)
{
	X509_REQ *request = NULL;

	assert_int_equal(
	    csr_make(&pair->asked, pki_key(PKI_KEY_DEVICE), &request, NULL),
	    SCEP_OK);
	assert_int_equal(
	    difference_text(request, pair->issued, pair->text, size, NULL),
	    SCEP_OK);
	assert_int_equal(ERR_peek_error(), 0);
	csr_free(request);
	return pair->text;
}

static const char *compare(struct pair *pair)
{
	return compare_into(pair, sizeof(pair->text));
}

/* The name that is taken from the common name. */
static void add_own_name(struct pair *pair)
{
	add(pair->issued, NID_subject_alt_name, "DNS:a.example");
}

static void what_is_as_asked_gives_no_text(void **state)
{
	struct pair *pair = *state;

	pair->asked.key_usage = 1u << 0 | 1u << 2;
	strcpy(pair->asked.extended_key_usage, "serverAuth,clientAuth");
	add_own_name(pair);
	add(pair->issued, NID_key_usage, "digitalSignature,keyEncipherment");
	add(pair->issued, NID_ext_key_usage, "clientAuth,serverAuth");
	assert_string_equal(compare(pair), "");
}

/* -------------------------------------------------------------- subject -- */

static void another_subject_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	set_subject(pair->issued, "", "b.example", "");
	assert_string_equal(
	    compare(pair), "differs: subject: asked "
			   "\"CN=a.example,O=Example\", came \"CN=b.example\"");
}

static void a_subject_that_has_more_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	set_subject(pair->issued, "Example", "a.example", "OU=Print");
	assert_non_null(strstr(compare(pair), "subject: asked "));
}

static void an_RDN_that_stands_twice_in_place_of_another_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	strcpy(pair->asked.subject_extra, "OU=a,OU=a,OU=b");
	set_subject(pair->issued, "Example", "a.example", "OU=a,OU=b,OU=b");
	assert_non_null(strstr(compare(pair), "subject: asked "));
}

static void two_RDNs_are_not_one_with_two_values(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	strcpy(pair->asked.subject_extra, "OU=a,L=b");
	set_subject(pair->issued, "Example", "a.example", "OU=a+L=b");
	assert_non_null(strstr(compare(pair), "subject: asked "));
}

static void put_entry(X509_NAME *name, const char *type, int string,
		      const char *value)
{
	assert_int_equal(
	    X509_NAME_add_entry_by_txt(name, type, string,
				       (const unsigned char *)value, -1, -1, 0),
	    1);
}

/* RFC 5280, 7.1 */
static void order_string_types_case_and_blanks_are_no_difference(void **state)
{
	struct pair *pair = *state;
	X509_NAME *name = X509_NAME_new();

	add_own_name(pair);
	strcpy(pair->asked.subject_extra, "OU=Print Room,C=LV");
	put_entry(name, "CN", V_ASN1_PRINTABLESTRING, "A.Example");
	put_entry(name, "O", V_ASN1_UTF8STRING, "example");
	put_entry(name, "OU", V_ASN1_T61STRING, " print   ROOM ");
	put_entry(name, "C", V_ASN1_PRINTABLESTRING, "LV");
	assert_int_equal(X509_set_subject_name(pair->issued, name), 1);
	X509_NAME_free(name);
	assert_string_equal(compare(pair), "");
}

/* --------------------------------------------------- alternative names -- */

static void names_that_a_server_adds_are_told(void **state)
{
	struct pair *pair = *state;

	add(pair->issued, NID_subject_alt_name, "DNS:a.example,DNS:b.example");
	assert_string_equal(compare(pair),
			    "differs: subjectAltName: asked \"DNS:a.example\", "
			    "came \"DNS:a.example,DNS:b.example\"");
}

static void names_that_a_server_leaves_out_are_told(void **state)
{
	struct pair *pair = *state;

	assert_string_equal(compare(pair),
			    "differs: subjectAltName: asked \"DNS:a.example\", "
			    "came none");
}

static void names_where_none_was_asked_are_told(void **state)
{
	struct pair *pair = *state;

	strcpy(pair->asked.common_name, "A printer");
	set_subject(pair->issued, "Example", "A printer", "");
	add(pair->issued, NID_subject_alt_name, "IP:192.0.2.1");
	assert_string_equal(compare(pair), "differs: subjectAltName: asked "
					   "none, came \"IP:192.0.2.1\"");
}

static void a_name_of_another_kind_is_told(void **state)
{
	struct pair *pair = *state;

	strcpy(pair->asked.common_name, "A printer");
	set_subject(pair->issued, "Example", "A printer", "");
	add(pair->issued, NID_subject_alt_name, "RID:1.2.3.4");
	assert_non_null(
	    strstr(compare(pair), "asked none, came \"names of other kinds\""));
}

/* RFC 5280, 7.2, 7.4 and 7.5 */
static void order_and_case_of_names_are_no_difference(void **state)
{
	struct pair *pair = *state;

	strcpy(pair->asked.subject_alt_name,
	       "DNS:a.example,IP:192.0.2.1,email:Me@Example.net,"
	       "URI:HTTP://A.example/Path,UPN:me@a.example");
	add(pair->issued, NID_subject_alt_name,
	    "otherName:msUPN;UTF8:me@a.example,URI:http://a.EXAMPLE/Path,"
	    "email:Me@EXAMPLE.net,IP:192.0.2.1,DNS:A.EXAMPLE,DNS:a.example");
	assert_string_equal(compare(pair), "");
}

static void assert_other_name(struct pair *pair, const char *asked,
			      const char *came)
{
	X509_free(pair->issued);
	pair->issued = X509_new();
	set_subject(pair->issued, "Example", "a.example", "");
	strcpy(pair->asked.subject_alt_name, asked);
	add(pair->issued, NID_subject_alt_name, came);
	assert_non_null(strstr(compare(pair), "subjectAltName: asked "));
}

static void names_that_only_look_alike_are_told(void **state)
{
	struct pair *pair = *state;

	assert_other_name(pair, "email:Me@a.example", "email:me@a.example");
	assert_other_name(pair, "URI:http://a.example/Path",
			  "URI:http://a.example/path");
	assert_other_name(pair, "URI:urn:a", "URI:urn:A");
	assert_other_name(pair, "DNS:a.example", "email:a.example");
	assert_other_name(pair, "IP:192.0.2.1", "IP:192.0.2.2");
	assert_other_name(pair, "DNS:a.example", "DNS:a.example.net");
	assert_other_name(pair, "UPN:a@b.example",
			  "otherName:msUPN;UTF8:c@b.example");
}

/* A C string would end at the NUL. */
static void a_name_is_compared_behind_a_nul(void **state)
{
	struct pair *pair = *state;

	add(pair->issued, NID_subject_alt_name,
	    "DER:30:0b:82:09:61:2e:65:78:61:00:70:6c:65");
	assert_non_null(strstr(compare(pair), "subjectAltName"));
}

static void an_extension_that_stands_twice_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	add_own_name(pair);
	assert_non_null(strstr(compare(pair),
			       "subjectAltName: asked \"DNS:a.example\", "
			       "came \"an extension that cannot be read\""));
}

/* ---------------------------------------------------------------- usages -- */

static void another_key_usage_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	pair->asked.key_usage = 1u << 0 | 1u << 2;
	add(pair->issued, NID_key_usage, "digitalSignature,keyAgreement");
	assert_string_equal(compare(pair),
			    "differs: keyUsage: asked "
			    "\"digitalSignature,keyEncipherment\", came "
			    "\"digitalSignature,keyAgreement\"");
}

static void every_key_usage_has_its_name(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	add(pair->issued, NID_key_usage,
	    "digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,"
	    "keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly");
	assert_string_equal(
	    compare(pair),
	    "differs: keyUsage: asked none, came "
	    "\"digitalSignature,nonRepudiation,keyEncipherment,"
	    "dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly,"
	    "decipherOnly\"");
}

static void another_extended_key_usage_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	strcpy(pair->asked.extended_key_usage, "serverAuth");
	add(pair->issued, NID_ext_key_usage, "clientAuth,1.2.3.4");
	assert_string_equal(compare(pair),
			    "differs: extendedKeyUsage: asked "
			    "\"serverAuth\", came \"clientAuth,1.2.3.4\"");
}

static void an_extended_key_usage_less_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	strcpy(pair->asked.extended_key_usage, "serverAuth,clientAuth");
	add(pair->issued, NID_ext_key_usage, "serverAuth");
	assert_non_null(strstr(compare(pair), "extendedKeyUsage: asked "));
}

static void an_extended_key_usage_more_is_told(void **state)
{
	struct pair *pair = *state;

	add_own_name(pair);
	strcpy(pair->asked.extended_key_usage, "serverAuth");
	add(pair->issued, NID_ext_key_usage, "serverAuth,clientAuth");
	assert_non_null(strstr(compare(pair), "extendedKeyUsage: asked "));
}

/* ---------------------------------------------------------------- length -- */

/* All four differ, with values of 250 octets. */
static void make_long(struct pair *pair)
{
	char extra[SCEP_TEXT255] = "OU=";

	memset(extra + 3, 'x', 60);
	strcpy(pair->asked.subject_extra, extra);
	strcat(extra, "y");
	set_subject(pair->issued, "Example", "a.example", extra);
	for (int i = 0; i < 13; i++)
		strcat(pair->asked.subject_alt_name, "DNS:aaaa.example,");
	strcat(pair->asked.subject_alt_name, "DNS:a.b");
	add(pair->issued, NID_subject_alt_name,
	    "DNS:aaaa.example,DNS:c.example");
	pair->asked.key_usage = 0x1F;
	add(pair->issued, NID_key_usage, "digitalSignature,keyCertSign");
	strcpy(pair->asked.extended_key_usage, "serverAuth,clientAuth");
	add(pair->issued, NID_ext_key_usage, "emailProtection,1.2.3.4.5.6.7.8");
}

static void
what_is_too_long_is_shortened_and_names_all_that_differs(void **state)
{
	struct pair *pair = *state;
	const char *text;

	make_long(pair);
	text = compare(pair);
	assert_true(strlen(text) < SCEP_TEXT255);
	assert_non_null(strstr(text, "subject: asked \""));
	assert_non_null(strstr(text, "; subjectAltName: asked \""));
	assert_non_null(strstr(text, "; keyUsage: asked \""));
	assert_non_null(strstr(text, "; extendedKeyUsage: asked \""));
	assert_non_null(strstr(text, "\", came \"ema"));
	assert_int_equal(text[strlen(text) - 1], '"');
}

static void without_room_for_values_there_are_names(void **state)
{
	struct pair *pair = *state;
	const char *text;

	make_long(pair);
	memset(pair->text, '!', sizeof(pair->text));
	text = compare_into(pair, 200);
	assert_string_equal(text, "differs: subject; subjectAltName; "
				  "keyUsage; extendedKeyUsage");
}

static void a_shortened_value_shows_what_is_different(void **state)
{
	struct pair *pair = *state;
	char name[SCEP_TEXT255] = "";

	for (int i = 0; i < 10; i++)
		strcat(name, "OU=the same unit,");
	strcat(name, "OU=end");
	add_own_name(pair);
	strcpy(pair->asked.subject_extra, name);
	strcpy(name + strlen(name) - 3, "END!");
	set_subject(pair->issued, "Example", "a.example", name);
	assert_non_null(strstr(compare(pair), "OU=end"));
	assert_non_null(strstr(pair->text, "OU=END!"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_as_asked_gives_no_text),
	    TEST(another_subject_is_told),
	    TEST(a_subject_that_has_more_is_told),
	    TEST(an_RDN_that_stands_twice_in_place_of_another_is_told),
	    TEST(two_RDNs_are_not_one_with_two_values),
	    TEST(order_string_types_case_and_blanks_are_no_difference),
	    TEST(names_that_a_server_adds_are_told),
	    TEST(names_that_a_server_leaves_out_are_told),
	    TEST(names_where_none_was_asked_are_told),
	    TEST(a_name_of_another_kind_is_told),
	    TEST(order_and_case_of_names_are_no_difference),
	    TEST(names_that_only_look_alike_are_told),
	    TEST(a_name_is_compared_behind_a_nul),
	    TEST(an_extension_that_stands_twice_is_told),
	    TEST(another_key_usage_is_told),
	    TEST(every_key_usage_has_its_name),
	    TEST(another_extended_key_usage_is_told),
	    TEST(an_extended_key_usage_less_is_told),
	    TEST(an_extended_key_usage_more_is_told),
	    TEST(what_is_too_long_is_shortened_and_names_all_that_differs),
	    TEST(without_room_for_values_there_are_names),
	    TEST(a_shortened_value_shows_what_is_different),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down_group);
}
