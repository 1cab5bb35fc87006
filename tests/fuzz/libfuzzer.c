/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of libFuzzer.  Compiled once for each target, which FUZZ_TARGET
 * names; not part of the unit tests.
 */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FUZZ_TARGET(data, size);
	return 0;
}
