/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CertRep for the fixed transaction.  Octet 0: what the rest is, and what
 * the CA does to it, so that what lies behind signature and encryption is
 * reached (enum mode).  Octet 1: see enum flag.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <openssl/err.h>

#include "scep/codes.h"
#include "scep/text.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/cert_rep.h"
#include "tests/fuzz/fixed.h"

enum mode {
	MODE_MESSAGE,	   /* the message itself */
	MODE_SIGN_AGAIN,   /* a message that is signed again */
	MODE_CERTIFICATES, /* what is in the envelope: sealed and signed */
	MODE_CERTIFY,	   /* the same, and each certificate is signed anew */
	MODE_ENVELOPE,	   /* the envelope: signed */
	MODE_ATTRIBUTES,   /* signed attributes: kind, type, length, octets */
	MODE_EC_ENVELOPE,  /* the envelope for an EC key: signed */
	MODE_COUNT
};

enum flag {
	FLAG_LEGACY = 7,   /* enum scep_legacy */
	FLAG_RENEWAL = 8,  /* signed with the old key */
	FLAG_KNOWN = 16,   /* the old certificate is known */
	FLAG_NO_TIME = 32, /* no judgement about time */
	FLAG_RA = 64,	   /* the RA signs, where the target does it */
	FLAG_3DES = 128,   /* the cipher, where the target seals */
};

#define ATTRIBUTE_MAX 12

/* A reply that is right in everything, unless told otherwise. */
static const struct fixed_attribute right[] = {
    {RFC8894_OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING, "3", 1},
    {RFC8894_OID_TRANSACTION_ID, V_ASN1_PRINTABLESTRING, FIXED_TRANSACTION_ID,
     sizeof(FIXED_TRANSACTION_ID) - 1},
    {RFC8894_OID_PKI_STATUS, V_ASN1_PRINTABLESTRING, "0", 1},
    {RFC8894_OID_RECIPIENT_NONCE, V_ASN1_OCTET_STRING, FIXED_NONCE,
     RFC8894_NONCE_LENGTH},
    {RFC8894_OID_SENDER_NONCE, V_ASN1_OCTET_STRING, "fedcba9876543210",
     RFC8894_NONCE_LENGTH},
    /* Only as told. */
    {RFC8894_OID_FAIL_INFO, V_ASN1_PRINTABLESTRING, "2", 1},
    {RFC8894_OID_FAIL_INFO_TEXT, V_ASN1_UTF8STRING, "no", 2},
};
#define RIGHT_COUNT 5
#define KIND_COUNT  (sizeof(right) / sizeof(right[0]))

/* ------------------------------------------------------------ attributes -- */

static void take_attribute(struct fuzz_input *input, size_t kind,
			   struct fixed_attribute *attribute)
{
	static const int types[] = {V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING,
				    V_ASN1_IA5STRING,	    V_ASN1_OCTET_STRING,
				    V_ASN1_T61STRING,	    V_ASN1_BMPSTRING,
				    V_ASN1_INTEGER,	    0 /* no value */};
	size_t length;

	*attribute = right[kind];
	attribute->type =
	    types[fuzz_take_octet(input) % (sizeof(types) / sizeof(types[0]))];
	length = fuzz_take_octet(input);
	attribute->data = fuzz_take(input, &length);
	attribute->length = length;
}

/* The attributes that the input names, and the right ones of other kinds;
 * with 128 in its number a kind is left out. */
static size_t take_attributes(struct fuzz_input *input,
			      struct fixed_attribute *attributes)
{
	bool is_told[KIND_COUNT] = {false};
	size_t count = 0;

	while (input->left > 0 && count < ATTRIBUTE_MAX) {
		uint8_t octet = fuzz_take_octet(input);
		size_t kind = (octet & 127) % KIND_COUNT;

		is_told[kind] = true;
		if (octet < 128)
			take_attribute(input, kind, &attributes[count++]);
	}
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		if (!is_told[i])
			attributes[count++] = right[i];
	}
	return count;
}

/* --------------------------------------------------------- making replies --
 */

static enum fixed_party signer_of(uint8_t flags)
{
	return flags & FLAG_RA ? FIXED_RA : FIXED_CA;
}

static enum fixed_party requester_of(enum mode mode, uint8_t flags)
{
	if (mode == MODE_EC_ENVELOPE)
		return FIXED_DEVICE_EC;
	return flags & FLAG_RENEWAL ? FIXED_DEVICE_OLD : FIXED_DEVICE;
}

static bool make_from_certificates(const struct bytes *certificates,
				   uint8_t flags, struct bytes *message)
{
	struct bytes envelope = {NULL, 0};
	bool is_made =
	    fixed_seal(certificates->data, certificates->length,
		       requester_of(MODE_CERTIFICATES, flags),
		       flags & FLAG_3DES ? "DES-EDE3-CBC" : "AES-128-CBC",
		       &envelope) &&
	    fixed_sign(envelope.data, envelope.length, right, RIGHT_COUNT,
		       signer_of(flags), message);

	bytes_free(&envelope);
	return is_made;
}

static bool make_certified(struct fuzz_input *input, uint8_t flags,
			   struct bytes *message)
{
	STACK_OF(X509) *certificates = NULL;
	struct bytes der = {NULL, 0};
	bool is_made = certs_from_signed_data(input->at, input->left,
					      &certificates, NULL) == SCEP_OK &&
		       fixed_certify(certificates, &der) &&
		       make_from_certificates(&der, flags, message);

	sk_X509_pop_free(certificates, X509_free);
	bytes_free(&der);
	return is_made;
}

static bool make_message(struct fuzz_input *input, enum mode mode,
			 uint8_t flags, struct bytes *message)
{
	struct fixed_attribute attributes[ATTRIBUTE_MAX + RIGHT_COUNT];
	const struct bytes rest = {(unsigned char *)input->at, input->left};
	size_t count;

	switch (mode) {
	case MODE_MESSAGE:
		return bytes_set(message, input->at, input->left);
	case MODE_SIGN_AGAIN:
		return fixed_sign_again(input->at, input->left, message);
	case MODE_CERTIFICATES:
		return make_from_certificates(&rest, flags, message);
	case MODE_CERTIFY:
		return make_certified(input, flags, message);
	case MODE_ENVELOPE:
	case MODE_EC_ENVELOPE:
		return fixed_sign(input->at, input->left, right, RIGHT_COUNT,
				  signer_of(flags), message);
	case MODE_ATTRIBUTES:
		count = take_attributes(input, attributes);
		return fixed_sign(NULL, 0, attributes, count, signer_of(flags),
				  message);
	case MODE_COUNT:
		break;
	}
	return false;
}

/* ---------------------------------------------------------------- opening --
 */

static const struct ca_certs *fixed_trust(void)
{
	static struct ca_certs trust;

	if (trust.anchor == NULL) {
		trust.anchor = fixed_certificate(FIXED_CA);
		trust.recipient = fixed_certificate(FIXED_RA);
		trust.chain = sk_X509_new_null();
		HOLDS(certs_push(trust.chain, trust.anchor, NULL) == SCEP_OK);
		HOLDS(certs_push(trust.chain, trust.recipient, NULL) ==
		      SCEP_OK);
	}
	return &trust;
}

static void check_reply(const struct cert_rep_input *input,
			const struct cert_rep *reply)
{
	int count = sk_X509_num(reply->certificates);

	HOLDS((reply->legacy_used & ~input->allow_legacy) == 0);
	HOLDS(text_is_clean(reply->fail_info_text,
			    strlen(reply->fail_info_text)));
	HOLDS(reply->fail_info <= SCEP_FAIL_BAD_CERT_ID ||
	      reply->fail_info == SCEP_FAIL_OTHER ||
	      reply->fail_info == SCEP_FAIL_NONE);
	HOLDS((reply->pki_status == RFC8894_FAILURE) ==
	      (reply->fail_info != SCEP_FAIL_NONE));
	HOLDS((reply->pki_status == RFC8894_SUCCESS) ==
	      (reply->certificates != NULL));
	if (reply->certificates == NULL)
		return;
	/* Ours first, the pinned CA last. */
	HOLDS(
	    EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(reply->certificates, 0)),
			input->key) == 1);
	HOLDS(X509_cmp(sk_X509_value(reply->certificates, count - 1),
		       input->trust->anchor) == 0);
	HOLDS(count == 1 || X509_verify(sk_X509_value(reply->certificates, 0),
					X509_get0_pubkey(sk_X509_value(
					    reply->certificates, 1))) == 1);
}

static bool open_message(const struct bytes *message, enum mode mode,
			 uint8_t flags)
{
	static const struct scep_secret challenge = {
	    sizeof(FIXED_CHALLENGE) - 1, FIXED_CHALLENGE};
	enum fixed_party requester = requester_of(mode, flags);
	struct cert_rep_input input = {
	    .message = message->data,
	    .message_length = message->length,
	    .transaction_id = FIXED_TRANSACTION_ID,
	    .trust = fixed_trust(),
	    .key = fixed_key(mode == MODE_EC_ENVELOPE ? FIXED_DEVICE_EC
						      : FIXED_DEVICE),
	    .signer = fixed_certificate(requester),
	    .signer_key = fixed_key(requester),
	    .known =
		flags & FLAG_KNOWN ? fixed_certificate(FIXED_DEVICE_OLD) : NULL,
	    .challenge = &challenge,
	    .allow_legacy = flags & FLAG_LEGACY,
	    .allow_short_keys = true,
	    .now = flags & FLAG_NO_TIME ? 0 : FIXED_NOW,
	};
	struct cert_rep reply;
	struct scep_error error = {.text = ""};
	enum scep_code code;

	memcpy(input.sender_nonce, FIXED_NONCE, RFC8894_NONCE_LENGTH);
	code = cert_rep_open(&input, &reply, &error);
	if (code == SCEP_OK) {
		check_reply(&input, &reply);
	} else {
		HOLDS(code == SCEP_BAD_RESPONSE ||
		      code == SCEP_CA_NOT_TRUSTED ||
		      code == SCEP_UNCHANGED_CERTIFICATE);
		HOLDS(error.code == code && error.text[0] != '\0');
		HOLDS(reply.certificates == NULL);
	}
	HOLDS(ERR_peek_error() == 0);
	cert_rep_free(&reply);
	return code == SCEP_OK;
}

bool fuzz_cert_rep(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum mode mode = fuzz_take_octet(&input) % MODE_COUNT;
	uint8_t flags = fuzz_take_octet(&input);
	struct bytes message = {NULL, 0};
	bool is_accepted = false;

	if (make_message(&input, mode, flags, &message)) {
		ERR_clear_error();
		is_accepted = open_message(&message, mode, flags);
	}
	ERR_clear_error();
	bytes_free(&message);
	return is_accepted;
}
