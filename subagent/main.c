/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scepagentd: reads the command line and the configuration, goes into the
 * background, and becomes the parent of a worker process.
 */
#include "subagent/parent/deploy_child.h"
#include "subagent/system/background.h"
#include "subagent/conf/conf_check.h"
#include "subagent/conf/conf_file.h"
#include "subagent/conf/options.h"
#include "subagent/worker.h"
#include "subagent/system/daemon_log.h"

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
	int starter; /* the process in front, or -1 */
};

/* Mistakes go to the terminal too, unless the log is there. */
static bool is_log_on_stderr(void)
{
	const netsnmp_log_handler *handler = get_logh_head();

	for (; handler != NULL; handler = handler->next)
		if (handler->enabled &&
		    handler->type == NETSNMP_LOGHANDLER_STDERR)
			return true;
	return false;
}

static void tell(void *context, enum conf_severity severity, const char *text)
{
	(void)context;
	if (!is_log_on_stderr())
		fprintf(stderr, "scepagentd: %s\n", text);
	daemon_log(severity == CONF_ERROR ? LOG_ERR : LOG_WARNING, "%s", text);
}

static const struct conf_reporter reporter = {.report = tell};

/* Reads the configuration; false if it is no good. */
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
	/* All that is wrong is told at once. */
	return conf_check_run(conf, &reporter, &privilege, patience) && is_good;
}

/* ------------------------------------------------------ for the parent -- */

static int work(void *context, const struct parent_link *link)
{
	struct program *program = context;
	const struct worker_setup setup = {
	    .conf = &program->conf,
	    .privilege = &program->privilege,
	    .address = program->options.address,
	    .keeps_terminal =
		program->options.is_foreground || snmp_stderrlog_status(),
	};

	/* The process in front is the parent's affair. */
	if (program->starter >= 0)
		close(program->starter);
	return worker_run(&setup, link);
}

/* What a running program cannot change stays as it is. */
static void keep_fixed(struct conf *fresh, const struct conf *old)
{
	if (strcmp(fresh->engine.state_directory,
		   old->engine.state_directory) != 0)
		tell(NULL, CONF_WARNING,
		     "stateDirectory takes effect with a restart");
	if (strcmp(fresh->user, old->user) != 0 ||
	    strcmp(fresh->group, old->group) != 0)
		tell(NULL, CONF_WARNING, "runAs takes effect with a restart");
	if (!conf_has_same_lines(fresh, old))
		tell(NULL, CONF_WARNING,
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

static void reload(void *context, int channel)
{
	struct program *program = context;
	struct conf fresh;

	if (!read_conf(program, &fresh, PATIENCE_AT_HUP)) {
		tell(NULL, CONF_ERROR,
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

/* Names the certificate that the worker may name: one of the engine's. */
static bool is_certificate(const struct program *program, const char *path)
{
	const char *folder = program->conf.engine.state_directory;
	size_t length = strlen(folder);

	return path[0] == '\0' || (strncmp(path, folder, length) == 0 &&
				   strncmp(path + length, "/certs/", 7) == 0 &&
				   strchr(path + length + 7, '/') == NULL);
}

static bool choose_restart(void *context, const struct message_restart *request,
			   char *text)
{
	const struct program *program = context;

	if (!is_certificate(program, request->cert_file)) {
		daemon_log(LOG_ERR, "the worker names a file that is no "
				    "certificate of its own");
		return false;
	}
	if (program->conf.restart_command[0] == '\0') {
		daemon_log(LOG_ERR, "there is no restartCommand any more");
		return false;
	}
	memcpy(text, program->conf.restart_command,
	       sizeof(program->conf.restart_command));
	return true;
}

/* Runs in a process of its own. */
static void deploy(void *context, const struct message_deploy *request,
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
	if (order.location == NULL)
		snprintf(end->text, sizeof(end->text),
			 "there is no such use location any more");
	else if (request->is_probe)
		deploy_child_probe(&order, end);
	else
		deploy_child(&order, end);
}

static void let_go(struct program *program, int exit_code)
{
	background_tell(program->starter, exit_code);
	program->starter = -1;
}

static void ready(void *context)
{
	struct program *program = context;

	let_go(program, 0);
	if (!program->options.is_foreground && !snmp_stderrlog_status())
		background_detach();
}

/* ------------------------------------------------------------- starting -- */

static void start_log(const struct options *options)
{
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_APPTYPE,
			      CONF_APPLICATION);
	if (options->has_log)
		return;
	if (options->is_foreground)
		snmp_enable_stderrlog();
	else
		snmp_enable_syslog_ident(CONF_APPLICATION, LOG_DAEMON);
}

static void make_folder(const struct program *program)
{
	struct fault fault;

	/* The engine goes on without a folder, and shows that it has none. */
	if (privilege_make_folder(&program->privilege,
				  program->conf.engine.state_directory,
				  &fault) != 0)
		tell(NULL, CONF_WARNING, fault.text);
	if (geteuid() == 0 && !program->privilege.sets)
		tell(NULL, CONF_WARNING,
		     "runAs is root: the worker keeps all "
		     "that root may do");
}

static int run(struct program *program)
{
	const struct parent_plan plan = {
	    .work = work,
	    .reload = reload,
	    .ready = ready,
	    .restart = choose_restart,
	    .deploy = deploy,
	    .context = program,
	};
	struct fault fault;
	int exit_code;

	if (!read_conf(program, &program->conf, PATIENCE_AT_START))
		return EXIT_BAD_CONFIG;
	if (privilege_find(&program->privilege, program->conf.user,
			   program->conf.group, &fault) != 0)
		return EXIT_BAD_CONFIG;
	make_folder(program);
	if (!program->options.is_foreground) {
		program->starter = background_start();
		if (program->starter < 0) {
			tell(NULL, CONF_ERROR, "no process in the background");
			return 1;
		}
	}
	exit_code = parent_run(&plan);
	let_go(program, exit_code);
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
	exit_code = run(&program);
	conf_free(&program.conf);
	return exit_code;
}
