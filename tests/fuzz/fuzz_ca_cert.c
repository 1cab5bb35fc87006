/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to GetCACert.  Octet 0, bit 0: every certificate in it is signed
 * anew by the fixed CA, so that a changed one is not dropped for its
 * signature; bit 1: no judgement about time; bit 2: the pin is that of the
 * candidate and not of the fixed CA.  Then the body.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <openssl/err.h>

#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/text.h"
#include "scep/protocol/rfc8894.h"
#include "scep/protocol/ca_answer.h"
#include "scep/protocol/ca_certs.h"
#include "scep/protocol/certs.h"
#include "tests/fuzz/fixed.h"

static enum scep_code read_certificates(struct fuzz_input *input,
					bool is_certified_anew,
					STACK_OF(X509) * *certificates)
{
	struct scep_error error = {.text = ""};
	struct bytes der = {NULL, 0};
	enum scep_code code =
	    ca_answer_read(input->at, input->left, certificates, &error);

	if (code == SCEP_OK && is_certified_anew) {
		bool is_made = fixed_certify(*certificates, &der);

		sk_X509_pop_free(*certificates, X509_free);
		*certificates = NULL;
		code = is_made ? ca_answer_read(der.data, der.length,
						certificates, &error)
			       : SCEP_BAD_RESPONSE;
		bytes_free(&der);
	}
	HOLDS((code == SCEP_OK) == (*certificates != NULL));
	HOLDS(code == SCEP_OK || code == SCEP_BAD_RESPONSE);
	return code;
}

static void check_pem(STACK_OF(X509) * certificates)
{
	STACK_OF(X509) *again = NULL;
	struct bytes pem = {NULL, 0};
	struct scep_error error;

	HOLDS(certs_to_pem(certificates, &pem, &error) == SCEP_OK);
	if (pem.length <= LIMIT_CA_CERT) {
		HOLDS(certs_from_pem(pem.data, pem.length, &again, &error) ==
		      SCEP_OK);
		HOLDS(sk_X509_num(again) == sk_X509_num(certificates));
	}
	sk_X509_pop_free(again, X509_free);
	bytes_free(&pem);
}

static void check_descriptions(STACK_OF(X509) * certificates)
{
	struct scep_ca ca;
	struct scep_key key;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		memset(&ca, 0xff, sizeof(ca));
		memset(&key, 0xff, sizeof(key));
		HOLDS(certs_describe_ca(sk_X509_value(certificates, i), &ca,
					NULL) == SCEP_OK);
		HOLDS(certs_describe_leaf(sk_X509_value(certificates, i), &key,
					  NULL) == SCEP_OK);
		HOLDS(ca.serial.length <= 20 && key.serial.length <= 20);
		HOLDS(text_is_clean(ca.subject, strlen(ca.subject)));
		HOLDS(text_is_clean(ca.issuer, strlen(ca.issuer)));
		HOLDS(text_is_clean(key.subject_alt_name,
				    strlen(key.subject_alt_name)));
		HOLDS(ca.fingerprint.length == 32);
	}
}

static void pin_of(X509 *certificate, struct ca_certs_pin *pin)
{
	struct scep_ca row;

	HOLDS(certs_describe_ca(certificate, &row, NULL) == SCEP_OK);
	pin->length = row.fingerprint.length;
	memcpy(pin->digest, row.fingerprint.data, pin->length);
}

static void check_trust(const struct ca_certs *trust,
			const struct ca_certs_pin *pin)
{
	struct ca_certs_pin anchor;

	pin_of(trust->anchor, &anchor);
	HOLDS(memcmp(anchor.digest, pin->digest, 32) == 0);
	HOLDS(sk_X509_num(trust->chain) >= 1);
	if (trust->recipient == NULL) /* a manager has to decide */
		return;
	HOLDS(EVP_PKEY_is_a(X509_get0_pubkey(trust->recipient), "RSA") ||
	      EVP_PKEY_is_a(X509_get0_pubkey(trust->recipient), "EC"));
}

bool fuzz_ca_cert(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t mode = fuzz_take_octet(&input);
	STACK_OF(X509) *certificates = NULL;
	const struct certs_floor floor = {(mode & 8) == 0, 0};
	struct ca_certs_entry entries[LIMIT_CERTIFICATES] = {0};
	struct ca_certs trust;
	struct ca_certs_pin pin;
	struct scep_error error = {.text = ""};
	X509 *candidate = NULL;
	enum scep_code code;

	code = read_certificates(&input, mode & 1, &certificates);
	ERR_clear_error();
	if (code != SCEP_OK)
		return false;
	HOLDS(sk_X509_num(certificates) >= 1 &&
	      sk_X509_num(certificates) <= LIMIT_CERTIFICATES);
	check_pem(certificates);
	check_descriptions(certificates);
	HOLDS(ca_certs_candidate(certificates, &floor, &candidate, NULL) !=
	      SCEP_NO_MEMORY);
	pin_of(candidate != NULL && mode & 4 ? candidate
					     : fixed_certificate(FIXED_CA),
	       &pin);
	code = ca_certs_establish(
	    &(struct ca_certs_input){
		.certificates = certificates,
		.pins = &pin,
		.pin_count = 1,
		.floor = floor,
		.ra_policy = mode & 16 ? SCEP_RA_ANY : SCEP_RA_MARKED,
		.now = mode & 2 ? 0 : FIXED_NOW,
	    },
	    entries, &trust, &error);
	HOLDS(code == SCEP_OK || code == SCEP_CA_NOT_TRUSTED);
	if (code == SCEP_OK)
		check_trust(&trust, &pin);
	else
		HOLDS(trust.anchor == NULL && error.text[0] != '\0');
	ca_certs_free(&trust);
	sk_X509_pop_free(certificates, X509_free);
	ERR_clear_error();
	return code == SCEP_OK;
}
