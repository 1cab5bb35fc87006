/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/plan.h"

#include "scep/change.h"
#include "scep/profile_row.h"
#include "ctl/value.h"
#include "ctl/varbind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plan that is being made. */
struct maker {
	const struct snapshot *present;
	const struct snapshot *wanted;
	struct plan *plan;
	size_t room;
	bool is_staged; /* timers are enabled by a Set of their own */
	/* The changes of one row, which go into one Set. */
	struct scep_change unit;
	size_t unit_size;
	size_t set_size; /* of the last Set of the plan */
	bool is_short;	 /* of memory */
};

static void add_to(struct maker *maker, struct scep_change *change,
		   enum scep_field field, uint32_t index,
		   const struct scep_value *value)
{
	struct scep_item item = {field, index, *value};

	if (!scep_change_add(change, &item))
		maker->is_short = true;
}

static void add(struct maker *maker, enum scep_field field, uint32_t index,
		const struct scep_value *value)
{
	add_to(maker, &maker->unit, field, index, value);
	maker->unit_size += varbind_size(field, value);
}

static void add_number(struct maker *maker, enum scep_field field,
		       uint32_t index, int64_t number)
{
	struct scep_value value = {.number = number};

	add(maker, field, index, &value);
}

/* ----------------------------------------------------------- one profile -- */

static bool is_new(const struct maker *maker, uint32_t index)
{
	return index > 0 && !maker->present->row[index];
}

static bool is_going(const struct maker *maker, uint32_t index)
{
	return snapshot_number(maker->wanted, SCEP_PROFILE_ROW_STATUS, index,
			       0) == SCEP_ROW_DESTROY;
}

static bool is_enabled(const struct maker *maker, uint32_t index)
{
	return snapshot_number(maker->present, SCEP_AUTO_ENABLE, index, 0) != 0;
}

static bool shall_be_enabled(const struct maker *maker, uint32_t index)
{
	return snapshot_number(maker->wanted, SCEP_AUTO_ENABLE, index,
			       is_enabled(maker, index)) != 0;
}

/* Returns whether the device has another value than it shall have. */
static bool is_differing(const struct maker *maker, enum scep_field field,
			 uint32_t index)
{
	const struct scep_value *after =
	    snapshot_get(maker->wanted, field, index);
	const struct scep_value *before =
	    snapshot_get(maker->present, field, index);
	struct scep_value preset;

	if (!after)
		return false;
	if (is_new(maker, index)) {
		value_preset(field, &preset);
		before = &preset;
	}
	return !before || !value_is_same(field, before, after);
}

/* Returns whether a value cannot change while the timer is enabled (rules 1 and
 * 17). */
static bool is_locked(enum scep_field field)
{
	return field == SCEP_PROFILE_STORAGE_TYPE ||
	       scep_field_info(field)->group == SCEP_GROUP_SERVER;
}

/* Returns whether the timer has to be disabled for the change and enabled
 * again.
 */
static bool needs_pause(const struct maker *maker, uint32_t index)
{
	if (!is_enabled(maker, index) || !shall_be_enabled(maker, index))
		return false;
	SCEP_FIELDS_EACH (field)
		if (is_locked(field) && is_differing(maker, field, index))
			return true;
	return false;
}

static void write_row_status(struct maker *maker, uint32_t index)
{
	int64_t status = snapshot_number(maker->wanted, SCEP_PROFILE_ROW_STATUS,
					 index, SCEP_ROW_ACTIVE);

	if (is_new(maker, index))
		add_number(maker, SCEP_PROFILE_ROW_STATUS, index,
			   status == SCEP_ROW_NOT_IN_SERVICE
			       ? SCEP_ROW_CREATE_AND_WAIT
			       : SCEP_ROW_CREATE_AND_GO);
	else if (is_differing(maker, SCEP_PROFILE_ROW_STATUS, index))
		add_number(maker, SCEP_PROFILE_ROW_STATUS, index, status);
}

static void write_enable(struct maker *maker, uint32_t index)
{
	bool is_on = is_enabled(maker, index);
	bool shall_be_on = shall_be_enabled(maker, index);
	bool has_pause = needs_pause(maker, index);

	if (is_on && (!shall_be_on || has_pause)) {
		maker->plan->disables[index] = true;
		add_number(maker, SCEP_AUTO_ENABLE, index, 0);
	}
	if (!shall_be_on || (is_on && !has_pause))
		return;
	if (maker->is_staged)
		maker->plan->enables_last[index] = true;
	else
		add_number(maker, SCEP_AUTO_ENABLE, index, 1);
}

static void write_values(struct maker *maker, uint32_t index)
{
	for (size_t i = 0; i < object_count; i++) {
		enum scep_field field = objects[i].field;

		if (field == SCEP_PROFILE_ROW_STATUS ||
		    field == SCEP_AUTO_ENABLE || !snapshot_object(field))
			continue;
		if (is_differing(maker, field, index))
			add(maker, field, index,
			    snapshot_get(maker->wanted, field, index));
	}
}

/* Plans all that one row, or the scalars, need. */
static void write_row(struct maker *maker, uint32_t index)
{
	scep_change_free(&maker->unit);
	maker->unit_size = 0;
	if (!is_going(maker, index)) {
		if (index > 0)
			write_row_status(maker, index);
		write_values(maker, index);
		if (index > 0)
			write_enable(maker, index);
		return;
	}
	if (is_new(maker, index))
		return;
	/* A row whose timer is enabled cannot go (rule 17). */
	if (is_enabled(maker, index)) {
		maker->plan->disables[index] = true;
		add_number(maker, SCEP_AUTO_ENABLE, index, 0);
	}
	add_number(maker, SCEP_PROFILE_ROW_STATUS, index, SCEP_ROW_DESTROY);
}

/* -------------------------------------------------------------- the Sets -- */

static struct scep_change *begin_set(struct maker *maker)
{
	struct plan *plan = maker->plan;
	struct scep_change *sets =
	    realloc(plan->sets, (plan->count + 1) * sizeof(*sets));

	if (!sets) {
		maker->is_short = true;
		return NULL;
	}
	plan->sets = sets;
	scep_change_init(&sets[plan->count]);
	maker->set_size = 0;
	return &sets[plan->count++];
}

/* Puts the changes of one row into a Set; a profile is never parted. */
static void place_unit(struct maker *maker)
{
	struct plan *plan = maker->plan;
	struct scep_change *set;

	if (maker->unit.count == 0)
		return;
	if (plan->count == 0 ||
	    maker->set_size + maker->unit_size > maker->room)
		set = begin_set(maker);
	else
		set = &plan->sets[plan->count - 1];
	if (!set)
		return;
	for (size_t i = 0; i < maker->unit.count; i++)
		if (!scep_change_add(set, &maker->unit.items[i]))
			maker->is_short = true;
	maker->set_size += maker->unit_size;
}

static void place_enables(struct maker *maker)
{
	static const struct scep_value on = {.number = 1};
	struct scep_change *set = NULL;

	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++) {
		if (!maker->plan->enables_last[index])
			continue;
		if (!set)
			set = begin_set(maker);
		if (set)
			add_to(maker, set, SCEP_AUTO_ENABLE, index, &on);
	}
}

static void place_all(struct maker *maker)
{
	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++) {
		if (!maker->wanted->row[index])
			continue;
		write_row(maker, index);
		place_unit(maker);
	}
	place_enables(maker);
}

bool plan_make(const struct snapshot *present, const struct snapshot *wanted,
	       size_t room, struct plan *plan)
{
	struct maker maker = {
	    .present = present,
	    .wanted = wanted,
	    .plan = plan,
	    .room = room,
	};

	memset(plan, 0, sizeof(*plan));
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++)
		if (wanted->row[index] && !is_going(&maker, index) &&
		    needs_pause(&maker, index))
			maker.is_staged = true;
	place_all(&maker);
	if (plan->count > 1 && !maker.is_staged && !maker.is_short) {
		plan_free(plan);
		maker.is_staged = true;
		place_all(&maker);
	}
	scep_change_free(&maker.unit);
	if (maker.is_short)
		plan_free(plan);
	return !maker.is_short;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		scep_change_free(&plan->sets[i]);
	free(plan->sets);
	memset(plan, 0, sizeof(*plan));
}

/* ---------------------------------------------------------------- rule 2 -- */

static bool has_use(const char *uses, const char *name, size_t length)
{
	for (; *uses; uses += strcspn(uses, "\n") + 1)
		if (strcspn(uses, "\n") == length &&
		    memcmp(uses, name, length) == 0)
			return true;
	return false;
}

/* Returns whether all names of a list are use locations.  The list is parted by
 * commas; blanks around a name do not count. */
static bool are_uses(const char *uses, const struct scep_value *list)
{
	size_t at = 0;

	while (at < list->length) {
		size_t end = at;
		size_t next;

		while (end < list->length && list->octets[end] != ',')
			end++;
		next = end + 1;
		while (at < end && list->octets[at] == ' ')
			at++;
		while (end > at && list->octets[end - 1] == ' ')
			end--;
		if (!has_use(uses, (const char *)list->octets + at, end - at))
			return false;
		at = next;
	}
	return true;
}

static const char *lacks(const struct snapshot *after, uint32_t index,
			 const char *uses)
{
	static const struct {
		enum scep_field field;
		const char *reason;
	} needs[] = {
	    {SCEP_SERVER_URL, "scepServerUrl is empty"},
	    {SCEP_AUTO_START_TIME, "scepAutoStartTime is empty"},
	    {SCEP_AUTO_KEY_NAME, "scepAutoKeyName is empty"},
	    {SCEP_AUTO_COMMON_NAME, "scepAutoCommonName is empty"},
	};
	const struct scep_value *value;

	if (snapshot_number(after, SCEP_PROFILE_ROW_STATUS, index, 0) !=
	    SCEP_ROW_ACTIVE)
		return "scepProfileRowStatus is not active";
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		value = snapshot_get(after, needs[i].field, index);
		if (!value || value->length == 0)
			return needs[i].reason;
	}
	value = snapshot_get(after, SCEP_AUTO_USE_LOCATION, index);
	if (value && !are_uses(uses, value))
		return "scepAutoUseLocation has a name that "
		       "scepUseTable does not have";
	return NULL;
}

bool plan_is_ready(const struct plan *plan, const struct snapshot *after,
		   const char *uses, struct reason *reason)
{
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++) {
		const char *fault = plan->enables_last[index]
					? lacks(after, index, uses)
					: NULL;

		if (fault)
			return reason_set(reason, "scepAutoEnable.%u: %s",
					  index, fault);
	}
	return true;
}

static bool is_changed(const struct plan *plan, uint32_t index)
{
	for (size_t i = 0; i < plan->count; i++)
		for (size_t k = 0; k < plan->sets[i].count; k++)
			if (plan->sets[i].items[k].index == index)
				return true;
	return false;
}

bool plan_is_acceptable(const struct plan *plan, const struct snapshot *after,
			const char *uses, struct reason *reason)
{
	for (uint32_t index = 1; index < SNAPSHOT_ROWS; index++) {
		const char *fault;

		if (!snapshot_number(after, SCEP_AUTO_ENABLE, index, 0) ||
		    !is_changed(plan, index))
			continue;
		fault = lacks(after, index, uses);
		if (fault)
			return reason_set(reason,
					  "the device would refuse it: "
					  "scepAutoEnable.%u: %s",
					  index, fault);
	}
	return true;
}
