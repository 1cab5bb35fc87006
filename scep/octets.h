/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of texts and octets in the rows: their sizes are those of the MIB.
 * Knows no row.
 *
 * Texts are NUL-terminated UTF-8.
 */
#ifndef SCEP_OCTETS_H
#define SCEP_OCTETS_H

#include <stdint.h>

#define SCEP_TEXT64  65	 /* S64: 64 octets and the NUL */
#define SCEP_TEXT255 256 /* SIZE(0..255) and the NUL */

struct scep_octets32 {
	uint32_t length;
	unsigned char data[32];
};

struct scep_octets64 {
	uint32_t length;
	unsigned char data[64];
};

/* A challenge password: never shown and never logged. */
#define SCEP_SECRET_MAX 255
struct scep_secret {
	uint32_t length;
	unsigned char data[SCEP_SECRET_MAX];
};

#endif
