/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs files through a fuzz target, without a fuzzer.  Knows no target.
 */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

#include "tests/fuzz/fuzz.h"

/*
 * Runs one file; its name goes to stderr before, so that it is known which
 * one ended the program.  Returns false if it cannot be read, or if its name
 * tells what becomes of it and is wrong: "accepted-*" and "refused-*".
 */
bool replay_file(fuzz_fn target, const char *path);

/* Runs all files of a folder in the order of their names; returns how many, or
 * -1 if one of them fails or the folder cannot be read. */
int replay_folder(fuzz_fn target, const char *folder);

#endif
