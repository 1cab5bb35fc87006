/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what each option does, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "subagent/conf/options.h"

#define ARGUMENTS_MAX 8

/* Reads a command line of up to six words behind the program's name. */
/* Of the last line that was refused. */
static struct fault fault;

static enum options_verdict read_line(struct options *options,
				      const char *const *words)
{
	char room[ARGUMENTS_MAX][PATH_MAX + 2];
	char *argv[ARGUMENTS_MAX] = {0};
	int argc = 0;

	strcpy(room[0], "scepagentd");
	argv[argc++] = room[0];
	for (; *words != NULL; words++, argc++) {
		assert_true(argc < ARGUMENTS_MAX - 1);
		assert_true(strlen(*words) < sizeof(room[0]));
		argv[argc] = strcpy(room[argc], *words);
	}
	optind = 0; /* glibc: start anew */
	return options_read(options, argc, argv, &fault);
}

#define READ_LINE(options, ...)                                                \
	read_line(options, (const char *const[]){__VA_ARGS__, NULL})

static void nothing_given_is_a_run_in_the_background(void **state)
{
	struct options options;
	const char *const none[] = {NULL};

	(void)state;
	assert_int_equal(read_line(&options, none), OPTIONS_RUN);
	assert_false(options.is_foreground);
	assert_false(options.has_log);
	assert_string_equal(options.file, "");
	assert_string_equal(options.state_directory, "");
	assert_string_equal(options.address, "");
}

static void every_option_is_taken(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(READ_LINE(&options, "-f", "-c/etc/a.conf", "-d",
				   "/var/b", "-x", "unix:/run/x"),
			 OPTIONS_RUN);
	assert_true(options.is_foreground);
	assert_string_equal(options.file, "/etc/a.conf");
	assert_string_equal(options.state_directory, "/var/b");
	assert_string_equal(options.address, "unix:/run/x");
}

static void a_relative_path_becomes_absolute(void **state)
{
	struct options options;
	char here[PATH_MAX / 2];
	char expected[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(READ_LINE(&options, "-c", "a.conf", "-d", "b/c"),
			 OPTIONS_RUN);
	snprintf(expected, sizeof(expected), "%s/a.conf", here);
	assert_string_equal(options.file, expected);
	snprintf(expected, sizeof(expected), "%s/b/c", here);
	assert_string_equal(options.state_directory, expected);
}

static void help_and_version_end_the_reading(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(READ_LINE(&options, "-h", "-q"), OPTIONS_HELP);
	assert_int_equal(READ_LINE(&options, "-V", "-q"), OPTIONS_VERSION);
}

static void log_options_go_to_net_snmp(void **state)
{
	struct options options;
	const netsnmp_log_handler *handler;

	(void)state;
	/* "-Lf FILE" takes the next word, and leaves the rest to us. */
	assert_int_equal(READ_LINE(&options, "-Lf", "/dev/null", "-f"),
			 OPTIONS_RUN);
	assert_true(options.has_log);
	assert_true(options.is_foreground);
	for (handler = get_logh_head(); handler; handler = handler->next)
		if (handler->type == NETSNMP_LOGHANDLER_FILE &&
		    strcmp(handler->token, "/dev/null") == 0)
			return;
	fail_msg("no handler for the file");
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *words[3];
		const char *reason;
	} bad[] = {
	    {{"-q"}, "-q is no option"},
	    {{"-c"}, "-c wants a value"},
	    {{"-c", ""}, "-c wants a value"},
	    {{"-d", ""}, "-d wants a value"},
	    {{"-x", ""}, "-x wants a value"},
	    {{"-x"}, "-x wants a value"},
	    {{"-L"}, "-L wants a value"},
	    {{"-Lz"}, "-Lz is no way to log"},
	    {{"-f", "file"}, "'file' is no option"},
	    {{"--", "-f"}, "'-f' is no option"},
	};
	struct options options;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_line(&options, bad[i].words),
				 OPTIONS_BAD);
		assert_string_equal(fault.text, bad[i].reason);
	}
}

static void a_value_that_is_too_long_is_refused(void **state)
{
	static char text[PATH_MAX + 1];
	struct options options;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(READ_LINE(&options, "-x", text), OPTIONS_BAD);
	assert_int_equal(READ_LINE(&options, "-c", text), OPTIONS_BAD);
	text[0] = '/';
	assert_int_equal(READ_LINE(&options, "-d", text), OPTIONS_BAD);
	text[PATH_MAX - 1] = '\0';
	assert_int_equal(READ_LINE(&options, "-d", text), OPTIONS_RUN);
	assert_string_equal(options.state_directory, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_given_is_a_run_in_the_background),
	    cmocka_unit_test(every_option_is_taken),
	    cmocka_unit_test(a_relative_path_becomes_absolute),
	    cmocka_unit_test(help_and_version_end_the_reading),
	    cmocka_unit_test(log_options_go_to_net_snmp),
	    cmocka_unit_test(what_is_wrong_is_named),
	    cmocka_unit_test(a_value_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
