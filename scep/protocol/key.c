/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "scep/base/error.h"

#define KEY_FILE_LIMIT ((size_t)64 * 1024)
#define RSA_BITS_MIN   1024
#define RSA_BITS_MAX   8192
#define EC_BITS_MIN    224
#define RSA_BITS_FLOOR 2048 /* unless allowShortKeys */
#define EC_BITS_FLOOR  256

/* Ends a function that has made or read a key, and frees it if it has failed.
 */
static enum scep_code key_end(enum scep_code code, EVP_PKEY **key,
			      struct scep_error *error)
{
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	return code;
}

enum scep_code key_make_rsa(uint32_t bits, EVP_PKEY **key,
			    struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	*key = NULL;
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return error_set(error, SCEP_KEY_ERROR,
				 "no RSA key can be made with %lu bits",
				 (unsigned long)bits);
	/* It goes to a file: OpenSSL itself makes it, even where a provider for
	 * a TPM comes first. */
	*key =
	    EVP_PKEY_Q_keygen(NULL, "?provider=default", "RSA", (size_t)bits);
	if (*key == NULL)
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the RSA key could not be made");
	return key_end(code, key, error);
}

enum scep_code key_make_ec(uint32_t bits, EVP_PKEY **key,
			   struct scep_error *error)
{
	const char *curve = bits == 256 ? "P-256" : bits == 384 ? "P-384" : "";
	enum scep_code code = SCEP_OK;

	*key = NULL;
	if (curve[0] == '\0')
		return error_set(error, SCEP_KEY_ERROR,
				 "no EC key can be made with %lu bits",
				 (unsigned long)bits);
	*key = EVP_PKEY_Q_keygen(NULL, "?provider=default", "EC", curve);
	if (*key == NULL)
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the EC key could not be made");
	return key_end(code, key, error);
}

enum scep_code key_check_certificate(const EVP_PKEY *key,
				     const X509 *certificate,
				     struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	if (X509_check_private_key(certificate, key) != 1)
		code = error_set(error, SCEP_KEY_ERROR,
				 "the key is not that of the certificate");
	return error_end_openssl(code, error);
}

enum scep_code key_to_pem(const EVP_PKEY *key, struct bytes *pem,
			  struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	char *text = NULL;
	long length;
	/* A memory BIO cleanses its buffer when it grows and when it goes. */
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
							 0, NULL, NULL) != 1) {
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the key could not be written as PEM");
		goto out;
	}
	length = BIO_get_mem_data(bio, &text);
	if (length <= 0 || !bytes_set(pem, text, (size_t)length))
		code = error_set_memory(error);
out:
	BIO_free(bio);
	return error_end_openssl(code, error);
}

/* Keys of ours have no passphrase, and there is nobody to ask for one. */
static int key_refuse_passphrase(char *buffer, int size, int writes,
				 void *context)
{
	(void)buffer;
	(void)size;
	(void)writes;
	(void)context;
	return -1;
}

enum scep_code key_from_pem(const void *pem, size_t length, EVP_PKEY **key,
			    struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	BIO *bio;

	*key = NULL;
	if (length == 0 || length > KEY_FILE_LIMIT)
		return error_set(error, SCEP_KEY_ERROR,
				 "a PEM key cannot have %zu octets", length);
	bio = BIO_new_mem_buf(pem, (int)length);
	if (bio != NULL)
		*key = PEM_read_bio_PrivateKey(bio, NULL, key_refuse_passphrase,
					       NULL);
	BIO_free(bio);
	if (*key == NULL)
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the PEM key cannot be read");
	return key_end(code, key, error);
}

/* Reads until the end or until the buffer is full; -1 with errno. */
static ssize_t key_read_all(int file, unsigned char *data, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(file, data + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

/* Tells a key that is not there from one that cannot be had now: the disk, or a
 * limit of the system, may be in the way. */
static enum scep_code key_file_fail(const char *path, struct scep_error *error)
{
	bool is_missing = errno == ENOENT || errno == ENOTDIR;

	return error_set(error,
			 is_missing ? SCEP_KEY_ERROR : SCEP_STORAGE_ERROR,
			 "%s: %s", path, error_of_system(errno));
}

static enum scep_code key_read_file(const char *path, EVP_PKEY **key,
				    struct scep_error *error)
{
	enum scep_code code;
	struct stat status;
	unsigned char *data = NULL;
	ssize_t length = 0;
	/* O_NONBLOCK, as a FIFO would keep us waiting for its writer. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (file < 0 || fstat(file, &status) != 0) {
		code = key_file_fail(path, error);
		goto out;
	}
	if (!S_ISREG(status.st_mode)) {
		code = error_set(error, SCEP_KEY_ERROR,
				 "%s is not a regular file", path);
		goto out;
	}
	data = OPENSSL_malloc(KEY_FILE_LIMIT + 1);
	if (data == NULL) {
		code = error_set_memory(error);
		goto out;
	}
	length = key_read_all(file, data, KEY_FILE_LIMIT + 1);
	if (length < 0) {
		code = key_file_fail(path, error);
		goto out;
	}
	code = key_from_pem(data, (size_t)length, key, error);
	if (code != SCEP_OK)
		error_wrap(error, path);
out:
	OPENSSL_clear_free(data, KEY_FILE_LIMIT + 1);
	if (file >= 0)
		close(file);
	return code;
}

/*
 * Leaves what is no file of ours to OpenSSL's STORE: a provider that its
 * configuration loads knows the scheme (RFC 7512's pkcs11:, handle: of a TPM),
 * and the key stays where it is.  Without user interface, a PIN is in the
 * reference or in that configuration.
 */
static enum scep_code key_read_stored(const char *reference, EVP_PKEY **key,
				      struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	OSSL_STORE_CTX *store =
	    OSSL_STORE_open(reference, NULL, NULL, NULL, NULL);

	if (store != NULL)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (store != NULL && *key == NULL && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		/* At the end, and for what cannot be read. */
		if (info == NULL && OSSL_STORE_error(store))
			break;
		if (info != NULL)
			*key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	if (store != NULL)
		OSSL_STORE_close(store);
	if (*key == NULL)
		/* The reference may hold a PIN: it is not repeated. */
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "OpenSSL has no such key in store");
	return key_end(code, key, error);
}

/* RFC 3986, 3.1.  OpenSSL takes a text without a scheme for a file, and reads
 * folders and certificates, too, where the scheme is `file`. */
static bool key_is_stored(const char *reference)
{
	size_t length = strspn(reference, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "abcdefghijklmnopqrstuvwxyz"
					  "0123456789+-.");

	return length > 0 && reference[length] == ':' &&
	       strncasecmp(reference, "file:", length + 1) != 0;
}

enum scep_code key_open(const char *reference, EVP_PKEY **key,
			struct scep_error *error)
{
	static const char scheme[] = "file:";
	size_t length = sizeof(scheme) - 1;

	*key = NULL;
	if (strncmp(reference, scheme, length) == 0)
		return key_read_file(reference + length, key, error);
	if (key_is_stored(reference))
		return key_read_stored(reference, key, error);
	return error_set(error, SCEP_KEY_ERROR,
			 "a key cannot be read from there: \"%.40s\"",
			 reference);
}

/* The name of the provider that has the key, or NULL. */
static const char *provider_name(const EVP_PKEY *key)
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);

	return provider == NULL ? NULL : OSSL_PROVIDER_get0_name(provider);
}

enum scep_key_storage key_storage(const EVP_PKEY *key)
{
	const char *name = provider_name(key);

	if (name != NULL && strcmp(name, "tpm2") == 0)
		return SCEP_KEY_TPM;
	if (name != NULL && strcmp(name, "pkcs11") == 0)
		return SCEP_KEY_PKCS11;
	return SCEP_KEY_FILE;
}

const char *key_properties(const EVP_PKEY *key, char text[KEY_PROPERTIES])
{
	const char *name = provider_name(key);
	int length;

	if (name == NULL)
		return NULL;
	/* A TPM can do all sorts of things slowly. */
	length = BIO_snprintf(text, KEY_PROPERTIES,
			      "?provider=%s,?%s.digest!=yes,?%s.cipher!=yes",
			      name, name, name);
	return length > 0 ? text : NULL;
}

enum scep_code key_digest(const EVP_PKEY *key, char hex[65],
			  struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	unsigned char digest[32];
	unsigned char *der = NULL;
	size_t size = 0;
	int length = i2d_PUBKEY(key, &der);

	if (length <= 0 ||
	    EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)length, digest,
			 &size) != 1 ||
	    size != sizeof(digest))
		code = error_set_openssl(error, SCEP_KEY_ERROR,
					 "the public key has no digest");
	else
		bytes_hex(digest, sizeof(digest), hex);
	OPENSSL_free(der);
	return error_end_openssl(code, error);
}

static enum scep_code key_check_rsa(const EVP_PKEY *key,
				    struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	BIGNUM *exponent = NULL;
	int bits = EVP_PKEY_get_bits(key);

	if (bits < RSA_BITS_MIN)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the RSA key is too short: %d bits, and %d "
				 "is the least",
				 bits, RSA_BITS_MIN);
	if (bits > RSA_BITS_MAX)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the RSA key is too long: %d bits, and %d is "
				 "the limit",
				 bits, RSA_BITS_MAX);
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the RSA key has no public exponent");
	else if (!BN_is_odd(exponent) || BN_is_one(exponent) ||
		 BN_is_negative(exponent))
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the RSA key has a bad public exponent");
	BN_free(exponent);
	return code;
}

static enum scep_code key_check_ec(const EVP_PKEY *key,
				   struct scep_error *error)
{
	int is_explicit = 0;

	if (EVP_PKEY_get_int_param(
		key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		&is_explicit) != 1 ||
	    is_explicit)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the EC key has explicit curve parameters");
	if (EVP_PKEY_get_bits(key) < EC_BITS_MIN)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the EC key is too short: %d bits, and %d is "
				 "the least",
				 EVP_PKEY_get_bits(key), EC_BITS_MIN);
	return SCEP_OK;
}

enum scep_code key_check_public(const EVP_PKEY *key, struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	if (key == NULL)
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the key cannot be read");
	else if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
		code = key_check_rsa(key, error);
	else if (EVP_PKEY_is_a(key, "EC"))
		code = key_check_ec(key, error);
	else if (!EVP_PKEY_is_a(key, "ED25519") && !EVP_PKEY_is_a(key, "ED448"))
		code = error_set(error, SCEP_BAD_RESPONSE,
				 "the key is neither RSA nor of an elliptic "
				 "curve");
	return error_end_openssl(code, error);
}

bool key_is_short(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
		return bits < RSA_BITS_FLOOR;
	return EVP_PKEY_is_a(key, "EC") && bits < EC_BITS_FLOOR;
}
