/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in the signed attributes of a CertRep, signed again with the fault. */
#include "tests/unit/scep/protocol/hostile.h"

#include "scep/codes.h"

#define SIGNER	   "1/0/4/0"
#define ATTRIBUTES SIGNER "/3"

/* The server's own nonce, which the replies of tests/lib/pki.h do without. */
static void add_sender_nonce(struct der *attributes)
{
	struct bytes octets = {NULL, 0};
	struct der *oid = der_oid(RFC8894_OID_SENDER_NONCE);
	struct der *attribute = der_read("\x30\0", 2);

	der_append(attribute, oid);
	bytes_set(&octets, "\x31\x12\x04\x10sixteen octets..", 20);
	der_append(attribute, der_read(octets.data, octets.length));
	der_append(attributes, attribute);
	bytes_free(&octets);
}

static enum scep_code open_attributes(struct world *world,
				      struct hostile_case *hostile,
				      struct scep_error *error)
{
	struct bytes before = {NULL, 0}, message = {NULL, 0};
	enum scep_code code;
	struct der *root, *attributes;

	pki_reply_make(&world->reply, &message);
	root = der_read(message.data, message.length);
	attributes = der_find(root, ATTRIBUTES);
	add_sender_nonce(attributes);
	der_write(attributes, &before);
	der_spoil(root, hostile->field->path, hostile->fault,
		  hostile->field->wrong);
	bytes_free(&message);
	der_write(attributes, &message);
	hostile->is_void =
	    before.length == message.length &&
	    memcmp(before.data, message.data, before.length) == 0;
	/* RFC 5652, 5.4: signed as a SET OF, and not as [0]. */
	hostile_sign(attributes, V_ASN1_SET | V_ASN1_CONSTRUCTED,
		     world->reply.signer_key, der_find(root, SIGNER "/5"));
	hostile_write(root, &message);
	code = hostile_open_message(world, &message, error);
	der_free(root);
	bytes_free(&before);
	bytes_free(&message);
	return code;
}

/* A FAILURE that is right is believed; one that is not must not be. */
static enum scep_code open_failure(struct world *world,
				   struct hostile_case *hostile,
				   struct scep_error *error)
{
	world->reply.pki_status = "2";
	world->reply.fail_info = "2";
	world->reply.fail_info_text = "no";
	world->reply.has_envelope = false;
	return open_attributes(world, hostile, error);
}

enum {
	NO_VERIFY,
	NO_CMS,
	NOT_DATA,
	MISSING,
	SEVERAL,
	NO_TEXT,
	NO_CERT_REP,
	NOT_KNOWN,
	NO_MATCH,
	NO_OCTETS,
	FINE_NONCE,
	FINE_FAILURE,
	FINE_TEXT,
};

static const struct hostile_verdict verdicts[] = {
    [NO_VERIFY] = {SCEP_BAD_RESPONSE,
		   "the signature of the reply does not verify"},
    [NO_CMS] = {SCEP_BAD_RESPONSE, "the reply is no CMS structure"},
    [NOT_DATA] = {SCEP_BAD_RESPONSE, "contentType is not data"},
    [MISSING] = {SCEP_BAD_RESPONSE, "%s is missing"},
    [SEVERAL] = {SCEP_BAD_RESPONSE, "%s does not have exactly one value"},
    [NO_TEXT] = {SCEP_BAD_RESPONSE, "%s is not a character string"},
    [NO_CERT_REP] = {SCEP_BAD_RESPONSE, "messageType is not CertRep"},
    [NOT_KNOWN] = {SCEP_BAD_RESPONSE, "pkiStatus is not known"},
    [NO_MATCH] = {SCEP_BAD_RESPONSE, "%s does not match"},
    [NO_OCTETS] = {SCEP_BAD_RESPONSE, "%s is not an OCTET STRING"},
    [FINE_NONCE] =
	{SCEP_OK, "senderNonce is of no use to us, and some servers send none"},
    [FINE_FAILURE] = {SCEP_OK,
		      "it is a FAILURE all the same, with failInfo other"},
    [FINE_TEXT] = {SCEP_OK,
		   "failInfoText is optional, for people, capped and cleaned"},
};

static const struct hostile_field fields[] = {
    {"contentType attribute",
     "1/0/4/0/3/@1.2.840.113549.1.9.3",
     NULL,
     {NO_VERIFY, NO_CMS, NO_CMS, NO_VERIFY, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"contentType type",
     "1/0/4/0/3/@1.2.840.113549.1.9.3/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, NO_VERIFY, NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS, NO_CMS}},
    {"contentType values",
     "1/0/4/0/3/@1.2.840.113549.1.9.3/1",
     NULL,
     {NO_CMS, NO_VERIFY, NOT_DATA, NO_CMS, NO_VERIFY, NO_CMS, NO_CMS, NO_CMS}},
    {"contentType value",
     "1/0/4/0/3/@1.2.840.113549.1.9.3/1/0",
     "1.2.840.113549.1.7.2",
     {NO_VERIFY, NO_CMS, NOT_DATA, NO_VERIFY, NOT_DATA, NOT_DATA, NOT_DATA,
      NO_CMS}},
    {"messageDigest attribute",
     "1/0/4/0/3/@1.2.840.113549.1.9.4",
     NULL,
     {NO_VERIFY, NO_CMS, NO_CMS, NO_VERIFY, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"messageDigest type",
     "1/0/4/0/3/@1.2.840.113549.1.9.4/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, NO_VERIFY, NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS, NO_CMS}},
    {"messageDigest values",
     "1/0/4/0/3/@1.2.840.113549.1.9.4/1",
     NULL,
     {NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS, NO_VERIFY, NO_CMS, NO_CMS, NO_CMS}},
    {"messageDigest value",
     "1/0/4/0/3/@1.2.840.113549.1.9.4/1/0",
     NULL,
     {NO_VERIFY, NO_VERIFY, NO_VERIFY, NO_VERIFY, NO_VERIFY, NO_VERIFY,
      NO_VERIFY, NO_CMS}},
    {"messageType attribute",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.2",
     NULL,
     {MISSING, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"messageType type",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.2/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, MISSING, NO_CMS, MISSING, MISSING, NO_CMS, NO_CMS}},
    {"messageType values",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.2/1",
     NULL,
     {NO_CMS, SEVERAL, NO_TEXT, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"messageType value",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.2/1/0",
     "=19",
     {SEVERAL, NO_CERT_REP, NO_CERT_REP, SEVERAL, NO_CERT_REP, NO_CERT_REP,
      NO_TEXT, NO_CMS}},
    {"pkiStatus attribute",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.3",
     NULL,
     {MISSING, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"pkiStatus type",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.3/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, MISSING, NO_CMS, MISSING, MISSING, NO_CMS, NO_CMS}},
    {"pkiStatus values",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.3/1",
     NULL,
     {NO_CMS, SEVERAL, NO_TEXT, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"pkiStatus value",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.3/1/0",
     "=1",
     {SEVERAL, NOT_KNOWN, NOT_KNOWN, SEVERAL, NOT_KNOWN, NOT_KNOWN, NO_TEXT,
      NO_CMS}},
    {"transactionID attribute",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.7",
     NULL,
     {MISSING, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"transactionID type",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.7/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, MISSING, NO_CMS, MISSING, MISSING, NO_CMS, NO_CMS}},
    {"transactionID values",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.7/1",
     NULL,
     {NO_CMS, SEVERAL, NO_TEXT, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"transactionID value",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.7/1/0",
     "=0123456789abcdeF",
     {SEVERAL, NO_MATCH, NO_MATCH, SEVERAL, NO_MATCH, NO_MATCH, NO_TEXT,
      NO_CMS}},
    {"recipientNonce attribute",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.6",
     NULL,
     {MISSING, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"recipientNonce type",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.6/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, MISSING, NO_CMS, MISSING, MISSING, NO_CMS, NO_CMS}},
    {"recipientNonce values",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.6/1",
     NULL,
     {NO_CMS, SEVERAL, NO_OCTETS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"recipientNonce value",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.6/1/0",
     NULL,
     {SEVERAL, NO_MATCH, NO_MATCH, SEVERAL, NO_MATCH, NO_MATCH, NO_OCTETS,
      NO_CMS}},
    {"senderNonce attribute",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.5",
     NULL,
     {FINE_NONCE, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"senderNonce type",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.5/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, FINE_NONCE, NO_CMS, FINE_NONCE, FINE_NONCE, NO_CMS,
      NO_CMS}},
    {"senderNonce values",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.5/1",
     NULL,
     {NO_CMS, SEVERAL, NO_OCTETS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"senderNonce value",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.5/1/0",
     NULL,
     {SEVERAL, FINE_NONCE, FINE_NONCE, SEVERAL, FINE_NONCE, FINE_NONCE,
      NO_OCTETS, NO_CMS}},
};

static const struct hostile_field failure_fields[] = {
    {"failInfo attribute",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.4",
     NULL,
     {FINE_FAILURE, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"failInfo type",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.4/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, FINE_FAILURE, NO_CMS, FINE_FAILURE, FINE_FAILURE, NO_CMS,
      NO_CMS}},
    {"failInfo values",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.4/1",
     NULL,
     {NO_CMS, SEVERAL, NO_TEXT, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"failInfo value",
     "1/0/4/0/3/@2.16.840.1.113733.1.9.4/1/0",
     "=9",
     {SEVERAL, FINE_FAILURE, FINE_FAILURE, SEVERAL, FINE_FAILURE, FINE_FAILURE,
      NO_TEXT, NO_CMS}},
    {"failInfoText attribute",
     "1/0/4/0/3/@1.3.6.1.5.5.7.24.1",
     NULL,
     {FINE_TEXT, NO_CMS, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"failInfoText type",
     "1/0/4/0/3/@1.3.6.1.5.5.7.24.1/0",
     "1.2.3.4",
     {NO_CMS, NO_CMS, FINE_TEXT, NO_CMS, FINE_TEXT, FINE_TEXT, NO_CMS, NO_CMS}},
    {"failInfoText values",
     "1/0/4/0/3/@1.3.6.1.5.5.7.24.1/1",
     NULL,
     {NO_CMS, SEVERAL, NO_TEXT, NO_CMS, SEVERAL, NO_CMS, NO_CMS, NO_CMS}},
    {"failInfoText value",
     "1/0/4/0/3/@1.3.6.1.5.5.7.24.1/1/0",
     "=",
     {SEVERAL, FINE_TEXT, FINE_TEXT, SEVERAL, FINE_TEXT, FINE_TEXT, NO_TEXT,
      NO_CMS}},
};

const struct hostile_table hostile_attributes = {
    "signedAttrs", fields, HOSTILE_COUNT(fields), verdicts, open_attributes};

const struct hostile_table hostile_failure = {
    "signedAttrs of a FAILURE", failure_fields, HOSTILE_COUNT(failure_fields),
    verdicts, open_failure};
