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

#include "subagent/snmp/objects.h"

/* One profile, or the scalars.  A sheet need not say everything. */
struct sheet_row {
	bool has[SCEP_FIELD_COUNT];
	struct scep_value value[SCEP_FIELD_COUNT];
};

#define SHEET_ROWS (SCEP_PROFILE_MAX + 1)

struct sheet {
	struct sheet_row *row[SHEET_ROWS]; /* 0: the scalars; NULL: none */
};

/* The name of an instance with a NUL: "scepServerUrl.1". */
#define SHEET_NAME 64

/* The object of a field, or NULL if it is not on a sheet. */
const struct object *sheet_object(enum scep_field field);
/* The object of that name, if it is on a sheet and is a scalar or not. */
const struct object *sheet_named(const char *name, bool is_scalar);
/* Writes the name of an instance; returns it. */
const char *sheet_name(enum scep_field field, uint32_t index,
		       char name[SHEET_NAME]);

/* A sheet is empty when it is all zero. */
void sheet_free(struct sheet *sheet);
/* Makes a row that says nothing, unless it is there.  False: out of memory. */
bool sheet_add_row(struct sheet *sheet, uint32_t index);
void sheet_remove_row(struct sheet *sheet, uint32_t index);
/* Makes it a row with all defaults of the MIB. */
bool sheet_preset_row(struct sheet *sheet, uint32_t index);
/* Leaves out the profiles that do not outlive a restart. */
void sheet_drop_volatile(struct sheet *sheet);
/* Replaces all of `to`.  On failure `to` is empty. */
bool sheet_copy(struct sheet *to, const struct sheet *from);

/* What the sheet says of an instance, or NULL.  Borrows. */
const struct scep_value *sheet_get(const struct sheet *sheet,
				   enum scep_field field, uint32_t index);
/* The number, or `otherwise`. */
int64_t sheet_number(const struct sheet *sheet, enum scep_field field,
		     uint32_t index, int64_t otherwise);
/* Writes into a row that is there. */
void sheet_put(struct sheet *sheet, enum scep_field field, uint32_t index,
	       const struct scep_value *value);

/* Makes the changes of one Set as the agent would, rows included; a row that
 * is made has the defaults.  Returns false if memory is short. */
bool sheet_apply(struct sheet *sheet, const struct scep_change *change);

/* Called for each instance that `wanted` says and `present` has not so;
 * `before` is NULL where `present` says nothing of it. */
typedef void (*sheet_difference_fn)(void *context, enum scep_field field,
				    uint32_t index,
				    const struct scep_value *before,
				    const struct scep_value *after);
/* Returns how many there are.  `each` may be NULL. */
size_t sheet_differences(const struct sheet *present,
			 const struct sheet *wanted, sheet_difference_fn each,
			 void *context);
/* Whether both have the same rows and say the same. */
bool sheet_is_same(const struct sheet *a, const struct sheet *b);

#endif
