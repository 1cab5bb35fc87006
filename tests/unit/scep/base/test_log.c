/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: level, cleanliness, length, and the change of the sink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>

#include "scep/codes.h"
#include "scep/base/log.h"

struct seen {
	int count;
	enum scep_log_level level;
	char line[2048];
};

static void note(void *context, enum scep_log_level level, const char *line)
{
	struct seen *seen = context;

	seen->count++;
	seen->level = level;
	strcpy(seen->line, line);
}

static void a_line_comes_with_its_level(void **state)
{
	struct seen seen = {0};

	(void)state;
	log_set_sink(note, &seen);
	log_error("request %d: %s", 7, "no disk");
	assert_int_equal(seen.level, SCEP_LOG_ERROR);
	assert_string_equal(seen.line, "request 7: no disk");
	log_warning("w");
	assert_int_equal(seen.level, SCEP_LOG_WARNING);
	log_notice("n");
	assert_int_equal(seen.level, SCEP_LOG_NOTICE);
	log_info("i");
	assert_int_equal(seen.level, SCEP_LOG_INFO);
	assert_int_equal(seen.count, 4);
	log_set_sink(NULL, NULL);
}

static void a_servers_words_cannot_begin_a_line(void **state)
{
	struct seen seen = {0};

	(void)state;
	log_set_sink(note, &seen);
	log_info("it said: %s", "x\nerror: forged\x1b[2J");
	assert_string_equal(seen.line, "it said: x?error: forged?[2J");
	log_set_sink(NULL, NULL);
}

static void a_long_line_is_cut(void **state)
{
	struct seen seen = {0};
	char longest[4000];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	log_set_sink(note, &seen);
	log_info("%s", longest);
	assert_int_equal(strlen(seen.line), 1023);
	log_set_sink(NULL, NULL);
}

static void count_only(void *context, enum scep_log_level level,
		       const char *line)
{
	(void)level;
	(void)line;
	__atomic_add_fetch((int *)context, 1, __ATOMIC_RELAXED);
}

static void *log_much(void *context)
{
	(void)context;
	for (int i = 0; i < 1000; i++)
		log_info("line %d", i);
	return NULL;
}

static void every_thread_may_log(void **state)
{
	pthread_t threads[4];
	int count = 0;

	(void)state;
	log_set_sink(count_only, &count);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, log_much, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	log_set_sink(NULL, NULL);
	assert_int_equal(count, 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_comes_with_its_level),
	    cmocka_unit_test(a_servers_words_cannot_begin_a_line),
	    cmocka_unit_test(a_long_line_is_cut),
	    cmocka_unit_test(every_thread_may_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
