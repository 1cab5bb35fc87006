/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/change.h"
#include "scep/view.h"

/* How often it is read while others change it. */
#define TRIES 10

static bool read_lock(struct manager *manager, struct reading *reading,
		      char reason[ANSWER_REASON])
{
	struct manager_variable variables[] = {
	    {.object = varbind_object("scepAgentConfigSpinLock")},
	    {.object = varbind_object("scepAgentVersion")},
	};

	if (!manager_get(manager, variables, 2, reason))
		return false;
	reading->lock = (uint32_t)variables[0].value.number;
	snprintf(reading->version, sizeof(reading->version), "%.*s",
		 (int)variables[1].value.length,
		 (const char *)variables[1].value.octets);
	return true;
}

/* One row, in one message, so that its values belong together. */
static bool read_row(struct manager *manager, struct reading *reading,
		     uint32_t index, char reason[ANSWER_REASON])
{
	struct manager_variable variables[SCEP_FIELD_COUNT + 1];
	size_t count = 0;
	bool is_good;

	if (!snapshot_add_row(&reading->snapshot, index)) {
		snprintf(reason, ANSWER_REASON, "memory is short");
		return false;
	}
	for (size_t i = 0; i < object_count; i++)
		if (snapshot_object(objects[i].field) &&
		    object_is_scalar(&objects[i]) == (index == 0))
			variables[count++] = (struct manager_variable){
			    .object = &objects[i], .index = index};
	if (index > 0)
		variables[count++] = (struct manager_variable){
		    .object = varbind_object("scepAutoChallengeSet"),
		    .index = index};
	is_good = manager_get(manager, variables, count, reason);
	for (size_t i = 0; is_good && i < count; i++) {
		if (variables[i].object->field == SCEP_FIELD_NONE)
			reading->has_challenge[index] =
			    variables[i].value.number != 0;
		else
			snapshot_put(&reading->snapshot,
				     variables[i].object->field, index,
				     &variables[i].value);
	}
	return is_good;
}

static bool read_profiles(struct manager *manager, struct reading *reading,
			  char reason[ANSWER_REASON])
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
		if (row.index < 1 || row.index > SCEP_PROFILE_MAX) {
			snprintf(reason, ANSWER_REASON,
				 "the agent has a profile %u", row.index);
			return false;
		}
		if (!read_row(manager, reading, row.index, reason))
			return false;
	}
}

static bool add_use(struct reading *reading, const struct scep_value *name)
{
	size_t used = reading->uses ? strlen(reading->uses) : 0;
	char *uses = realloc(reading->uses, used + name->length + 2);

	if (!uses)
		return false;
	snprintf(uses + used, name->length + 2, "%.*s\n", (int)name->length,
		 (const char *)name->octets);
	reading->uses = uses;
	return true;
}

static bool read_uses(struct manager *manager, struct reading *reading,
		      char reason[ANSWER_REASON])
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
		if (!add_use(reading, &name.value)) {
			snprintf(reason, ANSWER_REASON, "memory is short");
			return false;
		}
	}
}

/* The lock comes first: whoever uses it and changes something later makes a
 * Set with it fail. */
static bool read_all(struct manager *manager, struct reading *reading,
		     char reason[ANSWER_REASON])
{
	if (read_lock(manager, reading, reason) &&
	    read_row(manager, reading, 0, reason) &&
	    read_profiles(manager, reading, reason) &&
	    read_uses(manager, reading, reason))
		return true;
	reading_free(reading);
	return false;
}

static bool is_same(const struct reading *a, const struct reading *b)
{
	return a->lock == b->lock &&
	       snapshot_is_same(&a->snapshot, &b->snapshot);
}

/* Read twice, and the same both times: nothing has changed between the rows,
 * not even by a manager that does not use the lock. */
bool device_read(struct manager *manager, struct reading *reading,
		 char reason[ANSWER_REASON])
{
	struct reading earlier = {0};
	int tries;

	if (!read_all(manager, reading, reason))
		return false;
	for (tries = 1; tries < TRIES; tries++) {
		earlier = *reading;
		memset(reading, 0, sizeof(*reading));
		/* A row may have gone while it was read. */
		if (!read_all(manager, reading, reason) &&
		    !read_all(manager, reading, reason))
			break;
		if (is_same(reading, &earlier)) {
			reading_free(&earlier);
			return true;
		}
		reading_free(&earlier);
	}
	reading_free(&earlier);
	reading_free(reading);
	if (tries == TRIES)
		snprintf(reason, ANSWER_REASON,
			 "the settings change all the time");
	return false;
}
