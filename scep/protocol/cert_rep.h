/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a CertRep (RFC 8894, 3.3.2): verifies it, matches it with the
 * request, decrypts it, and chooses and judges the certificate that is ours.
 * Refuses whatever was not asked for and says why; decrypts nothing that it
 * has not verified.  Pure: knows no files, and takes the time as an argument.
 */
#ifndef SCEP_PROTOCOL_CERT_REP_H
#define SCEP_PROTOCOL_CERT_REP_H

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/base/bytes.h"
#include "scep/protocol/rfc8894.h"
#include "scep/protocol/ca_certs.h"

/* The request that the reply must match; all borrowed. */
struct cert_rep_input {
	const unsigned char *message;
	size_t message_length;
	const char *transaction_id;
	unsigned char sender_nonce[RFC8894_NONCE_LENGTH];
	const struct ca_certs *trust;
	EVP_PKEY *key;	      /* the requested key; decrypts the reply */
	X509 *signer;	      /* the certificate that signed the request */
	EVP_PKEY *signer_key; /* its key: the same as `key`, or the old one */
	X509 *known;	      /* a certificate we already had, or NULL */
	const struct scep_secret *challenge; /* of the request; may be NULL */
	uint32_t allow_legacy;		     /* enum scep_legacy */
	bool allow_short_keys;		     /* of the CAs above it too */
	STACK_OF(X509_CRL) * crls;	     /* of CAs; NULL: none */
	int64_t now;			     /* 0: no judgement about time */
};

struct cert_rep {
	enum rfc8894_pki_status pki_status;
	uint32_t fail_info; /* enum scep_fail_info */
	char fail_info_text[SCEP_TEXT255];
	STACK_OF(X509) * certificates; /* ours first, then its chain; owned */
	bool is_by_ca;		       /* signed by the CA, and not by an RA */
	uint32_t legacy_used;	       /* enum scep_legacy: to be logged */
};

/*
 * Checks what holds for all CertReps, whatever they bring: `content` is set to
 * what is in the envelope of a SUCCESS (owned), and `reply` to the rest.  The
 * content of a FAILURE or PENDING is not looked at.
 * Fails with SCEP_BAD_RESPONSE or SCEP_CA_NOT_TRUSTED.
 */
enum scep_code cert_rep_open_reply(const struct cert_rep_input *input,
				   struct cert_rep *reply,
				   struct bytes *content,
				   struct scep_error *error);

/*
 * The same for the answer to a request for a certificate, which is chosen and
 * judged.  Returns SCEP_OK for every reply that is to be believed, FAILURE and
 * PENDING included; else SCEP_BAD_RESPONSE, SCEP_CA_NOT_TRUSTED or
 * SCEP_UNCHANGED_CERTIFICATE with the one check that failed.
 */
enum scep_code cert_rep_open(const struct cert_rep_input *input,
			     struct cert_rep *reply, struct scep_error *error);
void cert_rep_free(struct cert_rep *reply);

#endif
