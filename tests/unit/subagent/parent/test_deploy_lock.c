/* SPDX-License-Identifier: Apache-2.0 */
/* The lock between processes that work at use locations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subagent/parent/deploy_lock.h"
#include "tests/lib/deadline.h"
#include "tests/lib/folder.h"

#define LIMIT 10000 /* ms */

static bool comes(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, deadline_scaled(LIMIT)) == 1;
}

/* Takes and releases it in another process, and says so on the pipe. */
static pid_t start_other(const char *path, uid_t owner, int told)
{
	pid_t other = fork();

	if (other == 0) {
		struct deploy_lock lock;
		struct fault fault;

		if (write(told, "b", 1) != 1 ||
		    deploy_lock_take(&lock, path, owner, &fault) != 0 ||
		    write(told, "t", 1) != 1)
			_exit(1);
		deploy_lock_release(&lock);
		_exit(0);
	}
	return other;
}

static void check_wait(const char *path, uid_t owner)
{
	struct deploy_lock lock;
	struct fault fault;
	char octet = 0;
	int ends[2], status;
	pid_t other;

	assert_int_equal(deploy_lock_take(&lock, path, owner, &fault), 0);
	assert_int_equal(pipe(ends), 0);
	other = start_other(path, owner, ends[1]);
	assert_true(comes(ends[0]));
	assert_int_equal(read(ends[0], &octet, 1), 1);
	assert_int_equal(octet, 'b');
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	deploy_lock_release(&lock);
	assert_true(comes(ends[0]));
	assert_int_equal(read(ends[0], &octet, 1), 1);
	assert_int_equal(octet, 't');
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(ends[1]);
}

static void one_waits_for_the_other(void **state)
{
	char path[FOLDER_PATH];

	check_wait(folder_path(*state, "", path), geteuid());
}

/* As root with a worker that is somebody else; who is not root has none. */
static void a_worker_of_another_user_cannot_hold_it(void **state)
{
	struct deploy_lock lock;
	struct fault fault;
	char path[FOLDER_PATH];
	int held;

	folder_path(*state, "", path);
	held = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	if (geteuid() == 0) {
		check_wait(path, 1);
		assert_int_equal(deploy_lock_take(&lock, path, 1, &fault), 0);
		assert_int_equal(access(lock.path, F_OK), 0);
		deploy_lock_release(&lock);
		assert_int_equal(access(lock.path, F_OK), -1);
	}
	close(held);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	struct deploy_lock lock;
	struct fault fault;

	(void)state;
	assert_int_equal(
	    deploy_lock_take(&lock, "/no/such/folder", geteuid(), &fault), -1);
	assert_string_equal(fault.text, "/no/such/folder cannot be locked: No "
					"such file or directory");
	deploy_lock_release(&lock);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, folder_open, folder_close)
	const struct CMUnitTest tests[] = {
	    TEST(one_waits_for_the_other),
	    TEST(a_worker_of_another_user_cannot_hold_it),
	    TEST(a_folder_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
