/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to GetCACaps.  Octet 0: the server's settings and what legacy is
 * allowed; then the body.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdlib.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/server.h"
#include "scep/protocol/caps.h"

#define ALL_CAPS (2u * SCEP_CAP_STANDARD - 1)

static void check_choice(uint32_t caps, uint8_t settings)
{
	static const enum scep_cipher ciphers[] = {
	    SCEP_CIPHER_AUTO, SCEP_CIPHER_AES128, SCEP_CIPHER_AES256,
	    SCEP_CIPHER_3DES};
	const struct scep_server server = {
	    .require_standard = settings & 1,
	    .cipher = ciphers[settings >> 1 & 3],
	    .http_method = (settings >> 3 & 3) % 3 + SCEP_HTTP_AUTO,
	};
	uint32_t legacy = settings >> 5;
	struct caps_choice choice = {.cipher = 0};
	struct scep_error error = {.text = ""};
	enum scep_code code =
	    caps_choose(caps, &server, legacy, &choice, &error);

	if (code != SCEP_OK) {
		HOLDS(code == SCEP_CONFIG_ERROR || code == SCEP_BAD_RESPONSE);
		HOLDS(error.text[0] != '\0');
		return;
	}
	HOLDS(choice.digest != NULL);
	HOLDS(choice.cipher != SCEP_CIPHER_AUTO);
	HOLDS(choice.cipher != SCEP_CIPHER_3DES ||
	      (legacy & SCEP_LEGACY_3DES) != 0);
	HOLDS(choice.digest[3] != '1' || (legacy & SCEP_LEGACY_SHA1) != 0);
}

bool fuzz_caps(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t settings = fuzz_take_octet(&input);
	uint32_t caps = caps_read(input.at, input.left);
	unsigned char *upper = malloc(input.left + 1);

	HOLDS((caps & ~ALL_CAPS) == 0);
	HOLDS(upper != NULL);
	for (size_t i = 0; i < input.left; i++)
		upper[i] = (unsigned char)toupper(input.at[i]);
	HOLDS(caps_read(upper, input.left) == caps);
	free(upper);
	check_choice(caps, settings);
	return caps != 0;
}
