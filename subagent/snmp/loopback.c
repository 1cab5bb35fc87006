/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/loopback.h"

#include <stdbool.h>
#include <sys/stat.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#define TURNS 1000

static bool is_pipe(int descriptor)
{
	struct stat about;

	return fstat(descriptor, &about) == 0 && S_ISFIFO(about.st_mode);
}

void loopback_open(struct loopback *loopback)
{
	netsnmp_large_fd_set sessions;
	struct timeval timeout = {0, 0};
	int count = 0, block = 1;

	loopback->count = 0;
	netsnmp_large_fd_set_init(&sessions, FD_SETSIZE);
	snmp_sess_select_info2_flags(NULL, &count, &sessions, &timeout, &block,
				     NETSNMP_SELECT_NOALARMS);
	for (int i = 0; i < count && loopback->count < LOOPBACK_MAX; i++) {
		if (NETSNMP_LARGE_FD_ISSET(i, &sessions) && is_pipe(i))
			loopback->pipes[loopback->count++] =
			    (struct pollfd){.fd = i, .events = POLLIN};
	}
	netsnmp_large_fd_set_cleanup(&sessions);
}

void loopback_drain(struct loopback *loopback)
{
	netsnmp_large_fd_set ready;

	/* A request needs two turns.  The limit is for a pipe that the library
	 * would not read. */
	for (int turns = 0; turns < TURNS; turns++) {
		if (poll(loopback->pipes, loopback->count, 0) <= 0)
			return;
		netsnmp_large_fd_set_init(&ready, FD_SETSIZE);
		for (nfds_t i = 0; i < loopback->count; i++) {
			if (loopback->pipes[i].revents != 0)
				NETSNMP_LARGE_FD_SET(loopback->pipes[i].fd,
						     &ready);
		}
		snmp_read2(&ready);
		netsnmp_large_fd_set_cleanup(&ready);
	}
}
