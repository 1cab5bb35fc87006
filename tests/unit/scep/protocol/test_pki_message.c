/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/objects.h>

#include "scep/codes.h"
#include "scep/server.h"
#include "scep/protocol/signed.h"
#include "scep/protocol/signed.h"
#include "scep/protocol/pki_message.h"
#include "tests/lib/pki.h"

static const unsigned char content[] = "0123456789\r\n and more\n";

struct world {
	X509 *ca;
	X509 *signer;
	struct caps_choice choice;
	struct pki_message_input input;
};

static struct world world;

static int set_up(void **state)
{
	struct pki_cert plan = pki_ca_plan("CA", pki_key(PKI_KEY_CA));

	(void)state;
	world.ca = pki_certify(&plan);
	plan = pki_leaf_plan("dev", pki_key(PKI_KEY_DEVICE), NULL,
			     pki_key(PKI_KEY_DEVICE));
	world.signer = pki_certify(&plan);
	world.choice = (struct caps_choice){
	    .cipher = SCEP_CIPHER_AES128,
	    .digest = "SHA256",
	};
	world.input = (struct pki_message_input){
	    .message_type = RFC8894_PKCS_REQ,
	    .transaction_id = "0123-abc",
	    .sender_nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6},
	    .signer = world.signer,
	    .signer_key = pki_key(PKI_KEY_DEVICE),
	    .recipient = world.ca,
	    .choice = &world.choice,
	    .content = content,
	    .content_length = sizeof(content),
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	X509_free(world.ca);
	X509_free(world.signer);
	return 0;
}

static CMS_ContentInfo *read_cms(const unsigned char *data, size_t length)
{
	const unsigned char *end = data;
	CMS_ContentInfo *message =
	    d2i_CMS_ContentInfo(NULL, &end, (long)length);

	assert_non_null(message);
	assert_ptr_equal(end, data + length);
	return message;
}

/* Seals what must be sealed. */
static CMS_ContentInfo *seal(void)
{
	struct bytes message = {NULL, 0};
	struct scep_error error = {.text = ""};
	CMS_ContentInfo *read;

	if (pki_message_seal(&world.input, &message, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	read = read_cms(message.data, message.length);
	bytes_free(&message);
	return read;
}

static CMS_SignerInfo *signer_of(CMS_ContentInfo *message)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(message);

	assert_int_equal(sk_CMS_SignerInfo_num(signers), 1);
	return sk_CMS_SignerInfo_value(signers, 0);
}

static int digest_of(CMS_ContentInfo *message)
{
	X509_ALGOR *digest;
	const ASN1_OBJECT *type;

	CMS_SignerInfo_get0_algs(signer_of(message), NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&type, NULL, NULL, digest);
	return OBJ_obj2nid(type);
}

static CMS_ContentInfo *envelope_of(CMS_ContentInfo *message)
{
	ASN1_OCTET_STRING **octets = CMS_get0_content(message);

	assert_non_null(*octets);
	return read_cms(ASN1_STRING_get0_data(*octets),
			(size_t)ASN1_STRING_length(*octets));
}

static void the_content_comes_out_as_it_went_in(void **state)
{
	static const enum scep_cipher ciphers[] = {
	    SCEP_CIPHER_AES128, SCEP_CIPHER_AES256, SCEP_CIPHER_3DES};

	(void)state;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		CMS_ContentInfo *message, *envelope;
		BIO *plain = BIO_new(BIO_s_mem());
		char *data;

		world.choice.cipher = ciphers[i];
		message = seal();
		envelope = envelope_of(message);
		assert_int_equal(CMS_decrypt(envelope, pki_key(PKI_KEY_CA),
					     world.ca, NULL, plain, CMS_BINARY),
				 1);
		assert_int_equal(BIO_get_mem_data(plain, &data),
				 sizeof(content));
		assert_memory_equal(data, content, sizeof(content));
		BIO_free(plain);
		CMS_ContentInfo_free(envelope);
		CMS_ContentInfo_free(message);
	}
}

/* OpenSSL does not tell the cipher: its OID has to be in the DER. */
static void the_cipher_is_the_one_chosen(void **state)
{
	static const struct {
		enum scep_cipher cipher;
		int nid;
	} rows[] = {{SCEP_CIPHER_AES128, NID_aes_128_cbc},
		    {SCEP_CIPHER_AES256, NID_aes_256_cbc},
		    {SCEP_CIPHER_3DES, NID_des_ede3_cbc}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ASN1_OBJECT *oid = OBJ_nid2obj(rows[i].nid);
		CMS_ContentInfo *message;
		const ASN1_OCTET_STRING *octets;

		world.choice.cipher = rows[i].cipher;
		message = seal();
		octets = *CMS_get0_content(message);
		assert_non_null(memmem(ASN1_STRING_get0_data(octets),
				       (size_t)ASN1_STRING_length(octets),
				       OBJ_get0_data(oid), OBJ_length(oid)));
		CMS_ContentInfo_free(message);
	}
}

static void there_is_one_recipient_by_issuer_and_serial(void **state)
{
	CMS_ContentInfo *message = seal();
	CMS_ContentInfo *envelope = envelope_of(message);
	STACK_OF(CMS_RecipientInfo) *recipients =
	    CMS_get0_RecipientInfos(envelope);
	CMS_RecipientInfo *recipient =
	    sk_CMS_RecipientInfo_value(recipients, 0);
	ASN1_OCTET_STRING *key_id = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;

	(void)state;
	assert_int_equal(sk_CMS_RecipientInfo_num(recipients), 1);
	assert_int_equal(CMS_RecipientInfo_type(recipient),
			 CMS_RECIPINFO_TRANS);
	CMS_RecipientInfo_ktri_get0_signer_id(recipient, &key_id, &issuer,
					      &serial);
	assert_null(key_id);
	assert_non_null(serial);
	assert_int_equal(X509_NAME_cmp(issuer, X509_get_issuer_name(world.ca)),
			 0);
	CMS_ContentInfo_free(envelope);
	CMS_ContentInfo_free(message);
}

static void the_signature_verifies_with_the_certificate_inside(void **state)
{
	CMS_ContentInfo *message = seal();
	STACK_OF(X509) *certificates = CMS_get1_certs(message);

	(void)state;
	assert_int_equal(sk_X509_num(certificates), 1);
	assert_int_equal(X509_cmp(sk_X509_value(certificates, 0), world.signer),
			 0);
	assert_int_equal(CMS_verify(message, NULL, NULL, NULL, NULL,
				    CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
			 1);
	assert_int_equal(OBJ_obj2nid(CMS_get0_eContentType(message)),
			 NID_pkcs7_data);
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(message);
}

static void the_digest_is_the_one_chosen(void **state)
{
	static const struct {
		const char *name;
		int nid;
	} rows[] = {
	    {"SHA256", NID_sha256}, {"SHA512", NID_sha512}, {"SHA1", NID_sha1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CMS_ContentInfo *message;

		world.choice.digest = rows[i].name;
		message = seal();
		assert_int_equal(digest_of(message), rows[i].nid);
		CMS_ContentInfo_free(message);
	}
}

static void assert_text(CMS_SignerInfo *signer, const char *type,
			const char *expected)
{
	const ASN1_STRING *text;

	assert_int_equal(signed_attribute_text(signer, type, "it", &text, NULL),
			 SCEP_OK);
	assert_non_null(text);
	assert_int_equal(ASN1_STRING_type(text), V_ASN1_PRINTABLESTRING);
	assert_int_equal(ASN1_STRING_length(text), strlen(expected));
	assert_memory_equal(ASN1_STRING_get0_data(text), expected,
			    strlen(expected));
}

static void the_attributes_are_those_of_the_transaction(void **state)
{
	static const struct {
		enum rfc8894_message_type type;
		const char *text;
	} rows[] = {{RFC8894_PKCS_REQ, "19"},
		    {RFC8894_RENEWAL_REQ, "17"},
		    {RFC8894_CERT_POLL, "20"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CMS_ContentInfo *message;
		CMS_SignerInfo *signer;
		const ASN1_STRING *nonce;

		world.input.message_type = rows[i].type;
		message = seal();
		signer = signer_of(message);
		assert_text(signer, RFC8894_OID_MESSAGE_TYPE, rows[i].text);
		assert_text(signer, RFC8894_OID_TRANSACTION_ID, "0123-abc");
		assert_int_equal(
		    signed_attribute_octets(signer, RFC8894_OID_SENDER_NONCE,
					    "it", &nonce, NULL),
		    SCEP_OK);
		assert_int_equal(ASN1_STRING_length(nonce),
				 RFC8894_NONCE_LENGTH);
		assert_memory_equal(ASN1_STRING_get0_data(nonce),
				    world.input.sender_nonce,
				    RFC8894_NONCE_LENGTH);
		CMS_ContentInfo_free(message);
	}
}

static void without_content_there_is_no_envelope(void **state)
{
	CMS_ContentInfo *message;
	BIO *nothing = BIO_new_mem_buf("", 0);

	(void)state;
	world.input.content_length = 0;
	message = seal();
	assert_null(*CMS_get0_content(message));
	assert_int_equal(CMS_verify(message, NULL, NULL, nothing, NULL,
				    CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
			 1);
	CMS_ContentInfo_free(message);
	BIO_free(nothing);
}

static void assert_fails(enum scep_code code, const char *text)
{
	struct bytes message = {NULL, 0};
	struct scep_error error = {.text = ""};

	assert_int_equal(pki_message_seal(&world.input, &message, &error),
			 code);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, error.text);
	assert_null(message.data);
}

static void a_key_that_is_not_the_signers_is_a_key_error(void **state)
{
	(void)state;
	world.input.signer_key = pki_key(PKI_KEY_STRANGER);
	assert_fails(SCEP_KEY_ERROR, "signed");
}

static void what_openssl_does_not_have_is_told(void **state)
{
	(void)state;
	world.choice.cipher = 99;
	assert_fails(SCEP_CONFIG_ERROR, "cipher");
	world.choice.cipher = SCEP_CIPHER_AES128;
	world.choice.digest = "SHA0";
	assert_fails(SCEP_KEY_ERROR, "signed");
}

/* RFC 8894, 3.1 */
static void a_recipient_without_an_rsa_key_needs_the_challenge(void **state)
{
	static const struct scep_secret challenge = {6, "secret"};
	static const struct scep_secret none = {0, ""};
	EVP_PKEY *key = pki_key_ec(false);
	struct pki_cert plan = pki_ca_plan("EC", key);
	X509 *ca = pki_certify(&plan);
	CMS_ContentInfo *message, *envelope;
	BIO *plain = BIO_new(BIO_s_mem());
	char *data;

	(void)state;
	world.input.recipient = ca;
	assert_fails(SCEP_CONFIG_ERROR, "needs a challenge password");
	world.input.challenge = &none;
	assert_fails(SCEP_CONFIG_ERROR, "needs a challenge password");
	world.input.challenge = &challenge;
	message = seal();
	envelope = envelope_of(message);
	assert_int_equal(
	    sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(envelope)), 1);
	assert_int_equal(
	    CMS_decrypt_set1_password(envelope, (unsigned char *)"secret", 6),
	    1);
	assert_int_equal(
	    CMS_decrypt(envelope, NULL, NULL, NULL, plain, CMS_BINARY), 1);
	assert_int_equal(BIO_get_mem_data(plain, &data),
			 world.input.content_length);
	assert_memory_equal(data, world.input.content,
			    world.input.content_length);
	BIO_free(plain);
	CMS_ContentInfo_free(envelope);
	CMS_ContentInfo_free(message);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void an_ec_key_signs_with_the_digest_chosen(void **state)
{
	EVP_PKEY *key = pki_key_ec(false);
	struct pki_cert plan = pki_leaf_plan("dev", key, NULL, key);
	X509 *signer = pki_certify(&plan);
	CMS_ContentInfo *message;
	X509_ALGOR *signature;
	const ASN1_OBJECT *type;

	(void)state;
	world.input.signer = signer;
	world.input.signer_key = key;
	message = seal();
	CMS_SignerInfo_get0_algs(signer_of(message), NULL, NULL, NULL,
				 &signature);
	X509_ALGOR_get0(&type, NULL, NULL, signature);
	assert_int_equal(digest_of(message), NID_sha256);
	assert_int_equal(OBJ_obj2nid(type), NID_ecdsa_with_SHA256);
	CMS_ContentInfo_free(message);
	X509_free(signer);
	EVP_PKEY_free(key);
}

static void issuer_and_subject_is_a_sequence_of_both(void **state)
{
	X509_NAME *subject = X509_NAME_new(), *first, *second;
	struct bytes der = {NULL, 0};
	const unsigned char *at, *end;
	long length;
	int tag, class;

	(void)state;
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
				   (const unsigned char *)"dev", -1, -1, 0);
	assert_int_equal(
	    pki_message_issuer_and_subject(X509_get_subject_name(world.signer),
					   subject, &der, NULL),
	    SCEP_OK);
	at = der.data;
	end = der.data + der.length;
	assert_int_equal(
	    ASN1_get_object(&at, &length, &tag, &class, (long)der.length),
	    V_ASN1_CONSTRUCTED);
	assert_int_equal(tag, V_ASN1_SEQUENCE);
	assert_ptr_equal(at + length, end);
	first = d2i_X509_NAME(NULL, &at, end - at);
	second = d2i_X509_NAME(NULL, &at, end - at);
	assert_ptr_equal(at, end);
	assert_int_equal(
	    X509_NAME_cmp(first, X509_get_subject_name(world.signer)), 0);
	assert_int_equal(X509_NAME_cmp(second, subject), 0);
	X509_NAME_free(first);
	X509_NAME_free(second);
	X509_NAME_free(subject);
	bytes_free(&der);
}

static int tear_down_group(void **state)
{
	(void)state;
	pki_keys_free();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_content_comes_out_as_it_went_in),
	    TEST(the_cipher_is_the_one_chosen),
	    TEST(there_is_one_recipient_by_issuer_and_serial),
	    TEST(the_signature_verifies_with_the_certificate_inside),
	    TEST(the_digest_is_the_one_chosen),
	    TEST(the_attributes_are_those_of_the_transaction),
	    TEST(without_content_there_is_no_envelope),
	    TEST(a_key_that_is_not_the_signers_is_a_key_error),
	    TEST(what_openssl_does_not_have_is_told),
	    TEST(a_recipient_without_an_rsa_key_needs_the_challenge),
	    TEST(an_ec_key_signs_with_the_digest_chosen),
	    TEST(issuer_and_subject_is_a_sequence_of_both),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down_group);
}
