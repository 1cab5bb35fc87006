/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include "scep/codes.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "tests/lib/pki.h"

static void a_made_key_has_the_length_asked_for(void **state)
{
	EVP_PKEY *key;
	struct scep_error error;

	(void)state;
	assert_int_equal(key_make_rsa(2048, &key, &error), SCEP_OK);
	assert_true(EVP_PKEY_is_a(key, "RSA"));
	assert_int_equal(EVP_PKEY_get_bits(key), 2048);
	EVP_PKEY_free(key);
}

static void a_key_of_absurd_length_is_not_made(void **state)
{
	EVP_PKEY *key;
	struct scep_error error;

	(void)state;
	assert_int_equal(key_make_rsa(512, &key, &error), SCEP_KEY_ERROR);
	assert_null(key);
	assert_int_equal(key_make_rsa(1u << 20, &key, &error), SCEP_KEY_ERROR);
	assert_null(key);
	assert_non_null(strstr(error.text, "1048576"));
}

static void an_ec_key_is_on_a_named_curve_of_two(void **state)
{
	struct scep_error error;
	EVP_PKEY *key;
	char curve[32];

	(void)state;
	for (uint32_t bits = 256; bits <= 384; bits += 128) {
		assert_int_equal(key_make_ec(bits, &key, &error), SCEP_OK);
		assert_int_equal(EVP_PKEY_get_bits(key), bits);
		assert_int_equal(
		    EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL),
		    1);
		assert_string_equal(curve,
				    bits == 256 ? "prime256v1" : "secp384r1");
		assert_int_equal(key_check_public(key, &error), SCEP_OK);
		EVP_PKEY_free(key);
	}
	assert_int_equal(key_make_ec(224, &key, &error), SCEP_KEY_ERROR);
	assert_null(key);
	assert_non_null(strstr(error.text, "224"));
}

static void a_key_survives_its_pem(void **state)
{
	struct bytes pem = {NULL, 0};
	EVP_PKEY *key;
	struct scep_error error;

	(void)state;
	assert_int_equal(key_to_pem(pki_key(PKI_KEY_DEVICE), &pem, &error),
			 SCEP_OK);
	assert_memory_equal(pem.data, "-----BEGIN PRIVATE KEY-----", 27);
	assert_int_equal(key_from_pem(pem.data, pem.length, &key, &error),
			 SCEP_OK);
	assert_int_equal(EVP_PKEY_eq(key, pki_key(PKI_KEY_DEVICE)), 1);
	EVP_PKEY_free(key);
	bytes_free(&pem);
}

static void what_is_no_key_is_refused(void **state)
{
	EVP_PKEY *key;
	struct scep_error error;
	char big[70000];

	(void)state;
	assert_int_equal(key_from_pem("hello", 5, &key, &error),
			 SCEP_KEY_ERROR);
	assert_null(key);
	assert_int_equal(key_from_pem("", 0, &key, &error), SCEP_KEY_ERROR);
	memset(big, 'a', sizeof(big));
	assert_int_equal(key_from_pem(big, sizeof(big), &key, &error),
			 SCEP_KEY_ERROR);
	assert_non_null(strstr(error.text, "70000"));
}

static void a_truncated_pem_is_refused(void **state)
{
	struct bytes pem = {NULL, 0};
	EVP_PKEY *key;
	struct scep_error error;

	(void)state;
	key_to_pem(pki_key(PKI_KEY_DEVICE), &pem, &error);
	assert_int_equal(key_from_pem(pem.data, pem.length / 2, &key, &error),
			 SCEP_KEY_ERROR);
	assert_null(key);
	bytes_free(&pem);
}

/* A question at the terminal would stop the engine for ever. */
static void an_encrypted_pem_is_refused_without_a_question(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long length;
	EVP_PKEY *key;
	struct scep_error error;

	(void)state;
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
			     bio, pki_key(PKI_KEY_DEVICE), EVP_aes_128_cbc(),
			     "x", 1, NULL, NULL),
			 1);
	length = BIO_get_mem_data(bio, &text);
	assert_int_equal(key_from_pem(text, (size_t)length, &key, &error),
			 SCEP_KEY_ERROR);
	assert_null(key);
	BIO_free(bio);
}

static void a_file_reference_is_opened(void **state)
{
	char path[] = "/tmp/test_key_XXXXXX";
	char reference[64];
	struct bytes pem = {NULL, 0};
	EVP_PKEY *key;
	struct scep_error error;
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	key_to_pem(pki_key(PKI_KEY_DEVICE), &pem, &error);
	assert_int_equal(write(file, pem.data, pem.length), pem.length);
	close(file);
	snprintf(reference, sizeof(reference), "page:%s", path);
	assert_int_equal(key_open(reference, &key, &error), SCEP_KEY_ERROR);
	snprintf(reference, sizeof(reference), "file:%s", path);
	assert_int_equal(key_open(reference, &key, &error), SCEP_OK);
	assert_int_equal(EVP_PKEY_eq(key, pki_key(PKI_KEY_DEVICE)), 1);
	unlink(path);
	EVP_PKEY_free(key);
	bytes_free(&pem);
}

static void references_to_no_regular_file_are_refused(void **state)
{
	char folder[] = "/tmp/test_key_XXXXXX";
	char fifo[64], reference[80];
	EVP_PKEY *key;
	struct scep_error error;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(reference, sizeof(reference), "file:%s", fifo);
	assert_int_equal(key_open(reference, &key, &error), SCEP_KEY_ERROR);
	assert_non_null(strstr(error.text, "regular"));
	snprintf(reference, sizeof(reference), "file:%s/none", folder);
	assert_int_equal(key_open(reference, &key, &error), SCEP_KEY_ERROR);
	assert_non_null(strstr(error.text, "No such file"));
	snprintf(reference, sizeof(reference), "file:%s", folder);
	assert_int_equal(key_open(reference, &key, &error), SCEP_KEY_ERROR);
	assert_int_equal(key_open("pkcs11:object=x", &key, &error),
			 SCEP_KEY_ERROR);
	assert_null(key);
	unlink(fifo);
	rmdir(folder);
}

static void a_key_that_cannot_be_read_now_is_no_bad_key(void **state)
{
	struct scep_error error;
	EVP_PKEY *key;
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(key_open("file:/dev/null", &key, &error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_null(key);
	assert_non_null(strstr(error.text, "LimitNOFILE"));
}

static void the_digest_is_that_of_the_public_key(void **state)
{
	unsigned char *der = NULL;
	unsigned char digest[32];
	char expected[65], hex[65];
	struct scep_error error;
	int length = i2d_PUBKEY(pki_key(PKI_KEY_DEVICE), &der);

	(void)state;
	EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)length, digest, NULL);
	bytes_hex(digest, sizeof(digest), expected);
	assert_int_equal(key_digest(pki_key(PKI_KEY_DEVICE), hex, &error),
			 SCEP_OK);
	assert_string_equal(hex, expected);
	OPENSSL_free(der);
}

/* Takes the key; goes through DER, as keys of others do. */
static const char *weakness_of(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(key, &der);
	const unsigned char *end = der;
	EVP_PKEY *read = d2i_PUBKEY(NULL, &end, length);
	static struct scep_error error;

	if (key_check_public(read, &error) == SCEP_OK)
		error_set(&error, SCEP_OK, "none");
	else
		assert_int_equal(error.code, SCEP_BAD_RESPONSE);
	EVP_PKEY_free(key);
	EVP_PKEY_free(read);
	OPENSSL_free(der);
	return error.text;
}

static void weak_public_keys_are_told(void **state)
{
	struct scep_error error;

	(void)state;
	assert_string_equal(weakness_of(pki_key_rsa(512)),
			    "the RSA key is too short: 512 bits, and 1024 is "
			    "the least");
	assert_string_equal(weakness_of(pki_key_rsa_public(16384, 65537)),
			    "the RSA key is too long: 16384 bits, and 8192 is "
			    "the limit");
	assert_string_equal(weakness_of(pki_key_rsa_public(2048, 1)),
			    "the RSA key has a bad public exponent");
	assert_string_equal(weakness_of(pki_key_rsa_public(2048, 4)),
			    "the RSA key has a bad public exponent");
	assert_string_equal(weakness_of(pki_key_ec(true)),
			    "the EC key has explicit curve parameters");
	assert_string_equal(
	    weakness_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime192v1")),
	    "the EC key is too short: 192 bits, and 224 is the least");
	assert_string_equal(
	    weakness_of(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")),
	    "the key is neither RSA nor of an elliptic curve");
	assert_int_equal(key_check_public(NULL, &error), SCEP_BAD_RESPONSE);
	assert_string_equal(error.text, "the key cannot be read");
}

static void sound_public_keys_are_accepted(void **state)
{
	(void)state;
	assert_string_equal(weakness_of(pki_key_rsa(1024)), "none");
	assert_string_equal(weakness_of(pki_key_rsa_public(4096, 3)), "none");
	assert_string_equal(weakness_of(pki_key_ec(false)), "none");
	assert_string_equal(
	    weakness_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")), "none");
}

static int tear_down(void **state)
{
	(void)state;
	pki_keys_free();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_that_cannot_be_read_now_is_no_bad_key),
	    cmocka_unit_test(a_made_key_has_the_length_asked_for),
	    cmocka_unit_test(a_key_of_absurd_length_is_not_made),
	    cmocka_unit_test(an_ec_key_is_on_a_named_curve_of_two),
	    cmocka_unit_test(a_key_survives_its_pem),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(a_truncated_pem_is_refused),
	    cmocka_unit_test(an_encrypted_pem_is_refused_without_a_question),
	    cmocka_unit_test(a_file_reference_is_opened),
	    cmocka_unit_test(references_to_no_regular_file_are_refused),
	    cmocka_unit_test(the_digest_is_that_of_the_public_key),
	    cmocka_unit_test(weak_public_keys_are_told),
	    cmocka_unit_test(sound_public_keys_are_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
