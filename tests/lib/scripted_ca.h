/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SCEP server in the test's own memory, which answers by a script: for each
 * operation a list of what to do, and then properly for ever.  It reads the
 * requests as a server would and remembers what was in them.
 */
#ifndef TESTS_SCRIPTED_CA_H
#define TESTS_SCRIPTED_CA_H

#include "scep/octets.h"
#include "scep/state/state.h"
#include "tests/lib/pki.h"
#include "scep/protocol/rfc8894.h"
#include "tests/lib/virtual_io.h"

/* Validity is not judged before the program was built. */
#define SCRIPTED_NOW                                                           \
	((state_build_time() > PKI_NOW ? state_build_time() : PKI_NOW) +       \
	 PKI_DAY)

enum ca_operation { CA_CAPS, CA_CERT, CA_NEXT, CA_PKI, CA_OPERATIONS };

enum ca_behaviour {
	CA_PROPER, /* issue, or give what was asked for */
	CA_PENDING,
	CA_FAILURE, /* the number is the failInfo, below 0: none */
	CA_HTTP,    /* the number is the status */
	CA_AWAY,    /* no connection */
	CA_HTML,
	CA_EMPTY,
	CA_FOREIGN_KEY, /* a certificate for somebody else's key */
	CA_OTHER_NONCE,
	CA_OTHER_TRANSACTION,
	CA_BY_STRANGER, /* signed by somebody else */
	CA_UNCHANGED,	/* the certificate that has signed the request */
};

struct ca_step {
	enum ca_behaviour behaviour;
	int number;
};

#define CA_STEPS    16
#define CA_REQUESTS 16

/* The key that a transaction is about; CertPoll only names it. */
struct ca_request {
	char transaction_id[SCEP_TEXT64];
	EVP_PKEY *key;
};

#define CA_OTHERS 4

struct scripted_ca {
	X509 *root;
	X509 *others[CA_OTHERS]; /* what GetCACert brings beside the root */
	enum pki_key_name other_keys[CA_OTHERS];
	size_t other_count;
	int signer;	  /* of the replies, in others; CA_ITSELF */
	int recipient;	  /* of the last request that was decrypted, likewise */
	X509 *next;	  /* the CA that is to come; NULL: none yet */
	EVP_PKEY *key;	  /* borrowed */
	EVP_PKEY *ec_key; /* owned, or NULL */
	EVP_PKEY *old_key; /* of the CA before; NULL: there was none */
	long revoked[4];   /* serial numbers up to 0 */
	const char *caps;
	const int64_t *clock; /* borrowed */
	int64_t date_skew;    /* of the Date header, seconds */
	uint32_t retry_after; /* the header of PENDING and HTTP errors */
	int64_t certificate_life;
	int64_t certificate_begins; /* after SCRIPTED_NOW, seconds */
	const char *alt_name;	    /* of certificates */
	/* EC keys get their replies for the challenge, or by agreement. */
	bool agrees_on_keys;
	/* Opens requests, if the CA has an EC key. */
	const char *password;
	struct ca_step plan[CA_OPERATIONS][CA_STEPS];
	size_t planned[CA_OPERATIONS];
	/* what came */
	unsigned int seen[CA_OPERATIONS];
	unsigned int transactions; /* different ones */
	unsigned int keys;	   /* different ones */
	unsigned int posts;
	char transaction_id[SCEP_TEXT64]; /* the last */
	char key_digest[65];  /* the last that was to be certified */
	char message_type[4]; /* the last */
	unsigned char nonce[RFC8894_NONCE_LENGTH];
	bool nonce_was_repeated;
	long signer_serial; /* of the last signer's certificate if it is ours,
			     * else 0 */
	struct ca_request requests[CA_REQUESTS]; /* a ring */
	size_t request_count;
	char challenge[SCEP_SECRET_MAX + 1]; /* of the last PKCSReq */
	char last_url[8192];		     /* the beginning of the last URL */
	long issued; /* certificates, which is the last serial */
	X509 *last;  /* of those */
};

/* `clock` is borrowed: the time of the Date header. */
void scripted_ca_open(struct scripted_ca *ca, const int64_t *clock);
void scripted_ca_close(struct scripted_ca *ca);
/* From now on it is another CA, with another key but the same name. */
void scripted_ca_replace(struct scripted_ca *ca, int64_t not_after);
/* From now on its certificate ends then; its key is the same. */
void scripted_ca_end(struct scripted_ca *ca, int64_t not_after);
/* From now on it has an EC key, and the password opens the requests. */
void scripted_ca_use_ec(struct scripted_ca *ca, const char *password);
/* From now on, another CA is announced, with a key of its own. */
void scripted_ca_announce(struct scripted_ca *ca);
/* From now on, the CA that was announced is the one there is. */
void scripted_ca_roll_over(struct scripted_ca *ca);
#define CA_ITSELF (-1)
/* From now on, GetCACert brings one more certificate that the CA has certified,
 * with that extendedKeyUsage (NULL: none).  Returns its place. */
int scripted_ca_add(struct scripted_ca *ca, const char *name,
		    enum pki_key_name key, const char *usage,
		    int64_t not_after);
/* From now on, GetCACert brings the root alone. */
void scripted_ca_drop_others(struct scripted_ca *ca);
/* Appends to the script of an operation. */
void scripted_ca_plan(struct scripted_ca *ca, enum ca_operation operation,
		      enum ca_behaviour behaviour, int number);
/* Appends the same so many times. */
void scripted_ca_plan_many(struct scripted_ca *ca, enum ca_operation operation,
			   enum ca_behaviour behaviour, int number, int times);
/* SHA-256 of its certificate. */
void scripted_ca_fingerprint(const struct scripted_ca *ca,
			     unsigned char value[32]);

/* A virtual_server_fn; `context` is the struct scripted_ca. */
void scripted_ca_serve(void *context, const struct fetch_request *request,
		       struct virtual_answer *answer);

#endif
