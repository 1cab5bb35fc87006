/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/change.h"
#include "scep/view.h"
#include "ctl/revision.h"
#include "ctl/value.h"

/* Reads of a device while others change it, at the most. */
#define TRIES 10

static bool read_lock(struct manager *manager, struct device_state *state,
		      struct reason *reason)
{
	struct manager_variable variables[] = {
	    {.object = varbind_object("scepAgentConfigSpinLock")},
	    {.object = varbind_object("scepAgentVersion")},
	};

	if (!manager_get(manager, variables, 2, reason))
		return false;
	state->lock = (uint32_t)variables[0].value.number;
	snprintf(state->version, sizeof(state->version), "%.*s",
		 (int)variables[1].value.length,
		 (const char *)variables[1].value.octets);
	return true;
}

/* Takes what was read of a setting; its default if the device lacks it. */
static void take_setting(struct device_state *state,
			 struct manager_variable *variable)
{
	enum scep_field field = variable->object->field;

	if (variable->is_missing) {
		state->lacks[field] = true;
		value_preset(field, &variable->value);
	}
	snapshot_put(&state->snapshot, field, variable->index,
		     &variable->value);
}

/* Reads one row, in one message, so that its values belong together. */
static bool read_row(struct manager *manager, struct device_state *state,
		     uint32_t index, struct reason *reason)
{
	struct manager_variable variables[SCEP_FIELD_COUNT + 1];
	size_t count = 0;
	bool is_good;

	if (!snapshot_add_row(&state->snapshot, index))
		return reason_set(reason, "memory is short");
	for (size_t i = 0; i < object_count; i++)
		if (snapshot_object(objects[i].field) &&
		    object_is_scalar(&objects[i]) == (index == 0))
			variables[count++] = (struct manager_variable){
			    .object = &objects[i],
			    .index = index,
			    .may_lack = revision_is_second(objects[i].field)};
	if (index > 0)
		variables[count++] = (struct manager_variable){
		    .object = varbind_object("scepAutoChallengeSet"),
		    .index = index};
	is_good = manager_get(manager, variables, count, reason);
	for (size_t i = 0; is_good && i < count; i++) {
		if (variables[i].object->field == SCEP_FIELD_NONE)
			state->has_challenge[index] =
			    variables[i].value.number != 0;
		else
			take_setting(state, &variables[i]);
	}
	return is_good;
}

static bool read_profiles(struct manager *manager, struct device_state *state,
			  struct reason *reason)
{
	struct manager_variable row = {
	    .object = varbind_object("scepProfileRowStatus"),
	    .index = VARBIND_NO_INDEX,
	};
	bool is_end;

	for (;;) {
		if (!manager_next(manager, &row, &is_end, reason))
			return false;
		if (is_end)
			return true;
		if (row.index < 1 || row.index > SCEP_PROFILE_MAX)
			return reason_set(reason, "the agent has a profile %u",
					  row.index);
		if (!read_row(manager, state, row.index, reason))
			return false;
	}
}

static bool add_use(struct device_state *state, const struct scep_value *name)
{
	size_t used = state->uses ? strlen(state->uses) : 0;
	char *uses = realloc(state->uses, used + name->length + 2);

	if (!uses)
		return false;
	snprintf(uses + used, name->length + 2, "%.*s\n", (int)name->length,
		 (const char *)name->octets);
	state->uses = uses;
	return true;
}

static bool read_uses(struct manager *manager, struct device_state *state,
		      struct reason *reason)
{
	struct manager_variable name = {
	    .object = varbind_object("scepUseName"),
	    .index = VARBIND_NO_INDEX,
	};
	bool is_end;

	for (;;) {
		if (!manager_next(manager, &name, &is_end, reason))
			return false;
		if (is_end)
			return true;
		if (!add_use(state, &name.value))
			return reason_set(reason, "memory is short");
	}
}

/* Reads the lock first: if somebody uses it and changes something later, a Set
 * with it fails. */
static bool read_all(struct manager *manager, struct device_state *state,
		     struct reason *reason)
{
	if (read_lock(manager, state, reason) &&
	    read_row(manager, state, 0, reason) &&
	    read_profiles(manager, state, reason) &&
	    read_uses(manager, state, reason))
		return true;
	device_state_free(state);
	return false;
}

static bool is_same(const struct device_state *a, const struct device_state *b)
{
	return a->lock == b->lock &&
	       snapshot_is_same(&a->snapshot, &b->snapshot);
}

/* Reads until it is the same two times running: then nothing has changed
 * between the rows, not even by a manager that does not use the lock. */
bool device_read(struct manager *manager, struct device_state *state,
		 struct reason *reason)
{
	struct device_state earlier = {0};
	int tries;

	if (!read_all(manager, state, reason))
		return false;
	for (tries = 1; tries < TRIES; tries++) {
		earlier = *state;
		memset(state, 0, sizeof(*state));
		/* A row may have gone while it was read. */
		if (!read_all(manager, state, reason) &&
		    !read_all(manager, state, reason))
			break;
		if (is_same(state, &earlier)) {
			device_state_free(&earlier);
			return true;
		}
		device_state_free(&earlier);
	}
	device_state_free(&earlier);
	device_state_free(state);
	if (tries == TRIES)
		reason_set(reason, "the settings change all the time");
	return false;
}
