/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates that the tests of trust have in common: a root, a CA and
 * its RAs, a look-alike of the CA, and a stranger.
 */
#ifndef TESTS_UNIT_SCEP_PROTOCOL_TRUST_WORLD_H
#define TESTS_UNIT_SCEP_PROTOCOL_TRUST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "scep/protocol/rfc8894.h"
#include "scep/protocol/ca_certs.h"
#include "scep/protocol/certs.h"
#include "tests/lib/believe.h"
#include "tests/lib/pki.h"

/* root -> CA -> RA for signing, RA for encryption; and strangers. */
struct world {
	X509 *root;
	X509 *ca;
	X509 *ra_sign;
	X509 *ra_encrypt;
	X509 *twin;	       /* a CA with the name of `ca`, and another key */
	X509 *twin_ra;	       /* certified by the twin */
	X509 *unknown_signer;  /* another root */
	STACK_OF(X509) * list; /* borrows; what the server sends */
};

static struct world world;

static inline X509 *make_ca(const char *name, enum pki_key_name key,
			    X509 *issuer, enum pki_key_name issuer_key,
			    long serial)
{
	struct pki_cert plan = pki_ca_plan(name, pki_key(key));

	plan.issuer = issuer;
	plan.issuer_key = pki_key(issuer_key);
	plan.serial = serial;
	return pki_certify(&plan);
}

static inline X509 *make_ra(const char *name, enum pki_key_name key,
			    X509 *issuer, enum pki_key_name issuer_key,
			    int key_usage)
{
	struct pki_cert plan =
	    pki_leaf_plan(name, pki_key(key), issuer, pki_key(issuer_key));

	plan.key_usage = key_usage;
	plan.extended_key_usage = PKI_MARK_OF_RA;
	plan.serial = 7;
	return pki_certify(&plan);
}

static inline int set_up_group(void **state)
{
	(void)state;
	world.root = make_ca("Root", PKI_KEY_ROOT, NULL, PKI_KEY_ROOT, 1);
	world.ca = make_ca("CA", PKI_KEY_CA, world.root, PKI_KEY_ROOT, 2);
	world.ra_sign = make_ra("RA", PKI_KEY_RA, world.ca, PKI_KEY_CA,
				KU_DIGITAL_SIGNATURE);
	world.ra_encrypt = make_ra("RA", PKI_KEY_RA_ENCRYPT, world.ca,
				   PKI_KEY_CA, KU_KEY_ENCIPHERMENT);
	world.twin =
	    make_ca("CA", PKI_KEY_STRANGER, world.root, PKI_KEY_STRANGER, 2);
	world.twin_ra = make_ra("RA", PKI_KEY_RA, world.twin, PKI_KEY_STRANGER,
				KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
	world.unknown_signer =
	    make_ca("Stranger", PKI_KEY_STRANGER, NULL, PKI_KEY_STRANGER, 1);
	return 0;
}

static inline int tear_down_group(void **state)
{
	(void)state;
	X509_free(world.root);
	X509_free(world.ca);
	X509_free(world.ra_sign);
	X509_free(world.ra_encrypt);
	X509_free(world.twin);
	X509_free(world.twin_ra);
	X509_free(world.unknown_signer);
	pki_keys_free();
	return 0;
}

static inline int set_up(void **state)
{
	(void)state;
	world.list = sk_X509_new_null();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	sk_X509_free(world.list);
	return 0;
}

static inline void send_cert(X509 *certificate)
{
	sk_X509_push(world.list, certificate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A certificate with a name of more octets than an answer may have. */
static inline X509 *make_huge(size_t length)
{
	static char name[LIMIT_PEM + 16] = "DNS:";
	struct pki_cert plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA),
					     world.ca, pki_key(PKI_KEY_CA));

	memset(name + 4, 'a', length);
	name[4 + length] = '\0';
	plan.alt_name = name;
	return pki_certify(&plan);
}

#endif
