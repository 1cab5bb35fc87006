/* SPDX-License-Identifier: Apache-2.0 */
/* Freed memory holds nothing of what was in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "subagent/system/wipe.h"

/* glibc keeps two pointers of its own at the start of a freed block. */
#define LINKS 16

/* Counts the octets of the secret that a freed block still shows. */
static size_t remains(uintptr_t address, size_t size)
{
	const volatile unsigned char *block =
	    (const volatile unsigned char *)address;
	size_t count = 0;

	for (size_t i = LINKS; i < size; i++)
		count += block[i] == 0x5e;
	return count;
}

static void *make_secret(size_t size)
{
	volatile unsigned char *block = malloc(size);

	assert_non_null(block);
	for (size_t i = 0; i < size; i++)
		block[i] = 0x5e;
	return (void *)block;
}

static void skip_without_it(void)
{
	if (!WIPE_IS_ACTIVE)
		skip();
}

static void a_freed_block_is_overwritten(void **state)
{
	static const size_t sizes[] = {24, 64, 200, 1000, 1100, 5000, 60000};

	(void)state;
	skip_without_it();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *block = make_secret(sizes[i]);
		/* The next block keeps this one from being merged away. */
		void *guard = malloc(sizes[i]);
		/* Volatile: no compiler follows it back to the block. */
		volatile uintptr_t address = (uintptr_t)block;

		free(block);
		assert_int_equal(remains(address, sizes[i]), 0);
		free(guard);
	}
}

static void a_block_that_moves_leaves_nothing_behind(void **state)
{
	void *block;
	void *guard;
	void *moved;
	volatile uintptr_t address;

	(void)state;
	skip_without_it();
	block = make_secret(200);
	address = (uintptr_t)block;
	guard = malloc(200);
	moved = realloc(block, 20000);
	assert_non_null(moved);
	assert_true((uintptr_t)moved != address);
	assert_int_equal(remains(address, 200), 0);
	assert_int_equal(remains((uintptr_t)moved, 200), 200 - LINKS);
	free(guard);
	free(moved);
}

static void realloc_keeps_its_contract(void **state)
{
	char *text;

	(void)state;
	text = realloc(NULL, 8);
	assert_non_null(text);
	strcpy(text, "seven77");
	text = realloc(text, 100000);
	assert_non_null(text);
	assert_string_equal(text, "seven77");
	text = realloc(text, 8);
	assert_non_null(text);
	assert_string_equal(text, "seven77");
	free(text);
	free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_freed_block_is_overwritten),
	    cmocka_unit_test(a_block_that_moves_leaves_nothing_behind),
	    cmocka_unit_test(realloc_keeps_its_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
