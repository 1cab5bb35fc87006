/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD under the real program: RSA keys of 2048 bits come out of the
 * pool.  The integration tests do that (rig/agent.py), but for those that are
 * about the making of keys.
 */
#include "tests/lib/key_pool.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

#define POOLED_BITS 2048

typedef EVP_PKEY *keygen_fn(OSSL_LIB_CTX *library, const char *properties,
			    const char *type, ...);

static EVP_PKEY *make(int bits)
{
	keygen_fn *real = (keygen_fn *)dlsym(RTLD_NEXT, "EVP_PKEY_Q_keygen");

	return real(NULL, "?provider=default", "RSA", (size_t)bits);
}

/* RSA keys have a length, EC keys a curve, and the others, which TLS makes,
 * nothing more. */
EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *library, const char *properties,
			    const char *type, ...)
{
	keygen_fn *real = (keygen_fn *)dlsym(RTLD_NEXT, "EVP_PKEY_Q_keygen");
	const char *curve = NULL;
	va_list rest;
	size_t bits = 0;

	va_start(rest, type);
	if (strcmp(type, "RSA") == 0)
		bits = va_arg(rest, size_t);
	else if (strcmp(type, "EC") == 0)
		curve = va_arg(rest, const char *);
	va_end(rest);
	if (curve != NULL)
		return real(library, properties, type, curve);
	if (bits == 0)
		return real(library, properties, type);
	if (bits == POOLED_BITS)
		return key_pool_take(POOLED_BITS, make);
	return make((int)bits);
}
