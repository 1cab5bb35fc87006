/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/unblock_timer.h"

#include <signal.h>
#include <unistd.h>

/* Neither the library nor the engine uses this signal. */
#define UNBLOCK_SIGNAL SIGRTMIN

/* Not every C library has the name of signal(7). */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* Does nothing: the interruption is enough. */
static void nothing(int number)
{
	(void)number;
}

int unblock_timer_open(struct unblock_timer *unblock_timer)
{
	/* Without SA_RESTART, so that the call ends. */
	struct sigaction action = {.sa_handler = nothing};
	struct sigevent event = {
	    .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = UNBLOCK_SIGNAL,
	};

	sigset_t set;

	event.sigev_notify_thread_id = gettid();
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, UNBLOCK_SIGNAL);
	if (sigaction(UNBLOCK_SIGNAL, &action, NULL) != 0)
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
