/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/device_state.h"

#include <stdlib.h>
#include <string.h>

void device_state_drop_lacking(struct device_state *state)
{
	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++)
		SCEP_FIELDS_EACH (field)
			if (state->snapshot.row[index] && state->lacks[field])
				state->snapshot.row[index]->has[field] = false;
}

void device_state_free(struct device_state *state)
{
	snapshot_free(&state->snapshot);
	free(state->uses);
	memset(state, 0, sizeof(*state));
}
