/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/key_pool.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#ifndef TEST_KEYS
#define TEST_KEYS NULL
#endif

/* As many as a pool has; the next ones are made anew each time. */
#define POOL_SIZE 512
#define PATH_SIZE 512

/* The next number, if this process shares it with no other. */
static atomic_int own_next;

/* Takes the number out of a file that other processes have open, too. */
static int shared_number(const char *path)
{
	int number = POOL_SIZE, file = open(path, O_RDWR | O_CREAT, 0666);
	char text[16] = "";

	if (file < 0)
		return POOL_SIZE;
	if (flock(file, LOCK_EX) == 0 &&
	    pread(file, text, sizeof(text) - 1, 0) >= 0) {
		number = atoi(text);
		snprintf(text, sizeof(text), "%d\n", number + 1);
		if (pwrite(file, text, strlen(text), 0) < 0)
			number = POOL_SIZE;
	}
	close(file);
	return number;
}

static int take_number(void)
{
	const char *path = getenv("TEST_KEYS_NEXT");

	return path == NULL ? atomic_fetch_add(&own_next, 1)
			    : shared_number(path);
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key;

	if (file == NULL)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

/* Keeps a key.  Another process may keep one under that number just now: the
 * later one stays, and both are good. */
static void keep_key(const char *folder, const char *path, const EVP_PKEY *key)
{
	char temporary[PATH_SIZE];
	int length =
	    snprintf(temporary, sizeof(temporary), "%s/XXXXXX", folder);
	int descriptor;
	FILE *file;

	if (length >= (int)sizeof(temporary))
		return;
	mkdir(folder, 0777);
	descriptor = mkstemp(temporary);
	if (descriptor < 0)
		return;
	file = fdopen(descriptor, "w");
	if (file == NULL ||
	    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fflush(file) != 0 || rename(temporary, path) != 0)
		unlink(temporary);
	if (file != NULL)
		fclose(file);
}

EVP_PKEY *key_pool_take(int bits, key_make_fn *make)
{
	const char *folder = getenv("TEST_KEYS");
	int number = take_number();
	char path[PATH_SIZE];
	EVP_PKEY *key;

	if (folder == NULL)
		folder = TEST_KEYS;
	if (folder == NULL || number < 0 || number >= POOL_SIZE ||
	    snprintf(path, sizeof(path), "%s/%d-%d.pem", folder, bits,
		     number) >= (int)sizeof(path))
		return make(bits);
	key = read_key(path);
	if (key == NULL) {
		key = make(bits);
		if (key != NULL)
			keep_key(folder, path, key);
	}
	return key;
}
