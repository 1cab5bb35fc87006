/* SPDX-License-Identifier: Apache-2.0 */
/* The causes of a missing AgentX master, and how often they are logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "subagent/snmp/master_probe.h"

#include "tests/lib/snmp_log.h"

#define NOBODY 65534

static char folder[] = "/tmp/test_master_probe.XXXXXX";
static char path[64];
static char address[80];

static int open_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/master", folder);
	snprintf(address, sizeof(address), "unix:%s", path);
	return snmp_log_listen();
}

static int close_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int forget(void **state)
{
	(void)state;
	unlink(path);
	snmp_log_forget();
	return 0;
}

/* Returns a descriptor that is bound to the path. */
static int bind_path(void)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(place.sun_path, path);
	assert_true(descriptor >= 0);
	assert_int_equal(
	    bind(descriptor, (struct sockaddr *)&place, sizeof(place)), 0);
	return descriptor;
}

static void assert_says(const char *where, const char *words)
{
	char text[MASTER_TEXT];

	master_probe(where, text);
	if (!strstr(text, words))
		fail_msg("'%s' has no '%s'", text, words);
}

static void a_missing_socket_is_told(void **state)
{
	(void)state;
	assert_says(address, "there is no socket /tmp/");
	assert_says(path, "there is no socket /tmp/");
	assert_says("unix:/etc/passwd/master", "there is no socket");
}

static void a_master_that_has_stopped_is_told(void **state)
{
	int descriptor = bind_path();

	(void)state;
	close(descriptor);
	assert_says(address, "snmpd has stopped");
}

static void a_master_that_listens_does_not_answer_yet(void **state)
{
	int descriptor = bind_path();

	(void)state;
	assert_int_equal(listen(descriptor, 1), 0);
	for (int i = 0; i < 5; i++)
		assert_says(address, "does not answer yet");
	close(descriptor);
}

/* Root may open everything, so the test becomes somebody else. */
static void a_missing_permission_is_told_with_what_mends_it(void **state)
{
	int descriptor = bind_path();
	bool is_root = geteuid() == 0;

	(void)state;
	assert_int_equal(listen(descriptor, 1), 0);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	if (is_root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_says(address, "permission denied at /tmp/");
	assert_says(address, "agentXPerms");
	/* snmpd does not change a folder that is there already. */
	if (is_root)
		assert_says(address, "user nobody may not open");
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(folder, is_root ? 0700 : 0), 0);
	if (is_root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_says(address, "may not enter the folder /tmp/test_master_probe");
	assert_says(address, "run 'chmod 755 /tmp/test_master_probe");
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	close(descriptor);
}

static void other_addresses_are_named(void **state)
{
	char text[MASTER_TEXT];

	(void)state;
	assert_says("tcp:127.0.0.1:705", "tcp:127.0.0.1:705");
	master_probe(NULL, text);
	assert_non_null(strstr(text, NETSNMP_AGENTX_SOCKET));
}

static size_t lines(void)
{
	size_t count = 0;

	for (const char *c = logged; *c != '\0'; c++)
		count += *c == '\n';
	return count;
}

static void another_cause_is_told_soon(void **state)
{
	struct master_report report = {0};
	int descriptor;

	(void)state;
	master_report_tick(&report, address, false, 5);
	descriptor = bind_path();
	close(descriptor);
	master_report_tick(&report, address, false, 5 + MASTER_LOOK);
	master_report_tick(&report, address, false, 5 + 2 * MASTER_LOOK);
	assert_int_equal(lines(), 2);
	assert_non_null(strstr(logged, "snmpd has stopped\n"));
}

static void a_master_that_comes_is_not_told_to_be_silent(void **state)
{
	struct master_report report = {0};
	int descriptor;

	(void)state;
	master_report_tick(&report, address, false, 5);
	descriptor = bind_path();
	assert_int_equal(listen(descriptor, 1), 0);
	master_report_tick(&report, address, false, 5 + MASTER_LOOK);
	master_report_tick(&report, address, true, 6 + MASTER_LOOK);
	close(descriptor);
	assert_int_equal(lines(), 2);
	assert_null(strstr(logged, "does not answer yet"));
}

static void a_missing_master_is_told_at_once_and_each_minute(void **state)
{
	struct master_report report = {0};

	(void)state;
	for (uint64_t now = 5; now < 3 * MASTER_AGAIN; now += 1000)
		master_report_tick(&report, address, false, now);
	assert_int_equal(lines(), 3);
	assert_non_null(strstr(logged, "No AgentX master: there is no socket"));
	master_report_tick(&report, address, true, 3 * MASTER_AGAIN);
	master_report_tick(&report, address, true, 3 * MASTER_AGAIN + 1);
	assert_int_equal(lines(), 4);
	assert_non_null(strstr(logged, "AgentX: registered at the master"));
	master_report_tick(&report, address, false, 3 * MASTER_AGAIN + 2);
	assert_int_equal(lines(), 5);
}

struct heard {
	unsigned count;
	char text[MASTER_TEXT + 64];
};

static void hear(void *context, const char *text)
{
	struct heard *heard = context;

	heard->count++;
	snprintf(heard->text, sizeof(heard->text), "%s", text);
}

static void another_cause_is_told_before_the_minute_is_over(void **state)
{
	struct heard heard = {.count = 0};
	struct master_report report = {.tell = hear, .context = &heard};

	(void)state;
	for (uint64_t now = 5; now < 3 * MASTER_LOOK; now += 1000)
		master_report_tick(&report, address, false, now);
	assert_int_equal(lines(), 1);
	assert_int_equal(heard.count, 1);
	assert_non_null(
	    strstr(heard.text, "no AgentX master: there is no socket"));

	close(bind_path());
	for (uint64_t now = 0; now < 3 * MASTER_LOOK; now += 1000)
		master_report_tick(&report, address, false,
				   3 * MASTER_LOOK + now);
	assert_int_equal(lines(), 2);
	assert_int_equal(heard.count, 2);
	assert_non_null(strstr(heard.text, "snmpd has stopped"));

	for (uint64_t now = 0; now < 3 * MASTER_LOOK; now += 1000)
		master_report_tick(&report, address, true, now);
	assert_int_equal(heard.count, 3);
	assert_non_null(strstr(heard.text, "registered at the AgentX master "
					   "unix:/tmp/"));
	/* The same cause as before is told again after a session. */
	master_report_tick(&report, address, false, 6 * MASTER_LOOK);
	assert_int_equal(heard.count, 4);
}

static void a_master_that_is_there_is_not_told(void **state)
{
	struct master_report report = {0};

	(void)state;
	master_report_tick(&report, address, true, 5);
	assert_int_equal(lines(), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_missing_socket_is_told),
	    TEST(a_master_that_has_stopped_is_told),
	    TEST(a_master_that_listens_does_not_answer_yet),
	    TEST(a_missing_permission_is_told_with_what_mends_it),
	    TEST(other_addresses_are_named),
	    TEST(another_cause_is_told_soon),
	    TEST(a_master_that_comes_is_not_told_to_be_silent),
	    TEST(a_missing_master_is_told_at_once_and_each_minute),
	    TEST(another_cause_is_told_before_the_minute_is_over),
	    TEST(a_master_that_is_there_is_not_told),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
