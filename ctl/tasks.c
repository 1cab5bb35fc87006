/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tasks.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* An import has a message's worth of values on its stack. */
#define STACK_OCTETS (512 * 1024)
#define NEVER	     INT64_MAX

struct task {
	struct task *next;
	void *context;
	pthread_t thread;
	pthread_cond_t turn;
	int64_t wake_at;
	bool is_woken;
	bool is_resting;
	bool is_ended;
};

/* All of it is used by the one that has the lock. */
static struct {
	const struct tasks_plan *plan;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	size_t awake; /* tasks that run or are about to */
	struct task *first;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

static _Thread_local struct task *current;

int64_t task_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

struct task *task_self(void)
{
	return current;
}

/* ------------------------------------------------------------ in a task -- */

static void rest(void)
{
	if (--world.awake == 0)
		pthread_cond_signal(&world.idle);
}

void task_await(void)
{
	if (!current->is_woken) {
		current->is_resting = true;
		rest();
		while (!current->is_woken)
			pthread_cond_wait(&current->turn, &world.lock);
		/* Whoever woke it has counted it. */
		current->is_resting = false;
	}
	current->is_woken = false;
	current->wake_at = NEVER;
}

void task_wake(struct task *task)
{
	if (task->is_woken)
		return;
	task->is_woken = true;
	if (!task->is_resting)
		return;
	world.awake++;
	pthread_cond_signal(&task->turn);
}

void task_sleep(int milliseconds)
{
	int64_t end = task_now() + milliseconds;

	do {
		current->wake_at = end;
		task_await();
	} while (task_now() < end);
}

static void *run_task(void *argument)
{
	current = argument;
	pthread_mutex_lock(&world.lock);
	world.plan->run(current->context);
	current->is_ended = true;
	rest();
	pthread_mutex_unlock(&world.lock);
	return NULL;
}

/* -------------------------------------------------------- in the caller -- */

/* Signals are for the caller's thread, which waits for input. */
static bool start_thread(struct task *task)
{
	pthread_attr_t attributes;
	sigset_t all, kept;
	bool is_started;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setstacksize(&attributes, STACK_OCTETS);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &kept);
	is_started =
	    pthread_create(&task->thread, &attributes, run_task, task) == 0;
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	pthread_attr_destroy(&attributes);
	return is_started;
}

static bool start_task(void *context)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return false;
	task->context = context;
	task->wake_at = NEVER;
	pthread_cond_init(&task->turn, NULL);
	world.awake++;
	if (!start_thread(task)) {
		world.awake--;
		free(task);
		return false;
	}
	task->next = world.first;
	world.first = task;
	return true;
}

/* Frees the tasks that have ended; returns how many. */
static size_t collect(void)
{
	size_t count = 0;

	for (struct task **at = &world.first; *at;) {
		struct task *task = *at;

		if (!task->is_ended) {
			at = &task->next;
			continue;
		}
		*at = task->next;
		pthread_mutex_unlock(&world.lock);
		pthread_join(task->thread, NULL);
		pthread_mutex_lock(&world.lock);
		if (world.plan->ended)
			world.plan->ended(task->context);
		pthread_cond_destroy(&task->turn);
		free(task);
		count++;
	}
	return count;
}

static void wake_sleepers(void)
{
	int64_t now = task_now();

	for (struct task *task = world.first; task; task = task->next)
		if (task->wake_at <= now)
			task_wake(task);
}

/* Returns the milliseconds until the first sleeper wakes; -1: nobody sleeps. */
static int until_first(void)
{
	int64_t first = NEVER, now = task_now();

	for (struct task *task = world.first; task; task = task->next)
		if (task->wake_at < first)
			first = task->wake_at;
	if (first == NEVER)
		return -1;
	return first > now ? (int)(first - now) : 0;
}

bool tasks_run(const struct tasks_plan *plan)
{
	size_t started = 0, active = 0, limit = plan->at_once;
	bool is_good = true;

	pthread_mutex_lock(&world.lock);
	world.plan = plan;
	for (;;) {
		while (is_good && started < plan->count && active < limit) {
			is_good = start_task(plan->contexts[started]);
			started += is_good;
			active += is_good;
		}
		/* As many as the system allows. */
		if (!is_good && active > 0) {
			limit = active;
			is_good = true;
		}
		while (world.awake > 0)
			pthread_cond_wait(&world.idle, &world.lock);
		active -= collect();
		if (active == 0 && (started == plan->count || !is_good))
			break;
		if (active == 0 || world.awake > 0)
			continue;
		/* No task runs: none is disturbed by what this wakes. */
		plan->poll(until_first());
		wake_sleepers();
	}
	pthread_mutex_unlock(&world.lock);
	return is_good;
}
