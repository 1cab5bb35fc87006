/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change worked out: the rows as they will be after the whole of a Set, and
 * the actions it asks for, judged together (MIB, rules 1 to 4, 6, 7 and 17).
 * Pure: from a view, a configuration and a change to a draft; the same code
 * judges for the front end and for the engine.  Each value of the change has
 * passed scep_value_check() before, which is not repeated here.  Knows no disk
 * and starts nothing.
 */
#ifndef SCEP_SETTINGS_DRAFT_H
#define SCEP_SETTINGS_DRAFT_H

#include "scep/agent_row.h"
#include "scep/change.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/settings/rules.h"

struct scep_config;

struct draft {
	struct scep_agent agent; /* settings after the change */
	bool agent_is_changed;	 /* the lock included */
	bool agent_is_set;	 /* another than the lock is changed */
	/* New versions of the rows that really change; owned. */
	struct scep_rows profiles;
	struct scep_rows cas;
	struct scep_rows keys;
	/* Profiles of which something on disk changes: a nonVolatile setting
	 * of one that is, or becomes, or was nonVolatile (then it is to be
	 * taken from the disk).  Not those that go away. */
	bool is_durable[SCEP_PROFILE_MAX + 1];
	/* Profiles that go away; they are not among `profiles`. */
	bool is_destroyed[SCEP_PROFILE_MAX + 1];
	/* Profiles that are new, or whose Url or CaFingerprint changed: pins
	 * are forgotten. */
	bool forgets_pins[SCEP_PROFILE_MAX + 1];
	/* Actions other than noop, in the order asked; `clear` has already
	 * emptied the request values of its profile. */
	struct rules_action *actions;
	size_t action_count;
};

/* Fills `draft` (draft_free it in every case). */
enum scep_refusal draft_make(const struct scep_view *view,
			     const struct scep_config *config,
			     const struct scep_change *change,
			     struct draft *draft, struct scep_verdict *verdict);
void draft_free(struct draft *draft);

#endif
