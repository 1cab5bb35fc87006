/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules between the settings of a profile, and between them and an
 * action (MIB, rules 1 to 3, 7 and 17): a table of rules, each of which knows
 * one thing.  Pure; knows the profile before and after a change, and not how
 * it came about.
 */
#ifndef SCEP_SETTINGS_RULES_H
#define SCEP_SETTINGS_RULES_H

#include "scep/change.h"

struct scep_config;
struct scep_profile;
struct scep_status;
struct scep_view;

/* An action that a Set asks for. */
struct rules_action {
	enum scep_field field;
	uint32_t index; /* of the row */
	uint32_t number;
	size_t item; /* which item of the change asked */
};

/* One profile under a change.  All borrowed. */
struct rules_profile {
	const struct scep_view *view;
	const struct scep_config *config;
	const struct scep_change *change;
	const struct scep_profile *before; /* NULL: the change creates it */
	const struct scep_profile *after;
	bool is_destroyed;
	const struct scep_status *open; /* its open request, or NULL */
	uint32_t action;		/* enum scep_request_action */
	uint32_t check;			/* enum scep_server_check */
};

/* Judges by all rules.  A refusal is SCEP_INCONSISTENT_VALUE, and `verdict`
 * has the item to blame. */
enum scep_refusal rules_judge(const struct rules_profile *profile,
			      struct scep_verdict *verdict);

enum rules_values { RULES_OF_REQUEST, RULES_OF_TIMER };
/* Says what a request with these values of the profile would do that the
 * configuration does not allow: static text, or NULL. */
const char *rules_weakness(const struct scep_config *config,
			   const struct scep_profile *profile,
			   enum rules_values values);

#endif
