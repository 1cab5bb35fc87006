/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files behind a row of scepKeyTable: keys/ID.pem has the private key,
 * certs/ID.pem the certificate and those that lead to its CA.  Mostly called on
 * a worker thread, as it waits for the disk.  Knows no row and no request.
 */
#ifndef SCEP_KEYS_KEY_FILE_H
#define SCEP_KEYS_KEY_FILE_H

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/protocol/ca_certs.h"
#include "scep/protocol/key.h"

struct scep_values;

#define KEY_FILE_NAME 80

/* Writes the name that both files of the key have in their folders. */
void key_file_name(const char *file_id, char name[KEY_FILE_NAME]);
/* Reads the ID from the name of a file.  False if it is no name of ours. */
bool key_file_id(const char *name, char file_id[SCEP_TEXT64]);

/* Makes the key that request values ask for, and writes it durably as
 * FOLDER/NAME.  `*key` is owned; NULL on failure.  SCEP_KEY_ERROR, or
 * SCEP_STORAGE_ERROR from the disk. */
enum scep_code key_file_make(const char *folder, const char *name,
			     const struct scep_values *values, EVP_PKEY **key,
			     struct scep_error *error);
/* Reads the key from FOLDER/NAME.  `*key` is owned; NULL on failure.
 * SCEP_STORAGE_ERROR from the disk, SCEP_KEY_ERROR for what is no key. */
enum scep_code key_file_read(const char *folder, const char *name,
			     EVP_PKEY **key, struct scep_error *error);

/* Reads the certificates from FOLDER/NAME, that of the key first.  `*chain` is
 * owned, and has at least one; NULL on failure.  SCEP_STORAGE_ERROR from the
 * disk, SCEP_BAD_RESPONSE for what is no certificate. */
enum scep_code key_file_read_chain(const char *folder, const char *name,
				   STACK_OF(X509) * *chain,
				   struct scep_error *error);

/*
 * Holds the files of a registered key against its row and against each other:
 * the certificate must be the one of the row (fingerprint), and the key must be
 * its key.  `*storage` (may be NULL) is set to where the key is.
 */
enum scep_code key_file_check(const char *keys_folder, const char *certs_folder,
			      const struct scep_key *row, uint32_t *storage,
			      struct scep_error *error);

#endif
