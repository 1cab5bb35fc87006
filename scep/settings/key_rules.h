/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules for an action on a key of the registry, and for its end (MIB,
 * rules 7, 11 and 16).  Pure; judges on the values after the whole of a Set.
 */
#ifndef SCEP_SETTINGS_KEY_RULES_H
#define SCEP_SETTINGS_KEY_RULES_H

#include "scep/change.h"
#include "scep/settings/rules.h"

struct scep_config;
struct scep_key;
struct scep_rows;
struct scep_view;

/* One key under a change.  All borrowed. */
struct key_rules_case {
	const struct rules_action *actions; /* all that the change asks for */
	size_t action_count;
	/* The profiles that the change writes to, as they are after it, and
	 * of each index whether it goes away. */
	const struct scep_rows *profiles;
	const bool *profile_is_destroyed;
	const struct scep_view *view;
	const struct scep_config *config;
	const struct scep_key *after;
	uint32_t action; /* enum scep_key_action */
	bool is_destroyed;
};

/* A refusal is SCEP_INCONSISTENT_VALUE, or SCEP_RESOURCE_UNAVAILABLE where the
 * registry is full; `verdict` has the item to blame. */
enum scep_refusal key_rules_judge(const struct key_rules_case *key,
				  struct scep_verdict *verdict);

#endif
