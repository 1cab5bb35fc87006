/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzz targets: one function for each parser of what comes from outside.
 * A target feeds the octets to the parser, holds it to what must be true of
 * any input (HOLDS), and returns whether the parser accepted them.  The first
 * octets choose settings, as each target says; the rest is for the parser.
 *
 * The same functions run under libFuzzer (libfuzzer.c, tests/fuzz/run) and
 * over the corpus under any compiler (replay.c, tests/unit/test_corpus).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef bool (*fuzz_fn)(const uint8_t *data, size_t size);

bool fuzz_ca_cert(const uint8_t *data, size_t size);
bool fuzz_caps(const uint8_t *data, size_t size);
bool fuzz_cert_rep(const uint8_t *data, size_t size);
bool fuzz_conf(const uint8_t *data, size_t size);
bool fuzz_dateandtime(const uint8_t *data, size_t size);
bool fuzz_document(const uint8_t *data, size_t size);
bool fuzz_http_reply(const uint8_t *data, size_t size);
bool fuzz_names(const uint8_t *data, size_t size);
bool fuzz_store(const uint8_t *data, size_t size);
bool fuzz_url(const uint8_t *data, size_t size);

/* Ends the program if the claim is not true of an input. */
#define HOLDS(claim) ((claim) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #claim))
_Noreturn void fuzz_fail(const char *file, int line, const char *claim);

/* An input that is taken piece by piece. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next octet, or 0 where there is none. */
uint8_t fuzz_take_octet(struct fuzz_input *input);
/* Two octets, the higher one first. */
uint32_t fuzz_take_number(struct fuzz_input *input);
/* The next `length` octets, or as many as there are: sets `*length`. */
const uint8_t *fuzz_take(struct fuzz_input *input, size_t *length);
/* Everything up to `end`, which is skipped, or to the end of the input, cut
 * at a NUL and to fit `size` octets with the NUL. */
void fuzz_take_text(struct fuzz_input *input, char end, char *text,
		    size_t size);

#endif
