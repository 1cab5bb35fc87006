/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/system/notify.h"

#ifdef HAVE_SYSTEMD

#include <limits.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void notify_status(const char *text)
{
	sd_notifyf(0, "STATUS=%s", text);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

int notify_interval(void)
{
	uint64_t limit;

	if (sd_watchdog_enabled(0, &limit) <= 0)
		return -1;
	/* In us; three signs of life fit into the limit, in ms. */
	limit /= 3000;
	return limit < 1 ? 1 : limit > INT_MAX ? INT_MAX : (int)limit;
}

#else

void notify_ready(void)
{
}

void notify_status(const char *text)
{
	(void)text;
}

void notify_stopping(void)
{
}

void notify_alive(void)
{
}

int notify_interval(void)
{
	return -1;
}

#endif
