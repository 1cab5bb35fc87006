/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/master_probe.h"

#include "subagent/system/daemon_log.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
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

/* Returns whether a process is named snmpd, as far as this one can see. */
static bool snmpd_runs(void)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	bool runs = false;

	while (folder != NULL && !runs && (entry = readdir(folder)) != NULL) {
		char path[64];
		char name[16] = "";
		FILE *file;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		runs = fgets(name, sizeof(name), file) != NULL &&
		       strcmp(name, "snmpd\n") == 0;
		fclose(file);
	}
	if (folder != NULL)
		closedir(folder);
	return runs;
}

/* Writes the first folder on the way to the path that this process may not
 * enter.  Returns false if it may enter all. */
static bool find_closed_folder(const char *path, char folder[PATH_MAX])
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path);
		if (faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) != 0)
			return true;
	}
	return false;
}

/* Writes what lets this process open the socket. */
static void permission_words(const char *path, char text[MASTER_TEXT])
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group = getgrgid(getegid());
	char folder[PATH_MAX];
	char name[64];
	char group_name[64];

	snprintf(name, sizeof(name), "%u", (unsigned)geteuid());
	snprintf(group_name, sizeof(group_name), "%u", (unsigned)getegid());
	if (user != NULL)
		snprintf(name, sizeof(name), "%.60s", user->pw_name);
	if (group != NULL)
		snprintf(group_name, sizeof(group_name), "%.60s",
			 group->gr_name);
	/* snmpd gives its folder the mode of agentXPerms only if it makes it.
	 */
	if (find_closed_folder(path, folder))
		snprintf(text, MASTER_TEXT,
			 "permission denied at %.100s: user %s may not enter "
			 "the folder %.100s; run 'chmod 755 %.100s'",
			 path, name, folder, folder);
	else
		snprintf(text, MASTER_TEXT,
			 "permission denied at %.100s: user %s may not open "
			 "the socket; add 'agentXPerms 0660 0755 %s %s' to "
			 "snmpd.conf and restart snmpd",
			 path, name, name, group_name);
}

static void missing_words(const char *path, char text[MASTER_TEXT])
{
	const char *usual = NETSNMP_AGENTX_SOCKET;
	int error = strcmp(path, usual) != 0 ? socket_try(usual) : ENOENT;

	if (error == 0 || error == EACCES)
		snprintf(
		    text, MASTER_TEXT,
		    "there is no socket %.100s, but one at %s: agentXSocket "
		    "must be the same in snmpd.conf and scepagentd.conf",
		    path, usual);
	else if (snmpd_runs())
		snprintf(
		    text, MASTER_TEXT,
		    "there is no socket %.100s, but snmpd runs: snmpd.conf "
		    "lacks 'master agentx', or agentXSocket has another "
		    "path there",
		    path);
	else
		snprintf(text, MASTER_TEXT,
			 "there is no socket %.100s: snmpd does not run, or "
			 "agentXSocket has another path there",
			 path);
}

static void socket_words(const char *path, int error, char text[MASTER_TEXT])
{
	switch (error) {
	case 0:
	case EAGAIN:
	case EINPROGRESS:
		snprintf(text, MASTER_TEXT,
			 "the master at %.100s does not answer yet", path);
		break;
	case EACCES:
	case EPERM:
		permission_words(path, text);
		break;
	case ENOENT:
	case ENOTDIR:
		missing_words(path, text);
		break;
	case ECONNREFUSED:
		snprintf(text, MASTER_TEXT,
			 "nobody listens at %.100s: snmpd has stopped", path);
		break;
	default:
		snprintf(text, MASTER_TEXT, "%.100s cannot be used: %s", path,
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

static void report_tell(const struct master_report *report, const char *words,
			const char *text)
{
	char whole[MASTER_TEXT + 64];

	snprintf(whole, sizeof(whole), "%s%s", words, text);
	if (report->tell != NULL)
		report->tell(report->context, whole);
}

static void report_connected(struct master_report *report, const char *address)
{
	if (report->was_connected)
		return;
	if (report->is_told)
		daemon_log(LOG_NOTICE, "AgentX: registered at the master");
	report->was_connected = true;
	report->is_told = false;
	report->cause[0] = '\0';
	report_tell(report, "registered at the AgentX master ",
		    address != NULL ? address : NETSNMP_AGENTX_SOCKET);
}

void master_report_tick(struct master_report *report, const char *address,
			bool is_connected, uint64_t now)
{
	char text[MASTER_TEXT] = "";
	bool is_lasting, is_old;

	if (is_connected) {
		report_connected(report, address);
		return;
	}
	report->was_connected = false;
	if (report->is_told && now < report->look)
		return;
	report->look = now + MASTER_LOOK;
	master_probe(address, text);
	/* A master that has just come is "not answering yet" for a moment. */
	is_lasting = strcmp(text, report->seen) == 0;
	is_old = strcmp(text, report->cause) == 0;
	memcpy(report->seen, text, sizeof(text));
	if (report->is_told && (is_old ? now < report->next : !is_lasting))
		return;
	daemon_log(LOG_WARNING, "No AgentX master: %s", text);
	report_tell(report, "no AgentX master: ", text);
	memcpy(report->cause, text, sizeof(text));
	report->is_told = true;
	report->next = now + MASTER_AGAIN;
}
