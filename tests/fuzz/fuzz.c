/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

uint8_t fuzz_take_octet(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

uint32_t fuzz_take_number(struct fuzz_input *input)
{
	uint32_t high = fuzz_take_octet(input);

	return high << 8 | fuzz_take_octet(input);
}

const uint8_t *fuzz_take(struct fuzz_input *input, size_t *length)
{
	const uint8_t *start = input->at;

	if (*length > input->left)
		*length = input->left;
	input->at += *length;
	input->left -= *length;
	return start;
}

void fuzz_take_text(struct fuzz_input *input, char end, char *text, size_t size)
{
	const uint8_t *found =
	    input->left > 0 ? memchr(input->at, end, input->left) : NULL;
	size_t whole = found ? (size_t)(found - input->at) : input->left;
	size_t length = whole < size - 1 ? whole : size - 1;

	if (length > 0)
		memcpy(text, input->at, length);
	text[length] = '\0';
	input->at += whole + (found ? 1 : 0);
	input->left -= whole + (found ? 1 : 0);
}
