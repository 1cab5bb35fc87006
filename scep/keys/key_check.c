/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/key_file.h"

#include <string.h>

#include "scep/base/error.h"
#include "scep/protocol/certs.h"

static enum scep_code check_certificate(const struct scep_key *row,
					EVP_PKEY *key, X509 *certificate,
					struct scep_error *error)
{
	struct scep_key found = {0};
	enum scep_code code = certs_describe_leaf(certificate, &found, error);

	if (code != SCEP_OK)
		return code;
	if (found.fingerprint.length != row->fingerprint.length ||
	    memcmp(found.fingerprint.data, row->fingerprint.data,
		   row->fingerprint.length) != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "the file holds another certificate");
	return key_check_certificate(key, certificate, error);
}

enum scep_code key_file_check(const char *keys_folder, const char *certs_folder,
			      const struct scep_key *row, uint32_t *storage,
			      struct scep_error *error)
{
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key = NULL;
	char name[KEY_FILE_NAME];
	enum scep_code code;

	key_file_name(row->file_id, name);
	code = key_file_read(keys_folder, name, &key, error);
	if (code == SCEP_OK && storage != NULL)
		*storage = key_storage(key);
	if (code == SCEP_OK && row->not_after != 0)
		code = key_file_read_chain(certs_folder, name, &chain, error);
	if (code == SCEP_OK && row->not_after != 0)
		code =
		    check_certificate(row, key, sk_X509_value(chain, 0), error);
	sk_X509_pop_free(chain, X509_free);
	EVP_PKEY_free(key);
	return code;
}
