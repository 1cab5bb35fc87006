/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of scepctl: what is its own, and what is Net-SNMP's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/command_line.h"

#define WORDS 20

static struct command_line line;
static struct reason reason;

/* Reads words that are parted by blanks. */
static enum command_line_kind read_words(const char *text)
{
	static char copy[400];
	static char *words[WORDS + 1];
	int count = 0;

	snprintf(copy, sizeof(copy), "scepctl %s", text);
	for (char *word = strtok(copy, " "); word && count < WORDS;
	     word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	command_line_free(&line);
	reason.text[0] = '\0';
	return command_line_read(count, words, &line, &reason);
}

static void assert_bad(const char *text, const char *hint)
{
	assert_int_equal(read_words(text), COMMAND_LINE_BAD);
	if (!strstr(reason.text, hint))
		fail_msg("%s: %s", text, reason.text);
}

static void options_may_stand_anywhere_behind_the_command(void **state)
{
	(void)state;
	assert_int_equal(
	    read_words("request -v2c host KeyName=a -p 3 --json "
		       "--challenge-file f -c public CommonName=b --no-wait"),
	    COMMAND_LINE_GOOD);
	assert_int_equal(line.command, COMMAND_REQUEST);
	assert_string_equal(line.agent, "host");
	assert_int_equal(line.word_count, 2);
	assert_string_equal(line.words[1], "CommonName=b");
	assert_int_equal(line.profile, 3);
	assert_true(line.has[OPTION_JSON] && line.has[OPTION_NO_WAIT]);
	assert_string_equal(line.challenge_file, "f");
	assert_int_equal(line.snmp_count, 4);
	assert_string_equal(line.snmp[1], "-v2c");
	assert_string_equal(line.snmp[3], "public");
}

static void an_option_of_net_snmp_keeps_its_word(void **state)
{
	(void)state;
	assert_int_equal(
	    read_words("status -v3 -u -x -A --json -Lf log -LF 5 f -d -n ctx "
		       "-t 1 host"),
	    COMMAND_LINE_GOOD);
	assert_false(line.has[OPTION_JSON]);
	assert_string_equal(line.agent, "host");
	assert_int_equal(line.snmp_count, 16);
}

static void what_is_unknown_is_refused_with_a_hint(void **state)
{
	(void)state;
	assert_bad("stauts h", "did you mean status?");
	assert_bad("frobnicate h", "scepctl --help");
	assert_bad("import --dryrun h f", "did you mean --dry-run?");
	assert_bad("status --defVersion=3 h", "unknown option --defVersion");
	assert_bad("status --frobnicate h", "unknown option --frobnicate");
	assert_bad("status -q h", "unknown option -q");
	assert_bad("keys h delpoy 3", "did you mean deploy?");
	assert_bad("timer h onn", "did you mean on?");
	assert_bad("", "a command is wanted");
	assert_bad("status", "wants an agent");
	assert_bad("status h more", "wants no word after the agent");
	assert_bad("import h", "wants FILE");
}

static void an_option_of_another_command_is_refused(void **state)
{
	(void)state;
	assert_bad("status --dry-run h", "--dry-run is not for status");
	assert_bad("keys --watch 3 h", "--watch is not for keys");
	assert_bad("export --wait=3 h", "--wait is not for export");
}

static void a_word_that_an_option_wants_is_judged(void **state)
{
	(void)state;
	assert_bad("server -p 0 h", "1..64");
	assert_bad("server -p x h", "1..64");
	assert_bad("import --wait=86401 h f", "0..86400");
	assert_bad("status h --watch", "--watch wants SECONDS");
	assert_bad("status --json=yes h", "takes no word");
	assert_int_equal(read_words("import --wait=7 -n h f"),
			 COMMAND_LINE_GOOD);
	assert_int_equal(line.wait, 7);
	assert_true(line.has[OPTION_DRY]);
}

static void a_verb_stands_in_front_of_the_agent_or_behind_it(void **state)
{
	static const char *const texts[] = {"ca trust h 3", "ca h trust 3",
					    "ca -H h trust 3",
					    "ca --hosts=f trust 3"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(read_words(texts[i]), COMMAND_LINE_GOOD);
		assert_string_equal(line.verb, "trust");
		assert_int_equal(line.word_count, 1);
		assert_string_equal(line.words[0], "3");
	}
}

static void several_hosts_take_the_place_of_the_agent(void **state)
{
	(void)state;
	assert_int_equal(read_words("renew -H a,b web"), COMMAND_LINE_GOOD);
	assert_null(line.agent);
	assert_string_equal(line.host_list, "a,b");
	assert_string_equal(line.words[0], "web");
}

static void each_command_has_help_and_the_version(void **state)
{
	(void)state;
	for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
		char text[40];

		snprintf(text, sizeof(text), "%s --help", commands[id].name);
		assert_int_equal(read_words(text), COMMAND_LINE_HELP);
		assert_int_equal(line.command, id);
		snprintf(text, sizeof(text), "%s -V", commands[id].name);
		assert_int_equal(read_words(text), COMMAND_LINE_VERSION);
	}
}

static int forget(void **state)
{
	(void)state;
	command_line_free(&line);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_may_stand_anywhere_behind_the_command),
	    cmocka_unit_test(an_option_of_net_snmp_keeps_its_word),
	    cmocka_unit_test(what_is_unknown_is_refused_with_a_hint),
	    cmocka_unit_test(an_option_of_another_command_is_refused),
	    cmocka_unit_test(a_word_that_an_option_wants_is_judged),
	    cmocka_unit_test(a_verb_stands_in_front_of_the_agent_or_behind_it),
	    cmocka_unit_test(several_hosts_take_the_place_of_the_agent),
	    cmocka_unit_test(each_command_has_help_and_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
