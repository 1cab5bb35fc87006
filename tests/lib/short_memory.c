/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/short_memory.h"

#include <stdbool.h>

static struct {
	bool is_counting;
	size_t seen;
	size_t first;
	size_t count;
} memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool short_memory_fails(void)
{
	if (!memory.is_counting)
		return false;
	memory.seen++;
	return memory.first != 0 && memory.seen >= memory.first &&
	       memory.seen - memory.first < memory.count;
}

void *__wrap_malloc(size_t size)
{
	return short_memory_fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *data, size_t size)
{
	return short_memory_fails() ? NULL : __real_realloc(data, size);
}

void short_memory_begin(size_t first, size_t count)
{
	memory.seen = 0;
	memory.first = first;
	memory.count = count;
	memory.is_counting = true;
}

void short_memory_end(void)
{
	memory.is_counting = false;
}

size_t short_memory_seen(void)
{
	return memory.seen;
}
