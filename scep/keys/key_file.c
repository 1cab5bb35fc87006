/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/key_file.h"

#include <stdio.h>
#include <string.h>

#include "scep/values.h"
#include "scep/protocol/certs.h"
#include "scep/store/files.h"

#define SUFFIX	   ".pem"
#define FILE_LIMIT (1024 * 1024)

void key_file_name(const char *file_id, char name[KEY_FILE_NAME])
{
	snprintf(name, KEY_FILE_NAME, "%s" SUFFIX, file_id);
}

bool key_file_id(const char *name, char file_id[SCEP_TEXT64])
{
	size_t length = strlen(name), tail = strlen(SUFFIX);

	if (length <= tail || length - tail >= SCEP_TEXT64 ||
	    strcmp(name + length - tail, SUFFIX) != 0)
		return false;
	memcpy(file_id, name, length - tail);
	file_id[length - tail] = '\0';
	return true;
}

static enum scep_code make_key(const struct scep_values *values, EVP_PKEY **key,
			       struct scep_error *error)
{
	if (values->key_algorithm == SCEP_NEW_EC_P256)
		return key_make_ec(256, key, error);
	if (values->key_algorithm == SCEP_NEW_EC_P384)
		return key_make_ec(384, key, error);
	return key_make_rsa(values->key_length, key, error);
}

enum scep_code key_file_make(const char *folder, const char *name,
			     const struct scep_values *values, EVP_PKEY **key,
			     struct scep_error *error)
{
	struct bytes pem = {NULL, 0};
	enum scep_code code = make_key(values, key, error);

	if (code == SCEP_OK)
		code = key_to_pem(*key, &pem, error);
	if (code == SCEP_OK)
		code = files_write(folder, name, pem.data, pem.length, error);
	bytes_free(&pem);
	if (code != SCEP_OK) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	return code;
}

enum scep_code key_file_read(const char *folder, const char *name,
			     EVP_PKEY **key, struct scep_error *error)
{
	struct bytes pem = {NULL, 0};
	enum scep_code code;

	*key = NULL;
	code = files_read(folder, name, FILE_LIMIT, &pem, error);
	if (code == SCEP_OK)
		code = key_from_pem(pem.data, pem.length, key, error);
	bytes_free(&pem);
	return code;
}

enum scep_code key_file_read_chain(const char *folder, const char *name,
				   STACK_OF(X509) * *chain,
				   struct scep_error *error)
{
	struct bytes pem = {NULL, 0};
	enum scep_code code;

	*chain = NULL;
	code = files_read(folder, name, FILE_LIMIT, &pem, error);
	if (code == SCEP_OK)
		code = certs_from_pem(pem.data, pem.length, chain, error);
	bytes_free(&pem);
	return code;
}
