/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests of use locations: a device with a timer
 * (timer_world.h) that has the locations "web" and "vpn", and the part of the
 * front end that gives them keys.
 */
#ifndef TESTS_UNIT_SCEP_KEYS_USE_WORLD_H
#define TESTS_UNIT_SCEP_KEYS_USE_WORLD_H

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "tests/unit/scep/enroll/timer_world.h"
#include "scep/keys/deploy.h"
#include "scep/settings/use_list.h"
#include "scep/keys/use_locations.h"

struct scep_config;
struct scep_key;
struct scep_use_config;

#define WEB 1
#define VPN 2

static inline void configure(struct scep_config *config, const char *name)
{
	struct scep_use_config *use = &config->uses[config->use_count++];

	memset(use, 0, sizeof(*use));
	strcpy(use->name, name);
	use->type = SCEP_USE_TLS;
}

static inline int use_setup(void **state)
{
	int failure = timer_setup(state);
	struct device *d = *state;

	if (failure != 0)
		return failure;
	configure(&d->config, "web");
	configure(&d->config, "vpn");
	device_restart(d);
	return 0;
}

static inline const struct scep_use *use(struct device *d, uint32_t index)
{
	const struct scep_use *row =
	    scep_rows_find(&device_view(d)->uses, index);

	assert_non_null(row);
	return row;
}

static inline const struct scep_key *key(struct device *d, uint32_t index)
{
	return scep_rows_find(&device_view(d)->keys, index);
}

/* Does what the front end does when it is told. */
static inline void end_deploy(struct device *d, bool is_good)
{
	struct scep_deploy_end end = {
	    .use_index = d->state.deploy.use,
	    .is_good = is_good,
	    .is_enabled = true,
	};

	assert_true(d->state.deploy.is_running);
	if (!is_good)
		strcpy(end.text, "check ended with 1");
	deploy_end(&d->state, &end);
	device_tick(d);
}

/* Runs, and gives keys to locations as the engine asks for it. */
static inline void run_deploying(struct device *d)
{
	device_run(d);
	while (d->state.deploy.is_running) {
		end_deploy(d, true);
		device_run(d);
	}
}

/* A request for the locations, up to where they are to be given its key. */
static inline void send_for(struct device *d, const char *locations)
{
	device_text(d, SCEP_REQUEST_USE_LOCATION, 1, locations);
	device_send(d, 1);
	device_run(d);
}

/* The same to its end; gives the index of its key. */
static inline uint32_t enrol_for(struct device *d, const char *locations)
{
	send_for(d, locations);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	return device_status(d)->key_index;
}

/* A run of the timer that is due at once, for the locations. */
static inline void begin_timer(struct device *d, const char *locations,
			       bool deletes)
{
	device_number(d, SCEP_AUTO_ENABLE, 1, 0);
	device_set(d);
	device_text(d, SCEP_AUTO_USE_LOCATION, 1, locations);
	device_number(d, SCEP_AUTO_DELETE_OLD_KEY, 1, deletes);
	/* No due time is carried out twice. */
	if (timer(d)->memory.last_run == d->io.wall)
		device_run_for(d, 1);
	enable(d, d->io.wall);
	device_run(d);
}

static inline uint32_t renew_for(struct device *d, const char *locations,
				 bool deletes)
{
	begin_timer(d, locations, deletes);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	return device_status(d)->key_index;
}

/* ------------------------------------------------------- actions on keys */

static inline void act(struct device *d, uint32_t index,
		       enum scep_key_action action)
{
	device_set_number(d, SCEP_KEY_ACTION, index, action);
	device_run(d);
}

static inline enum scep_refusal try_act(struct device *d, uint32_t index,
					enum scep_key_action action)
{
	device_number(d, SCEP_KEY_ACTION, index, action);
	return device_apply(d);
}

static inline void assign(struct device *d, uint32_t index,
			  const char *locations)
{
	device_text(d, SCEP_KEY_ASSIGN_TO, index, locations);
	act(d, index, SCEP_KEY_ASSIGN);
}

static inline enum scep_refusal destroy(struct device *d, uint32_t index)
{
	enum scep_refusal refusal;

	device_number(d, SCEP_KEY_ROW_STATUS, index, SCEP_ROW_DESTROY);
	refusal = device_apply(d);
	if (refusal == SCEP_ACCEPTED)
		set_txn_confirm(&d->set_txn, &d->state, d->ticket);
	device_run(d);
	return refusal;
}

static inline uint32_t result_of(struct device *d, uint32_t index)
{
	return key(d, index)->action_result;
}

/* Asserts the result of the last action on the key, and its words. */
static inline void assert_result(struct device *d, uint32_t index,
				 enum scep_code code, const char *words)
{
	assert_int_equal(result_of(d, index), code);
	assert_string_equal(key(d, index)->action_text, words);
}

#define USE_TEST(name)                                                         \
	cmocka_unit_test_setup_teardown(name, use_setup, device_teardown)

#endif
