/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/envelope_der.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>

bool walk_next(struct walk *walk, int tag, int class, struct walk *inner)
{
	const unsigned char *at = walk->at;
	long length = 0;
	int found_tag = 0, found_class = 0;
	int flags;

	if (at >= walk->end)
		return false;
	flags = ASN1_get_object(&at, &length, &found_tag, &found_class,
				(long)(walk->end - at));
	/* 0x80: an error; 0x01: an indefinite length, which is no DER. */
	if ((flags & 0x81) != 0 || found_tag != tag || found_class != class ||
	    length > walk->end - at)
		return false;
	inner->at = at;
	inner->end = at + length;
	walk->at = inner->end;
	return true;
}

/* RFC 5652, 6.1: leads to the recipientInfos, and behind them. */
static bool walk_to_recipients(struct walk *walk, struct walk *recipients,
			       struct walk *rest)
{
	struct walk content, explicit, enveloped, skipped;

	if (!walk_next(walk, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &content) ||
	    !walk_next(&content, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, &skipped) ||
	    !walk_next(&content, 0, V_ASN1_CONTEXT_SPECIFIC, &explicit) ||
	    !walk_next(&explicit, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL,
		       &enveloped) ||
	    !walk_next(&enveloped, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, &skipped))
		return false;
	/* originatorInfo is optional. */
	(void)walk_next(&enveloped, 0, V_ASN1_CONTEXT_SPECIFIC, &skipped);
	if (!walk_next(&enveloped, V_ASN1_SET, V_ASN1_UNIVERSAL, recipients))
		return false;
	*rest = enveloped;
	return true;
}

/* Reads an OBJECT IDENTIFIER at the front; owned, or NULL. */
static ASN1_OBJECT *walk_object(struct walk *walk)
{
	struct walk skipped, whole = *walk;

	if (!walk_next(walk, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, &skipped))
		return NULL;
	return d2i_ASN1_OBJECT(NULL, &whole.at, (long)(whole.end - whole.at));
}

/* Begins a walk over what i2d has made: nothing if it has failed. */
static struct walk walk_over(const unsigned char *der, int length)
{
	if (der == NULL || length <= 0)
		return (struct walk){NULL, NULL};
	return (struct walk){der, der + length};
}

ASN1_OBJECT *envelope_der_cipher(CMS_ContentInfo *envelope)
{
	unsigned char *der = NULL;
	int length = i2d_CMS_ContentInfo(envelope, &der);
	struct walk walk = walk_over(der, length);
	struct walk recipients, rest, info, skipped, algorithm;
	ASN1_OBJECT *cipher = NULL;

	if (length > 0 && walk_to_recipients(&walk, &recipients, &rest) &&
	    walk_next(&rest, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &info) &&
	    walk_next(&info, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, &skipped) &&
	    walk_next(&info, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &algorithm))
		cipher = walk_object(&algorithm);
	OPENSSL_free(der);
	return cipher;
}

/* ----------------------------------------------------- for a password -- */

static void read_derivation(struct walk *algorithm,
			    struct envelope_password *password)
{
	password->derivation = walk_object(algorithm);
	password->parameters = d2i_PBKDF2PARAM(
	    NULL, &algorithm->at, (long)(algorithm->end - algorithm->at));
}

static void read_wrap(struct walk *algorithm,
		      struct envelope_password *password)
{
	struct walk parameters;

	password->wrap = walk_object(algorithm);
	if (walk_next(algorithm, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL,
		      &parameters))
		password->cipher = walk_object(&parameters);
}

void envelope_der_password(CMS_ContentInfo *envelope,
			   struct envelope_password *password)
{
	unsigned char *der = NULL;
	int length = i2d_CMS_ContentInfo(envelope, &der);
	struct walk walk = walk_over(der, length);
	struct walk recipients, rest, recipient, part;

	memset(password, 0, sizeof(*password));
	if (length > 0 && walk_to_recipients(&walk, &recipients, &rest) &&
	    walk_next(&recipients, 3, V_ASN1_CONTEXT_SPECIFIC, &recipient) &&
	    walk_next(&recipient, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, &part)) {
		if (walk_next(&recipient, 0, V_ASN1_CONTEXT_SPECIFIC, &part))
			read_derivation(&part, password);
		if (walk_next(&recipient, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL,
			      &part))
			read_wrap(&part, password);
		if (walk_next(&recipient, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL,
			      &part))
			password->key_length = (long)(part.end - part.at);
	}
	OPENSSL_free(der);
}

void envelope_password_free(struct envelope_password *password)
{
	ASN1_OBJECT_free(password->derivation);
	PBKDF2PARAM_free(password->parameters);
	ASN1_OBJECT_free(password->wrap);
	ASN1_OBJECT_free(password->cipher);
}
