/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of the registry as its files have it: the private key, the
 * certificate and what certified it, as PEM.  The files are the worker's, who
 * speaks with the network, and the reader may be root: nothing is followed out
 * of the state directory, and nothing is taken but PEM of the right kind.
 * Knows no use location.
 */
#ifndef SUBAGENT_PARENT_KEY_FILES_H
#define SUBAGENT_PARENT_KEY_FILES_H

#include "subagent/system/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ENTRY_MAX (1024 * 1024) /* octets of a file */

struct key_files {
	char *key; /* one PRIVATE KEY */
	size_t key_length;
	char *certificates; /* one CERTIFICATE or more */
	size_t certificates_length;
	size_t leaf_length; /* of the first */
};

/* Whether it is the name of an entry's files: hexadecimal digits. */
bool key_files_is_id(const char *file_id);

/*
 * Reads keys/ID.pem and certs/ID.pem, which must belong to `owner`.  On
 * success `entry` is owned (key_files_free).  Returns 0, or -1.
 */
int key_files_read(const char *state_directory, uid_t owner,
		   const char *file_id, struct key_files *entry,
		   struct fault *fault);
/* The n-th certificate, from 0, of those that certified the first; the last of
 * them if there are fewer.  One that is alone has certified itself. */
const char *key_files_issuer(const struct key_files *entry, size_t n,
			     size_t *length);
/* Cleanses and frees. */
void key_files_free(struct key_files *entry);

#endif
