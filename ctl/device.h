/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device as an export and an import see it: all its settings, read so that
 * they belong together.
 */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include "ctl/manager.h"

/* Reads all into an empty reading.  Returns false with the reason if the
 * device does not answer, or not whole; then the reading is empty again. */
bool device_read(struct manager *manager, struct reading *reading,
		 char reason[ANSWER_REASON]);

#endif
