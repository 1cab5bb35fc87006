/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of use locations, as settings and scepKeyUseLocation have them: names
 * with commas between them; blanks around a name do not count.  Pure text;
 * knows no location.
 */
#ifndef SCEP_SETTINGS_USE_LIST_H
#define SCEP_SETTINGS_USE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "scep/octets.h"

/*
 * Gives the next name of the list, beginning with `*at` = 0, and moves `*at`
 * behind it.  `*name` points into the list and has `*length` octets.  Between
 * two commas there is an empty name; the empty list has none.  False at the
 * end.
 */
bool use_list_next(const char *list, size_t *at, const char **name,
		   size_t *length);

bool use_list_has(const char *list, const char *name);
/* Adds the name unless the list has it.  False if there is no room for it. */
bool use_list_add(char list[SCEP_TEXT255], const char *name);
void use_list_remove(char list[SCEP_TEXT255], const char *name);

#endif
