/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/findings.h"

#include "subagent/conf/conf_check.h"
#include "subagent/parent/use_check.h"
#include "subagent/snmp/master_probe.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The work of one child. */
struct look {
	const struct findings *findings;
	const struct use_location *location; /* that is looked at */
	unsigned count;
};

static void look_report(struct look *look, const struct conf_position *at,
			const char *text)
{
	conf_report(&look->findings->reporter, CONF_WARNING, at, "%s", text);
	look->count++;
}

/* -------------------------------------------------------- use locations -- */

static void report_location(void *context, const char *text)
{
	struct look *look = context;
	const struct conf_position at = {look->location->at_file,
					 look->location->at_line};
	char whole[CONF_TEXT_MAX];

	snprintf(whole, sizeof(whole), "useLocation %s: %.900s",
		 look->location->name, text);
	look_report(look, &at, whole);
}

static bool look_at_locations(void *context)
{
	struct look *look = context;
	const struct conf *conf = look->findings->conf;
	const struct conf_position nowhere = {NULL, 0};
	char whole[CONF_TEXT_MAX];
	struct fault fault;

	for (size_t i = 0; i < conf->location_count; i++) {
		look->location = &conf->locations[i];
		use_check_all(look->location, report_location, look);
	}
	if (conf->restart_command[0] != '\0' &&
	    use_check_command(conf->restart_command, &fault) != 0) {
		snprintf(whole, sizeof(whole), "restartCommand: %.900s",
			 fault.text);
		look_report(look, &nowhere, whole);
	}
	return look->count == 0;
}

/* ------------------------------------------------------- state directory -- */

static bool state_is_usable(const char *path, struct fault *fault)
{
	struct stat status;

	if (stat(path, &status) != 0)
		fault_set(fault, "%s", strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		fault_set(fault, "is no directory");
	else if (status.st_uid != geteuid())
		fault_set(fault, "belongs to user %u, not to user %u",
			  (unsigned)status.st_uid, (unsigned)geteuid());
	else if ((status.st_mode & 077) != 0)
		fault_set(fault, "is open to others: mode %04o, not 0700",
			  (unsigned)status.st_mode & 07777);
	else if (access(path, W_OK | X_OK) != 0)
		fault_set(fault, "cannot be written: %s", strerror(errno));
	else
		return true;
	return false;
}

/* The directory is made by the program that starts this one. */
static bool state_can_be_made(const char *path, struct fault *fault)
{
	char parent[sizeof(((struct scep_config *)0)->state_directory)];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
	if (access(parent, W_OK | X_OK) == 0)
		return true;
	fault_set(fault, "cannot be made: %.400s: %s", parent, strerror(errno));
	return false;
}

static void report_state(struct look *look, const struct fault *fault)
{
	const struct conf_position nowhere = {NULL, 0};
	char whole[CONF_TEXT_MAX];

	snprintf(whole, sizeof(whole), "the state directory %.400s %.500s",
		 look->findings->conf->engine.state_directory, fault->text);
	look_report(look, &nowhere, whole);
}

/* ----------------------------------------------------------- the worker -- */

const char *findings_master(const struct conf *conf, const char *address)
{
	const char *master = conf_master(conf);

	if (address[0] != '\0')
		return address;
	return master != NULL ? master : NETSNMP_AGENTX_SOCKET;
}

/* Becomes the user of the worker, and looks at what that one needs. */
static bool look_as_worker(void *context)
{
	struct look *look = context;
	const struct findings *findings = look->findings;
	const char *state = findings->conf->engine.state_directory;
	const struct conf_position nowhere = {NULL, 0};
	char text[MASTER_TEXT];
	struct fault fault;

	if (access(state, F_OK) != 0) {
		if (!state_can_be_made(state, &fault))
			report_state(look, &fault);
		state = NULL;
	}
	if (privilege_drop(findings->privilege, &fault) != 0) {
		look_report(look, &nowhere, fault.text);
		return false;
	}
	if (state != NULL && !state_is_usable(state, &fault))
		report_state(look, &fault);
	if (!master_is_there(findings_master(findings->conf, findings->address),
			     text))
		look_report(look, &nowhere, text);
	return look->count == 0;
}

static bool run_child(const struct findings *findings,
		      bool (*work)(void *context), const char *what,
		      int patience)
{
	struct look look = {.findings = findings};
	const struct conf_position nowhere = {NULL, 0};
	int verdict = conf_check_in_child(work, &look, patience);

	if (verdict < 0)
		look_report(&look, &nowhere, what);
	return verdict > 0;
}

bool findings_run(const struct findings *findings, int patience)
{
	bool is_good =
	    run_child(findings, look_at_locations,
		      "looking at the use locations takes too long", patience);

	if (!findings->is_test)
		return is_good;
	return run_child(findings, look_as_worker,
			 "looking at the state directory and the AgentX socket "
			 "takes too long",
			 patience) &&
	       is_good;
}
