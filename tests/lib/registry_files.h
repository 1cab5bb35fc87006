/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a registry entry for tests that look at no key: PEM in form
 * only. */
#ifndef TESTS_LIB_REGISTRY_FILES_H
#define TESTS_LIB_REGISTRY_FILES_H

#include "tests/lib/folder.h"

#define ENTRY_ID "0123456789abcdef0123456789abcdef"
#define PEM_KEY	 "-----BEGIN PRIVATE KEY-----\nS2V5\n-----END PRIVATE KEY-----\n"
#define PEM_LEAF                                                               \
	"-----BEGIN CERTIFICATE-----\nTGVhZg==\n-----END CERTIFICATE-----\n"
#define PEM_CA "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"

static inline void put_entry(const struct folder *folder)
{
	folder_put(folder, "state/keys/" ENTRY_ID ".pem", PEM_KEY, 0600);
	folder_put(folder, "state/certs/" ENTRY_ID ".pem", PEM_LEAF PEM_CA,
		   0600);
}

#endif
