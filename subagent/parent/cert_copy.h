/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that SCEP_CERT_FILE names to a command: a copy of a certificate and
 * its issuers, in a folder of its own that only this process and root can
 * write.  The files of the registry belong to the worker, which could put a
 * link in their place between the look of the parent and that of the command.
 * Knows no registry.
 */
#ifndef SUBAGENT_PARENT_CERT_COPY_H
#define SUBAGENT_PARENT_CERT_COPY_H

#include "subagent/system/fault.h"

#include <stddef.h>
#include <sys/types.h>

struct cert_copy {
	char folder[48];
	char path[128]; /* "": there is none */
};

/* Writes NAME.pem, readable for all, into a new folder below /run, or below
 * /tmp for who may not write there.  Returns 0, or -1: then there is no copy.
 */
int cert_copy_make(struct cert_copy *copy, const char *name, const char *pem,
		   size_t length, struct fault *fault);

/* Has the copy removed when that process has ended, also if this one, whose
 * child it is or which it is, has ended before.  Needs Linux 5.3. */
void cert_copy_guard(const struct cert_copy *copy, pid_t reader);

/* Removes the file and the folder, if there is a copy. */
void cert_copy_remove(struct cert_copy *copy);

#endif
