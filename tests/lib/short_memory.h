/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short memory: lets single allocations of scep/ fail, and with them those of
 * OpenSSL, which allocates through scep/base/allocation.  Works in programs
 * that are linked with -Wl,--wrap=malloc,--wrap=realloc.
 */
#ifndef TESTS_LIB_SHORT_MEMORY_H
#define TESTS_LIB_SHORT_MEMORY_H

#include <stddef.h>

/* Counts the allocations from now on and lets `count` of them fail, from the
 * `first` (1 is the next; 0 lets none fail) on. */
void short_memory_begin(size_t first, size_t count);
void short_memory_end(void);
/* Returns the number of allocations between the last begin and its end. */
size_t short_memory_seen(void);

#endif
