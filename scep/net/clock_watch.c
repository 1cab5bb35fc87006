/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/clock_watch.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "scep/net/poll_handle.h"

/* Of a timer that nobody waits for; it is set again when it is over. */
#define FAR_AWAY ((time_t)366 * 86400) /* seconds */

struct clock_watch {
	int timer;
	struct poll_handle *poll;
	void (*changed)(void *context);
	void *context;
};

/* The kernel cancels a timer of this kind when the clock is set: read() then
 * fails with ECANCELED.  Returns false if there are no such timers. */
static bool watch_arm(const struct clock_watch *watch)
{
	const struct itimerspec far = {.it_value.tv_sec =
					   time(NULL) + FAR_AWAY};

	return timerfd_settime(watch->timer,
			       TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			       &far, NULL) == 0;
}

static void on_timer(void *context, int fd, int events)
{
	struct clock_watch *watch = context;
	uint64_t count;
	ssize_t length = read(fd, &count, sizeof(count));

	(void)length;
	(void)events;
	/* A timer that is refused would be readable without end. */
	if (!watch_arm(watch))
		poll_handle_set(watch->poll, 0);
	watch->changed(watch->context);
}

struct clock_watch *
clock_watch_open(uv_loop_t *loop, void (*changed)(void *context), void *context)
{
	struct clock_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->changed = changed;
	watch->context = context;
	watch->timer =
	    timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (watch->timer >= 0 && watch_arm(watch))
		watch->poll =
		    poll_handle_open(loop, watch->timer, on_timer, watch);
	if (!watch->poll) {
		clock_watch_close(watch);
		return NULL;
	}
	poll_handle_set(watch->poll, POLL_HANDLE_READABLE);
	return watch;
}

void clock_watch_close(struct clock_watch *watch)
{
	if (!watch)
		return;
	if (watch->poll)
		poll_handle_close(watch->poll);
	if (watch->timer >= 0)
		close(watch->timer);
	free(watch);
}
