/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of all steps: the URL, the credentials of a pkiMessage (RFC
 * 8894, 3), how it is composed, and what its reply has to match.  All of it on
 * a worker.  Knows no step.
 */
#ifndef SCEP_ENROLL_MESSAGE_H
#define SCEP_ENROLL_MESSAGE_H

#include "scep/codes.h"
#include "scep/protocol/caps.h"
#include "scep/protocol/cert_rep.h"
#include "scep/state/task.h"

/* The parts of a pkiMessage of the transaction; all owned. */
struct credentials {
	struct ca_certs trust; /* borrows from the stack */
	STACK_OF(X509) * trust_stack;
	STACK_OF(X509) * signer_stack;
	X509 *signer;		   /* borrowed from the stack */
	EVP_PKEY *key;		   /* to be certified */
	EVP_PKEY *signer_key;	   /* the same, or the old one */
	X509 *known;		   /* the certificate to be renewed, or NULL */
	STACK_OF(X509_CRL) * crls; /* of the server, or NULL */
	struct bytes content;
	struct caps_choice choice;
};

/* Sets work.url, or work.error.  `text` is the message parameter, or NULL. */
void message_url(struct task *task, const char *operation, const char *text);

/* Sets work.url to GetCACaps (RFC 8894, 3.5), and reads the answer into
 * work.next. */
void message_compose_caps(struct task *task);
void message_digest_caps(struct task *task);

/* Gives work.next another transactionID; or sets work.error. */
void message_new_transaction(struct task *task);

/* Reads the CA certificates of the transaction.  The stack is owned, and the
 * trust borrows from it. */
enum scep_code message_load_trust(const struct record *record,
				  STACK_OF(X509) * *stack,
				  struct ca_certs *trust,
				  struct scep_error *error);
/* Reads the key with those files; owned. */
enum scep_code message_load_key(const struct task *task, const char *file_id,
				EVP_PKEY **key, struct scep_error *error);
/* Tells if the challenge encrypts one of the messages (RFC 8894, 3.1 and
 * 3.2.2): the request where the recipient has no RSA key, and the reply where
 * ours is none. */
bool credentials_need_challenge(const struct credentials *credentials);
/* Reads all but the content.  Call credentials_free() after a failure too. */
enum scep_code credentials_load(struct task *task,
				struct credentials *credentials);
void credentials_free(struct credentials *credentials);

/* Encrypts and signs the content.  Sets work.message and work.url, or
 * work.error. */
void message_compose(struct task *task, struct credentials *credentials,
		     enum rfc8894_message_type type);

/* Returns what the reply has to match.  Borrows from both. */
struct cert_rep_input message_expect(const struct task *task,
				     const struct credentials *credentials);
/* Makes a FAILURE the error of the work. */
void message_note_failure(struct step_work *work, const struct cert_rep *reply);
/* Counts and logs the weak algorithms (enum scep_legacy) that `who` used. */
void message_log_legacy(struct task *task, const char *who, uint32_t used);

#endif
