/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/base/allocation.h"

#include <stdlib.h>

#include <openssl/crypto.h>

static _Thread_local bool has_failed;

static void *allocation_noted(void *data)
{
	if (data == NULL)
		has_failed = true;
	return data;
}

static void *allocation_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : allocation_noted(malloc(size));
}

static void *allocation_realloc(void *data, size_t size, const char *file,
				int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return allocation_noted(realloc(data, size));
	free(data);
	return NULL;
}

static void allocation_free(void *data, const char *file, int line)
{
	(void)file;
	(void)line;
	free(data);
}

/* OpenSSL takes the functions before its first allocation only. */
__attribute__((constructor)) static void allocation_watch(void)
{
	CRYPTO_set_mem_functions(allocation_malloc, allocation_realloc,
				 allocation_free);
}

bool allocation_has_failed(void)
{
	bool answer = has_failed;

	has_failed = false;
	return answer;
}
