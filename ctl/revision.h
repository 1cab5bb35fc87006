/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revisions of SCEP-CLIENT-MIB.  A device with the first lacks settings
 * that the second has, and behaves as if they had their defaults.  Knows no
 * SNMP.
 */
#ifndef CTL_REVISION_H
#define CTL_REVISION_H

#include "ctl/device_state.h"

/* Tells if the setting came with the second revision.  All others must be
 * there: else the view hides what an export promises. */
bool revision_is_second(enum scep_field field);

/* Tells if the device has each object that the file gives another value than
 * its default.  The reason names the first that it lacks. */
bool revision_has_objects(const struct device_state *device,
			  const struct snapshot *file, struct reason *reason);

/*
 * Writes the file as the device can have it into `fitted`, which is replaced:
 * where it enables all notifications, those that the device knows.  Returns
 * false if memory is short.
 */
bool revision_fit(const struct device_state *device,
		  const struct snapshot *file, struct snapshot *fitted);

#endif
