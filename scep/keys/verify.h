/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies keys of the registry when a manager asks for it (scepKeyAction): key
 * and certificate can be read, the certificate is that of the row, and both
 * belong together.  On a worker, one key at a time.  The result is shown by
 * scepKeyActionResult and scepKeyState.
 */
#ifndef SCEP_KEYS_VERIFY_H
#define SCEP_KEYS_VERIFY_H

#include "scep/state/state.h"

/* Begins with the next key that is to be verified. */
uint64_t verify_tick(struct state *state);

#endif
