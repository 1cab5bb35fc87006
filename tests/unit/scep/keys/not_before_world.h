/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests of certificates that begin later: a device with
 * use locations (use_world.h), and a key that waits.
 */
#ifndef TESTS_UNIT_SCEP_KEYS_NOT_BEFORE_WORLD_H
#define TESTS_UNIT_SCEP_KEYS_NOT_BEFORE_WORLD_H

#include "tests/unit/scep/keys/use_world.h"

#include "scep/agent_row.h"
#include "scep/engine_config.h"
#include "scep/key_row.h"
#include "scep/view.h"
#include "scep/keys/not_before.h"

#define LATER (2 * DAY)

/* Lets what the CA issues from now on begin so many seconds from now. */
static inline void begin_in(struct device *d, int64_t seconds)
{
	d->ca.certificate_begins = d->io.wall + seconds - SCRIPTED_NOW;
}

/* A run of the timer for "web"; returns its key. */
static inline uint32_t renew(struct device *d, bool deletes)
{
	device_run_for(d, 60);
	return renew_for(d, "web", deletes);
}

/* Two keys: the one that "web" has, and one that waits. */
static uint32_t first, second;

static inline void make_two(struct device *d, bool deletes)
{
	first = enrol_for(d, "web");
	begin_in(d, LATER);
	second = renew(d, deletes);
	d->event_count = 0;
}

static inline void assert_waits(struct device *d, uint32_t has,
				uint32_t waiting)
{
	assert_int_equal(use(d, WEB)->key_index, has);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
	assert_int_equal(use(d, WEB)->wanted_key, 0);
	assert_non_null(key(d, has));
	assert_string_equal(key(d, has)->use_location, "web");
	assert_non_null(key(d, waiting));
	assert_string_equal(key(d, waiting)->use_location, "");
	assert_int_equal(scep_key_state_at(key(d, waiting), d->io.wall, 30),
			 SCEP_KEY_NOT_YET_VALID);
	assert_false(d->state.deploy.is_running);
}

/* Time passes until the key has begun, and a deployment is asked for. */
static inline void run_to_begin(struct device *d, uint32_t waiting)
{
	int64_t begins = key(d, waiting)->not_before;

	device_run_for(d, (uint32_t)(begins - d->io.wall - 1));
	assert_false(d->state.deploy.is_running);
	device_run_for(d, 1);
	device_run(d);
}

static inline void assert_is_deployed(struct device *d, uint32_t now)
{
	assert_true(d->state.deploy.is_running);
	assert_int_equal(d->state.deploy.key, now);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->key_index, now);
	assert_string_equal(key(d, now)->use_location, "web");
}

static inline void assert_nothing_is_deployed(struct device *d,
					      uint32_t seconds)
{
	device_run_for(d, seconds);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 0);
	assert_false(d->state.deploy.is_running);
}

#endif
