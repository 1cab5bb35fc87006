/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys that are ready.  Making them is most of the work of a test, so that
 * each is made once, by the test that comes to its number first, and kept in a
 * folder of the build: $TEST_KEYS, or the one that was compiled in.  Gives none
 * twice: to a process, or, if $TEST_KEYS_NEXT names a file in which the next
 * number is, to all processes that share it.  Knows no test.
 * tests/scepca/key_pool.py does the same.
 */
#ifndef TESTS_KEY_POOL_H
#define TESTS_KEY_POOL_H

#include <openssl/evp.h>

/* Really makes a key.  Returns owned, or NULL. */
typedef EVP_PKEY *key_make_fn(int bits);

/* The next key of that length; made where there is none in the pool, or none
 * can be kept.  Returns owned, or NULL if it could not be made. */
EVP_PKEY *key_pool_take(int bits, key_make_fn *make);

#endif
