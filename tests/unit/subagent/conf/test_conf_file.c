/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file as a file: where it is looked for, what it includes,
 * who may write it, and which lines are Net-SNMP's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "subagent/conf/conf_check.h"
#include "tests/lib/desk.h"

static void what_is_not_ours_is_kept_for_net_snmp(void **state)
{
	struct desk *desk = *state;

	assert_true(desk_read(desk, "keyLimit 5\n"
				    "agentXSocket unix:/run/x  \n"
				    "[snmp] logTimestamp yes\n"
				    "[snmp]\n"
				    "dumpPacket 1 2\n"));
	assert_int_equal(desk->conf.line_count, 3);
	assert_string_equal(desk->conf.lines[0].token, "agentXSocket");
	assert_string_equal(desk->conf.lines[0].value, "unix:/run/x");
	assert_string_equal(desk->conf.lines[0].section, "");
	assert_int_equal(desk->conf.lines[0].at.line, 2);
	assert_string_equal(desk->conf.lines[1].section, "snmp");
	assert_string_equal(desk->conf.lines[1].token, "logTimestamp");
	assert_string_equal(desk->conf.lines[2].section, "snmp");
	assert_string_equal(desk->conf.lines[2].value, "1 2");
	assert_string_equal(conf_master(&desk->conf), "unix:/run/x");
}

static void includes_are_followed(void **state)
{
	struct desk *desk = *state;
	char path[DESK_PATH];
	char text[2 * DESK_PATH];

	desk_path(desk, "d", path);
	assert_int_equal(mkdir(path, 0700), 0);
	desk_put(desk, "a.conf", "keyLimit 9\n");
	desk_put(desk, "d/e.conf", "statusHistory 50\n");
	desk_put(desk, "d/f.conf", "statusHistory 51\n");
	desk_put(desk, "d/g.txt", "statusHistory 52\n");
	snprintf(text, sizeof(text), "includeFile a.conf\nincludeDir %s\n",
		 path);
	assert_true(desk_read(desk, text));
	assert_int_equal(desk->conf.engine.key_limit, 9);
	assert_int_equal(desk->conf.engine.status_history, 51);

	desk_put(desk, "d/e.conf", "\n\nkeyLimit x\n");
	assert_false(desk_read(desk, text));
	desk_assert_found(desk, "/d/e.conf: line 3: keyLimit: 'x'");

	assert_false(desk_read(desk, "\nincludeFile missing.conf\n"));
	desk_assert_found(desk, "/scepagentd.conf: line 2: ");
	desk_assert_found(desk, "/missing.conf: No such file or directory");
	assert_false(desk_read(desk, "includeDir /missing\n"));
	desk_assert_found(desk,
			  ": line 1: /missing: No such file or directory");
	assert_false(desk_read(desk, "includeFile\n"));
	desk_assert_found(desk, ": line 1: includeFile wants a name");
}

static void a_circle_of_includes_ends(void **state)
{
	struct desk *desk = *state;

	desk_put(desk, "b.conf", "includeFile c.conf\n");
	desk_put(desk, "c.conf", "includeFile b.conf\n");
	assert_false(desk_read(desk, "includeFile b.conf\n"));
	desk_assert_found(desk, "too many files include others");
	assert_int_equal(desk->errors, 1);
}

static void the_search_path_is_that_of_net_snmp(void **state)
{
	struct desk *desk = *state;
	struct conf_source source = desk_source(desk, NULL);
	char path[DESK_PATH + 16];

	desk_put(desk, "scepagentd.conf", "keyLimit 9\nincludeSearch other\n");
	desk_put(desk, "scepagentd.local.conf", "statusHistory 77\n");
	desk_put(desk, "other.conf", "allowShortKeys yes\n");
	snprintf(path, sizeof(path), "/missing:%s", desk->folder);
	assert_int_equal(setenv("SNMPCONFPATH", path, 1), 0);
	desk_forget(desk);
	assert_true(conf_file_read(&desk->conf, &source));
	assert_int_equal(desk->conf.engine.key_limit, 9);
	assert_int_equal(desk->conf.engine.status_history, 77);
	assert_true(desk->conf.engine.allow_short_keys);
	assert_int_equal(desk->conf.file_count, 3);

	assert_int_equal(setenv("SNMPCONFPATH", "/missing", 1), 0);
	desk_forget(desk);
	assert_true(conf_file_read(&desk->conf, &source));
	assert_int_equal(desk->conf.file_count, 0);
	assert_int_equal(unsetenv("SNMPCONFPATH"), 0);
}

static void the_folder_of_the_installation_is_searched_first(void **state)
{
	char path[CONF_SEARCH_PATH_MAX];
	const char *found;

	(void)state;
	assert_int_equal(setenv("SNMPCONFPATH", "/missing", 1), 0);
	conf_file_search_path(path);
	assert_string_equal(path, "/missing");

	assert_int_equal(unsetenv("SNMPCONFPATH"), 0);
	set_configuration_directory("/a:/b");
	conf_file_search_path(path);
	assert_string_equal(path, SCEP_CONF_DIRECTORY ":/a:/b");

	/* It is the library's own: once, and in the order of the library. */
	set_configuration_directory("/a:" SCEP_CONF_DIRECTORY ":/b");
	conf_file_search_path(path);
	assert_string_equal(path, "/a:" SCEP_CONF_DIRECTORY ":/b");
	set_configuration_directory("/a:" SCEP_CONF_DIRECTORY);
	conf_file_search_path(path);
	assert_string_equal(path, "/a:" SCEP_CONF_DIRECTORY);

	/* A longer path is another one. */
	set_configuration_directory(SCEP_CONF_DIRECTORY "/x");
	conf_file_search_path(path);
	found = strchr(path, ':');
	assert_non_null(found);
	assert_string_equal(found, ":" SCEP_CONF_DIRECTORY "/x");
}

static void a_file_that_is_named_must_be_there(void **state)
{
	struct desk *desk = *state;

	assert_false(desk_read_named(desk, "missing.conf"));
	desk_assert_found(desk, "/missing.conf: No such file or directory");
	assert_false(desk_read_named(desk, "."));
	desk_assert_found(desk, "/.: is no file");
}

static void a_file_that_others_can_write_is_refused_for_root(void **state)
{
	struct desk *desk = *state;
	char path[DESK_PATH];

	desk_put(desk, "a.conf", "keyLimit 9\n");
	desk_path(desk, "a.conf", path);
	assert_int_equal(chmod(path, 0620), 0);
	assert_true(desk_read_named(desk, "a.conf"));
	assert_int_equal(desk->warnings, 1);
	assert_int_equal(desk->conf.engine.key_limit, 9);

	desk->is_root = true;
	assert_false(desk_read_named(desk, "a.conf"));
	desk_assert_found(desk, "others than its owner can write the file");
	assert_int_equal(desk->conf.engine.key_limit, 16);
	desk->is_root = false;
}

static void lines_have_a_limit_and_no_nul(void **state)
{
	static char text[6000];
	struct desk *desk = *state;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "\ncaFile /", 9);
	assert_false(desk_read(desk, text));
	desk_assert_found(desk,
			  ": line 2: the line is longer than 4095 octets");
	memcpy(text, "agentXSock ", 11);
	text[2000] = '\0';
	assert_false(desk_read(desk, text));
	desk_assert_found(desk, ": line 1: the line is too long for Net-SNMP");
	desk_put_octets(desk, "a.conf", "keyLimit 5\0 6\n", 14);
	assert_false(desk_read_named(desk, "a.conf"));
	desk_assert_found(desk, ": line 1: the line holds a NUL");
}

/* ---------------------------------------------------- the second check -- */

/* The child of conf_check_run() reports into a file. */
static void note_in_file(void *context, enum conf_severity severity,
			 const char *text)
{
	const int *fd = context;

	(void)severity;
	dprintf(*fd, "%s\n", text);
}

/* Reads a text and has the rest checked too; the findings go to `found`. */
static bool check_text(struct desk *desk, const char *text)
{
	struct privilege nobody_else = {.sets = false};
	struct conf_source source;
	char path[] = "/tmp/test_conf_found.XXXXXX";
	int fd = mkstemp(path);
	ssize_t length;
	bool is_good;

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_true(desk_read(desk, text));
	source = desk_source(desk, NULL);
	source.reporter.report = note_in_file;
	source.reporter.context = &fd;
	is_good =
	    conf_check_run(&desk->conf, &source.reporter, &nobody_else, 20000);
	length = pread(fd, desk->found, sizeof(desk->found) - 1, 0);
	assert_true(length >= 0);
	desk->found[length] = '\0';
	close(fd);
	return is_good;
}

static void net_snmps_own_tokens_are_good(void **state)
{
	struct desk *desk = *state;

	if (!check_text(desk, "agentXSocket unix:/run/x\n"
			      "agentXPingInterval 3\n"
			      "agentxretries 2\n"
			      "[snmp] logTimestamp yes\n"
			      "logOption s 0\n"
			      "doDebugging 0\n"))
		fail_msg("%s", desk->found);
	assert_string_equal(desk->found, "");
}

static void an_unknown_token_is_told_with_its_line(void **state)
{
	struct desk *desk = *state;
	char expected[DESK_PATH];

	assert_false(check_text(desk, "keyLimit 4\n\nkeyLimits 5\n"
				      "[snmp] keyLimit 4\n"
				      "[nothing] logOption s 0\n"
				      "agentXSocket\n"));
	snprintf(expected, sizeof(expected),
		 "%1$s/scepagentd.conf: line 3: keyLimits: unknown token\n"
		 "%1$s/scepagentd.conf: line 4: keyLimit: unknown token\n"
		 "%1$s/scepagentd.conf: line 5: logOption: unknown token\n"
		 "%1$s/scepagentd.conf: line 6: agentXSocket: wants a value\n",
		 desk->folder);
	assert_string_equal(desk->found, expected);
}

static void what_net_snmp_dislikes_is_told_with_its_line(void **state)
{
	struct desk *desk = *state;

	assert_false(check_text(desk, "\nagentXPingInterval often\n"));
	desk_assert_found(desk,
			  "/scepagentd.conf: line 2: agentXPingInterval: ");
}

static void a_ca_file_must_be_readable(void **state)
{
	struct desk *desk = *state;
	char text[2 * DESK_PATH];
	char path[DESK_PATH];

	desk_path(desk, "ca.pem", path);
	snprintf(text, sizeof(text), "\n\ncaFile %s\n", path);
	assert_false(check_text(desk, text));
	desk_assert_found(desk, "/scepagentd.conf: line 3: caFile: ");
	desk_assert_found(desk, "/ca.pem: No such file or directory");
	desk_put(desk, "ca.pem", "");
	assert_true(check_text(desk, text));
	assert_false(check_text(desk, "caFile /tmp\n"));
	desk_assert_found(desk,
			  "/scepagentd.conf: line 1: caFile: /tmp: is no file");
}

static void the_same_lines_are_the_same_wherever_they_stand(void **state)
{
	struct desk *desk = *state;
	char path[DESK_PATH] = "";
	struct conf_source source = desk_source(desk, path);
	struct conf other;

	desk_path(desk, "b.conf", path);
	desk_put(desk, "b.conf", "keyLimit 4\nAGENTXSOCKET unix:/x\n");
	conf_init(&other);
	assert_true(desk_read(desk, "agentXSocket unix:/x\n"));
	assert_true(conf_file_read(&other, &source));
	assert_true(conf_has_same_lines(&desk->conf, &other));
	assert_true(desk_read(desk, "agentXSocket unix:/y\n"));
	assert_false(conf_has_same_lines(&desk->conf, &other));
	conf_free(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_not_ours_is_kept_for_net_snmp),
	    TEST(includes_are_followed),
	    TEST(a_circle_of_includes_ends),
	    TEST(the_search_path_is_that_of_net_snmp),
	    TEST(the_folder_of_the_installation_is_searched_first),
	    TEST(a_file_that_is_named_must_be_there),
	    TEST(a_file_that_others_can_write_is_refused_for_root),
	    TEST(lines_have_a_limit_and_no_nul),
	    TEST(net_snmps_own_tokens_are_good),
	    TEST(an_unknown_token_is_told_with_its_line),
	    TEST(what_net_snmp_dislikes_is_told_with_its_line),
	    TEST(a_ca_file_must_be_readable),
	    TEST(the_same_lines_are_the_same_wherever_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
