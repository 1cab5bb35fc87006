/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/system/wipe.h"

#include <malloc.h>
#include <string.h>

#if WIPE_IS_ACTIVE

/* glibc's own free(), for programs that replace it. */
void __libc_free(void *block);

void free(void *block)
{
	if (block == NULL)
		return;
	explicit_bzero(block, malloc_usable_size(block));
	__libc_free(block);
}

void *realloc(void *block, size_t size)
{
	size_t room;
	void *other;

	if (block == NULL)
		return malloc(size);
	if (size == 0) {
		free(block);
		return NULL;
	}
	room = malloc_usable_size(block);
	if (size <= room && room / 2 <= size)
		return block;
	other = malloc(size);
	if (other == NULL)
		return NULL;
	memcpy(other, block, size < room ? size : room);
	free(block);
	return other;
}

#endif
