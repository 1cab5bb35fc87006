/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/device_state.h"

#include <stdlib.h>
#include <string.h>

void device_state_free(struct device_state *state)
{
	snapshot_free(&state->snapshot);
	free(state->uses);
	memset(state, 0, sizeof(*state));
}
