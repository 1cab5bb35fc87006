/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one entry of the registry: the private key, the certificate and
 * its issuers, as PEM.  The files belong to the worker, which speaks with the
 * network, and the reader may be root: no link leads out of the state
 * directory, and nothing passes but PEM of the right kind.  Knows no use
 * location.
 */
#ifndef SUBAGENT_PARENT_KEY_FILES_H
#define SUBAGENT_PARENT_KEY_FILES_H

#include "subagent/system/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define KEY_FILES_MAX (1024 * 1024) /* octets of a file */

struct key_files {
	char *key; /* one PRIVATE KEY */
	size_t key_length;
	char *certificates; /* one CERTIFICATE or more */
	size_t certificates_length;
	size_t leaf_length; /* of the first */
};

/* Returns whether it can name the files of an entry: hexadecimal digits. */
bool key_files_is_id(const char *file_id);

/*
 * Reads keys/ID.pem and certs/ID.pem, which must belong to `owner`.  On
 * success `entry` is owned (key_files_free).  Returns 0, or -1.
 */
int key_files_read(const char *state_directory, uid_t owner,
		   const char *file_id, struct key_files *entry,
		   struct fault *fault);
/* Reads certs/ID.pem alone, under the same conditions. */
int key_files_read_certificates(const char *state_directory, uid_t owner,
				const char *file_id, struct key_files *entry,
				struct fault *fault);
/* Returns the n-th issuer, from 0, of the first certificate; the last one if
 * there are fewer.  A certificate without issuers is its own.  Borrows. */
const char *key_files_issuer(const struct key_files *entry, size_t n,
			     size_t *length);
/* Cleanses and frees. */
void key_files_free(struct key_files *entry);

#endif
