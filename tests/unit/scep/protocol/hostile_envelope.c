/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in the EnvelopedData of a CertRep, which is signed over them. */
#include "tests/unit/scep/protocol/hostile.h"

#include "scep/codes.h"

static enum scep_code open_envelope(struct world *world,
				    struct hostile_case *hostile,
				    struct scep_error *error)
{
	struct bytes message = {NULL, 0};
	struct bytes envelope = {NULL, 0};
	enum scep_code code;

	pki_envelope_make(&world->reply, &envelope);
	hostile_spoil(hostile, &envelope);
	world->reply.raw_content = &envelope;
	pki_reply_make(&world->reply, &message);
	code = hostile_open_message(world, &message, error);
	bytes_free(&envelope);
	bytes_free(&message);
	return code;
}

enum {
	VOID, /* the fault changes nothing */
	NOTHING,
	NO_CMS,
	KIND,
	RECIPIENTS,
	FOREIGN,
	TRANSPORT,
	PARAMETERS,
	CHANCE, /* rubbish, which one time in 256 looks like padding */
	NOT_DATA,
	CIPHER,
	NO_BAG,
	SEALED,
	FINE_VERSION,
	FINE_NULL,
	FINE_SIGNED,
};

static const struct hostile_verdict verdicts[] = {
    [NOTHING] = {SCEP_BAD_RESPONSE, "SUCCESS, but there is no envelope"},
    [NO_CMS] = {SCEP_BAD_RESPONSE, "the envelope is no CMS structure"},
    [KIND] = {SCEP_BAD_RESPONSE, "and no EnvelopedData"},
    [RECIPIENTS] = {SCEP_BAD_RESPONSE,
		    "the envelope has not exactly one recipient"},
    [FOREIGN] = {SCEP_BAD_RESPONSE, "the envelope is for another recipient"},
    [TRANSPORT] = {SCEP_BAD_RESPONSE, "which is not allowed"},
    [PARAMETERS] = {SCEP_BAD_RESPONSE, "parameters that RSA cannot have"},
    [CHANCE] = {SCEP_BAD_RESPONSE, "envelope"},
    [NOT_DATA] = {SCEP_BAD_RESPONSE, "and not data"},
    [CIPHER] = {SCEP_BAD_RESPONSE, "which is never allowed"},
    [NO_BAG] = {SCEP_BAD_RESPONSE,
		"in the envelope: the certificates are no CMS structure"},
    [SEALED] = {SCEP_BAD_RESPONSE, "the envelope cannot be decrypted"},
    [FINE_VERSION] = {SCEP_OK, "the version of a CMS structure decides "
			       "nothing: what is there is read"},
    [FINE_NULL] = {SCEP_OK, "NULL may be left out (RFC 4055, 5)"},
    [FINE_SIGNED] = {SCEP_OK,
		     "it is SignedData indeed, and some servers say so"},
};

static const struct hostile_field fields[] = {
    {"envelope",
     "",
     NULL,
     {NOTHING, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"envelope type",
     "0",
     "1.2.840.113549.1.7.6",
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, KIND, KIND, NO_CMS, NO_CMS}},
    {"envelope content",
     "1",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"EnvelopedData",
     "1/0",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"version",
     "1/0/0",
     "05",
     {NO_CMS, FINE_VERSION, FINE_VERSION, NO_CMS, NO_CMS, FINE_VERSION, NO_CMS,
      NO_CMS}},
    {"recipientInfos",
     "1/0/1",
     NULL,
     {NO_CMS, RECIPIENTS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"ktri",
     "1/0/1/0",
     NULL,
     {RECIPIENTS, NO_CMS, NO_CMS, RECIPIENTS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"ktri version",
     "1/0/1/0/0",
     "05",
     {NO_CMS, FINE_VERSION, FINE_VERSION, NO_CMS, NO_CMS, FINE_VERSION, NO_CMS,
      NO_CMS}},
    {"rid",
     "1/0/1/0/1",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"rid issuer",
     "1/0/1/0/1/0",
     NULL,
     {NO_CMS, FOREIGN, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"rid issuer name",
     "1/0/1/0/1/0/0/0/1",
     "=xyz",
     {NO_CMS, FOREIGN, FOREIGN, NO_CMS, FOREIGN, FOREIGN, NO_CMS, NO_CMS}},
    {"rid serialNumber",
     "1/0/1/0/1/1",
     NULL,
     {NO_CMS, NO_CMS, FOREIGN, NO_CMS, FOREIGN, NO_CMS, NO_CMS, NO_CMS}},
    {"keyEncryptionAlgorithm",
     "1/0/1/0/2",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"keyEncryptionAlgorithm OID",
     "1/0/1/0/2/0",
     "1.2.840.113549.1.1.10",
     {NO_CMS, NO_CMS, TRANSPORT, NO_CMS, TRANSPORT, TRANSPORT, NO_CMS, NO_CMS}},
    {"keyEncryptionAlgorithm parameters",
     "1/0/1/0/2/1",
     NULL,
     {FINE_NULL, VOID, NO_CMS, NO_CMS, NO_CMS, VOID, PARAMETERS, NO_CMS}},
    {"encryptedKey",
     "1/0/1/0/3",
     NULL,
     {NO_CMS, CHANCE, CHANCE, NO_CMS, CHANCE, CHANCE, NO_CMS, NO_CMS}},
    {"encryptedContentInfo",
     "1/0/2",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"encryptedContentInfo contentType",
     "1/0/2/0",
     "1.2.840.113549.1.7.2",
     {NO_CMS, NO_CMS, FINE_SIGNED, NO_CMS, NOT_DATA, NOT_DATA, NO_CMS, NO_CMS}},
    {"contentEncryptionAlgorithm",
     "1/0/2/1",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"contentEncryptionAlgorithm OID",
     "1/0/2/1/0",
     "1.2.840.113549.3.2",
     {NO_CMS, NO_CMS, CIPHER, NO_CMS, CIPHER, CIPHER, NO_CMS, NO_CMS}},
    {"contentEncryptionAlgorithm IV",
     "1/0/2/1/1",
     NULL,
     {NO_BAG, SEALED, NO_BAG, NO_CMS, SEALED, SEALED, SEALED, NO_CMS}},
    {"encryptedContent",
     "1/0/2/2",
     NULL,
     {SEALED, SEALED, CHANCE, NO_CMS, CHANCE, SEALED, NO_CMS, NO_CMS}},
};

const struct hostile_table hostile_envelope = {
    "EnvelopedData", fields, HOSTILE_COUNT(fields), verdicts, open_envelope};
