/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/unblock_timer.h"

#include <signal.h>
#include <unistd.h>

/* One that neither the library nor the engine has a use for. */
#define NUDGE_SIGNAL SIGRTMIN

/* The name that signal(7) gives it, which not every C library has. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* Being called is all there is to it. */
static void nothing(int number)
{
	(void)number;
}

int unblock_timer_open(struct unblock_timer *unblock_timer)
{
	/* Without SA_RESTART, which is the point. */
	struct sigaction action = {.sa_handler = nothing};
	struct sigevent event = {
	    .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = NUDGE_SIGNAL,
	};

	sigset_t set;

	event.sigev_notify_thread_id = gettid();
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, NUDGE_SIGNAL);
	if (sigaction(NUDGE_SIGNAL, &action, NULL) != 0)
		return -1;
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return timer_create(CLOCK_MONOTONIC, &event, &unblock_timer->timer);
}

void unblock_timer_close(struct unblock_timer *unblock_timer)
{
	timer_delete(unblock_timer->timer);
}

void unblock_timer_every(const struct unblock_timer *unblock_timer,
			 long milliseconds)
{
	struct timespec span = {
	    .tv_sec = milliseconds / 1000,
	    .tv_nsec = milliseconds % 1000 * 1000000L,
	};
	struct itimerspec often = {.it_interval = span, .it_value = span};

	timer_settime(unblock_timer->timer, 0, &often, NULL);
}
