/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `server`, `timer` and `profile`: shows, sets, checks and switches the
 * settings of profiles.
 */
#ifndef CTL_SETTINGS_H
#define CTL_SETTINGS_H

#include "ctl/visit.h"

void settings_server(struct visit *visit);
void settings_timer(struct visit *visit);
void settings_profile(struct visit *visit);

#endif
