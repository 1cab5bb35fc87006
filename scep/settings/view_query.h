/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that the rows of a view answer, for the rules and for everything
 * above them; one of scep/view.h is here too.  Pure: knows no state, no
 * configuration and no time.
 */
#ifndef SCEP_SETTINGS_VIEW_QUERY_H
#define SCEP_SETTINGS_VIEW_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scep/octets.h"

struct scep_use;
struct scep_view;

#define VIEW_PROFILE_NAME (SCEP_TEXT64 + 16)
/* Writes the name of a profile in the log: `profile 1 "office"`, or "profile 1"
 * if it has no name or is gone. */
void view_name_profile(const struct scep_view *view, uint32_t index,
		       char name[VIEW_PROFILE_NAME]);

/* Returns the use location with that name, or NULL. */
const struct scep_use *view_find_use(const struct scep_view *view,
				     const char *name, size_t length);
/* Returns whether each name of a list (use_list.h) is a use location.  The
 * empty list has none to fail. */
bool view_has_uses(const struct scep_view *view, const char *list);
/* Writes the first name of the list that is no use location.  Returns false if
 * there is none. */
bool view_lacks_use(const struct scep_view *view, const char *list,
		    char name[SCEP_TEXT64]);

/* Returns whether a use location is being given the key. */
bool view_key_is_wanted(const struct scep_view *view, uint32_t key_index);
/* Returns whether a use location has the key or is being given it. */
bool view_key_is_used(const struct scep_view *view, uint32_t key_index);
/* Returns whether a use location has the key, had it before, is being given it
 * or could not be given it. */
bool view_key_is_referred_to(const struct scep_view *view, uint32_t key_index);
/* Returns whether a use location could not be given the key; `*use` (may be
 * NULL) is the first such row. */
bool view_key_has_failed(const struct scep_view *view, uint32_t key_index,
			 const struct scep_use **use);

/* Returns whether a use location that has the key had the key `old` before. */
bool view_key_has_replaced(const struct scep_view *view, uint32_t old,
			   uint32_t key_index);
/* Returns the key that a use location with this key had before, or 0. */
uint32_t view_previous_key(const struct scep_view *view, uint32_t key_index);

#endif
