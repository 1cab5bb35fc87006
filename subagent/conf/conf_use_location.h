/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that name places and commands: useLocation, ipsecDestination,
 * restartCommand.  Checks every word of them.  Knows of no process that would
 * carry them out.
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
