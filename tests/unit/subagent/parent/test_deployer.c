/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's part in giving keys to use locations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "subagent/parent/command.h"
#include "subagent/parent/deployer.h"
#include "tests/lib/registry_files.h"

#define DEADLINE 10000 /* ms: nothing here takes as long */

static const int nothing[] = {-1};

static struct deployer_word word_of(const char *use)
{
	struct deployer_word word;

	memset(&word, 0, sizeof(word));
	word.what = DEPLOYER_ASKED;
	word.kind = DEPLOYER_GIVE;
	word.use_index = 7;
	strcpy(word.use_name, use);
	strcpy(word.key_name, "site");
	strcpy(word.file_id, ENTRY_ID);
	return word;
}

/* ---------------------------------------------------------------- the words */

static void a_good_word_is_taken(void **state)
{
	struct deployer_word word = word_of("web");

	(void)state;
	assert_true(deployer_is_word(&word, sizeof(word)));
	word.kind = DEPLOYER_PROBE;
	word.file_id[0] = '\0';
	assert_true(deployer_is_word(&word, sizeof(word)));
}

static void what_is_no_word_is_not(void **state)
{
	struct deployer_word word = word_of("web");

	(void)state;
	assert_false(deployer_is_word(&word, sizeof(word) - 1));
	word.what = 'C';
	assert_false(deployer_is_word(&word, sizeof(word)));
	word = word_of("web");
	word.kind = 3;
	assert_false(deployer_is_word(&word, sizeof(word)));
	word = word_of("web\n");
	assert_false(deployer_is_word(&word, sizeof(word)));
	word = word_of("web");
	memset(word.key_name, 'a', sizeof(word.key_name));
	assert_false(deployer_is_word(&word, sizeof(word)));
	word = word_of("web");
	strcpy(word.file_id, "../../etc/shadow");
	assert_false(deployer_is_word(&word, sizeof(word)));
	/* It would be in the environment of the command that is run. */
	word.kind = DEPLOYER_PROBE;
	assert_false(deployer_is_word(&word, sizeof(word)));
	word.kind = DEPLOYER_GIVE;
	word.file_id[0] = '\0';
	assert_false(deployer_is_word(&word, sizeof(word)));
}

static void an_end_is_whole_and_ends(void **state)
{
	struct deployer_end end;

	(void)state;
	memset(&end, 0, sizeof(end));
	end.what = DEPLOYER_ASKED;
	assert_true(deployer_is_end(&end, sizeof(end)));
	assert_false(deployer_is_end(&end, sizeof(end) + 1));
	memset(end.text, 'a', sizeof(end.text));
	assert_false(deployer_is_end(&end, sizeof(end)));
}

/* -------------------------------------------------------------- the process */

/* Does what the name of the location says. */
static void run(void *context, const struct deployer_word *word,
		struct deployer_end *end)
{
	(void)context;
	if (strcmp(word->use_name, "hang") == 0)
		pause();
	if (strcmp(word->use_name, "die") == 0)
		raise(SIGKILL);
	end->is_good = strcmp(word->use_name, "bad") != 0;
	end->is_enabled = true;
	strcpy(end->text, word->use_name);
}

static bool await(struct deployer *deployer, struct deployer_end *end)
{
	int64_t deadline = command_now() + DEADLINE;

	while (!deployer_turn(deployer, nothing, end)) {
		assert_true(command_now() < deadline);
		if (deployer->pid == 0 && !deployer->has_ended)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

static void an_end_comes_from_a_process_of_its_own(void **state)
{
	struct deployer deployer;
	struct deployer_word word = word_of("web");
	struct deployer_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, DEADLINE);
	assert_false(deployer_turn(&deployer, nothing, &end));
	deployer_ask(&deployer, &word, nothing);
	assert_true(deployer.pid > 0);
	assert_true(await(&deployer, &end));
	assert_true(end.is_good);
	assert_int_equal(end.use_index, 7);
	assert_string_equal(end.text, "web");
	assert_false(deployer_turn(&deployer, nothing, &end));
}

static void a_process_that_dies_has_failed(void **state)
{
	struct deployer deployer;
	struct deployer_word word = word_of("die");
	struct deployer_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, DEADLINE);
	deployer_ask(&deployer, &word, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
	assert_int_equal(end.use_index, 7);
	assert_string_equal(end.text, "it came to no end");
}

static void a_process_that_takes_too_long_is_ended(void **state)
{
	struct deployer deployer;
	struct deployer_word word = word_of("hang");
	struct deployer_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, 50);
	deployer_ask(&deployer, &word, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
}

static void what_a_new_worker_asks_waits_for_the_last_one(void **state)
{
	struct deployer deployer;
	struct deployer_word first = word_of("bad"), second = word_of("two");
	struct deployer_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, DEADLINE);
	deployer_ask(&deployer, &first, nothing);
	deployer_forget_worker(&deployer);
	deployer_ask(&deployer, &second, nothing);
	/* Nobody hears of the first. */
	assert_true(await(&deployer, &end));
	assert_string_equal(end.text, "two");
}

static void without_a_function_it_fails_and_says_so(void **state)
{
	struct deployer deployer;
	struct deployer_word word = word_of("web");
	struct deployer_end end;

	(void)state;
	deployer_init(&deployer, NULL, NULL, DEADLINE);
	deployer_ask(&deployer, &word, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_word_is_taken),
	    cmocka_unit_test(what_is_no_word_is_not),
	    cmocka_unit_test(an_end_is_whole_and_ends),
	    cmocka_unit_test(an_end_comes_from_a_process_of_its_own),
	    cmocka_unit_test(a_process_that_dies_has_failed),
	    cmocka_unit_test(a_process_that_takes_too_long_is_ended),
	    cmocka_unit_test(what_a_new_worker_asks_waits_for_the_last_one),
	    cmocka_unit_test(without_a_function_it_fails_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
