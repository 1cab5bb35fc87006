/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a front end has it: its own thread, its door, open and
 * close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scep/scep.h"
#include "scep/agent_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "tests/lib/deadline.h"

/* The least that a wait lasts before it is a failure, in ms. */
#define PATIENCE ((uint64_t)deadline_scaled(20000))

struct world {
	char folder[256];
	struct scep_config config;
	struct scep_engine *engine;
	struct scep_error error;
	struct scep_verdict verdict;
	uint64_t ticket;
	atomic_uint failures; /* events */
	atomic_bool is_gated; /* the end of a request holds the engine */
	atomic_bool is_held;
	sem_t gate;
};

static uint64_t mono(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_event(void *context, const struct scep_event *event)
{
	struct world *world = context;

	if (event->kind == SCEP_EVENT_REQUEST_FAILED)
		atomic_fetch_add(&world->failures, 1);
}

static void on_log(void *context, enum scep_log_level level, const char *line)
{
	struct world *world = context;

	(void)level;
	if (strstr(line, "TOP ERROR") == NULL ||
	    !atomic_exchange(&world->is_gated, false))
		return;
	world->is_held = true;
	sem_wait(&world->gate);
}

static enum scep_code try_open(struct world *world, struct scep_engine **engine)
{
	const struct scep_watcher watcher = {
	    .context = world, .event = on_event, .log = on_log};

	return scep_open(&world->config, &watcher, engine, &world->error);
}

static void open_engine(struct world *world)
{
	if (try_open(world, &world->engine) != SCEP_OK)
		fail_msg("%s", world->error.text);
}

static void close_engine(struct world *world)
{
	uint64_t begun = mono();

	scep_close(world->engine);
	world->engine = NULL;
	assert_true(mono() - begun < 2000);
}

static int setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct world *world = calloc(1, sizeof(*world));

	if (world == NULL)
		return -1;
	*state = world;
	snprintf(world->folder, sizeof(world->folder), "%s/engine.XXXXXX",
		 parent != NULL ? parent : "/tmp");
	if (mkdtemp(world->folder) == NULL)
		return -1;
	scep_config_init(&world->config);
	snprintf(world->config.state_directory,
		 sizeof(world->config.state_directory), "%s/state",
		 world->folder);
	world->config.allow_short_keys = true;
	open_engine(world);
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	char command[300];

	scep_close(world->engine);
	log_set_sink(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf '%s'", world->folder);
	if (system(command) != 0)
		return -1;
	free(world);
	return 0;
}

/* ----------------------------------------------------------------- Sets -- */

static void add_text(struct scep_change *change, enum scep_field field,
		     const char *text)
{
	struct scep_item item = {.field = field, .index = 1};

	item.value.length = (uint32_t)strlen(text);
	memcpy(item.value.octets, text, item.value.length);
	assert_true(scep_change_add(change, &item));
}

static void add_number(struct scep_change *change, enum scep_field field,
		       int64_t number)
{
	struct scep_item item = {.field = field, .index = 1};

	item.value.number = number;
	assert_true(scep_change_add(change, &item));
}

static enum scep_refusal set_txn(struct world *world,
				 struct scep_change *change)
{
	enum scep_refusal refusal = scep_change_apply(
	    world->engine, change, &world->ticket, &world->verdict);

	scep_change_free(change);
	return refusal;
}

static enum scep_refusal apply_name(struct world *world, const char *name)
{
	struct scep_change change;

	scep_change_init(&change);
	add_text(&change, SCEP_PROFILE_NAME, name);
	return set_txn(world, &change);
}

static enum scep_refusal check_name(struct world *world, const char *name)
{
	struct scep_change change;
	enum scep_refusal refusal;

	scep_change_init(&change);
	add_text(&change, SCEP_PROFILE_NAME, name);
	refusal = scep_change_check(world->engine, &change, &world->verdict);
	scep_change_free(&change);
	return refusal;
}

static void begin(struct world *world, int port, bool is_polled)
{
	struct scep_change change;
	char url[64];

	scep_change_init(&change);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/scep", port);
	add_text(&change, SCEP_SERVER_URL, url);
	add_text(&change, SCEP_REQUEST_KEY_NAME, "web");
	add_text(&change, SCEP_REQUEST_COMMON_NAME, "printer.example");
	add_number(&change, SCEP_AUTO_POLL, is_polled);
	add_number(&change, SCEP_REQUEST_ACTION, SCEP_ACTION_SEND);
	if (set_txn(world, &change) != SCEP_ACCEPTED)
		fail_msg("%s", world->verdict.reason);
	scep_change_confirm(world->engine, world->ticket);
}

/* A listening socket that nobody serves.  Its port is set. */
static int open_socket(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (void *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* A port at which nobody listens. */
static int dead_port(void)
{
	int port;

	close(open_socket(&port));
	return port;
}

/* -------------------------------------------------------------- looking -- */

static void assert_name(struct world *world, const char *name)
{
	const struct scep_view *view = scep_view_take(world->engine);
	const struct scep_profile *profile = scep_rows_find(&view->profiles, 1);

	assert_non_null(profile);
	assert_string_equal(profile->name, name);
	scep_view_release(view);
}

static bool status_is(struct world *world, uint32_t index,
		      enum scep_state state, enum scep_code detail)
{
	const struct scep_view *view = scep_view_take(world->engine);
	const struct scep_status *status =
	    scep_rows_find(&view->statuses, index);
	bool is_so = status != NULL && status->state == state &&
		     status->detail == detail;

	scep_view_release(view);
	return is_so;
}

static uint32_t key_limit(struct world *world)
{
	const struct scep_view *view = scep_view_take(world->engine);
	uint32_t limit = view->agent.key_limit;

	scep_view_release(view);
	return limit;
}

static void wait_for_key_limit(struct world *world, uint32_t limit)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	uint64_t end = mono() + PATIENCE;

	while (key_limit(world) != limit) {
		assert_true(mono() < end);
		nanosleep(&pause, NULL);
	}
}

static void wait_for_status(struct world *world, uint32_t index,
			    enum scep_state state, enum scep_code detail)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	uint64_t end = mono() + PATIENCE;

	while (!status_is(world, index, state, detail)) {
		assert_true(mono() < end);
		nanosleep(&pause, NULL);
	}
}

/* ---------------------------------------------------------------- tests -- */

static void an_applied_change_is_seen_at_once_and_kept(void **state)
{
	struct world *world = *state;

	assert_name(world, "");
	assert_int_equal(apply_name(world, "printer"), SCEP_ACCEPTED);
	assert_name(world, "printer");
	scep_change_confirm(world->engine, world->ticket);
	close_engine(world);
	open_engine(world);
	assert_name(world, "printer");
}

static void a_change_can_be_taken_back_and_twice_is_fine(void **state)
{
	struct world *world = *state;

	assert_int_equal(apply_name(world, "printer"), SCEP_ACCEPTED);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(scep_change_revert(world->engine,
						    world->ticket,
						    &world->verdict),
				 SCEP_ACCEPTED);
		assert_name(world, "");
	}
}

static void a_check_judges_without_changing(void **state)
{
	struct world *world = *state;
	struct scep_change change;

	scep_change_init(&change);
	add_text(&change, SCEP_PROFILE_NAME, "printer");
	assert_int_equal(
	    scep_change_check(world->engine, &change, &world->verdict),
	    SCEP_ACCEPTED);
	assert_name(world, "");
	add_number(&change, SCEP_REQUEST_ACTION, SCEP_ACTION_SEND);
	assert_int_equal(
	    scep_change_check(world->engine, &change, &world->verdict),
	    SCEP_INCONSISTENT_VALUE);
	assert_int_equal(world->verdict.item, 1);
	assert_int_equal(set_txn(world, &change), SCEP_INCONSISTENT_VALUE);
	assert_name(world, "");
}

static void a_second_instance_is_refused_and_says_why(void **state)
{
	struct world *world = *state;
	struct scep_engine *second = NULL;
	char pid[32];

	assert_int_equal(try_open(world, &second), SCEP_STORAGE_ERROR);
	assert_null(second);
	snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	assert_non_null(strstr(world->error.text, "another instance"));
	assert_non_null(strstr(world->error.text, pid));
	assert_int_equal(apply_name(world, "printer"), SCEP_ACCEPTED);
	close_engine(world);
	open_engine(world);
}

static void a_view_outlives_the_engine(void **state)
{
	struct world *world = *state;
	const struct scep_view *view;
	const struct scep_profile *profile;

	assert_int_equal(apply_name(world, "first"), SCEP_ACCEPTED);
	view = scep_view_take(world->engine);
	assert_int_equal(apply_name(world, "second"), SCEP_ACCEPTED);
	profile = scep_rows_find(&view->profiles, 1);
	assert_string_equal(profile->name, "first");
	close_engine(world);
	assert_string_equal(profile->name, "first");
	scep_view_release(view);
}

static void a_server_out_of_reach_ends_the_request(void **state)
{
	struct world *world = *state;

	begin(world, dead_port(), false);
	wait_for_status(world, 1, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
	close_engine(world);
	assert_int_equal(atomic_load(&world->failures), 1);
	open_engine(world);
	assert_true(status_is(world, 1, SCEP_STATE_ERROR, SCEP_COMM_ERROR));
}

static void close_keeps_a_request_that_waits(void **state)
{
	struct world *world = *state;

	begin(world, dead_port(), true);
	wait_for_status(world, 1, SCEP_STATE_PROCESSING, SCEP_COMM_ERROR);
	close_engine(world);
	open_engine(world);
	assert_true(
	    status_is(world, 1, SCEP_STATE_PROCESSING, SCEP_COMM_ERROR));
	assert_int_equal(atomic_load(&world->failures), 0);
}

static void close_comes_in_the_middle_of_an_exchange(void **state)
{
	struct world *world = *state;
	int port;
	int fd = open_socket(&port);
	int connection;

	begin(world, port, false);
	/* The engine has connected, and waits for an answer for ever. */
	connection = accept(fd, NULL, NULL);
	assert_true(connection >= 0);
	assert_true(status_is(world, 1, SCEP_STATE_PROCESSING, SCEP_NONE));
	close_engine(world);
	close(connection);
	close(fd);
	open_engine(world);
	assert_int_equal(atomic_load(&world->failures), 0);
	/* It goes on, and now there is nobody. */
	wait_for_status(world, 1, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
}

static void an_unconfirmed_send_is_kept_by_close(void **state)
{
	struct world *world = *state;
	struct scep_change change;

	scep_change_init(&change);
	add_text(&change, SCEP_SERVER_URL, "http://127.0.0.1:1/scep");
	add_text(&change, SCEP_REQUEST_KEY_NAME, "web");
	add_text(&change, SCEP_REQUEST_COMMON_NAME, "printer.example");
	add_number(&change, SCEP_REQUEST_ACTION, SCEP_ACTION_SEND);
	assert_int_equal(set_txn(world, &change), SCEP_ACCEPTED);
	assert_true(status_is(world, 1, SCEP_STATE_TO_BE_PROCESSED, SCEP_NONE));
	close_engine(world);
	open_engine(world);
	wait_for_status(world, 1, SCEP_STATE_ERROR, SCEP_COMM_ERROR);
}

struct reader {
	pthread_t thread;
	struct world *world;
	atomic_bool is_done;
	atomic_uint views;
};

static void *read_for_ever(void *context)
{
	struct reader *reader = context;

	while (!atomic_load(&reader->is_done)) {
		const struct scep_view *view =
		    scep_view_take(reader->world->engine);
		const struct scep_profile *profile =
		    scep_rows_find(&view->profiles, 1);

		/* Both are written by one change. */
		if (strcmp(profile->name, profile->server.ca_identifier) != 0)
			abort();
		atomic_fetch_add(&reader->views, 1);
		scep_view_release(view);
	}
	return NULL;
}

/* On a busy machine a thread may begin later than all changes are made. */
static void wait_for_reader(struct reader *reader)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	uint64_t end = mono() + PATIENCE;

	while (atomic_load(&reader->views) == 0) {
		assert_true(mono() < end);
		nanosleep(&pause, NULL);
	}
}

static void readers_see_each_change_whole(void **state)
{
	struct world *world = *state;
	struct reader readers[2] = {{.world = world}, {.world = world}};

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&readers[i].thread, NULL,
						read_for_ever, &readers[i]),
				 0);
	for (int i = 0; i < 2; i++)
		wait_for_reader(&readers[i]);
	for (int i = 0; i < 30; i++) {
		struct scep_change change;
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		scep_change_init(&change);
		add_text(&change, SCEP_PROFILE_NAME, text);
		add_text(&change, SCEP_SERVER_CA_IDENTIFIER, text);
		assert_int_equal(set_txn(world, &change), SCEP_ACCEPTED);
		scep_change_confirm(world->engine, world->ticket);
	}
	for (int i = 0; i < 2; i++) {
		atomic_store(&readers[i].is_done, true);
		pthread_join(readers[i].thread, NULL);
	}
}

static void a_configuration_can_be_read_again(void **state)
{
	struct world *world = *state;
	struct scep_config config = world->config;

	config.key_limit = 5;
	assert_int_equal(
	    scep_reconfigure(world->engine, &config, &world->error), SCEP_OK);
	assert_int_equal(key_limit(world), 5);
	strcpy(config.state_directory, "/elsewhere");
	assert_int_equal(
	    scep_reconfigure(world->engine, &config, &world->error),
	    SCEP_CONFIG_ERROR);
}

/* It changes rows, and a Set that is taken back must not undo that. */
static void a_new_configuration_waits_for_the_end_of_a_set(void **state)
{
	struct world *world = *state;
	struct scep_config config = world->config;

	assert_int_equal(apply_name(world, "printer"), SCEP_ACCEPTED);
	config.key_limit = 5;
	assert_int_equal(
	    scep_reconfigure(world->engine, &config, &world->error), SCEP_OK);
	assert_int_equal(key_limit(world), world->config.key_limit);
	assert_int_equal(
	    scep_change_revert(world->engine, world->ticket, &world->verdict),
	    SCEP_ACCEPTED);
	wait_for_key_limit(world, 5);
}

static void a_set_does_not_wait_for_an_engine_that_is_held(void **state)
{
	struct world *world = *state;

	assert_int_equal(apply_name(world, "before"), SCEP_ACCEPTED);
	assert_true(scep_is_responsive(world->engine));
	sem_init(&world->gate, 0, 0);
	world->is_gated = true;
	begin(world, dead_port(), false);
	while (!world->is_held)
		sched_yield();
	assert_int_equal(check_name(world, "lost"), SCEP_RESOURCE_UNAVAILABLE);
	assert_non_null(strstr(world->verdict.reason, "does not respond"));
	assert_int_equal(apply_name(world, "lost"), SCEP_RESOURCE_UNAVAILABLE);
	assert_non_null(strstr(world->verdict.reason, "does not respond"));
	/* The first call may still see an answer from before; it asks anew. */
	scep_is_responsive(world->engine);
	assert_false(scep_is_responsive(world->engine));
	sem_post(&world->gate);
	assert_name(world, "before");
	assert_int_equal(check_name(world, "after"), SCEP_ACCEPTED);
	assert_int_equal(apply_name(world, "after"), SCEP_ACCEPTED);
	scep_change_confirm(world->engine, world->ticket);
	assert_name(world, "after");
	assert_true(scep_is_responsive(world->engine));
	sem_destroy(&world->gate);
}

static void a_folder_that_is_open_to_others_is_not_used(void **state)
{
	struct world *world = *state;
	const struct scep_view *view;

	assert_int_equal(apply_name(world, "printer"), SCEP_ACCEPTED);
	close_engine(world);
	assert_int_equal(chmod(world->config.state_directory, 0755), 0);
	open_engine(world);
	view = scep_view_take(world->engine);
	assert_int_equal(view->agent.health, SCEP_HEALTH_CRITICAL);
	scep_view_release(view);
	assert_name(world, "");
	assert_int_equal(apply_name(world, "other"), SCEP_COMMIT_FAILED);
	assert_name(world, "");
	close_engine(world);
	assert_int_equal(chmod(world->config.state_directory, 0700), 0);
	open_engine(world);
	assert_name(world, "printer");
}

static void closing_nothing_is_fine(void **state)
{
	(void)state;
	scep_close(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(an_applied_change_is_seen_at_once_and_kept),
	    TEST(a_change_can_be_taken_back_and_twice_is_fine),
	    TEST(a_check_judges_without_changing),
	    TEST(a_second_instance_is_refused_and_says_why),
	    TEST(a_view_outlives_the_engine),
	    TEST(a_server_out_of_reach_ends_the_request),
	    TEST(close_keeps_a_request_that_waits),
	    TEST(close_comes_in_the_middle_of_an_exchange),
	    TEST(an_unconfirmed_send_is_kept_by_close),
	    TEST(readers_see_each_change_whole),
	    TEST(a_configuration_can_be_read_again),
	    TEST(a_new_configuration_waits_for_the_end_of_a_set),
	    TEST(a_set_does_not_wait_for_an_engine_that_is_held),
	    TEST(a_folder_that_is_open_to_others_is_not_used),
	    TEST(closing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
