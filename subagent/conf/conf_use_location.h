/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens that name use locations and commands: useLocation,
 * ipsecDestination, restartCommand.  Judges every word that follows them.  Runs
 * nothing.
 */
#ifndef SUBAGENT_CONF_CONF_USE_LOCATION_H
#define SUBAGENT_CONF_CONF_USE_LOCATION_H

#include "subagent/conf/conf.h"
#include "subagent/system/fault.h"

int conf_use_location_read_use(struct conf *conf, const char *words,
			       struct fault *fault);
int conf_use_location_read_ipsec(struct conf *conf, const char *words,
				 struct fault *fault);
int conf_use_location_read_restart(struct conf *conf, const char *words,
				   struct fault *fault);

#endif
