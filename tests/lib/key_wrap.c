/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for key_make_rsa() in all unit tests but those of the key module
 * (--wrap in tests/sources.am): the keys are out of the pool.
 */
#include "tests/lib/key_pool.h"

#include "scep/base/error.h"
#include "scep/protocol/key.h"

enum scep_code __real_key_make_rsa(uint32_t bits, EVP_PKEY **key,
				   struct scep_error *error);
enum scep_code __wrap_key_make_rsa(uint32_t bits, EVP_PKEY **key,
				   struct scep_error *error);

static EVP_PKEY *make(int bits)
{
	struct scep_error error;
	EVP_PKEY *key;

	return __real_key_make_rsa((uint32_t)bits, &key, &error) == SCEP_OK
		   ? key
		   : NULL;
}

enum scep_code __wrap_key_make_rsa(uint32_t bits, EVP_PKEY **key,
				   struct scep_error *error)
{
	*key = key_pool_take((int)bits, make);
	if (*key == NULL)
		return __real_key_make_rsa(bits, key, error);
	return SCEP_OK;
}
