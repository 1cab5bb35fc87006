/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides when the timer of a profile sends a request (MIB, rules 8 and 10),
 * and when a request is tried again (rule 9).  Pure: takes the settings, the
 * memory of the timer and the time; returns what to do and the new memory.
 * Knows no clock, no store and no enrolment.
 *
 * A due time comes from the series (calendar.h).  With RenewBefore, it can come
 * from the notAfter of the certificate or from a failure, too; and always from
 * the end of a CA that has a successor.  Its jitter is drawn once, when it
 * becomes the next one, and remembered.  Due times of the series are handled in
 * their order: run, or skipped because they were missed.  What has run is never
 * due again: the memory has the latest due time that was carried out, while the
 * timer is disabled, too.  One in the future counts as now.
 *
 * A run is missed if the device was off or its clock jumped.  With Adjust, a
 * missed run waits for its jitter after it is found: after a power cut at a
 * site all of its devices find their missed runs in the same second.  It waits
 * once only, so that a device that is never on for long runs it, too.  A start
 * that a manager sets in the past is not missed and runs at once.
 */
#ifndef SCEP_SCHEDULE_SCHEDULE_H
#define SCEP_SCHEDULE_SCHEDULE_H

#include <stdbool.h>

#include "scep/codes.h"
#include "scep/timer.h"

/* -------------------------------------------------------------- polling -- */

/* Returns 32 random bits. */
typedef uint32_t schedule_draw_fn(void *context);

struct schedule_retry {
	bool is_again;	     /* in `wait` seconds */
	uint32_t wait;	     /* seconds */
	enum scep_code code; /* else: the Detail that it ends with */
};

/*
 * Returns what follows a failure with this code, after `polls` tries that the
 * polling rules have granted.  Short memory waits for a minute at most.
 */
struct schedule_retry schedule_after_failure(const struct scep_timer *timer,
					     enum scep_code code,
					     uint32_t polls);

/*
 * Returns the wait before a retry, after `polls` that have been granted.  The
 * first retry after an error comes at a random moment within the interval, so
 * that devices that failed in the same second do not come back together; from
 * then on each keeps to its interval.  A deferral always waits for the whole
 * interval: the server is well and has answered the devices one by one.
 */
uint32_t schedule_spread(const struct schedule_retry *retry, uint32_t polls,
			 schedule_draw_fn *draw, void *context);

/*
 * Returns the wait before a retry of a timer whose server has asked for `asked`
 * seconds (Retry-After).  Every device that the server refuses may have been
 * told the same moment, so that each comes at a random moment within an
 * interval after it, and never before it.
 */
uint32_t schedule_spread_asked(const struct scep_timer *timer, uint32_t asked,
			       schedule_draw_fn *draw, void *context);

/* ------------------------------------------------------------- planning -- */

/* scepAutoMissedPolicy */
enum schedule_missed { SCHEDULE_RUN_AT_ONCE = 1, SCHEDULE_SKIP = 2 };

/* The open request of the profile. */
enum schedule_request {
	SCHEDULE_NONE,
	SCHEDULE_OPEN, /* the timer sent it */
	SCHEDULE_HELD, /* the manager sent it: the timer begins none */
};

struct schedule_situation {
	const struct scep_timer *timer; /* settings only */
	struct scep_schedule memory;
	int64_t now;
	bool clock_is_sane;
	bool is_first;	   /* question since the program began */
	int64_t not_after; /* of the profile's certificate, or 0 */
	/* Of the CA that issued it, when the next one is known; else 0. */
	int64_t ca_ends;
	int64_t next_ca_begins;
	enum schedule_request request;
	schedule_draw_fn *draw;
	void *draw_context;
};

enum schedule_action {
	SCHEDULE_DISABLED,
	SCHEDULE_BUSY,	   /* come back when the request has ended */
	SCHEDULE_FINISHED, /* nothing is to come */
	SCHEDULE_WAIT,	   /* come back at `at`, or when something changes */
	SCHEDULE_RUN,
};

struct schedule_decision {
	enum schedule_action action;
	enum scep_trigger trigger;   /* of the run */
	int64_t due;		     /* without jitter; 0: not known yet */
	uint32_t jitter;	     /* scepAutoAdjustApplied */
	int64_t begin;		     /* due or found, with jitter; or 0 */
	int64_t at;		     /* WAIT: until when */
	struct scep_schedule memory; /* to be durable before acting */
};

/*
 * Returns what to do now.  The memory that it returns replaces the one given,
 * in one transaction with the request that SCHEDULE_RUN asks for.  If that
 * fails, nothing has happened, and the same question has the same answer.
 */
struct schedule_decision
schedule_plan(const struct schedule_situation *situation);

/* Notes that a request of the timer has ended. */
void schedule_note_end(struct scep_schedule *memory, int64_t now,
		       bool is_success);

/*
 * Changes the memory when a Set changes the settings from `before` to `after`.
 * Enabling and another start time begin anew: due times in the past, but after
 * the latest that was carried out, count as missed.  After other changes the
 * next run is planned anew, and no due time in the past appears.
 */
void schedule_change(struct scep_schedule *memory,
		     const struct scep_timer *before,
		     const struct scep_timer *after, int64_t now);

bool schedule_memory_is_same(const struct scep_schedule *a,
			     const struct scep_schedule *b);

#endif
