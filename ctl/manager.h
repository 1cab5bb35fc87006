/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SNMP manager with one agent: Get, walks and Set, each waited for.  A Get
 * is tried again as the options say.  A Set is sent once: the agent might make
 * it twice.  Knows the objects of the MIB, and not what they mean.
 */
#ifndef CTL_MANAGER_H
#define CTL_MANAGER_H

#include "scep/change.h"
#include "ctl/device_state.h"

#include "ctl/reason.h"
#include "ctl/varbind.h"

struct login;
struct manager;

/* Borrows the login and the agent's name.  Sends nothing yet.  Returns NULL if
 * memory is short. */
struct manager *manager_new(const struct login *login, const char *agent);
void manager_free(struct manager *manager);
/* Tells if the last message had no answer at all. */
bool manager_is_silent(const struct manager *manager);

/* One variable that is asked for. */
struct manager_variable {
	const struct object *object;
	uint32_t index;
	bool may_lack; /* it may be missing, which is_missing tells then */
	bool is_missing;
	struct scep_value value;
};

/* Reads all of them.  Returns false with the reason if the agent does not
 * answer, or if one of them is missing that may not. */
bool manager_get(struct manager *manager, struct manager_variable *variables,
		 size_t count, struct reason *reason);

/* Goes to the next row of the column, and reads it; sets `*is_end` after the
 * last one.  Returns false as above. */
bool manager_next(struct manager *manager, struct manager_variable *variable,
		  bool *is_end, struct reason *reason);

/* Is called for each cell of a walk; returns false if memory is short. */
typedef bool (*manager_cell_fn)(void *context, size_t column, uint32_t index,
				const struct scep_value *value);
/* Walks columns of one table; leaves out cells of another type than theirs.
 * Returns false with the reason if the agent does not answer. */
bool manager_walk(struct manager *manager, struct manager_variable *columns,
		  size_t count, manager_cell_fn each, void *context,
		  struct reason *reason);

#define MANAGER_NO_LOCK (-1)
/* Sends one Set: scepAgentConfigSpinLock with that value, unless it is
 * MANAGER_NO_LOCK, and the change. */
void manager_set(struct manager *manager, int64_t lock,
		 const struct scep_change *change, struct answer *answer);

/* Closes the session, so that the next request opens it anew: the agent may
 * have been started again, or the connection be gone. */
void manager_reset(struct manager *manager);

#endif
