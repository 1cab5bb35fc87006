/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a device for an export and an import: all its settings, so that they
 * belong together.  Knows no file and makes no Set.
 */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include "ctl/device_state.h"
#include "ctl/manager.h"

/* Reads all into an empty state.  Returns false with the reason if the device
 * does not answer, or not whole; then the state is empty again. */
bool device_read(struct manager *manager, struct device_state *state,
		 struct reason *reason);

#endif
