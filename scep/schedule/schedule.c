/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/schedule/schedule.h"

#include <string.h>

#include "scep/schedule/calendar.h"
#include "scep/base/error.h"

#define MINUTE INT64_C(60)
#define HOUR   INT64_C(3600)
#define DAY    INT64_C(86400)

/* Without RenewBefore, the certificates of a CA are renewed under the next one
 * so many days before the CA ends. */
#define ROLLOVER_DAYS 30

/* A planned run that is later than this was missed.  The engine looks at the
 * clock at least once a minute. */
#define GRACE (2 * MINUTE)

/* -------------------------------------------------------------- drawing -- */

/* Draws from 1..highest, all with the same chance: draws again above the last
 * multiple of `highest`, but not for ever if the source is broken. */
static uint32_t draw_up_to(uint32_t highest, schedule_draw_fn *draw,
			   void *context)
{
	uint32_t unfair = (UINT32_MAX % highest + 1) % highest;
	uint32_t bits = draw(context);

	for (int i = 0; i < 64 && bits > UINT32_MAX - unfair; i++)
		bits = draw(context);
	return bits % highest + 1;
}

/* -------------------------------------------------------------- polling -- */

struct schedule_retry schedule_after_failure(const struct scep_timer *timer,
					     enum scep_code code,
					     uint32_t polls)
{
	struct schedule_retry end = {.code = code};
	struct schedule_retry again = {
	    .is_again = true, .wait = timer->poll_interval, .code = code};

	if (!timer->poll || !error_is_polled(code))
		return end;
	if (polls < timer->poll_count)
		return again;
	/* The limit is reached only if the last answer was PENDING; a
	 * server out of reach ends with what was wrong. */
	if (code == SCEP_DEFERRED)
		end.code = SCEP_POLL_LIMIT;
	return end;
}

uint32_t schedule_spread(const struct schedule_retry *retry, uint32_t polls,
			 schedule_draw_fn *draw, void *context)
{
	if (retry->code == SCEP_DEFERRED || polls > 0 || retry->wait == 0)
		return retry->wait;
	return draw_up_to(retry->wait, draw, context);
}

uint32_t schedule_spread_asked(const struct scep_timer *timer, uint32_t asked,
			       schedule_draw_fn *draw, void *context)
{
	if (timer->poll_interval == 0)
		return asked;
	return asked + draw_up_to(timer->poll_interval, draw, context);
}

/* --------------------------------------------------------------- memory -- */

bool schedule_memory_is_same(const struct scep_schedule *a,
			     const struct scep_schedule *b)
{
	return a->last_run == b->last_run && a->handled == b->handled &&
	       a->planned_due == b->planned_due &&
	       a->planned_from == b->planned_from &&
	       a->last_try == b->last_try &&
	       a->planned_jitter == b->planned_jitter &&
	       a->planned_trigger == b->planned_trigger &&
	       a->last_failed == b->last_failed;
}

static void memory_withdraw(struct scep_schedule *memory)
{
	memory->planned_due = 0;
	memory->planned_from = 0;
	memory->planned_jitter = 0;
	memory->planned_trigger = 0;
}

static struct calendar_series series_of(const struct scep_timer *timer)
{
	return (struct calendar_series){
	    .start = timer->start_time,
	    .unit = (enum calendar_unit)timer->periodic_unit,
	    .interval = timer->periodic ? timer->periodic_interval : 0,
	};
}

/* Returns the last due time at or before `now`, or 0. */
static int64_t latest_due(const struct calendar_series *series, int64_t now)
{
	int64_t k = calendar_first_after(series, now);

	return k > 0 ? calendar_due(series, k - 1) : 0;
}

static int64_t next_due(const struct calendar_series *series, int64_t time)
{
	return calendar_due(series, calendar_first_after(series, time));
}

void schedule_change(struct scep_schedule *memory,
		     const struct scep_timer *before,
		     const struct scep_timer *after, int64_t now)
{
	struct calendar_series old = series_of(before);
	struct calendar_series new = series_of(after);
	bool has_come = memory->planned_due != 0 && memory->planned_due <= now;

	if (!after->enable || !before->enable || old.start != new.start) {
		memory_withdraw(memory);
		/* Skipped due times are judged anew. */
		memory->handled = memory->last_run > now ? now : 0;
		return;
	}
	/* A due time that has come and only waits for its jitter stays. */
	if (has_come)
		return;
	memory_withdraw(memory);
	if ((old.interval != new.interval || old.unit != new.unit) &&
	    latest_due(&new, now) > memory->handled)
		memory->handled = latest_due(&new, now);
}

/* ------------------------------------------------------------- planning -- */

/* A run that could be the next. */
struct candidate {
	int64_t due; /* CALENDAR_NEVER: there is none */
	enum scep_trigger trigger;
	bool is_at_once; /* whatever its jitter */
	bool is_held;	 /* not begun, although it may be due */
};

static const struct candidate nothing = {.due = CALENDAR_NEVER};

static bool is_planned(const struct scep_schedule *memory,
		       const struct candidate *candidate)
{
	return memory->planned_due == candidate->due &&
	       memory->planned_trigger == (uint32_t)candidate->trigger;
}

static bool is_of_series(uint32_t trigger)
{
	return trigger == SCEP_TRIGGER_TIMER ||
	       trigger == SCEP_TRIGGER_PERIODIC;
}

/* Returns when the planned run begins. */
static int64_t planned_begin(const struct scep_schedule *memory)
{
	return memory->planned_from + memory->planned_jitter;
}

/* Notes that the due times of the series until the last run are handled, unless
 * that lies in the future, or in the jitter of a run that is announced since
 * the clock was set back. */
static void memory_settle(struct scep_schedule *memory, int64_t now)
{
	bool is_announced = is_of_series(memory->planned_trigger) &&
			    memory->planned_due > memory->handled &&
			    memory->planned_due <= memory->last_run &&
			    memory->last_run <= planned_begin(memory);

	if (memory->last_run <= now && memory->last_run > memory->handled &&
	    !is_announced)
		memory->handled = memory->last_run;
}

/* Returns the first due time of the series that has not been handled.  A last
 * run in the future counts as now (memory_mend), but is not repeated. */
static int64_t first_unhandled(const struct schedule_situation *s,
			       const struct calendar_series *series)
{
	struct scep_schedule memory = s->memory;
	int64_t first;

	memory_settle(&memory, s->now);
	first = next_due(series, memory.handled);
	return first == memory.last_run ? next_due(series, first) : first;
}

/* Returns the last due time that has come, or 0; not the last run once more. */
static int64_t latest_unhandled(const struct schedule_situation *s,
				const struct calendar_series *series)
{
	int64_t last = latest_due(series, s->now);

	return last == s->memory.last_run ? latest_due(series, last - 1) : last;
}

/* Tells if `last`, the last due time that has come, was missed. */
static bool is_missed(const struct schedule_situation *s,
		      const struct candidate *last)
{
	const struct scep_schedule *memory = &s->memory;

	/* A planned run covers all due times that have come meanwhile. */
	if (memory->planned_due != 0 && memory->planned_due <= last->due &&
	    is_of_series(memory->planned_trigger))
		return s->now - planned_begin(memory) > GRACE;
	return last->due < s->now;
}

/* Tells if `last` is late although the device was on: a manager has set a start
 * in the past, or a request has lasted for periods. */
static bool is_late_by_itself(const struct schedule_situation *s,
			      const struct candidate *next,
			      const struct candidate *last)
{
	if (s->memory.planned_due != 0)
		return false;
	return last->due != next->due ||
	       (s->memory.handled == 0 && last->due < s->now);
}

static struct candidate candidate_of_series(struct schedule_situation *s)
{
	struct calendar_series series = series_of(s->timer);
	struct candidate next = {.due = first_unhandled(s, &series)};
	struct candidate last = {.due = latest_unhandled(s, &series)};

	next.trigger = next.due == series.start ? SCEP_TRIGGER_TIMER
						: SCEP_TRIGGER_PERIODIC;
	if (next.due > s->now)
		return next;
	/* One run covers all due times that have come; the first one counts. */
	last.trigger = next.trigger;
	last.is_at_once = is_late_by_itself(s, &next, &last);
	if (s->timer->missed_policy != SCHEDULE_SKIP || !is_missed(s, &last))
		return last;
	s->memory.handled = last.due;
	next.due = first_unhandled(s, &series);
	next.trigger = SCEP_TRIGGER_PERIODIC;
	return next;
}

static int64_t not_before_start(const struct schedule_situation *s, int64_t due)
{
	return due > s->timer->start_time ? due : s->timer->start_time;
}

/* Returns when the certificate is renewed.  If it was due already when it came,
 * it is renewed after half of its life, and not at once. */
static int64_t renewal_due(const struct schedule_situation *s, int64_t end,
			   int64_t due)
{
	const struct scep_schedule *memory = &s->memory;
	int64_t half = (end - memory->last_try) / 2;

	if (memory->last_try != 0 && due <= memory->last_try)
		due = memory->last_try + (half < HOUR ? DAY : half);
	return not_before_start(s, due);
}

/* RenewBefore of the certificate in hand. */
static struct candidate candidate_of_end(const struct schedule_situation *s)
{
	struct candidate renewal = {.trigger = SCEP_TRIGGER_RENEWAL};
	int64_t due = s->not_after - s->timer->renew_before * DAY;

	renewal.due = CALENDAR_NEVER;
	if (s->timer->renew_before != 0 && s->not_after != 0)
		renewal.due = renewal_due(s, s->not_after, due);
	return renewal;
}

/* A renewal under the next CA, once that is valid and before the old one ends.
 */
static struct candidate
candidate_of_rollover(const struct schedule_situation *s)
{
	struct candidate rollover = {.trigger = SCEP_TRIGGER_ROLLOVER};
	uint32_t days = s->timer->renew_before != 0 ? s->timer->renew_before
						    : ROLLOVER_DAYS;
	int64_t due = s->ca_ends - days * DAY;

	if (due < s->next_ca_begins)
		due = s->next_ca_begins;
	rollover.due = CALENDAR_NEVER;
	if (s->ca_ends != 0)
		rollover.due = renewal_due(s, s->ca_ends, due);
	return rollover;
}

static bool is_of_renewal(uint32_t trigger)
{
	return trigger == SCEP_TRIGGER_RENEWAL ||
	       trigger == SCEP_TRIGGER_ROLLOVER;
}

static struct candidate candidate_of_renewal(const struct schedule_situation *s)
{
	const struct scep_schedule *memory = &s->memory;
	struct candidate renewal = candidate_of_end(s),
			 rollover = candidate_of_rollover(s);

	if ((s->timer->renew_before == 0 && s->ca_ends == 0) ||
	    (s->not_after == 0 && !memory->last_failed))
		return nothing;
	if (rollover.due < renewal.due)
		renewal = rollover;
	if (!s->clock_is_sane) {
		/* An announced run stays, and does not begin. */
		renewal.is_held = true;
		renewal.due = CALENDAR_NEVER;
		if (is_of_renewal(memory->planned_trigger)) {
			renewal.due = memory->planned_due;
			renewal.trigger = memory->planned_trigger;
		}
	} else if (memory->last_failed) {
		renewal.due = not_before_start(s, memory->last_try + DAY);
	}
	return renewal;
}

/* Returns the longest jitter: at most half of the interval (rule 8). */
static uint32_t jitter_limit(const struct scep_timer *timer,
			     const struct candidate *candidate)
{
	struct calendar_series series = series_of(timer);
	int64_t half = is_of_renewal(candidate->trigger)
			   ? DAY / 2
			   : calendar_interval(&series) / 2;

	if (!timer->adjust)
		return 0;
	return half > 0 && half < timer->adjust_max ? (uint32_t)half
						    : timer->adjust_max;
}

/* Tells if the jitter of the planned run is good for the candidate, too: both
 * are the same run if more due times have come meanwhile. */
static bool is_drawn_for(const struct schedule_situation *s,
			 const struct candidate *candidate, uint32_t limit)
{
	const struct scep_schedule *memory = &s->memory;

	if (memory->planned_jitter > limit ||
	    (memory->planned_jitter != 0) != (limit != 0))
		return false;
	if (is_planned(memory, candidate))
		return true;
	return memory->planned_due != 0 && candidate->due <= s->now &&
	       memory->planned_due < candidate->due &&
	       is_of_series(memory->planned_trigger) &&
	       is_of_series(candidate->trigger);
}

/* Tells if the planned run should have begun, and is found late for the first
 * time. */
static bool is_found_late(const struct schedule_situation *s)
{
	const struct scep_schedule *memory = &s->memory;
	int64_t grace = s->is_first ? 0 : GRACE;

	return memory->planned_due != 0 &&
	       memory->planned_from <= memory->planned_due &&
	       planned_begin(memory) + grace < s->now;
}

/* Makes the candidate the planned run, and draws its jitter unless it is drawn.
 */
static void plan_announce(struct schedule_situation *s,
			  const struct candidate *candidate)
{
	struct scep_schedule *memory = &s->memory;
	uint32_t limit = jitter_limit(s->timer, candidate);
	bool has_come = candidate->due <= s->now;
	bool is_late = is_found_late(s);
	bool is_spread = memory->planned_from > memory->planned_due;

	/* The clock was set back. */
	if (is_spread && memory->planned_from > s->now)
		memory->planned_from = s->now;
	if (!is_drawn_for(s, candidate, limit))
		memory->planned_jitter =
		    limit == 0 ? 0
			       : draw_up_to(limit, s->draw, s->draw_context);
	else if (is_spread && memory->planned_due < candidate->due)
		return; /* It covers what has come meanwhile. */
	memory->planned_due = candidate->due;
	memory->planned_trigger = candidate->trigger;
	if (limit != 0 && has_come && is_late)
		memory->planned_from = s->now;
	else if (limit == 0 || !has_come || !is_spread)
		memory->planned_from = candidate->due;
}

/* Notes that a due time is carried out.  A run of any kind covers the due times
 * of the series until then. */
static void memory_note_run(struct scep_schedule *memory, int64_t due,
			    int64_t now)
{
	if (due > memory->last_run || memory->last_run > now)
		memory->last_run = due;
	if (due > memory->handled)
		memory->handled = due;
	/* Counts as failed until it has succeeded. */
	memory->last_try = now;
	memory->last_failed = true;
	memory_withdraw(memory);
}

static struct schedule_decision plan_run(struct schedule_situation *s,
					 const struct candidate *candidate)
{
	struct schedule_decision decision = {
	    .action = SCHEDULE_RUN,
	    .trigger = candidate->trigger,
	    .due = candidate->due,
	    .jitter = s->memory.planned_jitter,
	    .begin = s->now,
	    .at = s->now,
	};

	memory_note_run(&s->memory, candidate->due, s->now);
	decision.memory = s->memory;
	return decision;
}

static struct schedule_decision plan_wait(struct schedule_situation *s,
					  const struct candidate *candidate)
{
	struct schedule_decision decision;

	memory_settle(&s->memory, s->now);
	decision = (struct schedule_decision){
	    .action = SCHEDULE_WAIT,
	    .trigger = candidate->trigger,
	    .due = s->memory.planned_due,
	    .jitter = s->memory.planned_jitter,
	    .begin = planned_begin(&s->memory),
	    .memory = s->memory,
	};

	decision.at = decision.begin;
	if (decision.due == 0 || decision.at <= s->now)
		decision.at = s->now + MINUTE;
	return decision;
}

/* Waits, and begins as soon as the open request of the manager has ended. */
static struct schedule_decision plan_hold(const struct schedule_situation *s,
					  const struct candidate *candidate)
{
	return (struct schedule_decision){
	    .action = SCHEDULE_WAIT,
	    .trigger = candidate->trigger,
	    .due = candidate->due,
	    .begin = candidate->due,
	    .at = s->now + MINUTE,
	    .memory = s->memory,
	};
}

static struct schedule_decision plan_decide(struct schedule_situation *s,
					    const struct candidate *candidate)
{
	if (candidate->due == CALENDAR_NEVER) {
		memory_withdraw(&s->memory);
		memory_settle(&s->memory, s->now);
		if (!candidate->is_held || s->clock_is_sane)
			return (struct schedule_decision){
			    .action = SCHEDULE_FINISHED, .memory = s->memory};
		return plan_wait(s, candidate);
	}
	if (candidate->is_at_once && candidate->is_held)
		return plan_hold(s, candidate);
	if (!candidate->is_at_once)
		plan_announce(s, candidate);
	if (!candidate->is_held &&
	    (candidate->is_at_once || planned_begin(&s->memory) <= s->now))
		return plan_run(s, candidate);
	return plan_wait(s, candidate);
}

void schedule_note_end(struct scep_schedule *memory, int64_t now,
		       bool is_success)
{
	memory->last_try = now;
	memory->last_failed = !is_success;
}

static void memory_mend(struct schedule_situation *s)
{
	struct scep_schedule *memory = &s->memory;

	/* An older database does not have planned_from. */
	if (memory->planned_from < memory->planned_due)
		memory->planned_from = memory->planned_due;
	if (!s->clock_is_sane)
		return;
	/* The clock was set back: what was done in the future counts as done
	 * now (MIB, rule 10), and a day from now is late enough. */
	if (memory->handled > s->now ||
	    (memory->handled == 0 && memory->last_run > s->now))
		memory->handled = s->now;
	if (memory->last_try > s->now)
		memory->last_try = s->now;
}

struct schedule_decision
schedule_plan(const struct schedule_situation *situation)
{
	struct schedule_situation s = *situation;
	struct candidate series, renewal;

	if (!s.timer->enable) {
		memory_withdraw(&s.memory);
		return (struct schedule_decision){.action = SCHEDULE_DISABLED,
						  .memory = s.memory};
	}
	if (s.request == SCHEDULE_OPEN)
		return (struct schedule_decision){.action = SCHEDULE_BUSY,
						  .memory = s.memory};
	memory_mend(&s);
	series = candidate_of_series(&s);
	renewal = candidate_of_renewal(&s);
	if (s.request == SCHEDULE_HELD)
		series.is_held = renewal.is_held = true;
	if (series.due > s.now && renewal.due < series.due)
		return plan_decide(&s, &renewal);
	if (series.due == CALENDAR_NEVER)
		return plan_decide(&s, &renewal);
	return plan_decide(&s, &series);
}
