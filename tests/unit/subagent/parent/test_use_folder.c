/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a file of a use location: no link, nobody else's, and made
 * where only the last one is missing. */
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "subagent/parent/use_folder.h"
#include "tests/lib/folder.h"

static char path[FOLDER_PATH], at[FOLDER_PATH];
static struct fault fault;

static struct use_folder file_at(struct folder *folder, const char *name,
				 bool can_be_made)
{
	return (struct use_folder){
	    .path = folder_path(folder, name, path),
	    .user = (uid_t)-1,
	    .group = (gid_t)-1,
	    .can_be_made = can_be_made,
	};
}

static void make(struct folder *folder, const char *name, mode_t mode)
{
	folder_path(folder, name, at);
	assert_int_equal(mkdir(at, 0700), 0);
	assert_int_equal(chmod(at, mode), 0);
}

static void assert_good(const struct use_folder *wanted)
{
	int fd;

	if (use_folder_check(wanted, &fault) != 0)
		fail_msg("%s", fault.text);
	fd = use_folder_open(wanted, &fault);
	assert_true(fd >= 0);
	close(fd);
}

static void assert_refused(const struct use_folder *wanted, const char *text)
{
	assert_int_equal(use_folder_check(wanted, &fault), -1);
	if (strstr(fault.text, text) == NULL)
		fail_msg("%s", fault.text);
	assert_int_equal(use_folder_open(wanted, &fault), -1);
	assert_non_null(strstr(fault.text, text));
}

static void a_folder_that_is_there(void **state)
{
	struct use_folder wanted;

	make(*state, "a", 0755);
	wanted = file_at(*state, "a/key", false);
	assert_good(&wanted);
	assert_int_equal(folder_count(*state, "a"), 0);
}

static void a_missing_one_is_named(void **state)
{
	struct use_folder wanted = file_at(*state, "a/key", false);

	assert_refused(&wanted, "there is no folder /");
	assert_refused(&wanted, "/a");
}

static void the_last_one_is_made(void **state)
{
	struct use_folder wanted = file_at(*state, "a/key", true);
	struct stat status;

	assert_int_equal(use_folder_check(&wanted, &fault), 0);
	assert_int_equal(stat(folder_path(*state, "a", at), &status), -1);
	assert_good(&wanted);
	assert_int_equal(stat(at, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
}

static void one_with_a_key_of_a_group_is_the_groups(void **state)
{
	struct use_folder wanted = file_at(*state, "a/key", true);
	struct stat status;

	wanted.user = geteuid();
	wanted.group = geteuid() == 0 ? 1 : getegid();
	wanted.has_group_key = true;
	assert_good(&wanted);
	assert_int_equal(stat(folder_path(*state, "a", at), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
	assert_int_equal(status.st_gid, wanted.group);
}

static void two_missing_ones_are_not_made(void **state)
{
	struct use_folder wanted = file_at(*state, "a/b/key", true);

	assert_refused(&wanted, "there is no folder");
}

static void a_link_is_not_followed(void **state)
{
	struct use_folder wanted;
	char target[FOLDER_PATH];

	make(*state, "a", 0755);
	folder_path(*state, "a", target);
	assert_int_equal(symlink(target, folder_path(*state, "b", at)), 0);
	wanted = file_at(*state, "b/key", true);
	assert_refused(&wanted, "is a symbolic link");
}

static void others_may_not_write_on_the_way(void **state)
{
	struct use_folder wanted;

	make(*state, "a", 0777);
	make(*state, "a/b", 0755);
	wanted = file_at(*state, "a/b/key", false);
	assert_refused(&wanted, "can be written by others (mode 777)");
	assert_int_equal(chmod(folder_path(*state, "a", at), 0755), 0);
	assert_good(&wanted);
	assert_int_equal(chmod(folder_path(*state, "a/b", at), 0757), 0);
	assert_refused(&wanted, "can be written by others (mode 757)");
}

static void anothers_folder_is_refused_but_the_owners_is_not(void **state)
{
	struct use_folder wanted;

	if (geteuid() != 0)
		skip();
	make(*state, "a", 0755);
	assert_int_equal(chown(at, 2, 2), 0);
	wanted = file_at(*state, "a/key", false);
	assert_refused(&wanted, "belongs to user 2");
	wanted.user = 2;
	wanted.group = 2;
	assert_good(&wanted);
	/* As with freeradius: root writes, and the group owns the folder. */
	wanted.user = 0;
	assert_good(&wanted);
}

/* Root's files for a group are not safe in the folder of one of its users. */
static void a_user_of_the_group_is_somebody_else(void **state)
{
	const struct passwd *user = getpwnam("sync");
	const struct group *group = getgrnam("nogroup");
	struct use_folder wanted;

	if (geteuid() != 0 || user == NULL || group == NULL ||
	    user->pw_gid != group->gr_gid)
		skip();
	make(*state, "a", 0755);
	assert_int_equal(chown(at, user->pw_uid, group->gr_gid), 0);
	wanted = file_at(*state, "a/key", false);
	wanted.user = 0;
	wanted.group = group->gr_gid;
	assert_refused(&wanted, "who could exchange the files in it");
}

static void a_folder_in_the_place_of_the_file(void **state)
{
	struct use_folder wanted;

	make(*state, "a", 0755);
	make(*state, "a/key", 0755);
	wanted = file_at(*state, "a/key", false);
	assert_int_equal(use_folder_check(&wanted, &fault), -1);
	assert_non_null(strstr(fault.text, "is no file to be replaced"));
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, folder_open, folder_close)
	const struct CMUnitTest tests[] = {
	    TEST(a_folder_that_is_there),
	    TEST(a_missing_one_is_named),
	    TEST(the_last_one_is_made),
	    TEST(one_with_a_key_of_a_group_is_the_groups),
	    TEST(two_missing_ones_are_not_made),
	    TEST(a_link_is_not_followed),
	    TEST(others_may_not_write_on_the_way),
	    TEST(anothers_folder_is_refused_but_the_owners_is_not),
	    TEST(a_user_of_the_group_is_somebody_else),
	    TEST(a_folder_in_the_place_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
