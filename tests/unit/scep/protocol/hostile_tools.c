/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the messages for the tables of hostile replies. */
#include "tests/unit/scep/protocol/hostile.h"
#include "tests/lib/believe.h"

#include <openssl/evp.h>

#include "scep/protocol/ca_answer.h"
#include "scep/codes.h"

size_t hostile_children(const struct der *node)
{
	size_t count = 0;

	for (const struct der *child = node->children; child != NULL;
	     child = child->next)
		count++;
	return count;
}

void hostile_write(const struct der *root, struct bytes *to)
{
	bytes_free(to);
	for (; root != NULL; root = root->next)
		der_write(root, to);
}

static bool is_equal(const struct bytes *a, const struct bytes *b)
{
	return a->length == b->length &&
	       (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

void hostile_spoil(struct hostile_case *hostile, struct bytes *der)
{
	struct bytes before = {NULL, 0};
	struct der *root = der_read(der->data, der->length);

	bytes_move(&before, der);
	root = der_spoil(root, hostile->field->path, hostile->fault,
			 hostile->field->wrong);
	hostile_write(root, der);
	hostile->is_void = is_equal(&before, der);
	der_free(root);
	bytes_free(&before);
}

void hostile_sign(const struct der *signed_node, unsigned char tag,
		  EVP_PKEY *key, struct der *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct bytes octets = {NULL, 0};
	unsigned char value[513] = {0};
	/* The first octet of a BIT STRING counts bits that are not used. */
	size_t skip = signature->tag == V_ASN1_BIT_STRING ? 1 : 0;
	size_t length = sizeof(value) - 1;

	der_write(signed_node, &octets);
	if (tag != 0)
		octets.data[0] = tag;
	assert_non_null(context);
	assert_int_equal(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL,
					       NULL, key, NULL),
			 1);
	assert_int_equal(EVP_DigestSign(context, value + skip, &length,
					octets.data, octets.length),
			 1);
	der_set(signature, value, length + skip);
	EVP_MD_CTX_free(context);
	bytes_free(&octets);
}

/* Signs a certificate again, unless a part of it is missing. */
static void sign_certificate(struct der *certificate, EVP_PKEY *key)
{
	if (hostile_children(certificate) == 3)
		hostile_sign(der_find(certificate, "0"), 0, key,
			     der_find(certificate, "2"));
}

/* Tells whether a fault at `path` is in what the CA signs: tbsCertificate is
 * the first part of the certificate. */
static bool is_in_signed_part(const char *certificate, const char *path)
{
	size_t length = strlen(certificate);

	if (strncmp(path, certificate, length) != 0)
		return false;
	path += length;
	path += *path == '/';
	return path[0] == '0';
}

void hostile_spoil_certificate(struct hostile_case *hostile, const char *path,
			       EVP_PKEY *key, struct bytes *der)
{
	struct bytes before = {NULL, 0};
	struct der *root = der_read(der->data, der->length);
	struct der *certificate = der_find(root, path);

	bytes_move(&before, der);
	root = der_spoil(root, hostile->field->path, hostile->fault,
			 hostile->field->wrong);
	hostile_write(root, der);
	hostile->is_void = is_equal(&before, der);
	if (is_in_signed_part(path, hostile->field->path)) {
		sign_certificate(certificate, key);
		hostile_write(root, der);
	}
	der_free(root);
	bytes_free(&before);
}

enum scep_code hostile_open_message(struct world *world,
				    const struct bytes *message,
				    struct scep_error *error)
{
	struct cert_rep reply;
	enum scep_code code;

	world->input.message = message->data;
	world->input.message_length = message->length;
	code = cert_rep_open(&world->input, &reply, error);
	if (code != SCEP_OK) {
		assert_null(reply.certificates);
		assert_int_equal(reply.legacy_used, 0);
	}
	cert_rep_free(&reply);
	return code;
}

enum scep_code hostile_open_envelope(struct world *world,
				     struct hostile_case *hostile,
				     struct scep_error *error)
{
	struct bytes message = {NULL, 0};
	struct bytes envelope = {NULL, 0};
	enum scep_code code;

	pki_envelope_make(&world->reply, &envelope);
	hostile_spoil(hostile, &envelope);
	world->reply.raw_content = &envelope;
	pki_reply_make(&world->reply, &message);
	code = hostile_open_message(world, &message, error);
	bytes_free(&envelope);
	bytes_free(&message);
	return code;
}

struct ca_certs_pin hostile_pin_of(const void *der, size_t length)
{
	struct ca_certs_pin pin = {.length = 32};

	assert_int_equal(
	    EVP_Q_digest(NULL, "SHA256", NULL, der, length, pin.digest, NULL),
	    1);
	return pin;
}

enum scep_code hostile_believe(const struct bytes *answer,
			       const struct ca_certs_pin *pin, bool *is_ra,
			       struct scep_error *error)
{
	STACK_OF(X509) *certificates = NULL;
	struct ca_certs trust = {0};
	enum scep_code code =
	    ca_answer_read(answer->data, answer->length, &certificates, error);

	if (code == SCEP_OK)
		code = believe(certificates, pin, 1, PKI_NOW, &trust, error);
	if (code != SCEP_OK)
		assert_null(trust.recipient);
	*is_ra = trust.recipient != NULL &&
		 X509_cmp(trust.recipient, trust.anchor) != 0;
	if (code == SCEP_OK && trust.recipient == NULL)
		assert_int_equal(sk_X509_num(trust.chain), 1);
	ca_certs_free(&trust);
	sk_X509_pop_free(certificates, X509_free);
	return code;
}

void hostile_encode(X509 *certificate, struct bytes *der)
{
	unsigned char *data = NULL;
	int length = i2d_X509(certificate, &data);

	assert_true(length > 0 && bytes_set(der, data, (size_t)length));
	OPENSSL_free(data);
}
