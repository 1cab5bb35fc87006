/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile and odd replies: each field of a CertRep and of an answer to
 * GetCACert, GetNextCACert, GetCRL and GetCert x each fault, and for each case
 * the one Detail and text that the refusal has, or the reason why it is right
 * to accept it.  The cases are data, in hostile_*.c.
 */
#include <stdio.h>

#include <openssl/err.h>

#include "scep/base/error.h"

#include "scep/codes.h"
#include "tests/unit/scep/protocol/hostile.h"

static struct {
	size_t fields;
	size_t refused;
	size_t left_out;
	size_t accepted;
} totals;

/* Tells whether `text` has the words of a verdict, in which "%s" is the field.
 */
static bool has_words(const char *text, const char *words, const char *field)
{
	const char *gap = strstr(words, "%s");
	char whole[256];

	if (gap == NULL)
		return strstr(text, words) != NULL;
	/* "messageType value" is a part of messageType. */
	snprintf(whole, sizeof(whole), "%.*s%.*s%s", (int)(gap - words), words,
		 (int)strcspn(field, " "), field, gap + 2);
	return strstr(text, whole) != NULL;
}

static bool is_as_expected(const struct hostile_case *hostile,
			   const struct hostile_verdict *expected,
			   enum scep_code code, const struct scep_error *error)
{
	if (code != expected->code)
		return false;
	return code == SCEP_OK ||
	       (error->code == code &&
		has_words(error->text, expected->text, hostile->field->name));
}

/* The same, or as a newer OpenSSL has it. */
static bool is_expected(const struct hostile_table *table,
			const struct hostile_case *hostile, enum scep_code code,
			const struct scep_error *error)
{
	const struct hostile_verdict *expected =
	    &table->verdicts[hostile->field->verdict[hostile->fault]];

	return is_as_expected(hostile, expected, code, error) ||
	       (expected->newer != 0 &&
		is_as_expected(hostile, &table->verdicts[expected->newer], code,
			       error));
}

/* Returns whether the case went as it should. */
static bool run_case(const struct hostile_table *table, struct world *world,
		     struct hostile_case *hostile)
{
	const struct hostile_verdict *expected =
	    &table->verdicts[hostile->field->verdict[hostile->fault]];
	struct pki_reply reply = world->reply;
	struct cert_rep_input input = world->input;
	struct scep_error error = {.text = ""};
	enum scep_code code = table->open(world, hostile, &error);

	world->reply = reply;
	world->input = input;
	if (hostile->is_void && expected->text == NULL)
		return true;
	if (hostile->is_void || expected->text == NULL ||
	    !is_expected(table, hostile, code, &error) ||
	    ERR_peek_error() != 0) {
		fprintf(stderr, "%s, %s %s: %d \"%s\"\n", table->name,
			hostile->field->name, der_fault_name(hostile->fault),
			(int)code, error.text);
		ERR_clear_error();
		return false;
	}
	totals.refused += code != SCEP_OK && code != SCEP_NONE;
	totals.left_out += code == SCEP_NONE;
	totals.accepted += code == SCEP_OK;
	return true;
}

static void run_table(const struct hostile_table *table, struct world *world)
{
	size_t wrong = 0;

	totals.fields += table->count;
	for (size_t i = 0; i < table->count; i++) {
		for (int fault = 0; fault < DER_FAULT_COUNT; fault++) {
			struct hostile_case hostile = {
			    .field = &table->fields[i], .fault = fault};

			wrong += run_case(table, world, &hostile) ? 0 : 1;
		}
	}
	assert_int_equal(wrong, 0);
}

static void no_hostile_message_is_accepted(void **state)
{
	run_table(&hostile_message, *state);
}

static void no_hostile_attribute_is_accepted(void **state)
{
	run_table(&hostile_attributes, *state);
	run_table(&hostile_failure, *state);
}

static void no_hostile_envelope_is_accepted(void **state)
{
	run_table(&hostile_envelope, *state);
}

static void no_hostile_key_agreement_is_accepted(void **state)
{
	world_use_ec(*state);
	run_table(&hostile_agreement, *state);
}

static void no_hostile_password_is_accepted(void **state)
{
	struct world *world = *state;

	world_use_ec(world);
	world->reply.recipient = NULL;
	world->reply.is_for_password = true;
	run_table(&hostile_password, world);
}

static void no_hostile_certificate_is_accepted(void **state)
{
	run_table(&hostile_bag, *state);
	run_table(&hostile_certificate, *state);
}

static void no_hostile_ca_is_trusted(void **state)
{
	run_table(&hostile_ca_bare, *state);
	run_table(&hostile_ca_pinned, *state);
	run_table(&hostile_ca_bag, *state);
	run_table(&hostile_ca_ra, *state);
	run_table(&hostile_ca_mark, *state);
	run_table(&hostile_ca_other, *state);
	run_table(&hostile_ca_pem, *state);
}

static void no_hostile_next_ca_is_trusted(void **state)
{
	run_table(&hostile_next_ca, *state);
	run_table(&hostile_next_ca_bag, *state);
}

static void no_hostile_list_is_believed(void **state)
{
	run_table(&hostile_crl, *state);
}

static void no_hostile_certificate_is_had_again(void **state)
{
	run_table(&hostile_get_cert, *state);
}

static void the_cases_are_as_many_as_they_should_be(void **state)
{
	(void)state;
	printf("# %zu fields x %d faults: %zu refused, %zu certificates left "
	       "out, %zu accepted on purpose\n",
	       totals.fields, (int)DER_FAULT_COUNT, totals.refused,
	       totals.left_out, totals.accepted);
	assert_true(totals.refused >= 1850);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_hostile_message_is_accepted),
	    TEST(no_hostile_attribute_is_accepted),
	    TEST(no_hostile_envelope_is_accepted),
	    TEST(no_hostile_key_agreement_is_accepted),
	    TEST(no_hostile_password_is_accepted),
	    TEST(no_hostile_certificate_is_accepted),
	    TEST(no_hostile_ca_is_trusted),
	    TEST(no_hostile_next_ca_is_trusted),
	    TEST(no_hostile_list_is_believed),
	    TEST(no_hostile_certificate_is_had_again),
	    cmocka_unit_test(the_cases_are_as_many_as_they_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
