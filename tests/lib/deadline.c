/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/deadline.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Processes that want a processor: over the last minute or now, whichever are
 * more. */
static double wanting(void)
{
	FILE *file = fopen("/proc/loadavg", "r");
	double minute = 0, now = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lf %*f %*f %lf", &minute, &now) != 2)
		minute = now = 0;
	fclose(file);
	return minute > now ? minute : now;
}

int deadline_scaled(int limit)
{
	static double most = 1;
	const char *given = getenv("TEST_DEADLINE_FACTOR");
	double factor;
	cpu_set_t ours;

	if (given != NULL && *given != '\0')
		factor = atof(given);
	else if (sched_getaffinity(0, sizeof(ours), &ours) == 0)
		factor = wanting() / CPU_COUNT(&ours);
	else
		factor = 1;
	if (factor > most)
		most = factor;
	return (int)(limit * most);
}
