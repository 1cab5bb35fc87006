/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fixed.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/octets.h"

/* ----------------------------------------------------------------- keys -- */

static const char *const pems[FIXED_PARTY_COUNT] = {
    [FIXED_CA] = FIXED_CA_PEM,
    [FIXED_RA] = FIXED_RA_PEM,
    [FIXED_DEVICE] = FIXED_DEVICE_PEM,
    [FIXED_DEVICE_OLD] = FIXED_DEVICE_OLD_PEM,
    [FIXED_DEVICE_EC] = FIXED_DEVICE_EC_PEM,
};

EVP_PKEY *fixed_key(enum fixed_party party)
{
	static EVP_PKEY *keys[FIXED_PARTY_COUNT];

	if (keys[party] == NULL) {
		BIO *bio = BIO_new_mem_buf(pems[party], -1);

		keys[party] = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		HOLDS(keys[party] != NULL);
		BIO_free(bio);
	}
	return keys[party];
}

X509 *fixed_certificate(enum fixed_party party)
{
	static X509 *certificates[FIXED_PARTY_COUNT];

	if (certificates[party] == NULL) {
		BIO *bio = BIO_new_mem_buf(pems[party], -1);

		certificates[party] = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		HOLDS(certificates[party] != NULL);
		BIO_free(bio);
	}
	return certificates[party];
}

static const EVP_MD *sha256(void)
{
	static EVP_MD *digest;

	if (digest == NULL)
		digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	HOLDS(digest != NULL);
	return digest;
}

/* --------------------------------------------------------------- encoding --
 */

static bool encode(CMS_ContentInfo *content, struct bytes *der)
{
	unsigned char *data = NULL;
	int length = content == NULL ? -1 : i2d_CMS_ContentInfo(content, &data);
	bool is_done = length > 0 && bytes_set(der, data, (size_t)length);

	OPENSSL_free(data);
	CMS_ContentInfo_free(content);
	ERR_clear_error();
	return is_done;
}

/* The one that the certificate says, so that old ones are not lost. */
static const EVP_MD *digest_of(const X509 *certificate)
{
	const EVP_MD *found = NULL;
	int digest = NID_undef;

	if (OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest,
				NULL) == 1)
		found = EVP_get_digestbynid(digest);
	return found != NULL ? found : sha256();
}

bool fixed_certify(STACK_OF(X509) * certificates, struct bytes *der)
{
	BIO *nothing = BIO_new_mem_buf("", 0);
	CMS_ContentInfo *content =
	    CMS_sign(NULL, NULL, NULL, nothing, CMS_PARTIAL | CMS_DETACHED);

	HOLDS(content != NULL);
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *certificate = sk_X509_value(certificates, i);

		/* Two that differ in nothing else are now the same, and the
		 * second one is not taken. */
		if (X509_sign(certificate, fixed_key(FIXED_CA),
			      digest_of(certificate)) > 0)
			CMS_add1_cert(content, certificate);
	}
	BIO_free(nothing);
	return encode(content, der);
}

bool fixed_seal(const void *plain, size_t length, enum fixed_party recipient,
		const char *cipher, struct bytes *der)
{
	EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, cipher, NULL);
	BIO *data = BIO_new_mem_buf(plain, (int)length);
	CMS_ContentInfo *content =
	    CMS_encrypt(NULL, NULL, algorithm, CMS_PARTIAL | CMS_BINARY);

	HOLDS(algorithm != NULL && content != NULL);
	HOLDS(CMS_add1_recipient_cert(content, fixed_certificate(recipient),
				      0) != NULL);
	HOLDS(CMS_final(content, data, NULL, CMS_BINARY) == 1);
	BIO_free(data);
	EVP_CIPHER_free(algorithm);
	return encode(content, der);
}

bool fixed_sign(const void *content, size_t length,
		const struct fixed_attribute *attributes, size_t count,
		enum fixed_party signer, struct bytes *message)
{
	unsigned int flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP |
			     (length == 0 ? CMS_DETACHED : 0);
	BIO *data = BIO_new_mem_buf(length == 0 ? "" : content, (int)length);
	CMS_ContentInfo *signed_data = CMS_sign(NULL, NULL, NULL, NULL, flags);
	CMS_SignerInfo *info;
	bool is_done = true;

	HOLDS(signed_data != NULL && data != NULL);
	info = CMS_add1_signer(signed_data, fixed_certificate(signer),
			       fixed_key(signer), sha256(), flags);
	HOLDS(info != NULL);
	for (size_t i = 0; is_done && i < count; i++)
		is_done =
		    CMS_signed_add1_attr_by_txt(
			info, attributes[i].oid, attributes[i].type,
			attributes[i].data, (int)attributes[i].length) == 1;
	is_done = is_done && CMS_final(signed_data, data, NULL,
				       flags & ~(unsigned)CMS_PARTIAL) == 1;
	BIO_free(data);
	if (is_done)
		return encode(signed_data, message);
	CMS_ContentInfo_free(signed_data);
	ERR_clear_error();
	return false;
}

/* --------------------------------------------------------- signing again -- */

/* Puts the digest of the content into messageDigest, if that is a string.
 */
static void mend_digest(const CMS_SignerInfo *info, const EVP_MD *digest,
			const ASN1_OCTET_STRING *content)
{
	unsigned char value[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	int at = CMS_signed_get_attr_by_NID(info, NID_pkcs9_messageDigest, -1);
	ASN1_TYPE *type =
	    at < 0 ? NULL
		   : X509_ATTRIBUTE_get0_type(CMS_signed_get_attr(info, at), 0);

	if (type == NULL || type->type != V_ASN1_OCTET_STRING)
		return;
	HOLDS(EVP_Digest(content == NULL ? (const unsigned char *)""
					 : ASN1_STRING_get0_data(content),
			 content == NULL ? 0
					 : (size_t)ASN1_STRING_length(content),
			 value, &length, digest, NULL) == 1);
	HOLDS(ASN1_STRING_set(type->value.octet_string, value, (int)length) ==
	      1);
}

/* RFC 5652, 5.4: attributes are signed as a SET OF, in the order in which the
 * verifier finds them. */
static void encode_attributes(const CMS_SignerInfo *info, struct bytes *der)
{
	struct bytes all = {NULL, 0};
	unsigned char header[16];
	unsigned char *end = header;

	for (int i = 0; i < CMS_signed_get_attr_count(info); i++) {
		unsigned char *one = NULL;
		int length =
		    i2d_X509_ATTRIBUTE(CMS_signed_get_attr(info, i), &one);

		HOLDS(length > 0);
		octets_append(&all, one, (size_t)length);
		OPENSSL_free(one);
	}
	ASN1_put_object(&end, 1, (int)all.length, V_ASN1_SET, V_ASN1_UNIVERSAL);
	HOLDS(bytes_set(der, header, (size_t)(end - header)));
	octets_append(der, all.data, all.length);
	bytes_free(&all);
}

static void mend_signature(CMS_SignerInfo *info, const EVP_MD *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[512];
	size_t size = sizeof(signature);
	struct bytes der = {NULL, 0};

	HOLDS(context != NULL);
	encode_attributes(info, &der);
	if (EVP_DigestSignInit(context, NULL, digest, NULL,
			       fixed_key(FIXED_CA)) == 1 &&
	    EVP_DigestSign(context, signature, &size, der.data, der.length) ==
		1)
		HOLDS(ASN1_STRING_set(CMS_SignerInfo_get0_signature(info),
				      signature, (int)size) == 1);
	EVP_MD_CTX_free(context);
	bytes_free(&der);
}

bool fixed_sign_again(const void *message, size_t length, struct bytes *again)
{
	const unsigned char *end = message;
	CMS_ContentInfo *content =
	    d2i_CMS_ContentInfo(NULL, &end, (long)length);
	STACK_OF(CMS_SignerInfo) *infos =
	    content == NULL ? NULL : CMS_get0_SignerInfos(content);
	CMS_SignerInfo *info = sk_CMS_SignerInfo_num(infos) > 0
				   ? sk_CMS_SignerInfo_value(infos, 0)
				   : NULL;
	X509_ALGOR *algorithm = NULL;
	const EVP_MD *digest = NULL;
	ASN1_OCTET_STRING **text;

	if (info != NULL) {
		CMS_SignerInfo_get0_algs(info, NULL, NULL, &algorithm, NULL);
		digest = EVP_get_digestbyobj(algorithm->algorithm);
	}
	if (digest != NULL) {
		text = CMS_get0_content(content);
		mend_digest(info, digest, text == NULL ? NULL : *text);
		mend_signature(info, digest);
	}
	return encode(content, again);
}
