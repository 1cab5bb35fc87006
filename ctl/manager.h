/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SNMP manager with one agent, on Net-SNMP's library: Get, GetNext and Set,
 * each waited for.  A Get is tried again as the options say.  A Set is sent
 * once: the agent might make it twice.  Knows the objects of the MIB, and not
 * what they mean.
 */
#ifndef CTL_MANAGER_H
#define CTL_MANAGER_H

#include "scep/change.h"
#include "ctl/device_state.h"

#include "ctl/reason.h"
#include "ctl/varbind.h"

#include <stdio.h>

struct manager;

enum manager_start {
	MANAGER_READY,
	MANAGER_ANSWERED, /* an option such as -V has been answered */
	MANAGER_USAGE,	  /* bad options; the library has said why */
};

/*
 * Reads Net-SNMP's options and the agent's address.  `words[0]` is the name of
 * the program; `*rest` becomes the index of the first word after the agent.
 * Overwrites passphrases in `words`.  Sends nothing yet.
 */
enum manager_start manager_start(int count, char **words, int *rest,
				 struct manager **manager);
void manager_free(struct manager *manager);
/* Prints the options of Net-SNMP. */
void manager_print_options(FILE *stream);

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

/* Sends one Set: scepAgentConfigSpinLock with that value, and the change. */
void manager_set(struct manager *manager, uint32_t lock,
		 const struct scep_change *change, struct answer *answer);

/* Closes the session, so that the next request opens it anew: the agent may
 * have been started again, or the connection be gone. */
void manager_reset(struct manager *manager);

#endif
