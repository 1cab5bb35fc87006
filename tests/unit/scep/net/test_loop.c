/* SPDX-License-Identifier: Apache-2.0 */
/* The real io: clocks, wake-ups, workers, fetches, and closing under load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/net/loop.h"
#include "tests/lib/deadline.h"
#include "tests/lib/server.h"

struct world {
	struct loop *loop;
	struct io *io;
	pthread_t thread; /* that runs the loop */
	int ticks;
	int ticks_wanted;
	bool is_stop_wanted;
	uint64_t again; /* ms after a tick; 0: no further wish */
	int works_done;
	int works_wanted;
	sem_t gate; /* where work waits */
	atomic_int works_run;
};

/* No test sets the clock of its machine: an event stands for the timer that
 * the kernel cancels then. */
static int clock_event = -1;
static int clock_arms;

int timerfd_create(clockid_t clock, int flags)
{
	(void)flags;
	assert_int_equal(clock, CLOCK_REALTIME);
	clock_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return clock_event;
}

int timerfd_settime(int timer, int flags, const struct itimerspec *when,
		    struct itimerspec *before)
{
	assert_int_equal(timer, clock_event);
	assert_int_equal(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
	assert_true(when->it_value.tv_sec > time(NULL) + 86400);
	assert_null(before);
	clock_arms++;
	return 0;
}

static void tick(void *context)
{
	struct world *world = context;

	world->ticks++;
	if (world->again > 0)
		world->io->ops->wake_at(world->io,
					world->io->ops->mono(world->io) +
					    world->again - 1);
	if (world->ticks == world->ticks_wanted)
		loop_stop(world->loop);
}

static int set_up(void **state)
{
	static struct scep_config config;
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	assert_non_null(world);
	/* Ends the test if something waits that should not. */
	alarm((unsigned)deadline_scaled(60));
	sem_init(&world->gate, 0, 0);
	world->thread = pthread_self();
	world->loop = loop_open(&config, tick, world);
	assert_non_null(world->loop);
	world->io = loop_io(world->loop);
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	loop_close(world->loop);
	sem_destroy(&world->gate);
	free(world);
	alarm(0);
	return 0;
}

static void the_clocks_are_the_systems(void **state)
{
	struct world *world = *state;
	struct timespec mono;
	time_t before = time(NULL);
	int64_t now = world->io->ops->now(world->io);
	uint64_t milliseconds = world->io->ops->mono(world->io);

	clock_gettime(CLOCK_MONOTONIC, &mono);
	assert_true(now >= before && now <= time(NULL));
	assert_true(milliseconds / 1000 <= (uint64_t)mono.tv_sec);
	assert_true(milliseconds / 1000 + 5 >= (uint64_t)mono.tv_sec);
}

static void a_wake_up_comes_when_due_and_not_within_the_call(void **state)
{
	struct world *world = *state;
	uint64_t start = world->io->ops->mono(world->io);

	world->ticks_wanted = 1;
	world->io->ops->wake_at(world->io, start + 50);
	assert_int_equal(world->ticks, 0);
	loop_run(world->loop);
	assert_int_equal(world->ticks, 1);
	assert_true(world->io->ops->mono(world->io) >= start + 50);
	assert_true(world->io->ops->mono(world->io) < start + 30000);
}

static void a_wish_in_the_past_is_due_at_once(void **state)
{
	struct world *world = *state;

	world->ticks_wanted = 1;
	world->io->ops->wake_at(world->io, 1);
	assert_int_equal(world->ticks, 0);
	loop_run(world->loop);
	assert_int_equal(world->ticks, 1);
}

static void a_clock_that_is_set_ticks_at_once_and_each_time(void **state)
{
	struct world *world = *state;

	for (int i = 1; i <= 3; i++) {
		clock_arms = 0;
		world->ticks_wanted = i;
		assert_int_equal(eventfd_write(clock_event, 1), 0);
		loop_run(world->loop);
		assert_int_equal(world->ticks, i);
		assert_int_equal(clock_arms, 1);
	}
}

static void on_late(uv_timer_t *timer)
{
	loop_stop(((struct world *)timer->data)->loop);
}

/* Runs the loop for that long. */
static void run_for(struct world *world, uint64_t milliseconds)
{
	uv_timer_t timer;

	uv_timer_init(loop_uv(world->loop), &timer);
	timer.data = world;
	uv_timer_start(&timer, on_late, milliseconds, 0);
	loop_run(world->loop);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop_uv(world->loop), UV_RUN_NOWAIT);
}

static void a_later_wish_replaces_the_earlier_one(void **state)
{
	struct world *world = *state;
	uint64_t now = world->io->ops->mono(world->io);

	world->io->ops->wake_at(world->io, now + 20);
	world->io->ops->wake_at(world->io, now + 40000);
	run_for(world, 100);
	assert_int_equal(world->ticks, 0);
	world->io->ops->wake_at(world->io, now + 20);
	world->io->ops->wake_at(world->io, 0);
	run_for(world, 100);
	assert_int_equal(world->ticks, 0);
}

static void a_tick_that_wishes_for_now_leaves_room_for_others(void **state)
{
	struct world *world = *state;

	world->again = 1;
	world->io->ops->wake_at(world->io, 1);
	run_for(world, 100);
	assert_true(world->ticks > 1);
}

/* ---------------------------------------------------------------- workers --
 */

struct job {
	struct world *world;
	pthread_t thread;
	int priority;
	bool has_run;
	bool waits; /* at the gate */
};

static void run(void *context)
{
	struct job *job = context;

	job->thread = pthread_self();
	job->priority = getpriority(PRIO_PROCESS, (id_t)gettid());
	atomic_fetch_add(&job->world->works_run, 1);
	if (job->waits)
		sem_wait(&job->world->gate);
	job->has_run = true;
}

static void done(void *context)
{
	struct job *job = context;
	struct world *world = job->world;

	assert_true(pthread_equal(pthread_self(), world->thread));
	world->works_done++;
	if (world->works_done == world->works_wanted)
		loop_stop(world->loop);
}

static void work_runs_elsewhere_and_ends_here(void **state)
{
	struct world *world = *state;
	struct job jobs[10] = {{0}};
	int own = getpriority(PRIO_PROCESS, (id_t)gettid());

	world->works_wanted = 10;
	for (int i = 0; i < 10; i++) {
		jobs[i].world = world;
		assert_true(
		    world->io->ops->work(world->io, run, done, &jobs[i]));
	}
	assert_int_equal(world->works_done, 0);
	loop_run(world->loop);
	assert_int_equal(world->works_done, 10);
	for (int i = 0; i < 10; i++) {
		assert_true(jobs[i].has_run);
		assert_false(pthread_equal(jobs[i].thread, world->thread));
		/* 19 is as nice as one can be. */
		assert_int_equal(jobs[i].priority, own > 10 ? own : 10);
	}
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), own);
}

struct opener {
	uv_idle_t idle;
	struct world *world;
};

static void open_gate(uv_handle_t *handle)
{
	struct opener *opener = handle->data;

	for (int i = 0; i < 100; i++)
		sem_post(&opener->world->gate);
}

static void closing_waits_for_running_work_and_drops_the_rest(void **state)
{
	struct world *world = *state;
	struct opener opener = {.world = world};
	struct job jobs[100] = {{0}};
	int runs = 0;

	for (int i = 0; i < 100; i++) {
		jobs[i].world = world;
		jobs[i].waits = true;
		assert_true(
		    world->io->ops->work(world->io, run, done, &jobs[i]));
	}
	while (atomic_load(&world->works_run) == 0)
		uv_run(loop_uv(world->loop), UV_RUN_NOWAIT);
	/* Its close callback comes once closing waits for what runs. */
	uv_idle_init(loop_uv(world->loop), &opener.idle);
	opener.idle.data = &opener;
	uv_close((uv_handle_t *)&opener.idle, open_gate);
	loop_close(world->loop);
	world->loop = NULL;
	assert_int_equal(world->works_done, 100);
	for (int i = 0; i < 100; i++)
		runs += jobs[i].has_run;
	assert_int_equal(runs, atomic_load(&world->works_run));
	assert_true(runs >= 1 && runs < 100);
}

static void ask_all(void *context)
{
	struct job *job = context;
	struct world *world = job->world;
	const struct fetch_request request = {
	    .url = "http://127.0.0.1:1/", .timeout = 10, .limit = 10};

	assert_false(world->io->ops->work(world->io, run, done, job));
	assert_null(world->io->ops->fetch(world->io, &request, NULL, NULL));
	world->io->ops->wake_at(world->io, 1);
	loop_stop(world->loop);
	world->works_done++;
}

static void while_closing_nothing_new_is_taken(void **state)
{
	struct world *world = *state;
	struct job job = {.world = world};

	assert_true(world->io->ops->work(world->io, run, ask_all, &job));
	loop_close(world->loop);
	world->loop = NULL;
	assert_int_equal(world->works_done, 1);
	assert_int_equal(world->ticks, 0);
}

/* ---------------------------------------------------------------- fetches --
 */

static const struct reply replies[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", REPLY_KEEP, 0},
    {NULL, REPLY_KEEP, 0}};

static void fetched(void *context, struct fetch_answer *answer,
		    const struct scep_error *error)
{
	struct world *world = context;

	assert_null(error);
	assert_int_equal(answer->http_status, 200);
	world->works_done++;
	loop_stop(world->loop);
}

static void a_fetch_ends_on_the_loop_and_a_cancelled_one_does_not(void **state)
{
	struct world *world = *state;
	struct server *server = server_open(replies);
	struct fetch_request request = {.timeout = 10, .limit = 10};
	struct fetch *fetch;
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server_port(server));
	request.url = url;
	fetch = world->io->ops->fetch(world->io, &request, fetched, world);
	assert_non_null(fetch);
	assert_int_equal(world->works_done, 0);
	loop_run(world->loop);
	assert_int_equal(world->works_done, 1);
	fetch = world->io->ops->fetch(world->io, &request, fetched, world);
	world->io->ops->fetch_cancel(world->io, fetch);
	/* One that gets no answer is ended by tear_down(). */
	fetch = world->io->ops->fetch(world->io, &request, fetched, world);
	run_for(world, 50);
	assert_non_null(fetch);
	assert_int_equal(world->works_done, 1);
	server_close(server);
}

static void a_stop_beforehand_ends_a_run_at_once(void **state)
{
	struct world *world = *state;

	loop_stop(world->loop);
	loop_run(world->loop);
	assert_int_equal(world->ticks, 0);
	/* And one that nobody runs after it does not disturb closing. */
	loop_stop(world->loop);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_WORLD(the_clocks_are_the_systems),
	    IN_WORLD(a_wake_up_comes_when_due_and_not_within_the_call),
	    IN_WORLD(a_wish_in_the_past_is_due_at_once),
	    IN_WORLD(a_clock_that_is_set_ticks_at_once_and_each_time),
	    IN_WORLD(a_later_wish_replaces_the_earlier_one),
	    IN_WORLD(a_tick_that_wishes_for_now_leaves_room_for_others),
	    IN_WORLD(work_runs_elsewhere_and_ends_here),
	    IN_WORLD(closing_waits_for_running_work_and_drops_the_rest),
	    IN_WORLD(while_closing_nothing_new_is_taken),
	    IN_WORLD(a_fetch_ends_on_the_loop_and_a_cancelled_one_does_not),
	    IN_WORLD(a_stop_beforehand_ends_a_run_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
