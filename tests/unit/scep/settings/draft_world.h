/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common parts of the tests of drafts and rules: a view with a profile that
 * is ready for a request, and one Set.  Knows no rule.
 */
#ifndef TESTS_UNIT_SCEP_SETTINGS_DRAFT_WORLD_H
#define TESTS_UNIT_SCEP_SETTINGS_DRAFT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/settings/draft.h"
#include "scep/settings/settings.h"

struct scep_profile;
struct scep_use;

#define URL "http://ca.example/scep"

/* A view with profile 1 ready for a request, and one Set. */
struct world {
	struct scep_view view;
	struct scep_profile *profile; /* row 1 */
	struct scep_config config;
	struct scep_change change;
	struct draft draft;
	struct scep_verdict verdict;
};

static inline void *add_row(struct scep_rows *rows, size_t size, uint32_t index)
{
	uint32_t *row = row_new(size);

	assert_non_null(row);
	*row = index;
	assert_true(rows_reserve(rows, 1));
	rows_put(rows, row);
	return row;
}

static inline struct scep_profile *add_profile(struct world *world,
					       uint32_t index)
{
	struct scep_profile *profile =
	    add_row(&world->view.profiles, sizeof(*profile), index);

	settings_preset_profile(profile);
	strcpy(profile->server.url, URL);
	strcpy(profile->request.key_name, "web");
	strcpy(profile->request.common_name, "printer.example");
	return profile;
}

static inline struct scep_status *add_status(struct world *world,
					     uint32_t index, uint32_t profile,
					     enum scep_state state,
					     enum scep_code detail)
{
	struct scep_status *status =
	    add_row(&world->view.statuses, sizeof(*status), index);

	status->profile_index = profile;
	status->state = state;
	status->detail = detail;
	status->trigger = SCEP_TRIGGER_MANUAL;
	return status;
}

static inline struct scep_ca *add_ca(struct world *world, uint32_t index,
				     enum scep_ca_trust trust)
{
	struct scep_ca *ca = add_row(&world->view.cas, sizeof(*ca), index);

	ca->profile_index = 1;
	ca->trust = trust;
	return ca;
}

static inline void add_use(struct world *world, uint32_t index,
			   const char *name)
{
	struct scep_use *use = add_row(&world->view.uses, sizeof(*use), index);

	snprintf(use->name, sizeof(use->name), "%s", name);
}

static inline int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	settings_preset_agent(&world->view.agent);
	scep_config_init(&world->config);
	scep_change_init(&world->change);
	world->profile = add_profile(world, 1);
	*state = world;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;

	draft_free(&world->draft);
	scep_change_free(&world->change);
	rows_free(&world->view.profiles);
	rows_free(&world->view.statuses);
	rows_free(&world->view.keys);
	rows_free(&world->view.cas);
	rows_free(&world->view.uses);
	free(world);
	return 0;
}

static inline void set(struct world *world, enum scep_field field,
		       uint32_t index, int64_t number)
{
	struct scep_item item = {
	    .field = field, .index = index, .value.number = number};

	assert_true(scep_change_add(&world->change, &item));
}

static inline void set_text(struct world *world, enum scep_field field,
			    uint32_t index, const char *text)
{
	struct scep_item item = {.field = field, .index = index};

	item.value.length = (uint32_t)strlen(text);
	memcpy(item.value.octets, text, item.value.length);
	assert_true(scep_change_add(&world->change, &item));
}

/* Judges each value by itself, as the front end does before it asks. */
static inline enum scep_refusal judge_values(struct world *world)
{
	enum scep_refusal refusal = SCEP_ACCEPTED;

	for (size_t i = 0; !refusal && i < world->change.count; i++) {
		world->verdict.item = i;
		refusal = scep_value_check(world->change.items[i].field,
					   &world->change.items[i].value,
					   &world->verdict);
	}
	return refusal;
}

static inline enum scep_refusal make(struct world *world)
{
	enum scep_refusal refusal = judge_values(world);

	draft_free(&world->draft);
	if (!refusal)
		refusal =
		    draft_make(&world->view, &world->config, &world->change,
			       &world->draft, &world->verdict);
	assert_int_equal(world->verdict.refusal, refusal);
	/* A refusal without a reason would be of no use in the log. */
	assert_int_equal(refusal == SCEP_ACCEPTED,
			 world->verdict.reason[0] == '\0');
	return refusal;
}

static inline void forget(struct world *world)
{
	scep_change_free(&world->change);
}

static inline void assert_accepted(struct world *world)
{
	if (make(world))
		fail_msg("refused: %s", world->verdict.reason);
}

static inline void assert_refused(struct world *world,
				  enum scep_refusal refusal, size_t item)
{
	assert_int_equal(make(world), refusal);
	assert_int_equal(world->verdict.item, item);
}

static inline const struct scep_profile *after(struct world *world,
					       uint32_t index)
{
	const struct scep_profile *profile =
	    scep_rows_find(&world->draft.profiles, index);

	assert_non_null(profile);
	return profile;
}

/* Makes the Set; it has to ask for one action and no more. */
static inline void assert_acts(struct world *world, uint32_t number)
{
	assert_accepted(world);
	assert_int_equal(world->draft.action_count, 1);
	assert_int_equal(world->draft.actions[0].field, SCEP_REQUEST_ACTION);
	assert_int_equal(world->draft.actions[0].number, number);
}

static inline void send_now(struct world *world, uint32_t index)
{
	set(world, SCEP_REQUEST_ACTION, index, SCEP_ACTION_SEND);
}

/* A timer that runs since before the Set. */
static inline void enable_timer(struct scep_profile *profile)
{
	profile->timer.enable = 1;
	profile->timer.start_time = 1700000000;
	strcpy(profile->timer.values.key_name, "web");
	strcpy(profile->timer.values.common_name, "printer.example");
}

#define claim(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
