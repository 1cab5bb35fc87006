/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's allocations: notices when one fails.  OpenSSL does not always say
 * so: it may report octets that are bad, a signature that does not verify or a
 * certificate that is no CA instead.  Knows nothing of errors.
 *
 * There is nothing to call at start: a constructor of the program makes OpenSSL
 * allocate through this module.  It comes too late if a shared library has used
 * OpenSSL in a constructor of its own; then nothing is noticed.
 */
#ifndef SCEP_BASE_ALLOCATION_H
#define SCEP_BASE_ALLOCATION_H

#include <stdbool.h>

/* Tells if an allocation of OpenSSL has failed in this thread since the last
 * call. */
bool allocation_has_failed(void);

#endif
