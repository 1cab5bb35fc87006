/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/revision.h"

#include "scep/change.h"
#include "ctl/value.h"

/* All notifications of the first revision, which has no caChanged. */
#define FIRST_NOTIFICATIONS 2047

bool revision_is_second(enum scep_field field)
{
	return field == SCEP_SERVER_RA_POLICY ||
	       field == SCEP_AUTO_KEY_ALGORITHM || field == SCEP_AUTO_TEMPLATE;
}

bool revision_has_objects(const struct device_state *device,
			  const struct snapshot *file, struct reason *reason)
{
	char name[SNAPSHOT_NAME];
	struct scep_value preset;

	for (uint32_t index = 0; index < SNAPSHOT_ROWS; index++) {
		SCEP_FIELDS_EACH (field) {
			const struct scep_value *wanted =
			    snapshot_get(file, field, index);

			if (!wanted || !device->lacks[field])
				continue;
			value_preset(field, &preset);
			if (!value_is_same(field, wanted, &preset))
				return reason_set(
				    reason,
				    "%s: the device does not have this object: "
				    "its SCEP-CLIENT-MIB is older",
				    snapshot_name(field, index, name));
		}
	}
	return true;
}

bool revision_fit(const struct device_state *device,
		  const struct snapshot *file, struct snapshot *fitted)
{
	struct scep_value preset, first = {.number = FIRST_NOTIFICATIONS};
	const struct scep_value *wanted;

	if (!snapshot_copy(fitted, file))
		return false;
	wanted = snapshot_get(fitted, SCEP_NOTIFY_ENABLE, 0);
	value_preset(SCEP_NOTIFY_ENABLE, &preset);
	if (device->lacks[SCEP_SERVER_RA_POLICY] && wanted &&
	    value_is_same(SCEP_NOTIFY_ENABLE, wanted, &preset))
		snapshot_put(fitted, SCEP_NOTIFY_ENABLE, 0, &first);
	return true;
}
