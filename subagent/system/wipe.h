/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overwrites memory when it is freed, by whichever library.  mallopt() has
 * M_PERTURB for that, but glibc does not apply it to its per-thread cache,
 * which holds every block of up to 1 KB, and so the passwords.  Therefore the
 * program has a free() and a realloc() of its own, which all libraries use;
 * glibc does the work.  Sanitizers bring an allocator of their own: nothing is
 * replaced then. Knows nothing of what is in the memory.
 */
#ifndef SUBAGENT_SYSTEM_WIPE_H
#define SUBAGENT_SYSTEM_WIPE_H

#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define WIPE_HAS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WIPE_HAS_SANITIZER
#endif

#if defined(__GLIBC__) && !defined(WIPE_HAS_SANITIZER)
#define WIPE_IS_ACTIVE 1
#else
#define WIPE_IS_ACTIVE 0
#endif

#endif
