/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All settings of one device, as on a sheet of paper: what an export writes
 * down and an import compares.  On it are the objects of the MIB that can be
 * written and outlive a restart: no actions, no secrets, no scepRequest, and
 * nothing of what comes by itself (keys and CAs).
 *
 * Values are held as struct scep_value, numbers as scep.h has them; times are
 * the octets of DateAndTime.  Knows no SNMP and no JSON.
 */
#ifndef CTL_SNAPSHOT_H
#define CTL_SNAPSHOT_H

#include "scep/change.h"
#include "scep/view.h"
#include "subagent/snmp/objects.h"

/* One profile, or the scalars.  A sheet need not say everything. */
struct snapshot_row {
	bool has[SCEP_FIELD_COUNT];
	struct scep_value value[SCEP_FIELD_COUNT];
};

#define SNAPSHOT_ROWS (SCEP_PROFILE_MAX + 1)

struct snapshot {
	struct snapshot_row
	    *row[SNAPSHOT_ROWS]; /* 0: the scalars; NULL: none */
};

/* The name of an instance with a NUL: "scepServerUrl.1". */
#define SNAPSHOT_NAME 64

/* The object of a field, or NULL if it is not on a sheet. */
const struct object *snapshot_object(enum scep_field field);
/* The object of that name, if it is on a sheet and is a scalar or not. */
const struct object *snapshot_named(const char *name, bool is_scalar);
/* Writes the name of an instance; returns it. */
const char *snapshot_name(enum scep_field field, uint32_t index,
			  char name[SNAPSHOT_NAME]);

/* A sheet is empty when it is all zero. */
void snapshot_free(struct snapshot *snapshot);
/* Makes a row that says nothing, unless it is there.  False: out of memory. */
bool snapshot_add_row(struct snapshot *snapshot, uint32_t index);
void snapshot_remove_row(struct snapshot *snapshot, uint32_t index);
/* Makes it a row with all defaults of the MIB. */
bool snapshot_preset_row(struct snapshot *snapshot, uint32_t index);
/* Leaves out the profiles that do not outlive a restart. */
void snapshot_drop_volatile(struct snapshot *snapshot);
/* Replaces all of `to`.  On failure `to` is empty. */
bool snapshot_copy(struct snapshot *to, const struct snapshot *from);

/* What the sheet says of an instance, or NULL.  Borrows. */
const struct scep_value *snapshot_get(const struct snapshot *snapshot,
				      enum scep_field field, uint32_t index);
/* The number, or `otherwise`. */
int64_t snapshot_number(const struct snapshot *snapshot, enum scep_field field,
			uint32_t index, int64_t otherwise);
/* Writes into a row that is there. */
void snapshot_put(struct snapshot *snapshot, enum scep_field field,
		  uint32_t index, const struct scep_value *value);

/* Makes the changes of one Set as the agent would, rows included; a row that
 * is made has the defaults.  Returns false if memory is short. */
bool snapshot_apply(struct snapshot *snapshot,
		    const struct scep_change *change);

/* Called for each instance that `wanted` says and `present` has not so;
 * `before` is NULL where `present` says nothing of it. */
typedef void (*snapshot_difference_fn)(void *context, enum scep_field field,
				       uint32_t index,
				       const struct scep_value *before,
				       const struct scep_value *after);
/* Returns how many there are.  `each` may be NULL. */
size_t snapshot_differences(const struct snapshot *present,
			    const struct snapshot *wanted,
			    snapshot_difference_fn each, void *context);
/* Whether both have the same rows and say the same. */
bool snapshot_is_same(const struct snapshot *a, const struct snapshot *b);

#endif
