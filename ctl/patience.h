/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a visit waits for something that a device does by itself, and for a
 * device that has stopped answering.
 */
#ifndef CTL_PATIENCE_H
#define CTL_PATIENCE_H

#include "ctl/visit.h"

#include <stdint.h>

struct patience {
	int64_t begin;	      /* ms */
	int64_t silent_since; /* 0: it answers */
};

void patience_begin(struct patience *patience);
/*
 * Waits a moment before the next look.  `is_answered` tells if the last one was
 * answered; if not, `reason` says why.  Returns false, after having ended the
 * visit, when it has taken longer than --wait allows, or when the device has
 * been silent for too long.
 */
bool patience_go_on(struct patience *patience, struct visit *visit,
		    bool is_answered, const struct reason *reason);

#endif
