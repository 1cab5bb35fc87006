/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's part in giving keys to use locations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "scep/event.h"
#include "subagent/parent/command.h"
#include "subagent/parent/deployer.h"
#include "tests/lib/deadline.h"
#include "tests/lib/registry_files.h"

#define DEADLINE deadline_scaled(10000) /* ms: nothing here takes as long */

static const int nothing[] = {-1};

static struct message_deploy request_of(const char *use)
{
	struct message_deploy request;

	memset(&request, 0, sizeof(request));
	request.use_index = 7;
	strcpy(request.use_name, use);
	strcpy(request.key_name, "site");
	strcpy(request.file_id, ENTRY_ID);
	return request;
}

/* -------------------------------------------------------------- the process */

/* Does what the name of the location says. */
static void run(void *context, const struct message_deploy *request,
		struct scep_deploy_end *end)
{
	(void)context;
	if (strcmp(request->use_name, "hang") == 0)
		pause();
	if (strcmp(request->use_name, "die") == 0)
		raise(SIGKILL);
	end->is_good = strcmp(request->use_name, "bad") != 0;
	end->is_enabled = true;
	strcpy(end->text, request->use_name);
}

static bool await(struct deployer *deployer, struct scep_deploy_end *end)
{
	int64_t deadline = command_now() + DEADLINE;

	while (!deployer_poll(deployer, nothing, end)) {
		assert_true(command_now() < deadline);
		if (deployer->pid == 0 && !deployer->has_ended)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

static void an_end_comes_from_a_process_of_its_own(void **state)
{
	struct deployer deployer;
	struct message_deploy request = request_of("web");
	struct scep_deploy_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, DEADLINE);
	assert_false(deployer_poll(&deployer, nothing, &end));
	deployer_ask(&deployer, &request, nothing);
	assert_true(deployer.pid > 0);
	assert_true(await(&deployer, &end));
	assert_true(end.is_good);
	assert_int_equal(end.use_index, 7);
	assert_string_equal(end.text, "web");
	assert_false(deployer_poll(&deployer, nothing, &end));
}

static void a_process_that_dies_has_failed(void **state)
{
	struct deployer deployer;
	struct message_deploy request = request_of("die");
	struct scep_deploy_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, DEADLINE);
	deployer_ask(&deployer, &request, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
	assert_int_equal(end.use_index, 7);
	assert_string_equal(end.text, "it ended without a result");
}

static void a_process_that_takes_too_long_is_ended(void **state)
{
	struct deployer deployer;
	struct message_deploy request = request_of("hang");
	struct scep_deploy_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, 50);
	deployer_ask(&deployer, &request, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
	assert_string_equal(end.text, "it took too long and was ended: does a "
				      "file system or a command hang?");
	request.is_look = true;
	deployer_ask(&deployer, &request, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
	assert_true(end.is_look);
	assert_string_equal(end.text, "use location hang: looking at it took "
				      "too long: does a file system hang?");
}

static void what_a_new_worker_asks_waits_for_the_last_one(void **state)
{
	struct deployer deployer;
	struct message_deploy first = request_of("bad");
	struct message_deploy second = request_of("two");
	struct scep_deploy_end end;

	(void)state;
	deployer_init(&deployer, run, NULL, DEADLINE);
	deployer_ask(&deployer, &first, nothing);
	deployer_forget_worker(&deployer);
	deployer_ask(&deployer, &second, nothing);
	/* Nobody hears of the first. */
	assert_true(await(&deployer, &end));
	assert_string_equal(end.text, "two");
}

static void without_a_function_it_fails_and_says_so(void **state)
{
	struct deployer deployer;
	struct message_deploy request = request_of("web");
	struct scep_deploy_end end;

	(void)state;
	deployer_init(&deployer, NULL, NULL, DEADLINE);
	deployer_ask(&deployer, &request, nothing);
	assert_true(await(&deployer, &end));
	assert_false(end.is_good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_end_comes_from_a_process_of_its_own),
	    cmocka_unit_test(a_process_that_dies_has_failed),
	    cmocka_unit_test(a_process_that_takes_too_long_is_ended),
	    cmocka_unit_test(what_a_new_worker_asks_waits_for_the_last_one),
	    cmocka_unit_test(without_a_function_it_fails_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
