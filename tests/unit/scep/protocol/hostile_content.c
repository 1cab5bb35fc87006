/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in what is in the envelope: the bag of certificates, and ours. */
#include "tests/unit/scep/protocol/hostile.h"

#include "scep/codes.h"

#define CERTIFICATE "1/0/3/0"

static enum scep_code open_bag(struct world *world,
			       struct hostile_case *hostile,
			       struct scep_error *error)
{
	struct bytes message = {NULL, 0}, bag = {NULL, 0};
	enum scep_code code;

	pki_degenerate(world->reply.certificates, &bag);
	hostile_spoil(hostile, &bag);
	world->reply.raw_inner = &bag;
	pki_reply_make(&world->reply, &message);
	code = hostile_open_message(world, &message, error);
	bytes_free(&bag);
	bytes_free(&message);
	return code;
}

/* The CA signs what is wrong. */
static enum scep_code open_certificate(struct world *world,
				       struct hostile_case *hostile,
				       struct scep_error *error)
{
	struct bytes message = {NULL, 0}, bag = {NULL, 0};
	enum scep_code code;

	pki_degenerate(world->reply.certificates, &bag);
	hostile_spoil_certificate(hostile, CERTIFICATE, pki_key(PKI_KEY_CA),
				  &bag);
	world->reply.raw_inner = &bag;
	pki_reply_make(&world->reply, &message);
	code = hostile_open_message(world, &message, error);
	bytes_free(&bag);
	bytes_free(&message);
	return code;
}

enum {
	VOID, /* the fault changes nothing */
	NO_BAG,
	TRAILING,
	NOT_SIGNED,
	NOT_DATA,
	NONE,
	VERSION,
	NO_VERSION,
	SERIAL,
	UNTRUSTED,
	VALIDITY,
	SHORT_TIME,
	ENDS,
	FOREIGN,
	A_CA,
	CONSTRAINTS,
	FINE_VERSION,
	FINE_TWICE,
	FINE_CHOICE,
	FINE_SUBJECT,
	FINE_KEY,
	FINE_EXTENSION,
};

static const struct hostile_verdict verdicts[] = {
    [NO_BAG] = {SCEP_BAD_RESPONSE,
		"in the envelope: the certificates are no CMS structure"},
    [TRAILING] = {SCEP_BAD_RESPONSE,
		  "in the envelope: octets follow the certificates"},
    [NOT_SIGNED] =
	{SCEP_BAD_RESPONSE,
	 "in the envelope: the certificates do not come as SignedData"},
    [NOT_DATA] = {SCEP_BAD_RESPONSE, "in the envelope: the certificates come "
				     "with content that is not data"},
    [NONE] = {SCEP_BAD_RESPONSE, "in the envelope: there is no certificate"},
    [VERSION] = {SCEP_BAD_RESPONSE, "but is not of version 3"},
    [NO_VERSION] = {SCEP_BAD_RESPONSE,
		    "the certificate is of no known version"},
    [SERIAL] = {SCEP_BAD_RESPONSE, "serial number is too long"},
    [UNTRUSTED] = {SCEP_CA_NOT_TRUSTED, "not certified by the pinned CA"},
    [VALIDITY] = {SCEP_BAD_RESPONSE,
		  "the certificate's validity cannot be read"},
    [SHORT_TIME] = {SCEP_BAD_RESPONSE,
		    "the certificate's validity cannot be read",
		    .newer = NO_BAG},
    [ENDS] = {SCEP_BAD_RESPONSE, "ends before it begins"},
    [FOREIGN] = {SCEP_BAD_RESPONSE, "the certificate is for another key"},
    [A_CA] = {SCEP_BAD_RESPONSE, "the certificate is that of a CA"},
    [CONSTRAINTS] = {SCEP_BAD_RESPONSE,
		     "the certificate's basicConstraints cannot be read"},
    [FINE_VERSION] = {SCEP_OK, "the version of a CMS structure decides "
			       "nothing: what is there is read"},
    [FINE_TWICE] = {SCEP_OK, "the same certificate twice is that certificate"},
    [FINE_CHOICE] = {SCEP_OK,
		     "that is for the CA to choose, and it has signed it"},
    [FINE_SUBJECT] = {SCEP_OK,
		      "a CA may choose the subject; that it differs is logged"},
    [FINE_KEY] = {SCEP_OK, "it is our key, whatever follows it"},
    [FINE_EXTENSION] =
	{SCEP_OK, "the CA may choose the extensions, and it has signed them"},
};

static const struct hostile_field bag_fields[] = {
    {"bag",
     "",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, TRAILING, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"bag type",
     "0",
     "1.2.840.113549.1.7.1",
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NOT_SIGNED, NOT_SIGNED, NO_BAG, NO_BAG}},
    {"bag content",
     "1",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"SignedData",
     "1/0",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"version",
     "1/0/0",
     "05",
     {NO_BAG, FINE_VERSION, FINE_VERSION, NO_BAG, NO_BAG, FINE_VERSION, NO_BAG,
      NO_BAG}},
    {"digestAlgorithms",
     "1/0/1",
     NULL,
     {NO_BAG, VOID, NO_BAG, NO_BAG, NO_BAG, VOID, NO_BAG, NO_BAG}},
    {"encapContentInfo",
     "1/0/2",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"eContentType",
     "1/0/2/0",
     "1.2.840.113549.1.7.2",
     {NO_BAG, NO_BAG, NOT_DATA, NO_BAG, NOT_DATA, NOT_DATA, NO_BAG, NO_BAG}},
    {"certificates",
     "1/0/3",
     NULL,
     {NONE, NONE, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"certificate",
     "1/0/3/0",
     NULL,
     {NONE, NO_BAG, NO_BAG, FINE_TWICE, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"signerInfos",
     "1/0/4",
     NULL,
     {NO_BAG, VOID, NO_BAG, NO_BAG, NO_BAG, VOID, NO_BAG, NO_BAG}},
};

static const struct hostile_field certificate_fields[] = {
    {"tbsCertificate",
     "1/0/3/0/0",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"version",
     "1/0/3/0/0/0",
     NULL,
     {VERSION, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"version INTEGER",
     "1/0/3/0/0/0/0",
     "00",
     {NO_BAG, NO_BAG, VERSION, NO_BAG, NO_VERSION, NO_BAG, NO_BAG, NO_BAG}},
    {"serialNumber",
     "1/0/3/0/0/1",
     NULL,
     {NO_BAG, NO_BAG, FINE_CHOICE, NO_BAG, SERIAL, NO_BAG, NO_BAG, NO_BAG}},
    {"signature",
     "1/0/3/0/0/2",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"signature OID",
     "1/0/3/0/0/2/0",
     "1.2.840.113549.1.1.4",
     {NO_BAG, NO_BAG, UNTRUSTED, NO_BAG, UNTRUSTED, UNTRUSTED, NO_BAG, NO_BAG}},
    {"issuer",
     "1/0/3/0/0/3",
     NULL,
     {NO_BAG, UNTRUSTED, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"issuer name",
     "1/0/3/0/0/3/0/0/1",
     "=CB",
     {NO_BAG, UNTRUSTED, UNTRUSTED, NO_BAG, UNTRUSTED, UNTRUSTED, NO_BAG,
      NO_BAG}},
    {"validity",
     "1/0/3/0/0/4",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"notBefore",
     "1/0/3/0/0/4/0",
     "=990101000000Z",
     {NO_BAG, SHORT_TIME, FINE_CHOICE, NO_BAG, VALIDITY, SHORT_TIME, NO_BAG,
      NO_BAG}},
    {"notAfter",
     "1/0/3/0/0/4/1",
     "=250101000000Z",
     {NO_BAG, SHORT_TIME, ENDS, NO_BAG, VALIDITY, SHORT_TIME, NO_BAG, NO_BAG}},
    {"subject",
     "1/0/3/0/0/5",
     NULL,
     {NO_BAG, FINE_SUBJECT, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"subject name",
     "1/0/3/0/0/5/0/0/1",
     NULL,
     {NO_BAG, FINE_SUBJECT, FINE_SUBJECT, NO_BAG, FINE_SUBJECT, FINE_SUBJECT,
      NO_BAG, NO_BAG}},
    {"subjectPublicKeyInfo",
     "1/0/3/0/0/6",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"key algorithm",
     "1/0/3/0/0/6/0",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"key algorithm OID",
     "1/0/3/0/0/6/0/0",
     "1.2.840.10045.2.1",
     {NO_BAG, NO_BAG, FOREIGN, NO_BAG, NO_BAG, FOREIGN, NO_BAG, NO_BAG}},
    {"key",
     "1/0/3/0/0/6/1",
     NULL,
     {NO_BAG, NO_BAG, FOREIGN, NO_BAG, FINE_KEY, FOREIGN, NO_BAG, NO_BAG}},
    {"extensions",
     "1/0/3/0/0/7",
     NULL,
     {FINE_EXTENSION, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"extension list",
     "1/0/3/0/0/7/0",
     NULL,
     {NO_BAG, FINE_EXTENSION, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"extension",
     "1/0/3/0/0/7/0/0",
     NULL,
     {FINE_EXTENSION, NO_BAG, NO_BAG, CONSTRAINTS, NO_BAG, NO_BAG, NO_BAG,
      NO_BAG}},
    {"basicConstraints",
     "1/0/3/0/0/7/0/0/2",
     "3003010101",
     {NO_BAG, CONSTRAINTS, A_CA, NO_BAG, FINE_EXTENSION, CONSTRAINTS, NO_BAG,
      NO_BAG}},
    {"signatureAlgorithm",
     "1/0/3/0/1",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"signatureAlgorithm OID",
     "1/0/3/0/1/0",
     "1.2.840.113549.1.1.12",
     {NO_BAG, NO_BAG, UNTRUSTED, NO_BAG, UNTRUSTED, UNTRUSTED, NO_BAG, NO_BAG}},
    {"signatureValue",
     "1/0/3/0/2",
     NULL,
     {NO_BAG, NO_BAG, UNTRUSTED, NO_BAG, UNTRUSTED, UNTRUSTED, NO_BAG, NO_BAG}},
};

const struct hostile_table hostile_bag = {"bag of certificates", bag_fields,
					  HOSTILE_COUNT(bag_fields), verdicts,
					  open_bag};

const struct hostile_table hostile_certificate = {
    "our certificate", certificate_fields, HOSTILE_COUNT(certificate_fields),
    verdicts, open_certificate};
