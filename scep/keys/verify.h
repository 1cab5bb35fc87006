/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying keys of the registry at a manager's wish (scepKeyAction): whether
 * the files bear out the row, and key and certificate fit.  On a worker, one
 * key at a time.  What it finds shows in scepKeyActionResult and scepKeyState.
 */
#ifndef SCEP_KEYS_VERIFY_H
#define SCEP_KEYS_VERIFY_H

#include "scep/state/state.h"

/* Begins with the next key that a manager wants verified, but for a Set in
 * hand, which it waits for. */
void verify_tick(struct state *state);

#endif
