/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows what a fleet does to its server: the real schedule code
 * (scep/schedule/schedule.c) of many devices under one virtual clock.  All have
 * the same start time and send a request every day for three days; the server
 * serves so many a second, and keeps as many waiting as it can serve within the
 * client's timeout.  For an hour over the second due time either the server is
 * down (it resets what it has in hand and then refuses connections), or the
 * power is cut at the devices.  Prints tables; with -c, writes requests per
 * second for plot.py.
 *
 *   fleet [-n DEVICES] [-r RATE] [-i POLL-INTERVAL] [-c FILE.csv]
 *
 * It knows no protocol: a request is one message.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scep/codes.h"
#include "scep/timer.h"
#include "scep/schedule/calendar.h"
#include "scep/schedule/schedule.h"

#define MINUTE	  INT64_C(60)
#define HOUR	  INT64_C(3600)
#define DAY	  INT64_C(86400)
#define DAYS	  3
#define DUE	  INT64_C(1717243200) /* 1 June 2024, 12:00 UTC */
#define BEGIN	  (DUE - HOUR)
#define SECONDS	  (DAYS * DAY)
#define DOWN	  (DUE + DAY - 10 * MINUTE)
#define UP	  (DOWN + HOUR)
#define TIMEOUT	  30
#define NOBODY	  UINT32_MAX
#define BIN	  10 /* seconds of a row of the CSV file */
#define DEFERRALS 3  /* until a request is granted */

enum retry_kind { RETRY_NONE, RETRY_FIXED, RETRY_SPREAD };

enum fault {
	FAULT_SERVER,	 /* it is down for the hour */
	FAULT_POWER,	 /* the devices are off, and on again together */
	FAULT_POWER_OLD, /* so, and they begin at once what they have missed */
};

struct scenario {
	const char *name;
	bool adjust;
	enum retry_kind retry;
	bool is_deferring; /* the first answers are PENDING */
	enum fault fault;
};

/* Three to a row of the plot. */
static const struct scenario scenarios[] = {
    {"no Adjust, no Poll", false, RETRY_NONE, false, FAULT_SERVER},
    {"no Adjust, Poll fixed", false, RETRY_FIXED, false, FAULT_SERVER},
    {"no Adjust, Poll spread", false, RETRY_SPREAD, false, FAULT_SERVER},
    {"Adjust, no Poll", true, RETRY_NONE, false, FAULT_SERVER},
    {"Adjust, Poll fixed", true, RETRY_FIXED, false, FAULT_SERVER},
    {"Adjust, Poll spread", true, RETRY_SPREAD, false, FAULT_SERVER},
    {"no Adjust, deferred, spread", false, RETRY_SPREAD, true, FAULT_SERVER},
    {"Adjust, deferred, fixed", true, RETRY_FIXED, true, FAULT_SERVER},
    {"Adjust, deferred, spread", true, RETRY_SPREAD, true, FAULT_SERVER},
    {"cut, no Adjust", false, RETRY_SPREAD, false, FAULT_POWER},
    {"cut, Adjust, at once", true, RETRY_SPREAD, false, FAULT_POWER_OLD},
    {"cut, Adjust, spread", true, RETRY_SPREAD, false, FAULT_POWER},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

enum stage { STAGE_PLAN, STAGE_BOOT, STAGE_SEND, STAGE_ANSWER };

struct one {
	struct scep_schedule memory;
	uint32_t next; /* in the same second */
	uint32_t polls;
	uint8_t deferrals;
	uint8_t stage;	/* what happens at its next event */
	uint8_t answer; /* enum scep_code, at STAGE_ANSWER */
};

struct day {
	uint64_t begun, served, failed;
	int64_t last_served; /* after the due time */
};

struct fleet {
	const struct scenario *scenario;
	struct scep_timer timer;
	uint32_t count;
	uint32_t rate;
	uint64_t seed;
	struct one *devices;
	uint32_t *agenda;    /* for each second, the first of a list */
	uint32_t *load;	     /* for each second, requests that came */
	uint64_t served_end; /* when its queue is empty, in 1/rate s */
	struct day days[DAYS];
};

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL) {
		fprintf(stderr, "fleet: memory is short\n");
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

static struct day *day_of(struct fleet *fleet, int64_t now)
{
	int64_t day = (now - BEGIN) / DAY;

	return &fleet->days[day < DAYS ? day : DAYS - 1];
}

/* Has something happen to a device at a time to come. */
static void note(struct fleet *fleet, struct one *one, int64_t when,
		 enum stage stage)
{
	uint32_t *first;

	if (when >= BEGIN + SECONDS)
		return;
	first = &fleet->agenda[when - BEGIN];
	one->stage = (uint8_t)stage;
	one->next = *first;
	*first = (uint32_t)(one - fleet->devices);
}

static void plan(struct fleet *fleet, struct one *one, int64_t now,
		 bool is_first)
{
	struct schedule_situation situation = {
	    .timer = &fleet->timer,
	    .memory = one->memory,
	    .now = now,
	    .clock_is_sane = true,
	    .is_first = is_first,
	    .draw = draw,
	    .draw_context = fleet,
	};
	struct schedule_decision decision = schedule_plan(&situation);

	one->memory = decision.memory;
	switch (decision.action) {
	case SCHEDULE_RUN:
		one->polls = 0;
		one->deferrals = 0;
		day_of(fleet, now)->begun++;
		/* It comes back to this second's list. */
		note(fleet, one, now, STAGE_SEND);
		break;
	case SCHEDULE_WAIT:
		note(fleet, one, decision.at, STAGE_PLAN);
		break;
	case SCHEDULE_DISABLED:
	case SCHEDULE_BUSY:
	case SCHEDULE_FINISHED:
		break;
	}
}

static void answer(struct fleet *fleet, struct one *one, int64_t when,
		   enum scep_code code)
{
	one->answer = (uint8_t)code;
	note(fleet, one, when, STAGE_ANSWER);
}

/* The server takes a request, or does not. */
static void serve(struct fleet *fleet, struct one *one, int64_t now)
{
	uint64_t here = (uint64_t)(now - BEGIN) * fleet->rate;
	bool is_deferred =
	    fleet->scenario->is_deferring && one->deferrals < DEFERRALS;
	int64_t done;

	fleet->load[now - BEGIN]++;
	if (fleet->scenario->fault == FAULT_SERVER && now >= DOWN && now < UP) {
		answer(fleet, one, now + 1, SCEP_COMM_ERROR);
		return;
	}
	if (fleet->served_end < here)
		fleet->served_end = here;
	if (fleet->served_end - here >= (uint64_t)TIMEOUT * fleet->rate) {
		answer(fleet, one, now + TIMEOUT, SCEP_COMM_ERROR);
		return;
	}
	fleet->served_end++;
	one->deferrals += is_deferred;
	done = BEGIN + 1 + (int64_t)(fleet->served_end / fleet->rate);
	if (fleet->scenario->fault == FAULT_SERVER && now < DOWN && done > DOWN)
		answer(fleet, one, DOWN, SCEP_COMM_ERROR);
	else
		answer(fleet, one, done, is_deferred ? SCEP_DEFERRED : SCEP_OK);
}

static void plan_after_end(struct fleet *fleet, struct one *one, int64_t now,
			   bool is_success)
{
	schedule_note_end(&one->memory, now, is_success);
	plan(fleet, one, now, false);
}

/* Does with an answer what transitions.c does. */
static void settle(struct fleet *fleet, struct one *one, int64_t now)
{
	enum scep_code code = (enum scep_code)one->answer;
	struct day *day = day_of(fleet, now);
	struct schedule_retry retry;

	if (code == SCEP_OK) {
		day->served++;
		day->last_served = now - (DUE + (now - BEGIN) / DAY * DAY);
		plan_after_end(fleet, one, now, true);
		return;
	}
	retry = schedule_after_failure(&fleet->timer, code, one->polls);
	if (!retry.is_again) {
		day->failed++;
		plan_after_end(fleet, one, now, false);
		return;
	}
	if (fleet->scenario->retry == RETRY_SPREAD)
		retry.wait = schedule_spread(&retry, one->polls, draw, fleet);
	one->polls++;
	note(fleet, one, now + retry.wait, STAGE_SEND);
}

/* It looks at its timer when that wishes, if it has power, and when it gets
 * it again. */
static void look(struct fleet *fleet, struct one *one, int64_t now,
		 bool is_first)
{
	enum fault fault = fleet->scenario->fault;

	if (fault != FAULT_SERVER && now >= DOWN && now < UP) {
		note(fleet, one, UP, STAGE_BOOT);
		return;
	}
	/* Without its plan, what is late is not known to have been missed. */
	if (is_first && fault == FAULT_POWER_OLD) {
		one->memory.planned_due = 0;
		one->memory.planned_from = 0;
		is_first = false;
	}
	plan(fleet, one, now, is_first);
}

static void step(struct fleet *fleet, int64_t now)
{
	uint32_t *first = &fleet->agenda[now - BEGIN];

	while (*first != NOBODY) {
		struct one *one = &fleet->devices[*first];

		*first = one->next;
		switch ((enum stage)one->stage) {
		case STAGE_PLAN:
		case STAGE_BOOT:
			look(fleet, one, now, one->stage == STAGE_BOOT);
			break;
		case STAGE_SEND:
			serve(fleet, one, now);
			break;
		case STAGE_ANSWER:
			settle(fleet, one, now);
			break;
		}
	}
}

static void live(struct fleet *fleet)
{
	fleet->devices = allocate(fleet->count, sizeof(*fleet->devices));
	fleet->agenda = allocate(SECONDS, sizeof(*fleet->agenda));
	memset(fleet->agenda, 0xff, SECONDS * sizeof(*fleet->agenda));
	fleet->load = allocate(SECONDS, sizeof(*fleet->load));
	for (uint32_t i = 0; i < fleet->count; i++)
		plan(fleet, &fleet->devices[i], BEGIN, true);
	for (int64_t now = BEGIN; now < BEGIN + SECONDS; now++)
		step(fleet, now);
	free(fleet->agenda);
	free(fleet->devices);
}

/* -------------------------------------------------------------- reporting */

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The busy seconds of a day, sorted.  Returned owned. */
static uint32_t *busy_seconds(const struct fleet *fleet, int day, size_t *count)
{
	uint32_t *busy = allocate(DAY, sizeof(*busy));

	*count = 0;
	for (int64_t second = day * DAY; second < (day + 1) * DAY; second++)
		if (fleet->load[second])
			busy[(*count)++] = fleet->load[second];
	qsort(busy, *count, sizeof(*busy), ascending);
	return busy;
}

static uint32_t percentile(const uint32_t *sorted, size_t count, size_t percent)
{
	size_t place = (count * percent + 99) / 100;

	return count ? sorted[place ? place - 1 : 0] : 0;
}

/* Counts what the server was asked for on one day. */
struct figures {
	uint64_t messages;
	size_t busy, over; /* seconds with any, with more than it can serve */
	uint32_t p50, p95, p99, peak;
};

static struct figures figures_of(const struct fleet *fleet, int day)
{
	struct figures figures = {0};
	uint32_t *busy = busy_seconds(fleet, day, &figures.busy);

	for (size_t i = 0; i < figures.busy; i++) {
		figures.messages += busy[i];
		figures.over += busy[i] > fleet->rate;
	}
	figures.p50 = percentile(busy, figures.busy, 50);
	figures.p95 = percentile(busy, figures.busy, 95);
	figures.p99 = percentile(busy, figures.busy, 99);
	figures.peak = percentile(busy, figures.busy, 100);
	free(busy);
	return figures;
}

static void print_day(const struct fleet *fleet, int day)
{
	const struct figures figures = figures_of(fleet, day);
	const struct day *numbers = &fleet->days[day];

	printf("| %-27s | %8" PRIu64 " | %5zu | %5zu | %6u | %6u | %6u | %6u "
	       "| %6" PRIu64 " | %6" PRIu64 " | %4" PRId64 " |\n",
	       fleet->scenario->name, figures.messages, figures.busy,
	       figures.over, figures.p50, figures.p95, figures.p99,
	       figures.peak, numbers->served, numbers->failed,
	       numbers->served ? numbers->last_served / MINUTE : 0);
}

static void print_table(const struct fleet *fleets, int day, const char *title)
{
	printf("\n%s\n\n"
	       "| %-27s | messages |  busy |  over |    p50 |    p95 |    p99 "
	       "|   peak | served | failed | last |\n"
	       "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
	       title, "scenario");
	for (size_t i = 0; i < SCENARIOS; i++)
		print_day(&fleets[i], day);
}

/* One row of the CSV file that says something of each scenario. */
static void write_row(FILE *file, const struct fleet *fleets, const char *name,
		      uint64_t (*value)(const struct fleet *fleet))
{
	fprintf(file, "%s", name);
	for (size_t i = 0; i < SCENARIOS; i++)
		fprintf(file, ";%" PRIu64, value(&fleets[i]));
	fprintf(file, "\n");
}

static uint64_t is_cut(const struct fleet *fleet)
{
	return fleet->scenario->fault != FAULT_SERVER;
}

static uint64_t peak_of(const struct fleet *fleet)
{
	return figures_of(fleet, 1).peak;
}

static uint64_t served_of(const struct fleet *fleet)
{
	return fleet->days[1].served;
}

static uint64_t last_of(const struct fleet *fleet)
{
	return fleet->days[1].served
		   ? (uint64_t)(fleet->days[1].last_served / MINUTE)
		   : 0;
}

/* The busiest second of each bin around the due time of the second day, under
 * the names and the figures of the scenarios. */
static int write_csv(const struct fleet *fleets, const char *path)
{
	int64_t from = DOWN - 10 * MINUTE - BEGIN, to = UP + 2 * HOUR - BEGIN;
	FILE *file = fopen(path, "w");

	if (file == NULL) {
		perror(path);
		return 1;
	}
	fprintf(file, "%u;%u", fleets[0].rate, fleets[0].count);
	for (size_t i = 0; i < SCENARIOS; i++)
		fprintf(file, ";%s", scenarios[i].name);
	fprintf(file, "\n");
	write_row(file, fleets, "cut", is_cut);
	write_row(file, fleets, "peak", peak_of);
	write_row(file, fleets, "served", served_of);
	write_row(file, fleets, "last", last_of);
	for (int64_t bin = from; bin < to; bin += BIN) {
		fprintf(file, "%.3f",
			(double)(bin + BEGIN - DUE - DAY) / (double)MINUTE);
		for (size_t i = 0; i < SCENARIOS; i++) {
			uint32_t most = 0;

			for (int64_t s = bin; s < bin + BIN; s++)
				if (fleets[i].load[s] > most)
					most = fleets[i].load[s];
			fprintf(file, ";%u", most);
		}
		fprintf(file, "\n");
	}
	if (fclose(file) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

static void prepare(struct fleet *fleet, const struct scenario *scenario,
		    uint32_t count, uint32_t rate, uint32_t interval)
{
	*fleet = (struct fleet){
	    .scenario = scenario, .count = count, .rate = rate, .seed = 4};
	fleet->timer.enable = true;
	fleet->timer.start_time = DUE;
	fleet->timer.adjust = scenario->adjust;
	fleet->timer.adjust_max = 600;
	fleet->timer.poll = scenario->retry != RETRY_NONE;
	fleet->timer.poll_count = 20;
	fleet->timer.poll_interval = interval;
	fleet->timer.periodic = true;
	fleet->timer.periodic_interval = 1;
	fleet->timer.periodic_unit = CALENDAR_DAYS;
	fleet->timer.missed_policy = SCHEDULE_RUN_AT_ONCE;
}

int main(int argc, char **argv)
{
	static struct fleet fleets[SCENARIOS];
	uint32_t count = 100000, rate = 250, interval = 300;
	const char *csv = NULL;
	int option;

	while ((option = getopt(argc, argv, "n:r:i:c:")) != -1) {
		if (option == 'n')
			count = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			rate = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'i')
			interval = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'c')
			csv = optarg;
		else
			return 2;
	}
	if (count == 0 || rate == 0 || interval == 0)
		return 2;
	setenv("TZ", "UTC0", 1);
	tzset();
	printf("%u devices, daily at noon; the server serves %u/s.  From 11:50 "
	       "to 12:50 of the second\nday it is down, or (cut) the devices "
	       "are.  AdjustMax 600, PollCount 20, PollInterval %u.\n",
	       count, rate, interval);
	for (size_t i = 0; i < SCENARIOS; i++) {
		prepare(&fleets[i], &scenarios[i], count, rate, interval);
		live(&fleets[i]);
	}
	print_table(fleets, 0, "A quiet day");
	print_table(fleets, 1, "The day of the outage, or of the power cut");
	print_table(fleets, 2, "The day after");
	printf("\nbusy: seconds in which there were messages; over: more than "
	       "can be served; p50 to peak:\nmessages in a busy second; last: "
	       "minutes from the due time to the last success\n");
	return csv == NULL ? 0 : write_csv(fleets, csv);
}
