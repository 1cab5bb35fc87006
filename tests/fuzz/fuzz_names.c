/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request values that have a syntax of their own.  Octets 0 and 1: key
 * usage and signature algorithm; then lines: SubjectExtra, SubjectAltName,
 * ExtendedKeyUsage, organisation, common name, challenge password.  A request
 * and a self-signed certificate are made of them.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/values.h"
#include "scep/text.h"
#include "scep/protocol/extensions.h"
#include "scep/protocol/names.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/certs.h"
#include "tests/fuzz/fixed.h"

static void read_values(struct fuzz_input *input, struct scep_values *values)
{
	uint32_t bits = fuzz_take_number(input);
	char challenge[sizeof(values->challenge_password.data) + 1];

	memset(values, 0, sizeof(*values));
	values->key_usage = bits & 0x1ff;
	values->signature_algorithm = bits >> 9 & 7;
	values->key_length = 2048;
	fuzz_take_text(input, '\n', values->subject_extra, SCEP_TEXT255);
	fuzz_take_text(input, '\n', values->subject_alt_name, SCEP_TEXT255);
	fuzz_take_text(input, '\n', values->extended_key_usage, SCEP_TEXT255);
	fuzz_take_text(input, '\n', values->organization, SCEP_TEXT64);
	fuzz_take_text(input, '\n', values->common_name, SCEP_TEXT64);
	fuzz_take_text(input, '\n', challenge, sizeof(challenge));
	values->challenge_password.length = (uint32_t)strlen(challenge);
	memcpy(values->challenge_password.data, challenge, strlen(challenge));
}

/* ExtendedKeyUsage, SubjectExtra and SubjectAltName, each by itself. */
static bool check_texts(const struct scep_values *values)
{
	static const struct {
		enum scep_code (*check)(const char *text,
					struct scep_error *error);
		size_t offset;
	} checks[] = {
	    {csr_check_subject_extra,
	     offsetof(struct scep_values, subject_extra)},
	    {csr_check_subject_alt_name,
	     offsetof(struct scep_values, subject_alt_name)},
	    {csr_check_extended_key_usage,
	     offsetof(struct scep_values, extended_key_usage)},
	};
	bool are_valid = true;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *text = (const char *)values + checks[i].offset;
		struct scep_error error = {.text = ""};
		enum scep_code code = checks[i].check(text, &error);

		HOLDS(code == SCEP_OK || code == SCEP_CONFIG_ERROR);
		HOLDS((code == SCEP_OK) == (error.text[0] == '\0'));
		HOLDS(text_is_clean(error.text, strlen(error.text)));
		HOLDS(checks[i].check(text, NULL) == code);
		are_valid = are_valid && code == SCEP_OK;
	}
	return are_valid;
}

/* Checks that what a certificate shows can be asked for again. */
static void check_alt_name(const char *asked, X509 *certificate)
{
	GENERAL_NAMES *names = NULL;
	char shown[SCEP_TEXT255];
	int count;

	if (extensions_read_alt_name(asked, &names, NULL) != SCEP_OK)
		return;
	count = sk_GENERAL_NAME_num(names);
	if (count > 0)
		HOLDS(X509_add1_ext_i2d(certificate, NID_subject_alt_name,
					names, 0, X509V3_ADD_DEFAULT) == 1);
	GENERAL_NAMES_free(names);
	HOLDS(extensions_alt_name_text(certificate, shown, NULL) == SCEP_OK);
	HOLDS(strlen(shown) < SCEP_TEXT255);
	HOLDS(extensions_read_alt_name(shown, &names, NULL) == SCEP_OK);
	HOLDS(sk_GENERAL_NAME_num(names) <= count);
	GENERAL_NAMES_free(names);
}

static void check_request(const struct scep_values *values, X509_REQ *request)
{
	unsigned char *der = NULL;
	int length = i2d_X509_REQ(request, &der);
	const unsigned char *end = der;
	X509_REQ *read = d2i_X509_REQ(NULL, &end, length);
	char subject[SCEP_TEXT255];

	HOLDS(read != NULL && end == der + length);
	HOLDS(X509_REQ_verify(read, fixed_key(FIXED_DEVICE)) == 1);
	HOLDS(X509_NAME_entry_count(X509_REQ_get_subject_name(read)) > 0);
	HOLDS(names_text(X509_REQ_get_subject_name(read), subject, NULL) ==
	      SCEP_OK);
	HOLDS(text_is_clean(subject, strlen(subject)));
	HOLDS(
	    (X509_REQ_get_attr_by_NID(read, NID_pkcs9_challengePassword, -1) >=
	     0) == (values->challenge_password.length > 0));
	X509_REQ_free(read);
	OPENSSL_free(der);
}

static void check_certificate(const struct scep_values *values, bool is_sound)
{
	X509 *certificate;
	struct scep_error error;
	struct scep_key row;
	enum scep_code code = csr_self_sign(values, fixed_key(FIXED_DEVICE),
					    FIXED_NOW, &certificate, &error);

	HOLDS((code == SCEP_OK) == (certificate != NULL));
	HOLDS(code == SCEP_OK || !is_sound);
	if (code != SCEP_OK)
		return;
	HOLDS(certs_describe_leaf(certificate, &row, NULL) == SCEP_OK);
	HOLDS(row.subject[0] != '\0');
	HOLDS(row.not_before == FIXED_NOW - 600);
	check_alt_name(values->subject_alt_name, certificate);
	X509_free(certificate);
}

bool fuzz_names(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct scep_values values;
	struct scep_error error = {.text = ""};
	X509_REQ *request;
	bool are_valid;
	enum scep_code code;

	read_values(&input, &values);
	are_valid = check_texts(&values);
	code = csr_make(&values, fixed_key(FIXED_DEVICE), &request, &error);
	HOLDS(code == SCEP_OK || code == SCEP_CONFIG_ERROR);
	HOLDS((code == SCEP_OK) == (request != NULL));
	HOLDS(code != SCEP_OK || are_valid);
	if (code == SCEP_OK)
		check_request(&values, request);
	csr_free(request);
	check_certificate(&values, code == SCEP_OK);
	ERR_clear_error();
	return code == SCEP_OK;
}
