/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that the words of a command name: by index, or by name, which
 * several keys may have.
 */
#ifndef CTL_KEY_CHOICE_H
#define CTL_KEY_CHOICE_H

#include "ctl/visit.h"

/* Tells if each word names a key; ends the visit if not. */
bool key_choice_is_good(struct visit *visit, const struct grid *keys);
/* Tells if the words name that key.  Without words they name all. */
bool key_choice_has(const struct visit *visit, const struct grid *keys,
		    const struct row_of_table *key);
/* Tells if a key is in service.  An older device does not say: there all but
 * the default key are. */
bool key_is_in_service(const struct grid *keys, const struct row_of_table *key);

#endif
