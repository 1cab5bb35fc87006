/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths between certificates (RFC 5280, 6): who was certified by whom below
 * one CA.  Knows no pin and decides nothing about trust.  Pure.
 */
#ifndef SCEP_PROTOCOL_CERTS_TREE_H
#define SCEP_PROTOCOL_CERTS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "scep/codes.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/rfc8894.h"

/* The certificates below one CA: who was certified by whom.  Borrows all. */
#define CERTS_TREE_MAX (2 * LIMIT_CERTIFICATES + 2)

struct certs_tree {
	size_t count;
	X509 *certificate[CERTS_TREE_MAX]; /* the anchor is the first */
	size_t issuer[CERTS_TREE_MAX];	   /* its place in this array */
};

/*
 * Finds all certificates of `pool` that the anchor certified, directly or
 * through CAs of the pool, by checking signatures: names alone prove nothing.
 * Has nothing below a key that is unsound or an MD5 signature.  Fails with
 * SCEP_NO_MEMORY.
 */
enum scep_code certs_tree_grow(struct certs_tree *tree, X509 *anchor,
			       STACK_OF(X509) * pool, struct scep_error *error);

/* Tells if that very certificate is in the tree. */
bool certs_tree_has(const struct certs_tree *tree, X509 *certificate);

/*
 * Finds the path from a certificate of the tree up to the anchor, both
 * included, and checks it as RFC 5280, 6.1 has it (CA flags, path lengths, name
 * constraints), but for times; and against the floor.  `*path` is owned; NULL
 * after a failure.  Fails with SCEP_CA_NOT_TRUSTED, with a text that calls the
 * certificate "it".
 */
enum scep_code certs_tree_path(const struct certs_tree *tree, X509 *certificate,
			       const struct certs_floor *floor,
			       STACK_OF(X509) * *path,
			       struct scep_error *error);

#endif
