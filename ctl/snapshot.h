/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot of the settings of one device: an export writes it down, and an
 * import compares it.  It has the objects of the MIB that can be written and
 * outlive a restart: no actions, no secrets, no scepRequest, and no row that
 * appears by itself (keys and CAs).
 *
 * Values are held as struct scep_value, numbers as scep.h has them; times are
 * the octets of DateAndTime.  Knows no SNMP and no JSON.
 */
#ifndef CTL_SNAPSHOT_H
#define CTL_SNAPSHOT_H

#include "scep/change.h"
#include "scep/view.h"
#include "subagent/snmp/objects.h"

/* One profile, or the scalars.  A snapshot need not have all values. */
struct snapshot_row {
	bool has[SCEP_FIELD_COUNT];
	struct scep_value value[SCEP_FIELD_COUNT];
};

#define SNAPSHOT_ROWS (SCEP_PROFILE_MAX + 1)

/* All zero is empty. */
struct snapshot {
	struct snapshot_row
	    *row[SNAPSHOT_ROWS]; /* 0: the scalars; NULL: none */
};

/* Octets of the name of an instance, with the NUL: "scepServerUrl.1". */
#define SNAPSHOT_NAME 64

/* Returns the object of a field, or NULL if a snapshot does not have it. */
const struct object *snapshot_object(enum scep_field field);
/* Returns the object of that name, or NULL if a snapshot does not have it, or
 * if it is a scalar and is not to be one, or the other way round. */
const struct object *snapshot_named(const char *name, bool is_scalar);
/* Writes the name of an instance; returns it. */
const char *snapshot_name(enum scep_field field, uint32_t index,
			  char name[SNAPSHOT_NAME]);

void snapshot_free(struct snapshot *snapshot);
/* Adds a row without values, unless it is there.  Returns false if memory is
 * short. */
bool snapshot_add_row(struct snapshot *snapshot, uint32_t index);
void snapshot_remove_row(struct snapshot *snapshot, uint32_t index);
/* Adds a row with all defaults of the MIB. */
bool snapshot_preset_row(struct snapshot *snapshot, uint32_t index);
/* Removes the profiles that do not outlive a restart. */
void snapshot_drop_volatile(struct snapshot *snapshot);
/* Replaces all of `to`.  Returns false if memory is short; then `to` is empty.
 */
bool snapshot_copy(struct snapshot *to, const struct snapshot *from);

/* Returns the value of an instance, or NULL.  Borrows. */
const struct scep_value *snapshot_get(const struct snapshot *snapshot,
				      enum scep_field field, uint32_t index);
/* Returns the number of an instance, or `otherwise` if there is no value. */
int64_t snapshot_number(const struct snapshot *snapshot, enum scep_field field,
			uint32_t index, int64_t otherwise);
/* Writes into a row that is there. */
void snapshot_put(struct snapshot *snapshot, enum scep_field field,
		  uint32_t index, const struct scep_value *value);

/* Makes the changes of one Set as the agent would, rows included; a new row has
 * the defaults.  Returns false if memory is short. */
bool snapshot_apply(struct snapshot *snapshot,
		    const struct scep_change *change);

/* Is called for each instance of `wanted` whose value `present` does not have;
 * `before` is NULL if `present` has no value at all. */
typedef void (*snapshot_difference_fn)(void *context, enum scep_field field,
				       uint32_t index,
				       const struct scep_value *before,
				       const struct scep_value *after);
/* Returns how many differences there are.  `each` may be NULL. */
size_t snapshot_differences(const struct snapshot *present,
			    const struct snapshot *wanted,
			    snapshot_difference_fn each, void *context);
/* Returns whether both have the same rows and the same values. */
bool snapshot_is_same(const struct snapshot *a, const struct snapshot *b);

#endif
