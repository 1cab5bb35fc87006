/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/caps.h"

#include <string.h>
#include <strings.h>

#include "scep/engine_config.h"
#include "scep/base/bytes.h"
#include "scep/base/error.h"
#include "scep/protocol/rfc8894.h"

/* RFC 8894, 3.5.2 */
static const struct {
	const char *word;
	uint32_t cap;
} keywords[] = {
    {"AES", SCEP_CAP_AES},
    {"DES3", SCEP_CAP_DES3},
    {"GetNextCACert", SCEP_CAP_NEXT_CA},
    {"POSTPKIOperation", SCEP_CAP_POST},
    {"Renewal", SCEP_CAP_RENEWAL},
    {"SHA-1", SCEP_CAP_SHA1},
    {"SHA-256", SCEP_CAP_SHA256},
    {"SHA-512", SCEP_CAP_SHA512},
    {"SCEPStandard", SCEP_CAP_STANDARD},
};

static bool is_blank(unsigned char octet)
{
	return octet == ' ' || (octet >= '\t' && octet <= '\r');
}

static uint32_t word_cap(const unsigned char *word, size_t length)
{
	size_t count = sizeof(keywords) / sizeof(keywords[0]);

	for (size_t i = 0; i < count; i++) {
		if (strlen(keywords[i].word) == length &&
		    strncasecmp(keywords[i].word, (const char *)word, length) ==
			0)
			return keywords[i].cap;
	}
	return 0;
}

/* An error page may have any word in it, and binary data any at all. */
static bool is_plain_text(const unsigned char *text, size_t length)
{
	size_t at = 0;

	while (at < length && is_blank(text[at]))
		at++;
	if (at < length && text[at] == '<')
		return false;
	for (; at < length; at++) {
		if ((text[at] < ' ' && !is_blank(text[at])) || text[at] == 0x7f)
			return false;
	}
	return true;
}

uint32_t caps_read(const void *body, size_t length)
{
	static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
	const unsigned char *text = body;
	uint32_t caps = 0;

	if (length > LIMIT_CA_CAPS)
		length = LIMIT_CA_CAPS;
	/* Some editors put a byte order mark before UTF-8 text. */
	if (length >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0) {
		text += sizeof(mark);
		length -= sizeof(mark);
	}
	if (!is_plain_text(text, length))
		return 0;
	for (size_t at = 0; at < length;) {
		size_t end = at;

		while (end < length && !is_blank(text[end]))
			end++;
		caps |= word_cap(text + at, end - at);
		at = end + 1;
	}
	return caps;
}

static enum scep_cipher choose_cipher(uint32_t caps, uint32_t setting,
				      uint32_t allow_legacy)
{
	if (setting != SCEP_CIPHER_AUTO)
		return setting;
	if ((caps & SCEP_CAP_DES3) != 0 && (caps & SCEP_CAP_AES) == 0 &&
	    (allow_legacy & SCEP_LEGACY_3DES) != 0)
		return SCEP_CIPHER_3DES;
	return SCEP_CIPHER_AES128;
}

static const char *choose_digest(uint32_t caps, uint32_t allow_legacy)
{
	if ((caps & SCEP_CAP_SHA256) != 0)
		return "SHA256";
	if ((caps & SCEP_CAP_SHA512) != 0)
		return "SHA512";
	if ((caps & SCEP_CAP_SHA1) != 0 &&
	    (allow_legacy & SCEP_LEGACY_SHA1) != 0)
		return "SHA1";
	return "SHA256";
}

enum scep_code caps_choose(uint32_t caps, const struct scep_server *server,
			   uint32_t allow_legacy, struct caps_choice *choice,
			   struct scep_error *error)
{
	if (server->require_standard && (caps & SCEP_CAP_STANDARD) == 0)
		return error_set(error, SCEP_BAD_RESPONSE,
				 "the server does not offer SCEPStandard");
	if (server->cipher == SCEP_CIPHER_3DES &&
	    (allow_legacy & SCEP_LEGACY_3DES) == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "3DES is set as cipher, but "
				 "allowLegacyAlgorithms does not have it for "
				 "this server");
	/* RFC 8894, 3.5.2: SCEPStandard stands for all that is mandatory. */
	if ((caps & SCEP_CAP_STANDARD) != 0)
		caps |= SCEP_CAP_AES | SCEP_CAP_POST | SCEP_CAP_SHA256;
	choice->is_post = server->http_method == SCEP_HTTP_POST ||
			  (server->http_method != SCEP_HTTP_GET &&
			   (caps & SCEP_CAP_POST) != 0);
	choice->has_renewal = (caps & SCEP_CAP_RENEWAL) != 0;
	choice->cipher = choose_cipher(caps, server->cipher, allow_legacy);
	choice->digest = choose_digest(caps, allow_legacy);
	return SCEP_OK;
}
