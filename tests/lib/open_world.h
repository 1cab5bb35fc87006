/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests that open CertReps: a pinned CA, its RAs, a
 * look-alike of it, a device that has asked, and a reply that is right in
 * every field until a test changes one.
 */
#ifndef TESTS_LIB_OPEN_WORLD_H
#define TESTS_LIB_OPEN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "scep/protocol/cert_rep.h"
#include "tests/lib/pki.h"

#define TRANSACTION "0123456789abcdef"

struct world {
	X509 *ca; /* the pinned one */
	X509 *ra;
	X509 *ra_encrypt; /* may not sign */
	X509 *ra_expired;
	X509 *ra_future;
	X509 *sub_ca;	 /* below `ca`, known to the client */
	X509 *twin;	 /* a CA of the same name, serial number, another key */
	X509 *twin_ra;	 /* the same for `ra` */
	X509 *requester; /* self-signed, over the device's key */
	X509 *issued;	 /* what the CA has issued for it */
	X509 *foreign;	 /* issued for another key */
	struct ca_certs trust;
	X509_NAME *subject;
	struct bytes garbage;
	struct scep_secret challenge;
	struct cert_rep_input input;
	struct pki_reply reply;
	X509 *made[8]; /* by a test; freed with the world */
	EVP_PKEY *made_key;
};

/* Makes the world before a test, and its end after. */
int world_set_up(void **state);
int world_tear_down(void **state);
int world_tear_down_group(void **state);

/* Gives the device an EC key, and the request the challenge "secret"; the reply
 * is for that key. */
void world_use_ec(struct world *world);

/* Certifies, and remembers to free. */
X509 *world_certify(struct world *world, const struct pki_cert *plan);
/* The plan of what the CA issues for the device. */
struct pki_cert world_leaf_plan(const struct world *world);
/* Puts one certificate, or two, into the reply. */
void world_send(struct world *world, X509 *first, X509 *second);

/* Makes the reply and opens it. */
enum scep_code world_open(struct world *world, struct cert_rep *reply,
			  struct scep_error *error);
/* Opens it as SCEP_OK, or fails the test with the error's text. */
void world_open_well(struct world *world, struct cert_rep *reply);

/* One thing wrong in a reply that is otherwise right. */
struct world_row {
	const char *name;
	void (*twist)(struct world *world);
	enum scep_code code; /* of the refusal */
	const char *text;    /* that must be in its words */
};

/* clang-format off */
#define WORLD_ROW(twist, text) {#twist, twist, SCEP_BAD_RESPONSE, text}
#define WORLD_ROW_CODE(twist, code, text) {#twist, twist, code, text}
/* clang-format on */

/* Expects each row to be refused so, with nothing left in the reply. */
void world_assert_refused(const struct world_row *rows, size_t count);

#endif
