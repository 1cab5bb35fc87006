/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the messages of all steps have in common: the URL, what a pkiMessage
 * (RFC 8894, 3) is made with, how it goes out and what its reply has to match.
 * On a worker.  Knows no step.
 */
#ifndef SCEP_ENROLL_MESSAGE_H
#define SCEP_ENROLL_MESSAGE_H

#include "scep/state/open_request.h"
#include "scep/protocol/cert_rep.h"

/* What a message of the transaction is made with; all owned. */
struct credentials {
	struct ca_certs trust; /* borrows from the stack */
	STACK_OF(X509) * trust_stack;
	STACK_OF(X509) * signer_stack;
	X509 *signer;	      /* borrowed from the stack */
	EVP_PKEY *key;	      /* that is certified */
	EVP_PKEY *signer_key; /* the same, or the old one */
	X509 *known;	      /* the certificate that is renewed, or NULL */
	struct bytes content;
	struct caps_choice choice;
};

/* The names of the files of a key. */
void message_file_name(const struct record *record, char name[80]);

/* Sets run->url, or run->error.  `text` is the message parameter, or NULL. */
void message_url(struct open_request *enrolment, const char *operation,
		 const char *text);

/* Reads the certificates of the transaction's CA; the stack is owned, and the
 * trust borrows from it. */
enum scep_code message_load_trust(const struct record *record,
				  STACK_OF(X509) * *stack,
				  struct ca_certs *trust,
				  struct scep_error *error);
/* Opens the key with those files; owned. */
enum scep_code message_load_key(const struct open_request *enrolment,
				const char *file_id, EVP_PKEY **key,
				struct scep_error *error);
/* Reads all but the content; credentials_free() it in every case. */
enum scep_code credentials_load(struct open_request *enrolment,
				struct credentials *credentials);
void credentials_free(struct credentials *credentials);

/* Seals and signs the content: sets run->message and run->url, or
 * run->error. */
void message_compose(struct open_request *enrolment,
		     struct credentials *credentials,
		     enum rfc8894_message_type type);

/* What the reply to it has to match.  Borrows from both. */
struct cert_rep_input message_expect(const struct open_request *enrolment,
				     const struct credentials *credentials);
/* Takes a FAILURE over into run->error. */
void message_note_failure(struct step_work *work, const struct cert_rep *reply);
/* Counts the legacy algorithms (enum scep_legacy) that somebody has used, and
 * has the log say so. */
void message_log_legacy(struct open_request *enrolment, const char *who,
			uint32_t used);

#endif
