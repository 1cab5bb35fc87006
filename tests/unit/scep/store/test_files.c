/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole or not at all, private, swept, locked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/store/files.h"

/* A folder of its own for each test, removed with what is in it. */
static int set_up(void **state)
{
	char *folder = strdup("/tmp/test_files.XXXXXX");

	*state = folder;
	return folder && mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];
	int result;

	snprintf(command, sizeof(command), "rm -rf -- %s", (char *)*state);
	result = system(command);
	free(*state);
	return result;
}

static void path_in(char *path, size_t size, const char *folder,
		    const char *name)
{
	snprintf(path, size, "%s/%s", folder, name);
}

static mode_t mode_of(const char *folder, const char *name)
{
	char path[128];
	struct stat status;

	path_in(path, sizeof(path), folder, name);
	return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

static void place(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	path_in(path, sizeof(path), folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static bool is_there(const char *folder, const char *name)
{
	char path[128];

	path_in(path, sizeof(path), folder, name);
	return access(path, F_OK) == 0;
}

static void a_folder_is_made_private_and_found_again(void **state)
{
	struct scep_error error;
	char path[128];
	mode_t before = umask(022);

	path_in(path, sizeof(path), *state, "keys");
	assert_int_equal(files_make_folder(path, &error), SCEP_OK);
	assert_int_equal(mode_of(*state, "keys"), 0700);
	assert_int_equal(files_make_folder(path, &error), SCEP_OK);
	strcat(path, "/");
	assert_int_equal(files_make_folder(path, &error), SCEP_OK);
	umask(before);
}

static void a_folder_open_to_others_is_refused(void **state)
{
	struct scep_error error;

	assert_int_equal(chmod(*state, 0750), 0);
	assert_int_equal(files_make_folder(*state, &error), SCEP_STORAGE_ERROR);
	assert_non_null(strstr(error.text, "open to others: mode 0750"));
	assert_int_equal(chmod(*state, 0700), 0);
}

static void what_is_no_folder_of_ours_is_refused(void **state)
{
	struct scep_error error;
	char path[128];

	place(*state, "file", "");
	path_in(path, sizeof(path), *state, "file");
	assert_int_equal(files_make_folder(path, &error), SCEP_STORAGE_ERROR);
	path_in(path, sizeof(path), *state, "none/keys");
	assert_int_equal(files_make_folder(path, &error), SCEP_STORAGE_ERROR);
	assert_non_null(strstr(error.text, "No such file"));
	if (geteuid() != 0) {
		assert_int_equal(files_make_folder("/usr", &error),
				 SCEP_STORAGE_ERROR);
		assert_non_null(strstr(error.text, "belongs to user 0"));
	}
}

static void what_is_written_is_read_and_private(void **state)
{
	struct scep_error error;
	struct bytes content = {0};
	mode_t before = umask(0);

	assert_int_equal(files_write(*state, "a.pem", "key\0x", 5, &error),
			 SCEP_OK);
	umask(before);
	assert_int_equal(mode_of(*state, "a.pem"), 0600);
	assert_int_equal(files_read(*state, "a.pem", 5, &content, &error),
			 SCEP_OK);
	assert_int_equal(content.length, 5);
	assert_memory_equal(content.data, "key\0x", 5);
	assert_int_equal(files_write(*state, "a.pem", "", 0, &error), SCEP_OK);
	assert_int_equal(files_read(*state, "a.pem", 5, &content, &error),
			 SCEP_OK);
	assert_int_equal(content.length, 0);
	assert_false(is_there(*state, ".a.pem.new"));
	bytes_free(&content);
}

static void a_leftover_of_a_killed_writer_is_no_obstacle(void **state)
{
	struct scep_error error;
	struct bytes content = {0};

	place(*state, ".a.pem.new", "half a k");
	assert_int_equal(files_write(*state, "a.pem", "whole", 5, &error),
			 SCEP_OK);
	assert_int_equal(files_read(*state, "a.pem", 99, &content, &error),
			 SCEP_OK);
	assert_memory_equal(content.data, "whole", 5);
	assert_false(is_there(*state, ".a.pem.new"));
	bytes_free(&content);
}

static void a_failed_write_keeps_the_old_file(void **state)
{
	struct scep_error error;
	struct bytes content = {0};
	char path[128];

	assert_int_equal(files_write(*state, "a", "old", 3, &error), SCEP_OK);
	/* A folder in the place of the new file cannot be replaced. */
	path_in(path, sizeof(path), *state, ".a.new");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(files_write(*state, "a", "new", 3, &error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(files_read(*state, "a", 3, &content, &error), SCEP_OK);
	assert_memory_equal(content.data, "old", 3);
	bytes_free(&content);
	assert_int_equal(files_write("/dev/full", "a", "x", 1, &error),
			 SCEP_STORAGE_ERROR);
}

static void a_file_beyond_the_cap_or_of_another_kind_is_not_read(void **state)
{
	struct scep_error error;
	struct bytes content = {0};
	char path[128];

	bytes_set(&content, "before", 6);
	place(*state, "a", "12345");
	assert_int_equal(files_read(*state, "a", 4, &content, &error),
			 SCEP_STORAGE_ERROR);
	assert_non_null(strstr(error.text, "longer than 4 octets"));
	assert_int_equal(content.length, 0);
	path_in(path, sizeof(path), *state, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(files_read(*state, "pipe", 9, &content, &error),
			 SCEP_STORAGE_ERROR);
	path_in(path, sizeof(path), *state, "link");
	assert_int_equal(symlink("a", path), 0);
	assert_int_equal(files_read(*state, "link", 9, &content, &error),
			 SCEP_STORAGE_ERROR);
	assert_int_equal(files_read(*state, "none", 9, &content, &error),
			 SCEP_STORAGE_ERROR);
	assert_non_null(strstr(error.text, "No such file"));
}

static void a_name_that_leads_elsewhere_is_refused(void **state)
{
	static const char *const names[] = {"", ".", "..", "../x", "a/b", ".h"};
	struct scep_error error;
	struct bytes content = {0};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(files_write(*state, names[i], "", 0, &error),
				 SCEP_STORAGE_ERROR);
		assert_int_equal(
		    files_read(*state, names[i], 9, &content, &error),
		    SCEP_STORAGE_ERROR);
		assert_int_equal(files_remove(*state, names[i], &error),
				 SCEP_STORAGE_ERROR);
	}
}

static void removing_is_repeatable(void **state)
{
	struct scep_error error;

	place(*state, "a", "");
	assert_int_equal(files_remove(*state, "a", &error), SCEP_OK);
	assert_false(is_there(*state, "a"));
	assert_int_equal(files_remove(*state, "a", &error), SCEP_OK);
}

static void gather(void *context, const char *name)
{
	strcat(context, name);
	strcat(context, " ");
}

static void only_regular_files_in_sight_are_listed(void **state)
{
	struct scep_error error;
	char names[128] = "";
	char path[128];

	place(*state, "b.pem", "");
	place(*state, ".c.new", "");
	path_in(path, sizeof(path), *state, "folder");
	assert_int_equal(mkdir(path, 0700), 0);
	path_in(path, sizeof(path), *state, "link");
	assert_int_equal(symlink("b.pem", path), 0);
	assert_int_equal(files_list(*state, gather, names, &error), SCEP_OK);
	assert_string_equal(names, "b.pem ");
	assert_int_equal(files_list(path, gather, names, &error),
			 SCEP_STORAGE_ERROR);
}

static void sweeping_removes_leftovers_and_nothing_else(void **state)
{
	struct scep_error error;

	place(*state, "a.new", "");
	place(*state, ".b", "");
	place(*state, ".c.pem.new", "secret");
	assert_int_equal(files_sweep(*state, &error), SCEP_OK);
	assert_true(is_there(*state, "a.new"));
	assert_true(is_there(*state, ".b"));
	assert_false(is_there(*state, ".c.pem.new"));
}

static void a_second_instance_is_told_the_pid_of_the_first(void **state)
{
	struct scep_error error;
	char expected[32];
	int first;
	int second;

	assert_int_equal(files_lock(*state, 0, &first, &error), SCEP_OK);
	assert_int_equal(files_lock(*state, 0, &second, &error),
			 SCEP_CONFIG_ERROR);
	assert_int_equal(second, -1);
	snprintf(expected, sizeof(expected), ": process %d", (int)getpid());
	assert_non_null(strstr(error.text, expected));
	files_unlock(first);
	assert_int_equal(files_lock(*state, 0, &second, &error), SCEP_OK);
	files_unlock(second);
}

static void the_lock_of_a_dead_process_is_free(void **state)
{
	struct scep_error error;
	pid_t child = fork();
	int status;
	int lock;

	if (child == 0)
		_exit(files_lock(*state, 0, &lock, &error) == SCEP_OK ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(files_lock(*state, 0, &lock, &error), SCEP_OK);
	files_unlock(lock);
}

/* A worker whose parent was killed is still there when the next one starts. */
static void
a_patient_start_gets_the_lock_of_a_process_that_is_dying(void **state)
{
	struct scep_error error;
	int pipes[2];
	pid_t child;
	char octet;
	int lock;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		if (files_lock(*state, 0, &lock, &error) != SCEP_OK ||
		    write(pipes[1], "", 1) != 1)
			_exit(1);
		poll(NULL, 0, 200);
		_exit(0);
	}
	assert_int_equal(read(pipes[0], &octet, 1), 1);
	assert_int_equal(files_lock(*state, 30000, &lock, &error), SCEP_OK);
	files_unlock(lock);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(pipes[0]);
	close(pipes[1]);
}

#define WITH_FOLDER(test)                                                      \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FOLDER(a_folder_is_made_private_and_found_again),
	    WITH_FOLDER(a_folder_open_to_others_is_refused),
	    WITH_FOLDER(what_is_no_folder_of_ours_is_refused),
	    WITH_FOLDER(what_is_written_is_read_and_private),
	    WITH_FOLDER(a_leftover_of_a_killed_writer_is_no_obstacle),
	    WITH_FOLDER(a_failed_write_keeps_the_old_file),
	    WITH_FOLDER(a_file_beyond_the_cap_or_of_another_kind_is_not_read),
	    WITH_FOLDER(a_name_that_leads_elsewhere_is_refused),
	    WITH_FOLDER(removing_is_repeatable),
	    WITH_FOLDER(only_regular_files_in_sight_are_listed),
	    WITH_FOLDER(sweeping_removes_leftovers_and_nothing_else),
	    WITH_FOLDER(a_second_instance_is_told_the_pid_of_the_first),
	    WITH_FOLDER(the_lock_of_a_dead_process_is_free),
	    WITH_FOLDER(
		a_patient_start_gets_the_lock_of_a_process_that_is_dying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
