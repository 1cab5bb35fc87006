/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/paint.h"

#include "scep/agent_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_colours(const struct visit *visit)
{
	const char *none = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return visit->is_alone && !visit->line->has[OPTION_JSON] &&
	       (!none || !*none) && terminal && strcmp(terminal, "dumb") != 0 &&
	       isatty(STDOUT_FILENO);
}

void paint_begin(const struct visit *visit, int64_t health)
{
	if (has_colours(visit))
		fputs(health == SCEP_HEALTH_OK	      ? "\033[32m"
		      : health == SCEP_HEALTH_WARNING ? "\033[33m"
						      : "\033[31m",
		      stdout);
}

void paint_end(const struct visit *visit)
{
	if (has_colours(visit)) {
		fputs("\033[0m", stdout);
		fflush(stdout);
	}
}
