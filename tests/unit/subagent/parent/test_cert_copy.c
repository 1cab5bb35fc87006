/* SPDX-License-Identifier: Apache-2.0 */
/* The copy of a certificate that a command reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subagent/parent/cert_copy.h"
#include "subagent/parent/command.h"
#include "tests/lib/deadline.h"

#define LIMIT 10000 /* ms */

static unsigned int mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(status.st_uid, geteuid());
	return status.st_mode;
}

static void await_gone(const char *path)
{
	int64_t deadline = command_now() + deadline_scaled(LIMIT);

	while (access(path, F_OK) == 0) {
		if (command_now() > deadline)
			fail_msg("%s is still there", path);
		poll(NULL, 0, 5);
	}
}

static void only_its_maker_can_write_it_and_all_can_read_it(void **state)
{
	struct cert_copy copy;
	struct fault fault;
	char text[16] = "";
	FILE *file;

	(void)state;
	assert_int_equal(cert_copy_make(&copy, "web", "PEM\n", 4, &fault), 0);
	assert_non_null(strstr(copy.path, "/web.pem"));
	assert_int_equal(mode_of(copy.path), S_IFREG | 0644);
	assert_int_equal(mode_of(copy.folder), S_IFDIR | 0755);
	file = fopen(copy.path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, "PEM\n");
	cert_copy_remove(&copy);
}

static void what_is_removed_leaves_nothing(void **state)
{
	struct cert_copy copy, gone;
	struct fault fault;

	(void)state;
	assert_int_equal(cert_copy_make(&copy, "web", "PEM\n", 4, &fault), 0);
	gone = copy;
	cert_copy_remove(&copy);
	assert_string_equal(copy.path, "");
	assert_int_equal(access(gone.path, F_OK), -1);
	assert_int_equal(access(gone.folder, F_OK), -1);
	cert_copy_remove(&copy);
}

/* What a maker that dies leaves behind. */
struct left {
	struct cert_copy copy;
	pid_t reader;
};

__attribute__((noreturn)) static void be_maker(int told)
{
	struct left left;
	struct fault fault;

	if (cert_copy_make(&left.copy, "web", "PEM\n", 4, &fault) != 0)
		_exit(1);
	left.reader = fork();
	if (left.reader == 0) {
		close(told);
		pause();
		_exit(0);
	}
	cert_copy_guard(&left.copy, left.reader);
	_exit(write(told, &left, sizeof(left)) == sizeof(left) ? 0 : 1);
}

static void it_goes_with_its_reader_though_its_maker_has_gone(void **state)
{
	struct left left;
	int ends[2];
	pid_t maker;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	maker = fork();
	if (maker == 0)
		be_maker(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &left, sizeof(left)), sizeof(left));
	assert_int_equal(waitpid(maker, NULL, 0), maker);
	close(ends[0]);
	assert_int_equal(access(left.copy.path, R_OK), 0);
	assert_int_equal(kill(left.reader, SIGKILL), 0);
	await_gone(left.copy.folder);
}

static void without_a_copy_there_is_nothing_to_guard(void **state)
{
	const struct cert_copy none = {"", ""};

	(void)state;
	cert_copy_guard(&none, getpid());
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_its_maker_can_write_it_and_all_can_read_it),
	    cmocka_unit_test(what_is_removed_leaves_nothing),
	    cmocka_unit_test(it_goes_with_its_reader_though_its_maker_has_gone),
	    cmocka_unit_test(without_a_copy_there_is_nothing_to_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
