/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepagentd: reads the command line and the configuration, goes into the
 * background, and becomes the parent of a worker process.
 */
#include "subagent/conf/conf_check.h"
#include "subagent/conf/conf_file.h"
#include "subagent/conf/conf_netsnmp.h"
#include "subagent/conf/options.h"
#include "subagent/findings.h"
#include "subagent/parent/cert_copy.h"
#include "subagent/parent/deploy_child.h"
#include "subagent/parent/key_files.h"
#include "subagent/parent/use_check.h"
#include "subagent/system/background.h"
#include "subagent/system/daemon_log.h"
#include "subagent/worker.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scep/engine_config.h"
#include "scep/event.h"

#define EXIT_BAD_CONFIG	  2

#define PATIENCE_AT_START 10000 /* ms for the check of a configuration */
#define PATIENCE_AT_HUP	  1000

struct program {
	struct options options;
	struct conf conf;
	struct privilege privilege;
	int starter; /* for background_report(), or -1 */
};

/* How many findings were reported: the exit status of -t. */
static unsigned finding_count;

static bool is_log_on_stderr(void)
{
	const netsnmp_log_handler *handler = get_logh_head();

	for (; handler != NULL; handler = handler->next)
		if (handler->enabled &&
		    handler->type == NETSNMP_LOGHANDLER_STDERR)
			return true;
	return false;
}

/* Shows a finding on the terminal and in the log, once if they are the same. */
static void report(void *context, enum conf_severity severity, const char *text)
{
	(void)context;
	finding_count++;
	if (!is_log_on_stderr())
		fprintf(stderr, "scepagentd: %s\n", text);
	daemon_log(severity == CONF_ERROR ? LOG_ERR : LOG_WARNING, "%s", text);
}

static const struct conf_reporter reporter = {.report = report};

/* Reads the configuration.  Returns false if it is bad. */
static bool read_conf(const struct program *program, struct conf *conf,
		      int patience)
{
	const struct conf_source source = {
	    .file = program->options.file[0] ? program->options.file : NULL,
	    .is_root = geteuid() == 0,
	    .reporter = reporter,
	};
	struct privilege privilege;
	struct fault fault;
	bool is_good;

	conf_init(conf);
	is_good = conf_file_read(conf, &source);
	if (!is_good && conf->file_count == 0)
		return false;
	if (program->options.state_directory[0] != '\0')
		memcpy(conf->engine.state_directory,
		       program->options.state_directory,
		       sizeof(conf->engine.state_directory));
	if (privilege_find(&privilege, conf->user, conf->group, &fault) != 0) {
		conf_report(&reporter, CONF_ERROR, &conf->run_as_at, "%s",
			    fault.text);
		return false;
	}
	/* All faults are reported at once. */
	return conf_check_run(conf, &reporter, &privilege, patience) && is_good;
}

/* ------------------------------------------------------ for the parent -- */

static int main_work(void *context, const struct parent_link *link)
{
	struct program *program = context;
	const struct worker_setup setup = {
	    .conf = &program->conf,
	    .privilege = &program->privilege,
	    .address = program->options.address,
	    .keeps_terminal =
		program->options.is_foreground || snmp_stderrlog_status(),
	};

	/* Only the parent reports to the process in the foreground. */
	if (program->starter >= 0)
		close(program->starter);
	return worker_run(&setup, link);
}

/* Keeps the settings that a running program cannot change. */
static void keep_fixed(struct conf *fresh, const struct conf *old)
{
	if (strcmp(fresh->engine.state_directory,
		   old->engine.state_directory) != 0)
		report(NULL, CONF_WARNING,
		       "stateDirectory takes effect with a restart");
	if (strcmp(fresh->user, old->user) != 0 ||
	    strcmp(fresh->group, old->group) != 0)
		report(NULL, CONF_WARNING, "runAs takes effect with a restart");
	if (!conf_has_same_lines(fresh, old))
		report(NULL, CONF_WARNING,
		       "tokens of Net-SNMP take effect with a restart");
	memcpy(fresh->engine.state_directory, old->engine.state_directory,
	       sizeof(fresh->engine.state_directory));
	memcpy(fresh->user, old->user, sizeof(fresh->user));
	memcpy(fresh->group, old->group, sizeof(fresh->group));
}

static void send_config(int channel, const struct scep_config *config)
{
	struct message message;

	message_init(&message, MESSAGE_CONFIG);
	message.config = *config;
	/* A worker that hangs must not keep the parent from stopping it. */
	if (message_send(channel, &message) != 0)
		daemon_log(LOG_ERR, "the worker cannot be reached: %s",
			   strerror(errno));
}

static void main_reload(void *context, int channel)
{
	struct program *program = context;
	struct conf fresh;

	if (!read_conf(program, &fresh, PATIENCE_AT_HUP)) {
		report(NULL, CONF_ERROR,
		       "the configuration is bad: nothing is changed");
		conf_free(&fresh);
		return;
	}
	keep_fixed(&fresh, &program->conf);
	conf_free(&program->conf);
	program->conf = fresh;
	if (channel >= 0)
		send_config(channel, &program->conf.engine);
}

/* Copies the certificate of a restart.  Without it the device is restarted,
 * too.
 */
static void copy_certificate(const struct program *program, const char *file_id,
			     struct cert_copy *copy)
{
	struct key_files entry;
	struct fault fault;

	if (file_id[0] == '\0')
		return;
	if (key_files_read_certificates(program->conf.engine.state_directory,
					program->privilege.uid, file_id, &entry,
					&fault) != 0 ||
	    cert_copy_make(copy, file_id, entry.certificates,
			   entry.certificates_length, &fault) != 0)
		daemon_log(LOG_ERR, "restartCommand has no SCEP_CERT_FILE: %s",
			   fault.text);
	key_files_free(&entry);
}

static bool choose_restart(void *context, const struct message_restart *request,
			   char *text, struct cert_copy *copy)
{
	const struct program *program = context;

	if (program->conf.restart_command[0] == '\0') {
		daemon_log(LOG_ERR, "there is no restartCommand any more");
		return false;
	}
	copy_certificate(program, request->file_id, copy);
	memcpy(text, program->conf.restart_command,
	       sizeof(program->conf.restart_command));
	return true;
}

/* Looks at the use locations of a list, in a process of its own. */
static void main_look(const struct program *program,
		      const struct message_deploy *request,
		      struct scep_deploy_end *end)
{
	char names[sizeof(request->use_name)];
	const char *name;
	char *next = NULL;
	struct fault fault;

	end->is_good = true;
	memcpy(names, request->use_name, sizeof(names));
	for (name = strtok_r(names, ", ", &next); name != NULL && end->is_good;
	     name = strtok_r(NULL, ", ", &next)) {
		const struct use_location *location =
		    conf_use_location(&program->conf, name);

		/* The engine knows by itself which there are. */
		if (location == NULL || use_check_files(location, &fault) == 0)
			continue;
		end->is_good = false;
		snprintf(end->text, sizeof(end->text),
			 "use location %s: %.180s", name, fault.text);
	}
}

/* Runs in a process of its own. */
static void main_deploy(void *context, const struct message_deploy *request,
			struct scep_deploy_end *end)
{
	const struct program *program = context;
	const struct deploy_child_order order = {
	    .location = conf_use_location(&program->conf, request->use_name),
	    .state_directory = program->conf.engine.state_directory,
	    .owner =
		program->privilege.sets ? program->privilege.uid : geteuid(),
	    .key_name = request->key_name,
	    .file_id = request->file_id,
	};

	end->is_enabled = true;
	if (request->is_look)
		main_look(program, request, end);
	else if (order.location == NULL)
		snprintf(end->text, sizeof(end->text),
			 "there is no such use location any more");
	else if (request->is_probe)
		deploy_child_probe(&order, end);
	else
		deploy_child(&order, end);
}

static void release_starter(struct program *program, int exit_code)
{
	background_report(program->starter, exit_code);
	program->starter = -1;
}

static void main_ready(void *context)
{
	struct program *program = context;

	release_starter(program, 0);
	if (!program->options.is_foreground && !snmp_stderrlog_status())
		background_detach();
}

/* ------------------------------------------------------------- starting -- */

static void show_times(bool has_times)
{
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_LOG_TIMESTAMP, has_times);
}

/* The journal and syslog have times of their own; -L files and terminals have
 * none. */
static void start_log(const struct options *options)
{
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_APPTYPE,
			      CONF_APPLICATION);
	if (options->has_log)
		show_times(true);
	else if (options->is_foreground || options->is_test ||
		 options->is_check)
		snmp_enable_stderrlog();
	else
		snmp_enable_syslog_ident(CONF_APPLICATION, LOG_DAEMON);
	daemon_log_tell_journal();
}

static void make_folder(const struct program *program)
{
	struct fault fault;

	/* The engine goes on without the folder, and shows that in its health.
	 */
	if (privilege_make_folder(&program->privilege,
				  program->conf.engine.state_directory,
				  &fault) != 0)
		report(NULL, CONF_WARNING, fault.text);
	if (geteuid() == 0 && !program->privilege.sets)
		report(NULL, CONF_WARNING,
		       "runAs is root: the worker keeps all "
		       "privileges of root");
}

/* Looks at what the configuration names.  A folder can hang. */
static void look_around(const struct program *program, bool is_test)
{
	const struct findings findings = {
	    .conf = &program->conf,
	    .privilege = &program->privilege,
	    .address = program->options.address,
	    .reporter = reporter,
	    .is_test = is_test,
	};

	if (!findings_run(&findings,
			  is_test ? PATIENCE_AT_START : PATIENCE_AT_HUP))
		finding_count++;
}

/* -t: tests all and starts nothing. */
static int main_test(struct program *program)
{
	look_around(program, true);
	if (finding_count > 0)
		return EXIT_BAD_CONFIG;
	printf("scepagentd: the configuration is good\n");
	return 0;
}

static int main_run(struct program *program)
{
	const struct parent_plan plan = {
	    .work = main_work,
	    .reload = main_reload,
	    .ready = main_ready,
	    .restart = choose_restart,
	    .deploy = main_deploy,
	    .context = program,
	};
	struct fault fault;
	int exit_code;

	if (!read_conf(program, &program->conf, PATIENCE_AT_START))
		return EXIT_BAD_CONFIG;
	if (program->options.has_log)
		show_times(conf_netsnmp_has_times(&program->conf));
	if (privilege_find(&program->privilege, program->conf.user,
			   program->conf.group, &fault) != 0)
		return EXIT_BAD_CONFIG;
	if (program->options.is_check)
		return 0;
	if (program->options.is_test)
		return main_test(program);
	look_around(program, false);
	make_folder(program);
	if (!program->options.is_foreground) {
		program->starter = background_start();
		if (program->starter < 0) {
			report(NULL, CONF_ERROR,
			       "no process in the background");
			return 1;
		}
	}
	exit_code = parent_run(&plan);
	release_starter(program, exit_code);
	return exit_code;
}

int main(int argc, char *argv[])
{
	static struct program program = {.starter = -1};
	struct fault fault;
	int exit_code;

	umask(077);
	switch (options_read(&program.options, argc, argv, &fault)) {
	case OPTIONS_HELP:
		options_print_usage(stdout);
		return 0;
	case OPTIONS_VERSION:
		options_print_version(stdout);
		return 0;
	case OPTIONS_BAD:
		fprintf(stderr, "scepagentd: %s\n", fault.text);
		options_print_usage(stderr);
		return EXIT_BAD_CONFIG;
	case OPTIONS_RUN:
		break;
	}
	start_log(&program.options);
	exit_code = main_run(&program);
	conf_free(&program.conf);
	return exit_code;
}
