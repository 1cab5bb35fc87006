/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in an answer to GetCACert that comes as PEM. */
#include <openssl/pem.h>

#include "scep/codes.h"
#include "tests/lib/octets.h"
#include "tests/unit/scep/protocol/hostile.h"

enum part { LINE_BEGIN, BODY, LINE_END, PART_COUNT };

static void append(struct bytes *to, const char *text, size_t length)
{
	octets_append(to, text, length);
	assert_true(to->length <= LIMIT_CA_CERT);
}

static void append_filler(struct bytes *to)
{
	for (int i = 0; i < 20000; i++)
		append(to, "A", 1);
}

/* Writes a part of a PEM text with a fault in it. */
static void append_part(struct bytes *to, const char *text, size_t length,
			const struct hostile_case *hostile)
{
	switch (hostile->fault) {
	case DER_ABSENT:
		break;
	case DER_EMPTY:
		append(to, "\n", 1);
		break;
	case DER_WRONG:
		append(to, "!", 1);
		append(to, text + 1, length - 1);
		break;
	case DER_DUPLICATED:
		append(to, text, length);
		append(to, text, length);
		break;
	case DER_OVERSIZED:
		append(to, text, length - 1);
		append_filler(to);
		append(to, "\n", 1);
		break;
	case DER_TRUNCATED:
		append(to, text, length - 2);
		append(to, "\n", 1);
		break;
	case DER_WRONG_TYPE:
		append(to, hostile->field->wrong,
		       strlen(hostile->field->wrong));
		break;
	case DER_OVERRUN:
	case DER_FAULT_COUNT:
		append(to, text, length);
		append(to, "A", 1);
		break;
	}
}

static enum scep_code open_pem(struct world *world,
			       struct hostile_case *hostile,
			       struct scep_error *error)
{
	struct bytes answer = {NULL, 0};
	struct ca_certs_pin pin;
	BIO *bio = BIO_new(BIO_s_mem());
	const char *at[PART_COUNT + 1];
	char *text = NULL;
	size_t length;
	enum scep_code code;
	bool is_ra;

	hostile_encode(world->ca, &answer);
	pin = hostile_pin_of(answer.data, answer.length);
	bytes_free(&answer);
	PEM_write_bio_X509(bio, world->ca);
	length = (size_t)BIO_get_mem_data(bio, &text);
	at[PART_COUNT] = text + length;
	at[LINE_BEGIN] = text;
	at[BODY] = strchr(text, '\n') + 1;
	at[LINE_END] = strstr(text, "-----END");
	for (int part = 0; part < PART_COUNT; part++) {
		length = (size_t)(at[part + 1] - at[part]);

		if (hostile->field->path[0] == '0' + part)
			append_part(&answer, at[part], length, hostile);
		else
			append(&answer, at[part], length);
	}
	code = hostile_believe(&answer, &pin, &is_ra, error);
	BIO_free(bio);
	bytes_free(&answer);
	return code;
}

enum {
	NEITHER,
	NO_PEM,
	FINE_BEHIND,
};

static const struct hostile_verdict verdicts[] = {
    [NEITHER] = {SCEP_BAD_RESPONSE, "the server sent the text"},
    [NO_PEM] = {SCEP_BAD_RESPONSE, "the PEM text has no certificate"},
    [FINE_BEHIND] = {SCEP_OK, "text around PEM is no part of it"},
};

static const struct hostile_field pem_fields[] = {
    {"BEGIN line",
     "0",
     "-----BEGIN PRIVATE KEY-----\n",
     {NEITHER, NEITHER, NEITHER, NO_PEM, NO_PEM, NO_PEM, NO_PEM, NO_PEM}},
    {"body",
     "1",
     "\x30\x82\x01\n",
     {NO_PEM, NO_PEM, NO_PEM, NO_PEM, NO_PEM, NO_PEM, NO_PEM, NO_PEM}},
    {"END line",
     "2",
     "-----END PRIVATE KEY-----\n",
     {NO_PEM, NO_PEM, NO_PEM, FINE_BEHIND, NO_PEM, NO_PEM, NO_PEM,
      FINE_BEHIND}},
};

const struct hostile_table hostile_ca_pem = {"GetCACert, PEM", pem_fields,
					     HOSTILE_COUNT(pem_fields),
					     verdicts, open_pem};
