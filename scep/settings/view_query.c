/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/view_query.h"

#include <stdio.h>
#include <string.h>

#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/timer.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/settings/use_list.h"

const struct scep_status *scep_view_open_request(const struct scep_view *view,
						 uint32_t profile_index)
{
	ROWS_EACH (i, &view->statuses) {
		const struct scep_status *status = view->statuses.row[i];

		if (status->profile_index != profile_index)
			continue;
		if (status->state == SCEP_STATE_PROCESSING ||
		    (status->state == SCEP_STATE_TO_BE_PROCESSED &&
		     status->trigger == SCEP_TRIGGER_MANUAL))
			return status;
	}
	return NULL;
}

void scep_profile_shown_name(const struct scep_profile *profile,
			     char name[SCEP_TEXT64])
{
	if (profile->name[0] != '\0')
		memcpy(name, profile->name, sizeof(profile->name));
	else
		snprintf(name, SCEP_TEXT64, "profile %u", profile->index);
}

void view_name_profile(const struct scep_view *view, uint32_t index,
		       char name[VIEW_PROFILE_NAME])
{
	const struct scep_profile *profile =
	    scep_rows_find(&view->profiles, index);

	if (profile != NULL && profile->name[0] != '\0')
		snprintf(name, VIEW_PROFILE_NAME, "profile %u \"%s\"", index,
			 profile->name);
	else
		snprintf(name, VIEW_PROFILE_NAME, "profile %u", index);
}

/* -------------------------------------------------------- use locations -- */

const struct scep_use *view_find_use(const struct scep_view *view,
				     const char *name, size_t length)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (strlen(use->name) == length &&
		    memcmp(use->name, name, length) == 0)
			return use;
	}
	return NULL;
}

bool view_lacks_use(const struct scep_view *view, const char *list,
		    char name[SCEP_TEXT64])
{
	const char *each;
	size_t length, at = 0;

	while (use_list_next(list, &at, &each, &length)) {
		if (view_find_use(view, each, length) != NULL)
			continue;
		if (length >= SCEP_TEXT64)
			length = SCEP_TEXT64 - 1;
		memcpy(name, each, length);
		name[length] = '\0';
		return true;
	}
	return false;
}

bool view_has_uses(const struct scep_view *view, const char *list)
{
	char name[SCEP_TEXT64];

	return !view_lacks_use(view, list, name);
}

bool view_key_is_wanted(const struct scep_view *view, uint32_t key_index)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->wanted_key == key_index)
			return true;
	}
	return false;
}

bool view_key_is_used(const struct scep_view *view, uint32_t key_index)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index == key_index)
			return true;
	}
	return view_key_is_wanted(view, key_index);
}

bool view_key_is_referred_to(const struct scep_view *view, uint32_t key_index)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->previous_key == key_index ||
		    use->failed_key == key_index)
			return true;
	}
	return view_key_is_used(view, key_index);
}

bool view_key_has_failed(const struct scep_view *view, uint32_t key_index,
			 const struct scep_use **found)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->failed_key != key_index)
			continue;
		if (found != NULL)
			*found = use;
		return true;
	}
	return false;
}

bool view_key_has_replaced(const struct scep_view *view, uint32_t old,
			   uint32_t key_index)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index == key_index && use->previous_key == old)
			return true;
	}
	return false;
}

uint32_t view_previous_key(const struct scep_view *view, uint32_t key_index)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index == key_index && use->previous_key != 0)
			return use->previous_key;
	}
	return 0;
}
