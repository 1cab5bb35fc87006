/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in the answers that are no CertRep to a request for a certificate: the
 * next CA (GetNextCACert), a list of revoked certificates (GetCRL), and a
 * certificate that is had again (GetCert). */
#include "tests/unit/scep/protocol/hostile.h"

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/protocol/crl.h"
#include "scep/protocol/get_cert.h"
#include "scep/protocol/next_ca.h"

/* -------------------------------------------------------- GetNextCACert -- */

static X509 *next_ca(struct world *world)
{
	struct pki_cert plan =
	    pki_ca_plan("Next CA", pki_key(PKI_KEY_DEVICE_OLD));

	plan.serial = 50;
	return world_certify(world, &plan);
}

static enum scep_code open_next(struct world *world, const struct bytes *body,
				struct scep_error *error)
{
	struct next_ca_input input = {
	    .body = body->data,
	    .length = body->length,
	    .trust = &world->trust,
	    .now = PKI_NOW,
	};
	STACK_OF(X509) *certificates = NULL;
	uint32_t legacy_used = 0;
	enum scep_code code =
	    next_ca_read(&input, &certificates, &legacy_used, error);

	if (code != SCEP_OK)
		assert_null(certificates);
	assert_int_equal(legacy_used, 0);
	sk_X509_pop_free(certificates, X509_free);
	return code;
}

/* Makes the answer around that content, signed by the pinned CA. */
static void make_next(struct world *world, const struct bytes *content,
		      struct bytes *body)
{
	const struct pki_reply reply = {
	    .signer = world->ca,
	    .signer_key = pki_key(PKI_KEY_CA),
	    .digest = "SHA256",
	    .raw_content = content,
	};

	pki_reply_make(&reply, body);
}

static void forget_made(struct world *world)
{
	X509_free(world->made[0]);
	world->made[0] = NULL;
}

static enum scep_code open_next_answer(struct world *world,
				       struct hostile_case *hostile,
				       struct scep_error *error)
{
	X509 *const certificates[] = {next_ca(world), NULL};
	struct bytes content = {NULL, 0}, body = {NULL, 0};
	enum scep_code code;

	pki_degenerate(certificates, &content);
	make_next(world, &content, &body);
	hostile_spoil(hostile, &body);
	code = open_next(world, &body, error);
	bytes_free(&content);
	bytes_free(&body);
	forget_made(world);
	return code;
}

static enum scep_code open_next_bag(struct world *world,
				    struct hostile_case *hostile,
				    struct scep_error *error)
{
	X509 *const certificates[] = {next_ca(world), NULL};
	struct bytes content = {NULL, 0}, body = {NULL, 0};
	enum scep_code code;

	pki_degenerate(certificates, &content);
	hostile_spoil(hostile, &content);
	make_next(world, &content, &body);
	code = open_next(world, &body, error);
	bytes_free(&content);
	bytes_free(&body);
	forget_made(world);
	return code;
}

/* ---------------------------------------------------------------- GetCRL -- */

static void make_list(struct world *world, struct bytes *bag)
{
	struct pki_crl plan = pki_crl_plan(world->ca, pki_key(PKI_KEY_CA));
	X509_CRL *lists[] = {NULL, NULL};

	plan.revoked[0] = 7;
	lists[0] = pki_revoke(&plan);
	pki_degenerate_crls(lists, bag);
	X509_CRL_free(lists[0]);
}

static enum scep_code open_list(struct world *world,
				struct hostile_case *hostile,
				struct scep_error *error)
{
	struct bytes message = {NULL, 0}, bag = {NULL, 0};
	struct cert_rep reply;
	X509_CRL *list = NULL;
	enum scep_code code;

	make_list(world, &bag);
	hostile_spoil_certificate(hostile, "1/0/3/0", pki_key(PKI_KEY_CA),
				  &bag);
	world->input.signer = world->issued;
	world->reply.recipient = world->issued;
	world->reply.raw_inner = &bag;
	pki_reply_make(&world->reply, &message);
	world->input.message = message.data;
	world->input.message_length = message.length;
	code = crl_open(&world->input, &reply, &list, error);
	assert_true((code == SCEP_OK) == (list != NULL));
	X509_CRL_free(list);
	cert_rep_free(&reply);
	bytes_free(&bag);
	bytes_free(&message);
	return code;
}

/* --------------------------------------------------------------- GetCert -- */

static enum scep_code open_had_again(struct world *world,
				     struct hostile_case *hostile,
				     struct scep_error *error)
{
	const struct scep_octets32 serial = {.length = 1, .data = {100}};
	struct bytes message = {NULL, 0}, bag = {NULL, 0};
	struct cert_rep reply;
	enum scep_code code;

	pki_degenerate(world->reply.certificates, &bag);
	hostile_spoil_certificate(hostile, "1/0/3/0", pki_key(PKI_KEY_CA),
				  &bag);
	world->reply.raw_inner = &bag;
	pki_reply_make(&world->reply, &message);
	world->input.message = message.data;
	world->input.message_length = message.length;
	code = get_cert_open(&world->input, &serial, &reply, error);
	cert_rep_free(&reply);
	bytes_free(&bag);
	bytes_free(&message);
	return code;
}

/* ---------------------------------------------------------------- tables -- */

enum {
	VOID, /* the fault changes nothing */
	NO_ANSWER,
	NO_DER,
	CUT_OFF,
	NO_CMS,
	TRAILING,
	NOT_SIGNED,
	NO_VERIFY,
	NOT_DATA,
	SIGNERS,
	STRANGER,
	PARAMETERS,
	UNKNOWN,
	NO_CONTENT,
	NO_BAG,
	BAG_TRAILING,
	BAG_NOT_SIGNED,
	BAG_NOT_DATA,
	BAG_EMPTY,
	NEXT_EXPONENT,
	NEXT_KEY,
	NO_LIST,
	LIST_TRAILING,
	LIST_NOT_SIGNED,
	LIST_NONE,
	LIST_FOREIGN,
	LIST_EARLY,
	LIST_EXPIRED,
	LIST_STRANGER,
	LIST_TIME,
	LIST_SHORT_TIME,
	CERT_NONE,
	CERT_NO_BAG,
	CERT_OTHER,
	CERT_SERIAL,
	CERT_STRANGER,
	CERT_VALIDITY,
	CERT_SHORT_TIME,
	CERT_ENDS,
	CERT_KEY,
	CERT_CONSTRAINTS,
	CERT_CA,
	FINE_UNUSED,
	FINE_DIGESTS,
	FINE_TWICE,
	FINE_KEY,
	FINE_COPY,
	FINE_SELF,
	FINE_OLD,
	FINE_ENDLESS,
	FINE_NOBODY,
	FINE_CHOICE,
};

#define BAD SCEP_BAD_RESPONSE

static const struct hostile_verdict verdicts[] = {
    [NO_ANSWER] = {BAD, "an empty answer, not the next CA certificate"},
    [NO_DER] = {BAD, "neither DER nor text, not the next CA certificate"},
    [CUT_OFF] = {BAD, "the reply ends after"},
    [NO_CMS] = {BAD, "the reply is no CMS structure"},
    [TRAILING] = {BAD, "octets follow the reply"},
    [NOT_SIGNED] = {BAD, "the reply is no SignedData"},
    [NO_VERIFY] = {BAD, "the signature of the reply does not verify"},
    [NOT_DATA] = {BAD, "the content type of the reply is not data"},
    [SIGNERS] = {BAD, "the reply has not exactly one signer"},
    [STRANGER] = {BAD, "the reply is not signed by the pinned CA"},
    [PARAMETERS] = {BAD, "of the reply has parameters that it cannot have"},
    [UNKNOWN] = {BAD, "signed with an unknown digest, which is never"},
    [NO_CONTENT] = {BAD, "the reply has no content"},
    [NO_BAG] = {BAD, "in the signed content: the certificates are no CMS"},
    [BAG_TRAILING] = {BAD, "in the signed content: octets follow"},
    [BAG_NOT_SIGNED] = {BAD, "in the signed content: the certificates do not "
			     "come as SignedData"},
    [BAG_NOT_DATA] = {BAD, "in the signed content: the certificates come with "
			   "content that is not data"},
    [BAG_EMPTY] = {BAD, "in the signed content: there is no certificate"},
    [NEXT_EXPONENT] = {SCEP_CA_NOT_TRUSTED,
		       "Next CA: the RSA key has a bad public exponent"},
    [NEXT_KEY] = {SCEP_CA_NOT_TRUSTED, "Next CA: the key cannot be read"},
    [NO_LIST] = {BAD, "in the envelope is no CMS structure"},
    [LIST_TRAILING] = {BAD, "octets follow the CRL in the envelope"},
    [LIST_NOT_SIGNED] = {BAD, "the CRL does not come as SignedData"},
    [LIST_NONE] = {BAD, "there is no CRL in the envelope"},
    [LIST_FOREIGN] = {BAD, "the CRL is by another issuer"},
    [LIST_EARLY] = {BAD, "the CRL is not yet valid"},
    [LIST_EXPIRED] = {BAD, "the CRL has expired"},
    [LIST_STRANGER] = {BAD, "the CRL is not signed by the CA"},
    [LIST_TIME] = {BAD, "the time of the CRL cannot be read"},
    [LIST_SHORT_TIME] = {BAD, "the time of the CRL cannot be read",
			 .newer = NO_LIST},
    [CERT_NONE] = {BAD, "in the envelope: there is no certificate"},
    [CERT_NO_BAG] = {BAD, "in the envelope: the certificates are no CMS"},
    [CERT_OTHER] = {BAD, "has not the serial number that was asked for"},
    [CERT_SERIAL] =
	{BAD, "serial number is too long: 20001 octets, and 20 is the limit"},
    [CERT_STRANGER] = {SCEP_CA_NOT_TRUSTED, "not certified by the pinned CA"},
    [CERT_VALIDITY] = {BAD, "the certificate's validity cannot be read"},
    [CERT_SHORT_TIME] = {BAD, "the certificate's validity cannot be read",
			 .newer = CERT_NO_BAG},
    [CERT_ENDS] = {BAD, "the certificate ends before it begins"},
    [CERT_KEY] = {BAD, "the certificate is for another key"},
    [CERT_CONSTRAINTS] = {BAD, "basicConstraints cannot be read"},
    [CERT_CA] = {BAD, "the certificate is that of a CA"},
    [FINE_UNUSED] = {SCEP_OK, "the signer is the pinned CA, whatever "
			      "certificates are in the message"},
    [FINE_DIGESTS] = {SCEP_OK, "some servers name another digest here; both "
			       "are judged"},
    [FINE_TWICE] = {SCEP_OK, "the same one twice is that one"},
    [FINE_KEY] = {SCEP_OK, "it is that key, whatever follows it"},
    [FINE_COPY] = {SCEP_OK,
		   "the algorithm outside is judged and used; this is "
		   "a copy of it",
		   .newer = LIST_STRANGER},
    [FINE_SELF] = {SCEP_OK, "the pinned CA has signed it, which counts more "
			    "than its own signature"},
    [FINE_OLD] = {SCEP_OK, "a list may be old while it is in force"},
    [FINE_ENDLESS] = {SCEP_OK, "a list may be in force without an end"},
    [FINE_NOBODY] = {SCEP_OK, "nobody is revoked"},
    [FINE_CHOICE] = {SCEP_OK, "that is for the CA to choose, and it has "
			      "signed it"},
};

static const struct hostile_field next_fields[] = {
    {"ContentInfo",
     "",
     NULL,
     {NO_ANSWER, NO_CMS, NO_CMS, TRAILING, NO_CMS, NO_CMS, NO_DER, CUT_OFF}},
    {"ContentInfo type",
     "0",
     "1.2.840.113549.1.7.1",
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NOT_SIGNED, NOT_SIGNED, NO_CMS, NO_CMS}},
    {"digestAlgorithms",
     "1/0/1",
     NULL,
     {NO_CMS, NO_VERIFY, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"eContentType",
     "1/0/2/0",
     "1.2.840.113549.1.7.2",
     {NO_CMS, NO_CMS, NOT_DATA, NO_CMS, NOT_DATA, NOT_DATA, NO_CMS, NO_CMS}},
    {"eContent",
     "1/0/2/1",
     NULL,
     {NO_VERIFY, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"eContent OCTET STRING",
     "1/0/2/1/0",
     NULL,
     {NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS,
      NO_CMS}},
    {"certificates",
     "1/0/3",
     NULL,
     {FINE_UNUSED, FINE_UNUSED, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS,
      NO_CMS}},
    {"signerInfos",
     "1/0/4",
     NULL,
     {NO_CMS, SIGNERS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"SignerInfo",
     "1/0/4/0",
     NULL,
     {SIGNERS, NO_CMS, NO_CMS, SIGNERS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"sid issuer",
     "1/0/4/0/1/0",
     NULL,
     {NO_CMS, STRANGER, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"sid issuer name",
     "1/0/4/0/1/0/0/0/1",
     "=CB",
     {NO_CMS, STRANGER, STRANGER, NO_CMS, STRANGER, STRANGER, NO_CMS, NO_CMS}},
    {"sid serialNumber",
     "1/0/4/0/1/1",
     "7f",
     {NO_CMS, NO_CMS, STRANGER, NO_CMS, STRANGER, NO_CMS, NO_CMS, NO_CMS}},
    {"digestAlgorithm OID",
     "1/0/4/0/2/0",
     "2.16.840.1.101.3.4.2.2",
     {NO_CMS, NO_CMS, NO_VERIFY, PARAMETERS, UNKNOWN, UNKNOWN, NO_CMS, NO_CMS}},
    {"signedAttrs",
     "1/0/4/0/3",
     NULL,
     {NO_VERIFY, NO_VERIFY, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"signatureAlgorithm OID",
     "1/0/4/0/4/0",
     "1.2.840.113549.1.1.12",
     {NO_CMS, NO_CMS, FINE_DIGESTS, NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS,
      NO_CMS}},
    {"signature",
     "1/0/4/0/5",
     NULL,
     {NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS, NO_VERIFY, NO_VERIFY, NO_CMS,
      NO_CMS}},
};

static const struct hostile_field next_bag_fields[] = {
    {"bag",
     "",
     NULL,
     {NO_CONTENT, NO_BAG, NO_BAG, BAG_TRAILING, NO_BAG, NO_BAG, NO_BAG,
      NO_BAG}},
    {"bag type",
     "0",
     "1.2.840.113549.1.7.1",
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, BAG_NOT_SIGNED, BAG_NOT_SIGNED, NO_BAG,
      NO_BAG}},
    {"SignedData",
     "1/0",
     NULL,
     {NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"eContentType",
     "1/0/2/0",
     "1.2.840.113549.1.7.2",
     {NO_BAG, NO_BAG, BAG_NOT_DATA, NO_BAG, BAG_NOT_DATA, BAG_NOT_DATA, NO_BAG,
      NO_BAG}},
    {"certificates",
     "1/0/3",
     NULL,
     {BAG_EMPTY, BAG_EMPTY, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"certificate",
     "1/0/3/0",
     NULL,
     {BAG_EMPTY, NO_BAG, NO_BAG, FINE_TWICE, NO_BAG, NO_BAG, NO_BAG, NO_BAG}},
    {"key",
     "1/0/3/0/0/6/1",
     NULL,
     {NO_BAG, NO_BAG, NEXT_EXPONENT, NO_BAG, FINE_KEY, NEXT_KEY, NO_BAG,
      NO_BAG}},
    {"signatureValue",
     "1/0/3/0/2",
     NULL,
     {NO_BAG, NO_BAG, FINE_SELF, NO_BAG, FINE_SELF, FINE_SELF, NO_BAG, NO_BAG}},
};

static const struct hostile_field list_fields[] = {
    {"bag",
     "",
     NULL,
     {NO_LIST, NO_LIST, NO_LIST, LIST_TRAILING, NO_LIST, NO_LIST, NO_LIST,
      NO_LIST}},
    {"bag type",
     "0",
     "1.2.840.113549.1.7.1",
     {NO_LIST, NO_LIST, NO_LIST, NO_LIST, LIST_NOT_SIGNED, LIST_NOT_SIGNED,
      NO_LIST, NO_LIST}},
    {"SignedData",
     "1/0",
     NULL,
     {NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST}},
    {"crls",
     "1/0/3",
     NULL,
     {LIST_NONE, LIST_NONE, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST,
      NO_LIST}},
    {"CRL",
     "1/0/3/0",
     NULL,
     {LIST_NONE, NO_LIST, NO_LIST, FINE_TWICE, NO_LIST, NO_LIST, NO_LIST,
      NO_LIST}},
    {"tbsCertList",
     "1/0/3/0/0",
     NULL,
     {NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST}},
    {"signature OID",
     "1/0/3/0/0/1/0",
     "1.2.840.113549.1.1.4",
     {NO_LIST, NO_LIST, FINE_COPY, NO_LIST, FINE_COPY, FINE_COPY, NO_LIST,
      NO_LIST}},
    {"issuer",
     "1/0/3/0/0/2",
     NULL,
     {NO_LIST, LIST_FOREIGN, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST,
      NO_LIST}},
    {"issuer name",
     "1/0/3/0/0/2/0/0/1",
     "=CB",
     {NO_LIST, LIST_FOREIGN, LIST_FOREIGN, NO_LIST, LIST_FOREIGN, LIST_FOREIGN,
      NO_LIST, NO_LIST}},
    {"thisUpdate",
     "1/0/3/0/0/3",
     "=990101000000Z",
     {LIST_EARLY, LIST_SHORT_TIME, FINE_OLD, NO_LIST, LIST_TIME,
      LIST_SHORT_TIME, NO_LIST, NO_LIST}},
    {"nextUpdate",
     "1/0/3/0/0/4",
     "=250101000000Z",
     {FINE_ENDLESS, LIST_SHORT_TIME, LIST_EXPIRED, NO_LIST, LIST_TIME,
      LIST_SHORT_TIME, NO_LIST, NO_LIST}},
    {"revokedCertificates",
     "1/0/3/0/0/5",
     NULL,
     {FINE_NOBODY, FINE_NOBODY, NO_LIST, NO_LIST, NO_LIST, NO_LIST, NO_LIST,
      NO_LIST}},
    {"userCertificate",
     "1/0/3/0/0/5/0/0",
     NULL,
     {NO_LIST, NO_LIST, FINE_CHOICE, NO_LIST, FINE_CHOICE, NO_LIST, NO_LIST,
      NO_LIST}},
    {"signatureAlgorithm OID",
     "1/0/3/0/1/0",
     "1.2.840.113549.1.1.12",
     {NO_LIST, NO_LIST, LIST_STRANGER, NO_LIST, LIST_STRANGER, LIST_STRANGER,
      NO_LIST, NO_LIST}},
    {"signatureValue",
     "1/0/3/0/2",
     NULL,
     {NO_LIST, NO_LIST, LIST_STRANGER, NO_LIST, LIST_STRANGER, LIST_STRANGER,
      NO_LIST, NO_LIST}},
};

static const struct hostile_field again_fields[] = {
    {"certificate",
     "1/0/3/0",
     NULL,
     {CERT_NONE, CERT_NO_BAG, CERT_NO_BAG, FINE_TWICE, CERT_NO_BAG, CERT_NO_BAG,
      CERT_NO_BAG, CERT_NO_BAG}},
    {"serialNumber",
     "1/0/3/0/0/1",
     NULL,
     {CERT_NO_BAG, CERT_NO_BAG, CERT_OTHER, CERT_NO_BAG, CERT_SERIAL,
      CERT_NO_BAG, CERT_NO_BAG, CERT_NO_BAG}},
    {"issuer name",
     "1/0/3/0/0/3/0/0/1",
     "=CB",
     {CERT_NO_BAG, CERT_STRANGER, CERT_STRANGER, CERT_NO_BAG, CERT_STRANGER,
      CERT_STRANGER, CERT_NO_BAG, CERT_NO_BAG}},
    {"notAfter",
     "1/0/3/0/0/4/1",
     "=250101000000Z",
     {CERT_NO_BAG, CERT_SHORT_TIME, CERT_ENDS, CERT_NO_BAG, CERT_VALIDITY,
      CERT_SHORT_TIME, CERT_NO_BAG, CERT_NO_BAG}},
    {"key",
     "1/0/3/0/0/6/1",
     NULL,
     {CERT_NO_BAG, CERT_NO_BAG, CERT_KEY, CERT_NO_BAG, FINE_KEY, CERT_KEY,
      CERT_NO_BAG, CERT_NO_BAG}},
    {"basicConstraints",
     "1/0/3/0/0/7/0/0/2",
     "3003010101",
     {CERT_NO_BAG, CERT_CONSTRAINTS, CERT_CA, CERT_NO_BAG, FINE_CHOICE,
      CERT_CONSTRAINTS, CERT_NO_BAG, CERT_NO_BAG}},
    {"signatureValue",
     "1/0/3/0/2",
     NULL,
     {CERT_NO_BAG, CERT_NO_BAG, CERT_STRANGER, CERT_NO_BAG, CERT_STRANGER,
      CERT_STRANGER, CERT_NO_BAG, CERT_NO_BAG}},
};

const struct hostile_table hostile_next_ca = {"GetNextCACert", next_fields,
					      HOSTILE_COUNT(next_fields),
					      verdicts, open_next_answer};
const struct hostile_table hostile_next_ca_bag = {
    "GetNextCACert, bag", next_bag_fields, HOSTILE_COUNT(next_bag_fields),
    verdicts, open_next_bag};
const struct hostile_table hostile_crl = {
    "GetCRL", list_fields, HOSTILE_COUNT(list_fields), verdicts, open_list};
const struct hostile_table hostile_get_cert = {"GetCert", again_fields,
					       HOSTILE_COUNT(again_fields),
					       verdicts, open_had_again};
