/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in an answer to GetCACert. */
#include "scep/base/error.h"

#include "scep/codes.h"
#include "tests/unit/scep/protocol/hostile.h"

#define RA "1/0/3/1"

/* The CA alone, of which the operator has the right fingerprint. */
static enum scep_code open_bare(struct world *world,
				struct hostile_case *hostile,
				struct scep_error *error)
{
	struct bytes answer = {NULL, 0};
	struct ca_certs_pin pin;
	enum scep_code code;
	bool is_ra;

	hostile_encode(world->ca, &answer);
	pin = hostile_pin_of(answer.data, answer.length);
	hostile_spoil_certificate(hostile, "", pki_key(PKI_KEY_CA), &answer);
	code = hostile_believe(&answer, &pin, &is_ra, error);
	bytes_free(&answer);
	return code;
}

/* The same, where the operator has confirmed what is wrong. */
static enum scep_code open_pinned(struct world *world,
				  struct hostile_case *hostile,
				  struct scep_error *error)
{
	struct bytes answer = {NULL, 0};
	struct ca_certs_pin pin;
	enum scep_code code;
	bool is_ra;

	hostile_encode(world->ca, &answer);
	hostile_spoil_certificate(hostile, "", pki_key(PKI_KEY_CA), &answer);
	pin = hostile_pin_of(answer.data, answer.length);
	code = hostile_believe(&answer, &pin, &is_ra, error);
	bytes_free(&answer);
	return code;
}

/* A bag with the CA and somebody else's certificate. */
static struct ca_certs_pin make_bag_with(struct world *world, X509 *other,
					 struct bytes *bag)
{
	X509 *const ca[] = {world->ca, NULL};
	struct bytes ra = {NULL, 0};
	struct der *root;
	struct ca_certs_pin pin;

	hostile_encode(world->ca, &ra);
	pin = hostile_pin_of(ra.data, ra.length);
	hostile_encode(other, &ra);
	pki_degenerate(ca, bag);
	root = der_read(bag->data, bag->length);
	der_append(der_find(root, "1/0/3"), der_read(ra.data, ra.length));
	hostile_write(root, bag);
	der_free(root);
	bytes_free(&ra);
	return pin;
}

/* Both the CA and its RA are believed. */
static struct ca_certs_pin make_bag(struct world *world, struct bytes *bag)
{
	return make_bag_with(world, world->ra, bag);
}

static enum scep_code open_bag(struct world *world,
			       struct hostile_case *hostile,
			       struct scep_error *error)
{
	struct bytes answer = {NULL, 0};
	struct ca_certs_pin pin = make_bag(world, &answer);
	enum scep_code code;
	bool is_ra;

	hostile_spoil(hostile, &answer);
	code = hostile_believe(&answer, &pin, &is_ra, error);
	bytes_free(&answer);
	return code;
}

/* The CA is good, and the RA is not: SCEP_NONE says that it is left out. */
static enum scep_code open_ra(struct world *world, struct hostile_case *hostile,
			      struct scep_error *error)
{
	struct bytes answer = {NULL, 0};
	struct ca_certs_pin pin = make_bag(world, &answer);
	enum scep_code code;
	bool is_ra;

	hostile_spoil_certificate(hostile, RA, pki_key(PKI_KEY_CA), &answer);
	code = hostile_believe(&answer, &pin, &is_ra, error);
	if (code == SCEP_OK && !is_ra)
		code = error_set(error, SCEP_NONE, "left out");
	bytes_free(&answer);
	return code;
}

/* The CA is good, and the other is a certificate of it that is no RA, whatever
 * is done to it: SCEP_NONE says that it is left out. */
static enum scep_code open_other(struct world *world,
				 struct hostile_case *hostile,
				 struct scep_error *error)
{
	struct bytes answer = {NULL, 0};
	struct ca_certs_pin pin = make_bag_with(world, world->foreign, &answer);
	enum scep_code code;
	bool is_ra;

	hostile_spoil_certificate(hostile, RA, pki_key(PKI_KEY_CA), &answer);
	code = hostile_believe(&answer, &pin, &is_ra, error);
	if (code == SCEP_OK && !is_ra)
		code = error_set(error, SCEP_NONE, "left out");
	bytes_free(&answer);
	return code;
}

enum {
	VOID, /* the fault changes nothing */
	EMPTY,
	NO_CMS,
	TRAILING,
	NO_CERT,
	NEITHER,
	CUT_OFF,
	NO_PIN,
	NOT_SIGNED,
	NOT_DATA,
	NONE,
	LEFT_OUT,
	VALIDITY,
	SHORT_TIME,
	SHORT_BARE,
	SHORT_OTHER,
	EXPIRED,
	NO_KEY,
	EXPONENT,
	NO_CA,
	FINE_VERSION,
	FINE_TWICE,
	FINE_CHOICE,
	FINE_PINNED,
	FINE_SUB_CA,
};

static const struct hostile_verdict verdicts[] = {
    [EMPTY] = {SCEP_BAD_RESPONSE, "an empty answer, not a CA certificate"},
    [NO_CMS] = {SCEP_BAD_RESPONSE, "the certificates are no CMS structure"},
    [TRAILING] = {SCEP_BAD_RESPONSE, "octets follow the certificate"},
    [NO_CERT] = {SCEP_BAD_RESPONSE, "the answer is no certificate"},
    [NEITHER] = {SCEP_BAD_RESPONSE, "neither DER nor text, not a CA"},
    [CUT_OFF] = {SCEP_BAD_RESPONSE, "the answer to GetCACert ends after"},
    [NO_PIN] = {SCEP_CA_NOT_TRUSTED, "has the fingerprint that is trusted"},
    [NOT_SIGNED] = {SCEP_BAD_RESPONSE,
		    "the certificates do not come as SignedData"},
    [NOT_DATA] = {SCEP_BAD_RESPONSE, "content that is not data"},
    [NONE] = {SCEP_BAD_RESPONSE, "there is no certificate"},
    [LEFT_OUT] = {SCEP_NONE, "left out"},
    [VALIDITY] = {SCEP_CA_NOT_TRUSTED,
		  "the CA certificate has a validity that cannot be read"},
    [SHORT_TIME] = {SCEP_CA_NOT_TRUSTED,
		    "the CA certificate has a validity that cannot be read",
		    .newer = NO_CERT},
    [SHORT_BARE] = {SCEP_CA_NOT_TRUSTED, "has the fingerprint that is trusted",
		    .newer = NO_CERT},
    [SHORT_OTHER] = {SCEP_NONE, "left out", .newer = NO_CMS},
    [EXPIRED] = {SCEP_CA_NOT_TRUSTED, "the CA certificate has expired"},
    [NO_KEY] = {SCEP_CA_NOT_TRUSTED,
		"the pinned certificate: the key cannot be read"},
    [EXPONENT] = {SCEP_CA_NOT_TRUSTED,
		  "the pinned certificate: the RSA key has a bad public"},
    [NO_CA] = {SCEP_CA_NOT_TRUSTED,
	       "the pinned certificate is not that of a CA"},
    [FINE_VERSION] = {SCEP_OK, "the version of a CMS structure decides "
			       "nothing: what is there is read"},
    [FINE_TWICE] = {SCEP_OK, "the same certificate twice is that certificate"},
    [FINE_CHOICE] = {SCEP_OK,
		     "that is for the CA to choose, and it has signed it"},
    [FINE_PINNED] =
	{SCEP_OK,
	 "the fingerprint vouches for all of an anchor (RFC 5280, 6.1)"},
};

/* The marks of an RA do not matter in somebody else's certificate. */
static const struct hostile_verdict other_verdicts[] = {
    [NO_CMS] = {SCEP_BAD_RESPONSE, "the certificates are no CMS structure"},
    [LEFT_OUT] = {SCEP_NONE, "left out"},
    [SHORT_OTHER] = {SCEP_NONE, "left out", .newer = NO_CMS},
    [FINE_CHOICE] = {SCEP_NONE, "left out"},
    [FINE_SUB_CA] = {SCEP_OK, "the CA has made it a CA"},
};

static const struct hostile_field bare_fields[] = {
    {"certificate",
     "",
     NULL,
     {EMPTY, NO_CMS, NO_CMS, TRAILING, NO_CERT, NO_CERT, NEITHER, CUT_OFF}},
    {"tbsCertificate",
     "0",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CMS, NO_CERT}},
    {"version",
     "0/0",
     NULL,
     {NO_PIN, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"version INTEGER",
     "0/0/0",
     "00",
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_CERT}},
    {"serialNumber",
     "0/1",
     NULL,
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_CERT}},
    {"signature",
     "0/2",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"signature OID",
     "0/2/0",
     "1.2.840.113549.1.1.4",
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
    {"issuer",
     "0/3",
     NULL,
     {NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"issuer name",
     "0/3/0/0/1",
     "=CB",
     {NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
    {"validity",
     "0/4",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"notBefore",
     "0/4/0",
     "=990101000000Z",
     {NO_CERT, SHORT_BARE, NO_PIN, NO_CERT, NO_PIN, SHORT_BARE, NO_CERT,
      NO_CERT}},
    {"notAfter",
     "0/4/1",
     "=250101000000Z",
     {NO_CERT, SHORT_BARE, NO_PIN, NO_CERT, NO_PIN, SHORT_BARE, NO_CERT,
      NO_CERT}},
    {"subject",
     "0/5",
     NULL,
     {NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"subject name",
     "0/5/0/0/1",
     NULL,
     {NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
    {"subjectPublicKeyInfo",
     "0/6",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"key algorithm",
     "0/6/0",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"key algorithm OID",
     "0/6/0/0",
     "1.2.840.10045.2.1",
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_CERT}},
    {"key",
     "0/6/1",
     NULL,
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
    {"extensions",
     "0/7",
     NULL,
     {NO_PIN, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"extension list",
     "0/7/0",
     NULL,
     {NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"extension",
     "0/7/0/0",
     NULL,
     {NO_PIN, NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"basicConstraints",
     "0/7/0/0/2",
     "3000",
     {NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
    {"signatureAlgorithm",
     "1",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"signatureAlgorithm OID",
     "1/0",
     "1.2.840.113549.1.1.12",
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
    {"signatureValue",
     "2",
     NULL,
     {NO_CERT, NO_CERT, NO_PIN, NO_CERT, NO_PIN, NO_PIN, NO_CERT, NO_CERT}},
};

static const struct hostile_field pinned_fields[] = {
    {"certificate",
     "",
     NULL,
     {EMPTY, NO_CMS, NO_CMS, TRAILING, NO_CERT, NO_CERT, NEITHER, CUT_OFF}},
    {"tbsCertificate",
     "0",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CMS, NO_CERT}},
    {"version",
     "0/0",
     NULL,
     {FINE_PINNED, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT,
      NO_CERT}},
    {"version INTEGER",
     "0/0/0",
     "00",
     {NO_CERT, NO_CERT, FINE_PINNED, NO_CERT, FINE_PINNED, NO_CERT, NO_CERT,
      NO_CERT}},
    {"serialNumber",
     "0/1",
     NULL,
     {NO_CERT, NO_CERT, FINE_PINNED, NO_CERT, FINE_PINNED, NO_CERT, NO_CERT,
      NO_CERT}},
    {"signature",
     "0/2",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"signature OID",
     "0/2/0",
     "1.2.840.113549.1.1.4",
     {NO_CERT, NO_CERT, FINE_PINNED, NO_CERT, FINE_PINNED, FINE_PINNED, NO_CERT,
      NO_CERT}},
    {"issuer",
     "0/3",
     NULL,
     {NO_CERT, FINE_PINNED, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT,
      NO_CERT}},
    {"issuer name",
     "0/3/0/0/1",
     "=CB",
     {NO_CERT, FINE_PINNED, FINE_PINNED, NO_CERT, FINE_PINNED, FINE_PINNED,
      NO_CERT, NO_CERT}},
    {"validity",
     "0/4",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"notBefore",
     "0/4/0",
     "=990101000000Z",
     {NO_CERT, SHORT_TIME, FINE_PINNED, NO_CERT, VALIDITY, SHORT_TIME, NO_CERT,
      NO_CERT}},
    {"notAfter",
     "0/4/1",
     "=250101000000Z",
     {NO_CERT, SHORT_TIME, EXPIRED, NO_CERT, VALIDITY, SHORT_TIME, NO_CERT,
      NO_CERT}},
    {"subject",
     "0/5",
     NULL,
     {NO_CERT, FINE_PINNED, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT,
      NO_CERT}},
    {"subject name",
     "0/5/0/0/1",
     NULL,
     {NO_CERT, FINE_PINNED, FINE_PINNED, NO_CERT, FINE_PINNED, FINE_PINNED,
      NO_CERT, NO_CERT}},
    {"subjectPublicKeyInfo",
     "0/6",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"key algorithm",
     "0/6/0",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"key algorithm OID",
     "0/6/0/0",
     "1.2.840.10045.2.1",
     {NO_CERT, NO_CERT, NO_KEY, NO_CERT, NO_CERT, NO_KEY, NO_CERT, NO_CERT}},
    {"key",
     "0/6/1",
     NULL,
     {NO_CERT, NO_CERT, EXPONENT, NO_CERT, FINE_PINNED, NO_KEY, NO_CERT,
      NO_CERT}},
    {"extensions",
     "0/7",
     NULL,
     {NO_CA, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"extension list",
     "0/7/0",
     NULL,
     {NO_CERT, NO_CA, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"extension",
     "0/7/0/0",
     NULL,
     {FINE_PINNED, NO_CERT, NO_CERT, NO_CA, NO_CERT, NO_CERT, NO_CERT,
      NO_CERT}},
    {"basicConstraints",
     "0/7/0/0/2",
     "3000",
     {NO_CERT, NO_CA, NO_CA, NO_CERT, FINE_PINNED, NO_CA, NO_CERT, NO_CERT}},
    {"signatureAlgorithm",
     "1",
     NULL,
     {NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT, NO_CERT}},
    {"signatureAlgorithm OID",
     "1/0",
     "1.2.840.113549.1.1.12",
     {NO_CERT, NO_CERT, FINE_PINNED, NO_CERT, FINE_PINNED, FINE_PINNED, NO_CERT,
      NO_CERT}},
    {"signatureValue",
     "2",
     NULL,
     {NO_CERT, NO_CERT, FINE_PINNED, NO_CERT, FINE_PINNED, FINE_PINNED, NO_CERT,
      NO_CERT}},
};

static const struct hostile_field bag_fields[] = {
    {"bag",
     "",
     NULL,
     {EMPTY, NO_CMS, NO_CMS, TRAILING, NO_CMS, NO_CMS, NEITHER, CUT_OFF}},
    {"bag type",
     "0",
     "1.2.840.113549.1.7.1",
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NOT_SIGNED, NOT_SIGNED, NO_CMS, NO_CMS}},
    {"bag content",
     "1",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"SignedData",
     "1/0",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"version",
     "1/0/0",
     "05",
     {NO_CMS, FINE_VERSION, FINE_VERSION, NO_CMS, NO_CMS, FINE_VERSION, NO_CMS,
      NO_CMS}},
    {"digestAlgorithms",
     "1/0/1",
     NULL,
     {NO_CMS, VOID, NO_CMS, NO_CMS, NO_CMS, VOID, NO_CMS, NO_CMS}},
    {"encapContentInfo",
     "1/0/2",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"eContentType",
     "1/0/2/0",
     "1.2.840.113549.1.7.2",
     {NO_CMS, NO_CMS, NOT_DATA, NO_CMS, NOT_DATA, NOT_DATA, NO_CMS, NO_CMS}},
    {"certificates",
     "1/0/3",
     NULL,
     {NONE, NONE, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"certificate",
     "1/0/3/0",
     NULL,
     {NO_PIN, NO_CMS, NO_CMS, FINE_TWICE, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"signerInfos",
     "1/0/4",
     NULL,
     {NO_CMS, VOID, NO_CMS, NO_CMS, NO_CMS, VOID, NO_CMS, NO_CMS}},
};

static const struct hostile_field ra_fields[] = {
    {"tbsCertificate",
     "1/0/3/1/0",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"version",
     "1/0/3/1/0/0",
     NULL,
     {FINE_CHOICE, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"version INTEGER",
     "1/0/3/1/0/0/0",
     "00",
     {NO_CMS, NO_CMS, FINE_CHOICE, NO_CMS, FINE_CHOICE, NO_CMS, NO_CMS,
      NO_CMS}},
    {"serialNumber",
     "1/0/3/1/0/1",
     NULL,
     {NO_CMS, NO_CMS, FINE_CHOICE, NO_CMS, FINE_CHOICE, NO_CMS, NO_CMS,
      NO_CMS}},
    {"signature",
     "1/0/3/1/0/2",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"signature OID",
     "1/0/3/1/0/2/0",
     "1.2.840.113549.1.1.4",
     {NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, NO_CMS}},
    {"issuer",
     "1/0/3/1/0/3",
     NULL,
     {NO_CMS, LEFT_OUT, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"issuer name",
     "1/0/3/1/0/3/0/0/1",
     "=CB",
     {NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, NO_CMS}},
    {"validity",
     "1/0/3/1/0/4",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"notBefore",
     "1/0/3/1/0/4/0",
     "=990101000000Z",
     {NO_CMS, SHORT_OTHER, FINE_CHOICE, NO_CMS, LEFT_OUT, SHORT_OTHER, NO_CMS,
      NO_CMS}},
    {"notAfter",
     "1/0/3/1/0/4/1",
     "=250101000000Z",
     {NO_CMS, SHORT_OTHER, LEFT_OUT, NO_CMS, LEFT_OUT, SHORT_OTHER, NO_CMS,
      NO_CMS}},
    {"subject",
     "1/0/3/1/0/5",
     NULL,
     {NO_CMS, FINE_CHOICE, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"subject name",
     "1/0/3/1/0/5/0/0/1",
     NULL,
     {NO_CMS, FINE_CHOICE, FINE_CHOICE, NO_CMS, FINE_CHOICE, FINE_CHOICE,
      NO_CMS, NO_CMS}},
    {"subjectPublicKeyInfo",
     "1/0/3/1/0/6",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"key algorithm",
     "1/0/3/1/0/6/0",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"key algorithm OID",
     "1/0/3/1/0/6/0/0",
     "1.2.840.10045.2.1",
     {NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, NO_CMS}},
    {"key",
     "1/0/3/1/0/6/1",
     NULL,
     {NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, FINE_CHOICE, LEFT_OUT, NO_CMS, NO_CMS}},
    {"extensions",
     "1/0/3/1/0/7",
     NULL,
     {LEFT_OUT, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"extension list",
     "1/0/3/1/0/7/0",
     NULL,
     {NO_CMS, LEFT_OUT, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"extension",
     "1/0/3/1/0/7/0/0",
     NULL,
     {FINE_CHOICE, NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"basicConstraints",
     "1/0/3/1/0/7/0/0/2",
     "3003010101",
     {NO_CMS, LEFT_OUT, FINE_CHOICE, NO_CMS, FINE_CHOICE, LEFT_OUT, NO_CMS,
      NO_CMS}},
    {"signatureAlgorithm",
     "1/0/3/1/1",
     NULL,
     {NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"signatureAlgorithm OID",
     "1/0/3/1/1/0",
     "1.2.840.113549.1.1.12",
     {NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, NO_CMS}},
    {"signatureValue",
     "1/0/3/1/2",
     NULL,
     {NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, NO_CMS}},
};

#define USAGE RA "/0/7/0/2"
#define MARK  RA "/0/7/0/3"

/* The marks of an RA, and its key usage. */
static const struct hostile_field mark_fields[] = {
    {"keyUsage",
     USAGE,
     NULL,
     {FINE_CHOICE, NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"keyUsage value",
     USAGE "/2",
     "03020780",
     {NO_CMS, LEFT_OUT, FINE_CHOICE, NO_CMS, FINE_CHOICE, LEFT_OUT, NO_CMS,
      NO_CMS}},
    {"extendedKeyUsage",
     MARK,
     NULL,
     {LEFT_OUT, NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, NO_CMS, NO_CMS, NO_CMS}},
    {"extendedKeyUsage OID",
     MARK "/0",
     "2.5.29.38",
     {NO_CMS, NO_CMS, LEFT_OUT, NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, NO_CMS}},
    {"extendedKeyUsage value",
     MARK "/1",
     "300a06082b06010505070301",
     {NO_CMS, LEFT_OUT, LEFT_OUT, NO_CMS, FINE_CHOICE, LEFT_OUT, NO_CMS,
      NO_CMS}},
};

const struct hostile_table hostile_ca_bare = {
    "GetCACert", bare_fields, HOSTILE_COUNT(bare_fields), verdicts, open_bare};
const struct hostile_table hostile_ca_pinned = {
    "GetCACert, pinned", pinned_fields, HOSTILE_COUNT(pinned_fields), verdicts,
    open_pinned};
const struct hostile_table hostile_ca_bag = {
    "GetCACert, SignedData", bag_fields, HOSTILE_COUNT(bag_fields), verdicts,
    open_bag};
const struct hostile_table hostile_ca_ra = {
    "GetCACert, RA", ra_fields, HOSTILE_COUNT(ra_fields), verdicts, open_ra};
const struct hostile_table hostile_ca_mark = {
    "GetCACert, mark of an RA", mark_fields, HOSTILE_COUNT(mark_fields),
    verdicts, open_ra};
const struct hostile_table hostile_ca_other = {"GetCACert, no RA", ra_fields,
					       HOSTILE_COUNT(ra_fields),
					       other_verdicts, open_other};
