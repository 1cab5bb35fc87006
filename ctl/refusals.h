/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reason of a refused Set, from scepRefusalTable of the device.  Knows no
 * file and makes no Set.
 */
#ifndef CTL_REFUSALS_H
#define CTL_REFUSALS_H

#include "ctl/manager.h"

/*
 * Adds the device's own words to the answer of a Set that it has refused.
 * Leaves the answer as it is if the device has none for that object: an older
 * one has no such table.
 */
void refusals_explain(struct manager *manager, const struct scep_change *change,
		      struct answer *answer);

#endif
