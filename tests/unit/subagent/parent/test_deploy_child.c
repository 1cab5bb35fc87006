/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving a use location an entry of the registry, with commands that are
 * scripts of the test: each writes its name and what it saw of the
 * certificate into "told".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libgen.h>
#include <unistd.h>

#include <cmocka.h>

#include "scep/event.h"
#include "subagent/parent/deploy_child.h"
#include "tests/lib/deadline.h"
#include "tests/lib/registry_files.h"
#include "tests/lib/snmp_log.h"

#define OLD "old\n"

struct world {
	struct folder *folder;
	struct use_location location;
	char state[FOLDER_PATH];
	struct deploy_child_order order;
	struct scep_deploy_end end;
};

/* A command that tells of itself and then does `rest`. */
static void give(struct world *world, enum location_command which,
		 const char *name, const char *rest)
{
	char script[2048], told[FOLDER_PATH], path[FOLDER_PATH];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\nprintf '%s:' >>'%s'\n"
		 "sed -n 2p \"${SCEP_CERT_FILE:-/dev/null}\" | grep . >>'%s' "
		 "|| echo >>'%s'\n%s\n",
		 name, folder_path(world->folder, "told", told), told, told,
		 rest);
	folder_put(world->folder, name, script, 0700);
	free(world->location.command[which]);
	world->location.command[which] =
	    strdup(folder_path(world->folder, name, path));
}

static void want(struct world *world, enum location_file which,
		 const char *name)
{
	char path[FOLDER_PATH];

	world->location.file[which] =
	    strdup(folder_path(world->folder, name, path));
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	void *folder = NULL;

	if (world == NULL || folder_open(&folder) != 0)
		return -1;
	world->folder = folder;
	put_entry(world->folder);
	folder_put(world->folder, "out/cert", OLD OLD, 0644);
	folder_put(world->folder, "out/key", OLD, 0600);
	use_location_init(&world->location);
	strcpy(world->location.name, "web");
	want(world, LOCATION_KEY, "out/key");
	want(world, LOCATION_FULLCHAIN, "out/cert");
	folder_path(world->folder, "state", world->state);
	world->order = (struct deploy_child_order){
	    .location = &world->location,
	    .state_directory = world->state,
	    .owner = geteuid(),
	    .key_name = "site",
	    .file_id = ENTRY_ID,
	    .limit = deadline_scaled(5000),
	};
	*state = world;
	snmp_log_forget();
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	void *folder = world->folder;

	use_location_free(&world->location);
	free(world);
	return folder_close(&folder);
}

static void apply(struct world *world)
{
	deploy_child(&world->order, &world->end);
}

static void assert_told(struct world *world, const char *expected)
{
	assert_string_equal(folder_get(world->folder, "told"), expected);
}

static void assert_new(struct world *world)
{
	assert_true(folder_has(world->folder, "out/key", PEM_KEY));
	assert_true(folder_has(world->folder, "out/cert", PEM_LEAF PEM_CA));
	assert_int_equal(folder_count(world->folder, "out"), 2);
}

static void assert_old(struct world *world, const char *text)
{
	assert_false(world->end.is_good);
	assert_string_equal(world->end.text, text);
	assert_true(folder_has(world->folder, "out/key", OLD));
	assert_true(folder_has(world->folder, "out/cert", OLD OLD));
	assert_int_equal(folder_count(world->folder, "out"), 2);
}

static void the_function_is_asked_before_it_is_told(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_ENABLED, "enabled", "");
	give(world, LOCATION_CHECK, "check", "");
	give(world, LOCATION_RELOAD, "reload", "");
	apply(world);
	assert_true(world->end.is_good);
	assert_true(world->end.is_enabled);
	assert_new(world);
	/* In the end it is seen whether it still is on. */
	assert_told(world, "enabled:TGVhZg==\ncheck:TGVhZg==\nreload:TGVhZg==\n"
			   "enabled:TGVhZg==\n");
}

static void files_alone_will_do(void **state)
{
	struct world *world = *state;

	apply(world);
	assert_true(world->end.is_good);
	assert_new(world);
}

static void all_kinds_of_files_are_written(void **state)
{
	struct world *world = *state;

	want(world, LOCATION_CERT, "out/leaf");
	want(world, LOCATION_CHAIN, "out/chain");
	want(world, LOCATION_COMBINED, "out/all");
	world->location.mode = 0664;
	apply(world);
	assert_true(world->end.is_good);
	assert_true(folder_has(world->folder, "out/leaf", PEM_LEAF));
	assert_true(folder_has(world->folder, "out/chain", PEM_CA));
	assert_true(
	    folder_has(world->folder, "out/all", PEM_KEY PEM_LEAF PEM_CA));
	assert_int_equal(folder_mode(world->folder, "out/leaf"), 0664);
	assert_int_equal(folder_mode(world->folder, "out/all"), 0660);
}

static void a_chain_that_is_split_has_one_certificate_in_each_file(void **state)
{
	struct world *world = *state;
	const char *const root = "-----BEGIN CERTIFICATE-----\nUm9vdA==\n"
				 "-----END CERTIFICATE-----\n";
	char all[1024];

	snprintf(all, sizeof(all), "%s%s%s", PEM_LEAF, PEM_CA, root);
	folder_put(world->folder, "state/certs/" ENTRY_ID ".pem", all, 0600);
	want(world, LOCATION_CHAIN, "out/ca.pem");
	world->location.is_chain_split = true;
	apply(world);
	assert_true(world->end.is_good);
	assert_true(folder_has(world->folder, "out/ca.pem", PEM_CA));
	assert_true(folder_has(world->folder, "out/ca+2.pem", root));
	/* A longer chain that was there before leaves nothing. */
	assert_true(folder_has(world->folder, "out/ca+3.pem", root));
	assert_true(folder_has(world->folder, "out/ca+4.pem", root));
	assert_int_equal(folder_count(world->folder, "out"), 6);
	assert_int_equal(folder_mode(world->folder, "out/ca+2.pem"), 0644);
}

/* The default key, as most programs take no empty file for their CA. */
static void what_nobody_else_has_certified_is_its_own_chain(void **state)
{
	struct world *world = *state;

	folder_put(world->folder, "state/certs/" ENTRY_ID ".pem", PEM_LEAF,
		   0600);
	want(world, LOCATION_CHAIN, "out/ca");
	apply(world);
	assert_true(world->end.is_good);
	assert_true(folder_has(world->folder, "out/ca", PEM_LEAF));
	assert_true(folder_has(world->folder, "out/cert", PEM_LEAF));
	world->location.is_chain_split = true;
	apply(world);
	assert_true(folder_has(world->folder, "out/ca", PEM_LEAF));
	assert_true(folder_has(world->folder, "out/ca+4", PEM_LEAF));
}

static void a_failed_check_leaves_the_old_ones_and_tells_nothing(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_CHECK, "check", "echo 'bad [line] 7'; exit 3");
	give(world, LOCATION_RELOAD, "reload", "");
	apply(world);
	assert_old(world, "check ended with 3: bad [line] 7");
	/* Takes the words of the command; its end stands in the result. */
	assert_string_equal(logged, "use location web: check: bad [line] 7\n");
	assert_told(world, "check:TGVhZg==\n");
}

static void of_what_a_command_says_the_first_and_the_last_are_told(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_CHECK, "check",
	     "echo 'unknown word'; echo; echo 'in line 7'; echo failed; "
	     "exit 1");
	apply(world);
	assert_old(world, "check ended with 1: unknown word ... failed");
	give(world, LOCATION_CHECK, "check",
	     "printf '%0200d\\n%0200d\\n' 1 2; exit 1");
	apply(world);
	assert_int_equal(strlen(world->end.text),
			 strlen("check ended with 1: ") + 110 + 5 + 90);
}

static void after_a_failed_reload_the_old_ones_are_taken_up(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_RELOAD, "reload", "exit 1");
	apply(world);
	assert_old(world, "reload ended with 1");
	assert_told(world, "reload:TGVhZg==\nreload:\n");
	assert_string_equal(logged, "use location web: the old files are not "
				    "taken up: reload ended with 1\n");
}

static void a_function_that_a_reload_ends_has_failed(void **state)
{
	struct world *world = *state;

	/* On the first time, and not any more. */
	give(world, LOCATION_ENABLED, "enabled",
	     "[ \"$(grep -c enabled: \"$(dirname \"$0\")/told\")\" = 1 ]");
	give(world, LOCATION_RELOAD, "reload", "");
	apply(world);
	assert_old(world, "the function is off after the reload");
	assert_told(world,
		    "enabled:TGVhZg==\nreload:TGVhZg==\nenabled:TGVhZg==\n"
		    "reload:\n");
}

static void a_function_that_is_off_has_its_files_and_stays_off(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_ENABLED, "enabled", "exit 3");
	give(world, LOCATION_CHECK, "check", "exit 1");
	give(world, LOCATION_RELOAD, "reload", "");
	apply(world);
	assert_true(world->end.is_good);
	assert_false(world->end.is_enabled);
	assert_new(world);
	assert_told(world, "enabled:TGVhZg==\n");
}

static void a_function_that_cannot_be_asked_is_taken_for_on(void **state)
{
	struct world *world = *state;

	world->location.command[LOCATION_ENABLED] =
	    strdup("/nonexistent/enabled");
	give(world, LOCATION_RELOAD, "reload", "");
	apply(world);
	assert_true(world->end.is_good);
	assert_true(world->end.is_enabled);
	assert_told(world, "reload:TGVhZg==\n");
}

static void a_command_that_is_missing_is_a_failure(void **state)
{
	struct world *world = *state;

	world->location.command[LOCATION_CHECK] =
	    strdup("/nonexistent/check -t");
	apply(world);
	assert_old(world, "check ended with 127: /nonexistent/check: No such "
			  "file or directory");
}

static void a_command_that_hangs_is_a_failure(void **state)
{
	struct world *world = *state;

	world->order.limit = 200;
	give(world, LOCATION_CHECK, "check", "exec sleep 60");
	apply(world);
	assert_old(world, "check took too long");
}

static void the_second_reload_follows_the_first(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_RELOAD, "reload", "");
	give(world, LOCATION_RELOAD_2, "again", "");
	apply(world);
	assert_told(world, "reload:TGVhZg==\nagain:TGVhZg==\n");
}

static void
a_command_reads_a_copy_that_goes_away_with_the_deployment(void **state)
{
	struct world *world = *state;
	char *copy;

	use_location_free(&world->location);
	strcpy(world->location.name, "own");
	give(world, LOCATION_RELOAD, "reload",
	     "echo \"$SCEP_KEY_NAME $SCEP_USE_LOCATION ${SCEP_CERT_FILE##*/}\" "
	     ">>\"$(dirname \"$0\")/told\"\n"
	     "printf %s \"$SCEP_CERT_FILE\" >\"$(dirname \"$0\")/path\"");
	apply(world);
	assert_true(world->end.is_good);
	assert_told(world, "reload:TGVhZg==\nsite own " ENTRY_ID ".pem\n");
	copy = strdup(folder_get(world->folder, "path"));
	/* Neither of the worker's folders, nor left behind. */
	assert_null(strstr(copy, "/certs/"));
	assert_int_equal(access(copy, F_OK), -1);
	assert_int_equal(access(dirname(copy), F_OK), -1);
	free(copy);
}

static void an_owner_that_there_is_not_changes_nothing(void **state)
{
	struct world *world = *state;

	strcpy(world->location.user, "no-such-user");
	apply(world);
	assert_old(world, "there is no user no-such-user");
}

static void an_entry_that_is_not_there_changes_nothing(void **state)
{
	struct world *world = *state;
	char path[FOLDER_PATH];

	unlink(folder_path(world->folder, "state/keys/" ENTRY_ID ".pem", path));
	apply(world);
	assert_old(world, "keys/" ENTRY_ID ".pem: No such file or directory");
}

static void a_probe_only_asks(void **state)
{
	struct world *world = *state;

	give(world, LOCATION_ENABLED, "enabled", "exit 1");
	deploy_child_probe(&world->order, &world->end);
	assert_true(world->end.is_good);
	assert_false(world->end.is_enabled);
	assert_true(folder_has(world->folder, "out/key", OLD));
}

static void doing_it_twice_does_no_harm(void **state)
{
	struct world *world = *state;

	apply(world);
	apply(world);
	assert_true(world->end.is_good);
	assert_new(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_function_is_asked_before_it_is_told),
	    TEST(files_alone_will_do),
	    TEST(all_kinds_of_files_are_written),
	    TEST(a_chain_that_is_split_has_one_certificate_in_each_file),
	    TEST(what_nobody_else_has_certified_is_its_own_chain),
	    TEST(a_failed_check_leaves_the_old_ones_and_tells_nothing),
	    TEST(of_what_a_command_says_the_first_and_the_last_are_told),
	    TEST(after_a_failed_reload_the_old_ones_are_taken_up),
	    TEST(a_function_that_a_reload_ends_has_failed),
	    TEST(a_function_that_is_off_has_its_files_and_stays_off),
	    TEST(a_function_that_cannot_be_asked_is_taken_for_on),
	    TEST(a_command_that_is_missing_is_a_failure),
	    TEST(a_command_that_hangs_is_a_failure),
	    TEST(the_second_reload_follows_the_first),
	    TEST(a_command_reads_a_copy_that_goes_away_with_the_deployment),
	    TEST(an_owner_that_there_is_not_changes_nothing),
	    TEST(an_entry_that_is_not_there_changes_nothing),
	    TEST(a_probe_only_asks),
	    TEST(doing_it_twice_does_no_harm),
	};

	if (snmp_log_listen() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
