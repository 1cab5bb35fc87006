/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/master_probe.h"

#include "subagent/system/daemon_log.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Returns the path of the address of a local socket, or NULL. */
static const char *socket_path(const char *address)
{
	static const char *const words[] = {"unix:", "local:"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncasecmp(address, words[i], strlen(words[i])) == 0)
			return address + strlen(words[i]);
	return address[0] == '/' ? address : NULL;
}

/* Returns 0 if somebody listens at the path, else the error of connect(). */
static int socket_try(const char *path)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	int error = 0;
	int descriptor;

	if (strlen(path) >= sizeof(place.sun_path))
		return ENAMETOOLONG;
	strcpy(place.sun_path, path);
	descriptor =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return errno;
	if (connect(descriptor, (struct sockaddr *)&place, sizeof(place)) != 0)
		error = errno;
	close(descriptor);
	return error;
}

static void permission_words(const char *path, char text[MASTER_TEXT])
{
	const struct passwd *user = getpwuid(geteuid());

	snprintf(text, MASTER_TEXT,
		 "permission denied at %s: user %.60s (%u) may not open the "
		 "socket; give agentXPerms in snmpd.conf a group that this "
		 "user is in, as in snmpd-scepagent.conf",
		 path, user != NULL ? user->pw_name : "without a name",
		 (unsigned)geteuid());
}

static void socket_words(const char *path, int error, char text[MASTER_TEXT])
{
	switch (error) {
	case 0:
	case EAGAIN:
	case EINPROGRESS:
		snprintf(text, MASTER_TEXT,
			 "the master at %s does not answer yet", path);
		break;
	case EACCES:
	case EPERM:
		permission_words(path, text);
		break;
	case ENOENT:
	case ENOTDIR:
		snprintf(text, MASTER_TEXT,
			 "there is no socket %s: snmpd does not run, its "
			 "configuration lacks 'master agentx', or agentXSocket "
			 "has another path there",
			 path);
		break;
	case ECONNREFUSED:
		snprintf(text, MASTER_TEXT,
			 "nobody listens at %s: snmpd has stopped", path);
		break;
	default:
		snprintf(text, MASTER_TEXT, "%s cannot be used: %s", path,
			 strerror(error));
		break;
	}
}

/* Returns whether somebody listens at HOST:PORT; true if that is no name. */
static bool tcp_try(const char *address)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const char *colon = strrchr(address, ':');
	bool is_there = false;
	char host[256];

	if (colon == NULL || (size_t)(colon - address) >= sizeof(host))
		return true;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (getaddrinfo(host, colon + 1, &wanted, &found) != 0)
		return false;
	for (const struct addrinfo *each = found; each != NULL && !is_there;
	     each = each->ai_next) {
		int descriptor =
		    socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		is_there = descriptor >= 0 && connect(descriptor, each->ai_addr,
						      each->ai_addrlen) == 0;
		if (descriptor >= 0)
			close(descriptor);
	}
	freeaddrinfo(found);
	return is_there;
}

bool master_is_there(const char *address, char text[MASTER_TEXT])
{
	const char *path = socket_path(address);
	int error = path != NULL ? socket_try(path) : 0;

	if (error == EAGAIN || error == EINPROGRESS)
		error = 0;
	if (path == NULL && strncasecmp(address, "tcp:", 4) == 0 &&
	    !tcp_try(address + 4))
		error = ECONNREFUSED;
	if (error != 0)
		master_probe(address, text);
	return error == 0;
}

void master_probe(const char *address, char text[MASTER_TEXT])
{
	const char *path;

	if (address == NULL)
		address = NETSNMP_AGENTX_SOCKET;
	path = socket_path(address);
	if (path != NULL)
		socket_words(path, socket_try(path), text);
	else
		snprintf(text, MASTER_TEXT,
			 "no master answers at %s: is snmpd there, with this "
			 "agentXSocket?",
			 address);
}

void master_report_tick(struct master_report *report, const char *address,
			bool is_connected, uint64_t now)
{
	char text[MASTER_TEXT];

	if (is_connected) {
		if (report->is_told)
			daemon_log(LOG_NOTICE, "AgentX: registered at the "
					       "master");
		*report = (struct master_report){0};
		return;
	}
	if (report->is_told && now < report->look)
		return;
	master_probe(address, text);
	report->look = now + MASTER_LOOK;
	if (report->is_told && strcmp(text, report->text) == 0 &&
	    now < report->again)
		return;
	daemon_log(LOG_WARNING, "No AgentX master: %s", text);
	report->is_told = true;
	memcpy(report->text, text, sizeof(text));
	report->again = now + MASTER_AGAIN;
}
