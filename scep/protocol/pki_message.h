/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a pkiMessage (RFC 8894, 3.1 to 3.3): content, sealed for the
 * recipient, signed with the attributes of a transaction.  Pure.
 */
#ifndef SCEP_PROTOCOL_PKI_MESSAGE_H
#define SCEP_PROTOCOL_PKI_MESSAGE_H

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/octets.h"
#include "scep/base/bytes.h"
#include "scep/protocol/caps.h"
#include "scep/protocol/rfc8894.h"

/* All borrowed. */
struct pki_message_input {
	enum rfc8894_message_type message_type;
	const char *transaction_id;
	unsigned char sender_nonce[RFC8894_NONCE_LENGTH];
	X509 *signer;
	EVP_PKEY *signer_key;
	X509 *recipient;
	/* Encrypts in place of the recipient's key if that is no RSA key (RFC
	 * 8894, 3.1); may be NULL. */
	const struct scep_secret *challenge;
	const struct caps_choice *choice;
	const unsigned char *content; /* DER of the CSR or IssuerAndSubject */
	size_t content_length;
};

/* `message` is set to the DER of the SignedData.  Fails with SCEP_KEY_ERROR
 * (signing) or SCEP_CONFIG_ERROR (cipher not there, or no challenge where it is
 * needed). */
enum scep_code pki_message_seal(const struct pki_message_input *input,
				struct bytes *message,
				struct scep_error *error);

/* RFC 8894, 3.3.3: IssuerAndSubject of a CertPoll: the name of the CA that will
 * issue, and the subject of the request.  `der` is set and owned. */
enum scep_code pki_message_issuer_and_subject(const X509_NAME *issuer,
					      const X509_NAME *subject,
					      struct bytes *der,
					      struct scep_error *error);

#endif
