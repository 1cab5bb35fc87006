/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files put in the place of others, all of them or none.  Names that are taken
 * and waits for the disk are seen in their order (-Wl,--wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "subagent/parent/install.h"
#include "tests/lib/folder.h"

static struct {
	char step[64]; /* r: a name was taken; s: the disk was waited for */
	size_t count;
} seen;

static void see(char step)
{
	if (seen.count < sizeof(seen.step) - 1)
		seen.step[seen.count++] = step;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	see('s');
	return __real_fsync(fd);
}

int __real_renameat(int from, const char *old, int to, const char *name);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __wrap_renameat(int from, const char *old, int to, const char *name)
{
	see('r');
	return __real_renameat(from, old, to, name);
}

/* Two files, "key" and "cert", in folders of their own. */
struct plan {
	char path[2][FOLDER_PATH];
	struct install_file file[2];
	struct install install;
	struct fault fault;
};

static void plan(struct plan *plan, const struct folder *folder,
		 const char *key, const char *cert)
{
	memset(plan, 0, sizeof(*plan));
	folder_path(folder, "a/key", plan->path[0]);
	folder_path(folder, "b/cert", plan->path[1]);
	for (int i = 0; i < 2; i++) {
		const char *text = i == 0 ? key : cert;

		plan->file[i].path = plan->path[i];
		plan->file[i].part[0].text = text;
		plan->file[i].part[0].length = strlen(text);
		plan->file[i].user = (uid_t)-1;
		plan->file[i].group = (gid_t)-1;
		plan->file[i].mode = i == 0 ? 0640 : 0644;
	}
}

static int begin(struct plan *plan)
{
	return install_begin(&plan->install, plan->file, 2, &plan->fault);
}

static void put_old(const struct folder *folder)
{
	folder_put(folder, "a/key", "old key", 0600);
	folder_put(folder, "b/cert", "old cert", 0604);
}

static void assert_old(const struct folder *folder)
{
	assert_true(folder_has(folder, "a/key", "old key"));
	assert_true(folder_has(folder, "b/cert", "old cert"));
	assert_int_equal(folder_mode(folder, "a/key"), 0600);
	assert_int_equal(folder_mode(folder, "b/cert"), 0604);
	assert_int_equal(folder_count(folder, "a"), 1);
	assert_int_equal(folder_count(folder, "b"), 1);
}

static void assert_new(const struct folder *folder)
{
	assert_true(folder_has(folder, "a/key", "new key"));
	assert_true(folder_has(folder, "b/cert", "new cert"));
	assert_int_equal(folder_mode(folder, "a/key"), 0640);
	assert_int_equal(folder_mode(folder, "b/cert"), 0644);
	assert_int_equal(folder_count(folder, "a"), 1);
	assert_int_equal(folder_count(folder, "b"), 1);
}

static void files_come_with_their_modes_whatever_the_umask(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	folder_put(folder, "a/x", "", 0600);
	folder_put(folder, "b/x", "", 0600);
	plan(&new, folder, "new key", "new cert");
	umask(077);
	assert_int_equal(begin(&new), 0);
	install_settle(&new.install);
	install_free(&new.install);
	assert_true(folder_has(folder, "a/key", "new key"));
	assert_int_equal(folder_mode(folder, "a/key"), 0640);
	assert_int_equal(folder_mode(folder, "b/cert"), 0644);
	assert_int_equal(folder_count(folder, "a"), 2);
}

/* A program that reads both at each connection would have a key and a
 * certificate that do not fit for as long as the disk takes. */
static void both_names_are_taken_without_a_wait_in_between(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	plan(&new, folder, "new key", "new cert");
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(begin(&new), 0);
	/* The files, the folders with the old ones' other names; the folders.
	 */
	assert_string_equal(seen.step, "ssssrrss");
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(install_take_back(&new.install, &new.fault), 0);
	assert_string_equal(seen.step, "rrss");
	install_free(&new.install);
	assert_old(folder);
}

static void parts_follow_each_other(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	plan(&new, folder, "one", "new cert");
	new.file[0].part[1].text = "-two";
	new.file[0].part[1].length = 4;
	assert_int_equal(begin(&new), 0);
	install_free(&new.install);
	assert_true(folder_has(folder, "a/key", "one-two"));
}

static void settled_files_leave_nothing_beside_them(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	/* The old ones are kept until then. */
	assert_int_equal(folder_count(folder, "a"), 2);
	install_settle(&new.install);
	install_free(&new.install);
	assert_new(folder);
}

static void what_is_taken_back_is_as_before(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	assert_int_equal(install_take_back(&new.install, &new.fault), 0);
	install_free(&new.install);
	assert_old(folder);
}

static void it_can_be_taken_back_when_it_was_settled(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	install_settle(&new.install);
	assert_int_equal(install_take_back(&new.install, &new.fault), 0);
	install_free(&new.install);
	assert_old(folder);
}

static void where_nothing_was_nothing_stays(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	folder_put(folder, "a/x", "", 0600);
	folder_put(folder, "b/x", "", 0600);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	assert_int_equal(install_take_back(&new.install, &new.fault), 0);
	install_free(&new.install);
	assert_int_equal(folder_count(folder, "a"), 1);
	assert_int_equal(folder_count(folder, "b"), 1);
}

static void a_folder_that_is_not_there_changes_nothing(void **state)
{
	struct folder *folder = *state;
	struct plan new;
	char text[256 + FOLDER_PATH], path[FOLDER_PATH];

	put_old(folder);
	plan(&new, folder, "new key", "new cert");
	folder_path(folder, "c/cert", new.path[1]);
	assert_int_equal(begin(&new), -1);
	install_free(&new.install);
	strcpy(text, "there is no folder ");
	strcat(text, folder_path(folder, "c", path));
	assert_string_equal(new.fault.text, text);
	assert_old(folder);
}

static void a_folder_in_the_place_of_a_file_changes_nothing(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	plan(&new, folder, "new key", "new cert");
	folder_put(folder, "b/inner/x", "", 0600);
	folder_path(folder, "b/inner", new.path[1]);
	assert_int_equal(begin(&new), -1);
	install_free(&new.install);
	assert_non_null(strstr(new.fault.text, "is no file to be replaced"));
	assert_true(folder_has(folder, "a/key", "old key"));
	assert_int_equal(folder_count(folder, "a"), 1);
}

static void a_link_is_replaced_and_its_target_left_alone(void **state)
{
	struct folder *folder = *state;
	struct plan new;
	char target[FOLDER_PATH], link[FOLDER_PATH];

	put_old(folder);
	folder_put(folder, "c/target", "other", 0600);
	assert_int_equal(unlink(folder_path(folder, "a/key", link)), 0);
	assert_int_equal(symlink(folder_path(folder, "c/target", target), link),
			 0);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	install_settle(&new.install);
	install_free(&new.install);
	assert_new(folder);
	assert_true(folder_has(folder, "c/target", "other"));
}

static void a_link_comes_back(void **state)
{
	struct folder *folder = *state;
	char target[FOLDER_PATH], link[FOLDER_PATH], found[FOLDER_PATH] = "";

	put_old(folder);
	folder_put(folder, "c/target", "other", 0600);
	folder_path(folder, "c/target", target);
	unlink(folder_path(folder, "a/key", link));
	assert_int_equal(symlink(target, link), 0);
	for (int settles = 0; settles < 2; settles++) {
		struct plan new;

		plan(&new, folder, "new key", "new cert");
		assert_int_equal(begin(&new), 0);
		if (settles)
			install_settle(&new.install);
		assert_int_equal(install_take_back(&new.install, &new.fault),
				 0);
		install_free(&new.install);
		assert_true(readlink(link, found, sizeof(found) - 1) > 0);
		assert_string_equal(found, target);
		assert_int_equal(folder_count(folder, "a"), 1);
	}
}

/* A change whose process was killed before it was settled. */
static void leave_unsettled(struct folder *folder)
{
	struct plan killed;

	plan(&killed, folder, "bad key", "bad cert");
	assert_int_equal(begin(&killed), 0);
	install_free(&killed.install);
	assert_true(folder_has(folder, "a/key", "bad key"));
}

static void after_a_kill_the_good_ones_still_come_back(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	leave_unsettled(folder);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	assert_int_equal(install_take_back(&new.install, &new.fault), 0);
	install_free(&new.install);
	assert_old(folder);
}

static void after_a_kill_a_failure_brings_the_good_ones_back(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	leave_unsettled(folder);
	plan(&new, folder, "new key", "new cert");
	new.file[1].user = 0;
	new.file[1].path = "/proc/none/x";
	assert_int_equal(begin(&new), -1);
	install_free(&new.install);
	assert_true(folder_has(folder, "a/key", "old key"));
}

static void after_a_kill_the_next_one_settles(void **state)
{
	struct folder *folder = *state;
	struct plan new;

	put_old(folder);
	leave_unsettled(folder);
	folder_put(folder, "a/.key.scepagent-new", "half", 0600);
	plan(&new, folder, "new key", "new cert");
	assert_int_equal(begin(&new), 0);
	install_settle(&new.install);
	install_free(&new.install);
	assert_new(folder);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, folder_open, folder_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(files_come_with_their_modes_whatever_the_umask),
	    TEST(both_names_are_taken_without_a_wait_in_between),
	    TEST(parts_follow_each_other),
	    TEST(settled_files_leave_nothing_beside_them),
	    TEST(what_is_taken_back_is_as_before),
	    TEST(it_can_be_taken_back_when_it_was_settled),
	    TEST(where_nothing_was_nothing_stays),
	    TEST(a_folder_that_is_not_there_changes_nothing),
	    TEST(a_folder_in_the_place_of_a_file_changes_nothing),
	    TEST(a_link_is_replaced_and_its_target_left_alone),
	    TEST(a_link_comes_back),
	    TEST(after_a_kill_the_good_ones_still_come_back),
	    TEST(after_a_kill_a_failure_brings_the_good_ones_back),
	    TEST(after_a_kill_the_next_one_settles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
