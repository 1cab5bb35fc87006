/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that the scripted CA gets (scripted_ca.h): takes a pkiMessage
 * apart and notes what has come.  Knows no answer.
 */
#ifndef TESTS_LIB_SCRIPTED_REQUEST_H
#define TESTS_LIB_SCRIPTED_REQUEST_H

#include "tests/lib/scripted_ca.h"

#include <openssl/cms.h>

/* Ends the test with the place of a condition that does not hold. */
#define MUST(condition)                                                        \
	scripted_must((condition), #condition, __FILE__, __LINE__)

void scripted_must(bool is_true, const char *what, const char *file, int line);

/* A pkiMessage, taken apart. */
struct scripted_request {
	CMS_ContentInfo *cms;
	STACK_OF(X509) * certificates;
	CMS_SignerInfo *signer;
	EVP_PKEY *key; /* of the signer */
};

void scripted_request_read(const struct fetch_request *request,
			   struct scripted_request *message);
void scripted_request_free(struct scripted_request *message);
/* Returns the key of the certificate that is asked for; owned. */
EVP_PKEY *scripted_request_key(struct scripted_ca *ca,
			       const struct scripted_request *message);
/* Notes in `ca` what the request has. */
void scripted_request_note(struct scripted_ca *ca,
			   const struct fetch_request *request);

#endif
