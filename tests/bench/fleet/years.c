/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows five years of a fleet: the real schedule code (scep/schedule) of many
 * devices that were enrolled by the same timer, with RenewBefore and one
 * lifetime of all certificates.  For an hour over the third renewal the server
 * is down, and what stands before it answers 503, with a Retry-After that names
 * the end of the outage, with one of two minutes, or not at all.
 *
 *   years [-n DEVICES] [-p] [-t]
 *
 * Prints a table for 1,000 to 1,000,000 devices, or for so many; with -p, the
 * plot of the renewals; with -t, claims for the suite.  A request is one
 * message; the server serves all that come while it is up.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/timer.h"
#include "scep/schedule/calendar.h"
#include "scep/schedule/schedule.h"

#define MINUTE	 INT64_C(60)
#define HOUR	 INT64_C(3600)
#define DAY	 INT64_C(86400)
#define BEGIN	 INT64_C(1717243200) /* 1 June 2024, 12:00 UTC */
#define LIFETIME (365 * DAY)
#define BEFORE	 30 /* days: RenewBefore */
#define PERIOD	 (LIFETIME - BEFORE * DAY)
#define RENEWALS 7 /* with the enrolment; five years and a half */
#define WINDOW	 (8 * HOUR)
#define BROKEN	 3 /* the renewal with the outage */
/* Everybody has come by then, and nobody is late by more than the outage. */
#define DOWN	 (BEGIN + BROKEN * PERIOD)
#define UP	 (DOWN + HOUR)
#define INTERVAL 300
#define BIN	 (2 * MINUTE)
#define SMOOTH	 10 /* seconds; few devices differ by chance */

enum header { HEADER_NONE, HEADER_FIXED, HEADER_DATE };

struct scenario {
	const char *name;
	enum header header;
	bool is_spread; /* as the program does */
};

static const struct scenario scenarios[] = {
    {"no Retry-After", HEADER_NONE, true},
    {"Retry-After: 120", HEADER_FIXED, true},
    {"Retry-After: date, not spread", HEADER_DATE, false},
    {"Retry-After: date", HEADER_DATE, true},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

enum stage { STAGE_PLAN, STAGE_SEND };

struct one {
	struct scep_schedule memory;
	int64_t not_after;
	uint32_t polls;
	uint8_t renewal; /* that it is at */
	uint8_t stage;
};

struct event {
	int64_t when;
	uint32_t device;
};

/* Counts what the server saw of one renewal. */
struct renewal {
	uint32_t load[WINDOW];
	int64_t first, last;
	double sum, squares; /* of the moments of success */
	uint64_t served, late;
};

struct fleet {
	const struct scenario *scenario;
	struct scep_timer timer;
	uint32_t count;
	uint64_t seed, failed, early;
	struct one *devices;
	struct event *heap;
	uint32_t waiting;
	struct renewal renewals[RENEWALS];
};

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL) {
		fprintf(stderr, "years: memory is short\n");
		exit(1);
	}
	return memory;
}

static uint32_t draw(void *context)
{
	struct fleet *fleet = context;

	fleet->seed = fleet->seed * UINT64_C(6364136223846793005) +
		      UINT64_C(1442695040888963407);
	return (uint32_t)(fleet->seed >> 32);
}

/* -------------------------------------------------------------- the heap -- */

static void heap_put(struct fleet *fleet, struct event event)
{
	uint32_t at = fleet->waiting++;

	while (at > 0 && fleet->heap[(at - 1) / 2].when > event.when) {
		fleet->heap[at] = fleet->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	fleet->heap[at] = event;
}

static struct event heap_take(struct fleet *fleet)
{
	struct event first = fleet->heap[0];
	struct event last = fleet->heap[--fleet->waiting];
	uint32_t at = 0, child = 1;

	while (child < fleet->waiting) {
		if (child + 1 < fleet->waiting &&
		    fleet->heap[child + 1].when < fleet->heap[child].when)
			child++;
		if (fleet->heap[child].when >= last.when)
			break;
		fleet->heap[at] = fleet->heap[child];
		at = child;
		child = 2 * at + 1;
	}
	fleet->heap[at] = last;
	return first;
}

/* ----------------------------------------------------------- the devices -- */

static void note(struct fleet *fleet, struct one *one, int64_t when,
		 enum stage stage)
{
	one->stage = (uint8_t)stage;
	heap_put(fleet, (struct event){when, (uint32_t)(one - fleet->devices)});
}

static void plan(struct fleet *fleet, struct one *one, int64_t now)
{
	struct schedule_situation situation = {
	    .timer = &fleet->timer,
	    .memory = one->memory,
	    .now = now,
	    .clock_is_sane = true,
	    .not_after = one->not_after,
	    .draw = draw,
	    .draw_context = fleet,
	};
	struct schedule_decision decision;

	if (one->renewal == RENEWALS)
		return;
	decision = schedule_plan(&situation);
	one->memory = decision.memory;
	if (decision.action == SCHEDULE_RUN) {
		one->polls = 0;
		note(fleet, one, now, STAGE_SEND);
	} else if (decision.action == SCHEDULE_WAIT) {
		note(fleet, one, decision.at, STAGE_PLAN);
	}
}

/* Notes a message.  One that came far too late counts as late. */
static void count_load(struct fleet *fleet, const struct one *one, int64_t now)
{
	struct renewal *renewal = &fleet->renewals[one->renewal];
	int64_t second = now - BEGIN - one->renewal * PERIOD;

	if (second >= 0 && second < WINDOW)
		renewal->load[second]++;
	else
		renewal->late++;
}

static void succeed(struct fleet *fleet, struct one *one, int64_t now)
{
	struct renewal *renewal = &fleet->renewals[one->renewal];
	double second = (double)(now - BEGIN - one->renewal * PERIOD);

	if (renewal->served == 0 || now < renewal->first)
		renewal->first = now;
	if (now > renewal->last)
		renewal->last = now;
	renewal->served++;
	renewal->sum += second;
	renewal->squares += second * second;
	one->renewal++;
	one->not_after = now + LIFETIME;
	schedule_note_end(&one->memory, now, true);
	plan(fleet, one, now);
}

/* Does with a 503 what transitions.c does. */
static uint32_t wait_after(struct fleet *fleet, const struct one *one,
			   const struct schedule_retry *retry, int64_t now)
{
	uint32_t asked = 0;

	if (fleet->scenario->header == HEADER_FIXED)
		asked = 120;
	else if (fleet->scenario->header == HEADER_DATE)
		asked = (uint32_t)(UP - now);
	if (asked == 0)
		return schedule_spread(retry, one->polls, draw, fleet);
	return fleet->scenario->is_spread
		   ? schedule_spread_asked(&fleet->timer, asked, draw, fleet)
		   : asked;
}

static void send_message(struct fleet *fleet, struct one *one, int64_t now)
{
	struct schedule_retry retry;

	count_load(fleet, one, now);
	if (now < DOWN || now >= UP) {
		succeed(fleet, one, now);
		return;
	}
	retry =
	    schedule_after_failure(&fleet->timer, SCEP_HTTP_ERROR, one->polls);
	if (!retry.is_again) {
		fleet->failed++;
		schedule_note_end(&one->memory, now, false);
		plan(fleet, one, now);
		return;
	}
	retry.wait = wait_after(fleet, one, &retry, now);
	one->polls++;
	note(fleet, one, now + retry.wait, STAGE_SEND);
}

static void live(struct fleet *fleet, const struct scenario *scenario,
		 uint32_t count)
{
	memset(fleet, 0, sizeof(*fleet));
	fleet->scenario = scenario;
	fleet->count = count;
	fleet->seed = 4;
	fleet->timer = (struct scep_timer){
	    .enable = true,
	    .start_time = BEGIN,
	    .adjust = true,
	    .adjust_max = 600,
	    .poll = true,
	    .poll_count = 30,
	    .poll_interval = INTERVAL,
	    .renew_before = BEFORE,
	    .missed_policy = SCHEDULE_RUN_AT_ONCE,
	};
	fleet->devices = allocate(count, sizeof(*fleet->devices));
	fleet->heap = allocate(count, sizeof(*fleet->heap));
	for (uint32_t i = 0; i < count; i++)
		plan(fleet, &fleet->devices[i], BEGIN - MINUTE);
	while (fleet->waiting > 0) {
		struct event event = heap_take(fleet);
		struct one *one = &fleet->devices[event.device];

		if (one->stage == STAGE_PLAN)
			plan(fleet, one, event.when);
		else
			send_message(fleet, one, event.when);
	}
	free(fleet->heap);
	free(fleet->devices);
}

/* ------------------------------------------------------------ the figures --
 */

/* Returns the highest load from a second on, as a mean of so many seconds. */
static double peak(const struct renewal *renewal, int64_t from, int64_t width)
{
	uint64_t sum = 0, most = 0;

	for (int64_t second = from; second < WINDOW; second++) {
		sum += renewal->load[second];
		if (second - from >= width)
			sum -= renewal->load[second - width];
		if (sum > most)
			most = sum;
	}
	return (double)most / (double)width;
}

/* The devices that were refused come within one interval, at best evenly. */
static double ideal(const struct fleet *fleet)
{
	return (double)fleet->count / INTERVAL;
}

/* The messages of the fullest second of an interval that are still chance: one
 * interval in a thousand has more, if each device chooses its second at random
 * (Poisson). */
static double chance(const struct fleet *fleet)
{
	double mean = ideal(fleet), tail = 1;
	unsigned int count = 0;

	while (tail * INTERVAL > 0.001) {
		tail -= exp(count * log(mean) - mean - lgamma(count + 1.0));
		count++;
	}
	return count - 1;
}

/* Bounds the load of each second: twice the ideal, or chance, which is more
 * for few devices. */
static double bound(const struct fleet *fleet)
{
	return fmax(2 * ideal(fleet), chance(fleet));
}

static double deviation(const struct renewal *renewal)
{
	double mean = renewal->sum / (double)renewal->served;

	return sqrt(renewal->squares / (double)renewal->served - mean * mean);
}

static int64_t width(const struct renewal *renewal)
{
	return renewal->last - renewal->first;
}

static void print_row(const struct fleet *fleet, double seconds)
{
	const struct renewal *broken = &fleet->renewals[BROKEN];
	struct rusage usage;
	double most = peak(broken, HOUR, 1), mean = peak(broken, HOUR, SMOOTH);

	getrusage(RUSAGE_SELF, &usage);
	printf(
	    "| %7u | %-29s | %8.1f | %7.0f | %8.0f | %8.1f | %6.2f | %6" PRIu64
	    " | %5" PRId64 " | %5.1f | %6ld |\n",
	    fleet->count, fleet->scenario->name, ideal(fleet), bound(fleet),
	    most, mean, mean / ideal(fleet), fleet->failed,
	    (broken->last - UP) / MINUTE, seconds, usage.ru_maxrss / 1024);
	fflush(stdout);
}

static void print_table(uint32_t only)
{
	static struct fleet fleet;

	printf("| devices | while it is down              | ideal/s  | bound/s "
	       "| peak/s   | peak 10s | ratio  | failed | last  |    s  |   MB "
	       "  |\n"
	       "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
	for (uint32_t count = 1000; count <= 1000000; count *= 10) {
		for (size_t i = 0; i < SCENARIOS; i++) {
			clock_t began = clock();

			live(&fleet, &scenarios[i], only ? only : count);
			print_row(&fleet,
				  (double)(clock() - began) / CLOCKS_PER_SEC);
		}
		if (only)
			return;
	}
}

static void print_plot(uint32_t count)
{
	static struct fleet fleet;
	const char *const bar = "########################################"
				"########################################";

	live(&fleet, &scenarios[SCENARIOS - 1], count);
	printf("%u devices, enrolled by one timer; a line is two minutes, a # "
	       "is %u messages.\n",
	       count, count / 100);
	for (int i = 0; i < RENEWALS; i++) {
		const struct renewal *renewal = &fleet.renewals[i];

		printf("\nyear %.1f: within %" PRId64
		       " s, deviation %.0f s%s\n",
		       (double)(i * PERIOD) / (double)(365 * DAY),
		       width(renewal), deviation(renewal),
		       i == BROKEN ? "; the server is down for an hour" : "");
		for (int64_t bin = 0; bin < WINDOW; bin += BIN) {
			uint64_t sum = 0;

			for (int64_t s = bin; s < bin + BIN; s++)
				sum += renewal->load[s];
			if (sum > 0)
				printf("%4" PRId64 " min %.*s%s\n",
				       bin / MINUTE, (int)(sum * 100 / count),
				       bar, sum * 100 / count == 0 ? "." : "");
		}
	}
}

/* ----------------------------------------------------------- the claims -- */

static int claims;

static int claim(bool holds, const char *words)
{
	printf("%s %d - %s\n", holds ? "ok" : "not ok", ++claims, words);
	return holds ? 0 : 1;
}

/* A small fleet, too. */
static int test_bound(uint32_t count)
{
	static struct fleet fleet;
	bool is_even = true;

	for (size_t i = 0; i < SCENARIOS; i++) {
		live(&fleet, &scenarios[i], count);
		if (scenarios[i].is_spread)
			is_even = is_even && peak(&fleet.renewals[BROKEN], HOUR,
						  1) <= bound(&fleet);
	}
	return claim(is_even, "no second of few devices has more than twice "
			      "the ideal load or chance");
}

static int test(uint32_t count)
{
	static struct fleet fleet;
	int failures = test_bound(1000);

	for (size_t i = 0; i < SCENARIOS; i++) {
		bool is_even, is_whole = true;

		live(&fleet, &scenarios[i], count);
		is_even =
		    peak(&fleet.renewals[BROKEN], HOUR, 1) <= 2 * ideal(&fleet);
		for (int k = 0; k < RENEWALS; k++)
			is_whole = is_whole && fleet.renewals[k].late == 0 &&
				   fleet.renewals[k].served == count;
		failures += claim(
		    is_even == scenarios[i].is_spread,
		    scenarios[i].is_spread
			? "no second after an outage has twice the ideal load"
			: "without the spread, a second has more than that");
		failures += claim(is_whole && fleet.failed == 0,
				  "every device renews, and none is late");
	}
	/* An outage brings them together, within an interval. */
	for (int k = 1; k < RENEWALS; k++)
		if (k != BROKEN)
			failures +=
			    claim(deviation(&fleet.renewals[k]) >
				      deviation(&fleet.renewals[k - 1]),
				  "the devices drift apart with each renewal");
	printf("1..%d\n", claims);
	return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	uint32_t count = 0;
	bool is_plot = false, is_test = false;
	int option;

	while ((option = getopt(argc, argv, "n:pt")) != -1) {
		if (option == 'n')
			count = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			is_plot = true;
		else if (option == 't')
			is_test = true;
		else
			return 2;
	}
	setenv("TZ", "UTC0", 1);
	tzset();
	if (is_test)
		return test(count ? count : 20000);
	if (is_plot)
		print_plot(count ? count : 100000);
	else
		print_table(count);
	return 0;
}
