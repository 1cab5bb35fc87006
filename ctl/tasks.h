/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that wait for each other's turn: many devices are spoken to at once, by
 * code that is written for one.  One task runs at a time, so that tasks need no
 * locks, and the library that they share need not know threads.  Knows no SNMP:
 * the caller's function waits for input when all tasks wait.
 */
#ifndef CTL_TASKS_H
#define CTL_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

/* Waits for input for so many milliseconds (-1: without limit), and wakes the
 * tasks that it is for.  A signal ends it early. */
typedef void (*tasks_poll_fn)(int milliseconds);

/*
 * Runs `run` for each context, at most `at_once` at a time, and returns when
 * all have returned.  `ended` is called in the caller's thread after each end;
 * it may be NULL.  Returns false if a task could not be made.
 */
struct tasks_plan {
	void (*run)(void *context);
	void (*ended)(void *context);
	void **contexts;
	size_t count;
	size_t at_once;
	tasks_poll_fn poll;
};
bool tasks_run(const struct tasks_plan *plan);

/* The task that runs. */
struct task *task_self(void);
/* Waits until another one wakes this task; returns at once if that has happened
 * already. */
void task_await(void);
void task_wake(struct task *task);
/* Lets the others run for that long. */
void task_sleep(int milliseconds);

/* Milliseconds of the monotonic clock. */
int64_t task_now(void);

#endif
