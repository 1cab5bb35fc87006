/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scripted_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "scep/codes.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"

void scripted_must(bool is_true, const char *what, const char *file, int line)
{
	if (is_true)
		return;
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	ERR_print_errors_fp(stderr);
	abort();
}

static int from_hex(char digit)
{
	return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* The message of the GET form: escaped Base64. */
static void read_get(const char *url, struct bytes *der)
{
	const char *from = strstr(url, "message=");
	char text[16384] = "";
	size_t length = 0;
	unsigned char *data;
	int size;

	MUST(from != NULL);
	for (from += 8; *from != '\0' && *from != '&'; from++) {
		MUST(length + 1 < sizeof(text) && *from != '+');
		text[length] = *from;
		if (*from == '%') {
			text[length] =
			    (char)(from_hex(from[1]) * 16 + from_hex(from[2]));
			from += 2;
		}
		length++;
	}
	data = malloc(length);
	size = EVP_DecodeBlock(data, (unsigned char *)text, (int)length);
	MUST(size > 0);
	while (length > 0 && text[length - 1] == '=') {
		length--;
		size--;
	}
	MUST(bytes_set(der, data, (size_t)size));
	free(data);
}

static const ASN1_STRING *attribute(CMS_SignerInfo *signer, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int place = CMS_signed_get_attr_by_OBJ(signer, object, -1);
	X509_ATTRIBUTE *found;

	ASN1_OBJECT_free(object);
	MUST(place >= 0);
	found = CMS_signed_get_attr(signer, place);
	return X509_ATTRIBUTE_get0_type(found, 0)->value.asn1_string;
}

static void attribute_text(CMS_SignerInfo *signer, const char *oid, char *text,
			   size_t size)
{
	const ASN1_STRING *value = attribute(signer, oid);

	snprintf(text, size, "%.*s", ASN1_STRING_length(value),
		 (const char *)ASN1_STRING_get0_data(value));
}

void scripted_request_read(const struct fetch_request *request,
			   struct scripted_request *message)
{
	struct bytes der = {NULL, 0};
	const unsigned char *data;
	X509 *certificate = NULL;

	if (request->content_type != NULL) {
		MUST(strcmp(request->content_type, RFC8894_CONTENT_TYPE) == 0);
		MUST(bytes_set(&der, request->body, request->body_length));
	} else {
		read_get(request->url, &der);
	}
	data = der.data;
	message->cms = d2i_CMS_ContentInfo(NULL, &data, (long)der.length);
	bytes_free(&der);
	MUST(message->cms != NULL);
	MUST(CMS_verify(message->cms, NULL, NULL, NULL, NULL,
			CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1);
	message->signer =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(message->cms), 0);
	message->certificates = CMS_get1_certs(message->cms);
	CMS_SignerInfo_get0_algs(message->signer, NULL, &certificate, NULL,
				 NULL);
	MUST(certificate != NULL);
	message->key = X509_get_pubkey(certificate);
}

void scripted_request_free(struct scripted_request *message)
{
	EVP_PKEY_free(message->key);
	sk_X509_pop_free(message->certificates, X509_free);
	CMS_ContentInfo_free(message->cms);
}

/* Opens the envelope with the key of whom it is for. */
static void open_envelope(struct scripted_ca *ca, CMS_ContentInfo *envelope,
			  BIO *out)
{
	CMS_RecipientInfo *info =
	    sk_CMS_RecipientInfo_value(CMS_get0_RecipientInfos(envelope), 0);
	EVP_PKEY *key = ca->key;
	X509 *certificate = ca->root;

	ca->recipient = CA_ITSELF;
	for (size_t i = 0; i < ca->other_count; i++) {
		if (CMS_RecipientInfo_ktri_cert_cmp(info, ca->others[i]) != 0)
			continue;
		ca->recipient = (int)i;
		key = pki_key(ca->other_keys[i]);
		certificate = ca->others[i];
	}
	MUST(CMS_decrypt(envelope, key, certificate, NULL, out, CMS_BINARY) ==
	     1);
}

/* Reads the content of the envelope. */
static void decrypt(struct scripted_ca *ca,
		    const struct scripted_request *message, struct bytes *plain)
{
	const ASN1_OCTET_STRING *sealed = *CMS_get0_content(message->cms);
	const unsigned char *data = ASN1_STRING_get0_data(sealed);
	CMS_ContentInfo *envelope =
	    d2i_CMS_ContentInfo(NULL, &data, ASN1_STRING_length(sealed));
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long length;

	MUST(envelope != NULL);
	if (ca->password != NULL) {
		MUST(CMS_decrypt_set1_password(
			 envelope, (unsigned char *)ca->password, -1) == 1);
		MUST(CMS_decrypt(envelope, NULL, NULL, NULL, out, CMS_BINARY) ==
		     1);
	} else {
		open_envelope(ca, envelope, out);
	}
	length = BIO_get_mem_data(out, &text);
	MUST(bytes_set(plain, text, (size_t)length));
	BIO_free(out);
	CMS_ContentInfo_free(envelope);
}

static void note_challenge(struct scripted_ca *ca, X509_REQ *request)
{
	int place =
	    X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1);
	const ASN1_STRING *value;

	ca->challenge[0] = '\0';
	if (place < 0)
		return;
	value = X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(request, place), 0)
		    ->value.asn1_string;
	snprintf(ca->challenge, sizeof(ca->challenge), "%.*s",
		 ASN1_STRING_length(value),
		 (const char *)ASN1_STRING_get0_data(value));
}

/* The key of the transaction, or, if there was no request, that of the signer;
 * borrowed. */
EVP_PKEY *scripted_request_key(struct scripted_ca *ca,
			       const struct scripted_request *message)
{
	for (size_t i = 0; i < CA_REQUESTS; i++) {
		if (ca->requests[i].key != NULL &&
		    strcmp(ca->requests[i].transaction_id,
			   ca->transaction_id) == 0)
			return ca->requests[i].key;
	}
	return message->key;
}

/* Takes the key. */
static void note_key(struct scripted_ca *ca, EVP_PKEY *key)
{
	struct ca_request *request =
	    &ca->requests[ca->request_count++ % CA_REQUESTS];

	EVP_PKEY_free(request->key);
	strcpy(request->transaction_id, ca->transaction_id);
	request->key = key;
}

/* A first request is signed with the key that it is for, and any other one by
 * a certificate of ours. */
static void note_signer(struct scripted_ca *ca,
			const struct scripted_request *message, EVP_PKEY *key)
{
	X509 *signer = sk_X509_value(message->certificates, 0);

	ca->signer_serial = 0;
	if (EVP_PKEY_eq(key, message->key) == 1)
		return;
	MUST(X509_verify(signer, ca->key) == 1 ||
	     (ca->old_key != NULL && X509_verify(signer, ca->old_key) == 1));
	ca->signer_serial = ASN1_INTEGER_get(X509_get0_serialNumber(signer));
}

/* The CSR is signed with the key that it holds. */
static void note_request(struct scripted_ca *ca,
			 const struct scripted_request *message)
{
	struct bytes plain = {NULL, 0};
	const unsigned char *data;
	X509_REQ *request;

	decrypt(ca, message, &plain);
	data = plain.data;
	request = d2i_X509_REQ(NULL, &data, (long)plain.length);
	MUST(request != NULL);
	MUST(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1);
	note_key(ca, X509_REQ_get_pubkey(request));
	note_challenge(ca, request);
	X509_REQ_free(request);
	bytes_free(&plain);
}

static void note_attributes(struct scripted_ca *ca,
			    const struct scripted_request *message)
{
	char transaction_id[SCEP_TEXT64];
	const ASN1_STRING *nonce =
	    attribute(message->signer, RFC8894_OID_SENDER_NONCE);

	attribute_text(message->signer, RFC8894_OID_MESSAGE_TYPE,
		       ca->message_type, sizeof(ca->message_type));
	attribute_text(message->signer, RFC8894_OID_TRANSACTION_ID,
		       transaction_id, sizeof(transaction_id));
	if (strcmp(ca->transaction_id, transaction_id) != 0)
		ca->transactions++;
	strcpy(ca->transaction_id, transaction_id);
	MUST(ASN1_STRING_length(nonce) == RFC8894_NONCE_LENGTH);
	ca->nonce_was_repeated |=
	    memcmp(ca->nonce, ASN1_STRING_get0_data(nonce),
		   sizeof(ca->nonce)) == 0;
	memcpy(ca->nonce, ASN1_STRING_get0_data(nonce), sizeof(ca->nonce));
}

/* Of every message, whatever is answered then. */
void scripted_request_note(struct scripted_ca *ca,
			   const struct fetch_request *request)
{
	struct scripted_request message;
	struct scep_error error;
	EVP_PKEY *key;
	char digest[65];

	error_init(&error);
	scripted_request_read(request, &message);
	note_attributes(ca, &message);
	if (strcmp(ca->message_type, "19") == 0 ||
	    strcmp(ca->message_type, "17") == 0)
		note_request(ca, &message);
	key = scripted_request_key(ca, &message);
	note_signer(ca, &message, key);
	MUST(key_digest(key, digest, &error) == SCEP_OK);
	if (strcmp(ca->key_digest, digest) != 0)
		ca->keys++;
	strcpy(ca->key_digest, digest);
	scripted_request_free(&message);
}
