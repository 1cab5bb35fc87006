/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/deploy_child.h"

#include "scep/event.h"
#include "subagent/parent/cert_copy.h"
#include "subagent/parent/command.h"
#include "subagent/parent/deploy_lock.h"
#include "subagent/parent/install.h"
#include "subagent/parent/key_files.h"
#include "subagent/parent/use_check.h"
#include "subagent/system/daemon_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A deployment that is being made. */
struct deployment {
	const struct deploy_child_order *order;
	struct key_files entry;
	struct cert_copy copy;
	struct command_environment environment;
	struct install_file files[LOCATION_FILES + LOCATION_ISSUERS];
	char issuer_path[LOCATION_ISSUERS][4096];
	size_t file_count;
	uid_t user; /* of the files; -1: the user of this process */
	gid_t group;
	struct install install;
	bool is_reloaded; /* the function was asked to take up the new files */
};

static const char *const command_names[LOCATION_COMMANDS] = {
    [LOCATION_ENABLED] = "enabled",
    [LOCATION_CHECK] = "check",
    [LOCATION_RELOAD] = "reload",
    [LOCATION_RELOAD_2] = "reload",
};

/* ---------------------------------------------------------- the commands */

/* Waits until the command has ended: nothing else is to be done here. */
static enum command_end command_await(struct command *command)
{
	enum command_end end;

	while ((end = command_reap(command)) == COMMAND_RUNS) {
		struct pollfd polled = {.fd = command->output,
					.events = POLLIN};

		/* The pipe ends with the command, or a little later. */
		poll(&polled, 1, command->output >= 0 ? 100 : 10);
		command_read(command);
		command_do_due(command);
	}
	return end;
}

/* Returns COMMAND_WELL if the location has no such command. */
static enum command_end deployment_run(struct deployment *deployment,
				       enum location_command which,
				       struct command *command)
{
	const struct deploy_child_order *order = deployment->order;
	const char *text = order->location->command[which];
	char name[LOCATION_NAME_MAX + 32];

	if (text == NULL)
		return COMMAND_WELL;
	snprintf(name, sizeof(name), "use location %s: %s",
		 order->location->name, command_names[which]);
	command_init(command, name);
	/* The end stands in the result, which is logged.  A function that is
	 * off needs no line. */
	command->is_end_silent = true;
	if (command_start(command, text, deployment->environment.variable,
			  order->limit > 0 ? order->limit : COMMAND_LIMIT) !=
	    0) {
		snprintf(command->how, sizeof(command->how),
			 "cannot be started");
		return COMMAND_BADLY;
	}
	return command_await(command);
}

static int deployment_require(struct deployment *deployment,
			      enum location_command which, struct fault *fault)
{
	struct command command;

	if (deployment_run(deployment, which, &command) == COMMAND_WELL)
		return 0;
	/* nginx and apachectl name the cause first, swanctl last. */
	return fault_set(fault, "%s %s%s%.110s%s%.90s", command_names[which],
			 command.how, command.lines > 0 ? ": " : "",
			 command.first, command.lines > 1 ? " ... " : "",
			 command.lines > 1 ? command.last : "");
}

/* Returns whether the function is on.  One that cannot be asked counts as on.
 */
static bool deployment_is_enabled(struct deployment *deployment)
{
	struct command command;

	if (deployment_run(deployment, LOCATION_ENABLED, &command) ==
	    COMMAND_WELL)
		return true;
	if (command.has_term)
		daemon_log(LOG_ERR,
			   "use location %s: enabled took too long: the "
			   "function counts as off",
			   deployment->order->location->name);
	return command.could_not_run;
}

static int deployment_reload(struct deployment *deployment, struct fault *fault)
{
	if (deployment_require(deployment, LOCATION_RELOAD, fault) != 0)
		return -1;
	return deployment_require(deployment, LOCATION_RELOAD_2, fault);
}

/* ------------------------------------------------------------- the files */

static int find_owner(struct deployment *deployment, struct fault *fault)
{
	return use_check_owner(deployment->order->location, &deployment->user,
			       &deployment->group, fault);
}

static void put_part(struct install_file *file, size_t *count, const char *text,
		     size_t length)
{
	file->part[*count].text = text;
	file->part[(*count)++].length = length;
}

/* Puts together the content of a file of that kind. */
static void put_parts(struct install_file *file, enum location_file kind,
		      const struct key_files *entry)
{
	const char *chain = entry->certificates + entry->leaf_length;
	size_t chain_length = entry->certificates_length - entry->leaf_length;
	size_t count = 0;

	/* Many programs take no empty file for their CA. */
	if (kind == LOCATION_CHAIN && chain_length == 0)
		chain = key_files_issuer(entry, 0, &chain_length);
	if (kind == LOCATION_KEY || kind == LOCATION_COMBINED)
		put_part(file, &count, entry->key, entry->key_length);
	if (kind == LOCATION_CERT || kind == LOCATION_FULLCHAIN ||
	    kind == LOCATION_COMBINED)
		put_part(file, &count, entry->certificates, entry->leaf_length);
	if (kind == LOCATION_CHAIN || kind == LOCATION_FULLCHAIN ||
	    kind == LOCATION_COMBINED)
		put_part(file, &count, chain, chain_length);
}

/* Adds a file to the plan; nobody else may read one that has the key. */
static struct install_file *plan_file(struct deployment *deployment,
				      enum location_file kind, const char *path)
{
	struct install_file *file =
	    &deployment->files[deployment->file_count++];

	file->path = path;
	file->user = deployment->user;
	file->group = deployment->group;
	file->mode = use_location_mode(deployment->order->location, kind);
	file->makes_folder = deployment->order->location->makes_folders;
	file->has_group_key =
	    use_location_has_group_key(deployment->order->location, kind);
	return file;
}

/* Gives each issuer a file.  Where there are fewer issuers than files, the last
 * one is repeated: an empty file would be an error to the program. */
static int plan_issuers(struct deployment *deployment, struct fault *fault)
{
	for (size_t n = 0; n < LOCATION_ISSUERS; n++) {
		char *path = deployment->issuer_path[n];
		struct install_file *file;

		if (!use_location_issuer_path(
			deployment->order->location, n, path,
			sizeof(deployment->issuer_path[n])))
			return fault_set(fault, "a path is too long");
		file = plan_file(deployment, LOCATION_CHAIN, path);
		file->part[0].text = key_files_issuer(&deployment->entry, n,
						      &file->part[0].length);
	}
	return 0;
}

static int plan_files(struct deployment *deployment, struct fault *fault)
{
	const struct use_location *location = deployment->order->location;

	if (find_owner(deployment, fault) != 0)
		return -1;
	for (int i = 0; i < LOCATION_FILES; i++) {
		enum location_file kind = (enum location_file)i;
		const char *path = location->file[i];

		if (path == NULL)
			continue;
		if (kind != LOCATION_CHAIN || !location->is_chain_split)
			put_parts(plan_file(deployment, kind, path), kind,
				  &deployment->entry);
		else if (plan_issuers(deployment, fault) != 0)
			return -1;
	}
	return 0;
}

/* ------------------------------------------------------------- the whole */

static void make_environment(struct deployment *deployment)
{
	const struct deploy_child_order *order = deployment->order;

	command_environment_init(&deployment->environment, order->key_name,
				 order->location->name, deployment->copy.path);
}

/* Reads the files of the entry, once: what is put into place and what a command
 * sees is the same. */
static int deployment_read(struct deployment *deployment, struct fault *fault)
{
	const struct deploy_child_order *order = deployment->order;

	if (key_files_read(order->state_directory, order->owner, order->file_id,
			   &deployment->entry, fault) != 0 ||
	    cert_copy_make(&deployment->copy, order->file_id,
			   deployment->entry.certificates,
			   deployment->entry.certificates_length, fault) != 0)
		return -1;
	/* This process may be killed: it has a limit. */
	cert_copy_guard(&deployment->copy, getpid());
	make_environment(deployment);
	return 0;
}

static int deployment_put_files(struct deployment *deployment,
				struct fault *fault)
{
	if (plan_files(deployment, fault) != 0)
		return -1;
	return install_begin(&deployment->install, deployment->files,
			     deployment->file_count, fault);
}

/* Makes the function take up the new files. */
static int deployment_activate(struct deployment *deployment,
			       struct fault *fault)
{
	if (deployment_require(deployment, LOCATION_CHECK, fault) != 0)
		return -1;
	install_settle(&deployment->install);
	deployment->is_reloaded = true;
	if (deployment_reload(deployment, fault) != 0)
		return -1;
	if (deployment_is_enabled(deployment))
		return 0;
	return fault_set(fault, "the function is off after the reload");
}

/* Puts the old files back, and has a function that may have taken up the new
 * ones take up the old ones. */
static void deployment_take_back(struct deployment *deployment)
{
	const char *name = deployment->order->location->name;
	struct fault fault;

	/* The copy is not what the function goes on with. */
	cert_copy_remove(&deployment->copy);
	make_environment(deployment);
	if (install_take_back(&deployment->install, &fault) != 0)
		daemon_log(LOG_ERR,
			   "use location %s: the old files are not back: %s",
			   name, fault.text);
	if (deployment->is_reloaded &&
	    deployment_reload(deployment, &fault) != 0)
		daemon_log(LOG_ERR,
			   "use location %s: the old files are not taken up: "
			   "%s",
			   name, fault.text);
}

static int deployment_apply(struct deployment *deployment, bool is_enabled,
			    struct fault *fault)
{
	int result = deployment_put_files(deployment, fault);

	if (result == 0 && !is_enabled) {
		install_settle(&deployment->install);
	} else if (result == 0) {
		result = deployment_activate(deployment, fault);
		if (result != 0)
			deployment_take_back(deployment);
	}
	install_free(&deployment->install);
	return result;
}

void deploy_child(const struct deploy_child_order *order,
		  struct scep_deploy_end *end)
{
	struct deployment deployment = {.order = order};
	struct fault fault = {""};
	struct deploy_lock lock;

	end->is_good = false;
	end->is_enabled = true;
	make_environment(&deployment);
	if (deploy_lock_take(&lock, order->state_directory, order->owner,
			     &fault) == 0) {
		bool is_read = deployment_read(&deployment, &fault) == 0;

		end->is_enabled = deployment_is_enabled(&deployment);
		end->is_good =
		    is_read &&
		    deployment_apply(&deployment, end->is_enabled, &fault) == 0;
		key_files_free(&deployment.entry);
		cert_copy_remove(&deployment.copy);
	}
	deploy_lock_release(&lock);
	snprintf(end->text, sizeof(end->text), "%.255s", fault.text);
}

void deploy_child_probe(const struct deploy_child_order *order,
			struct scep_deploy_end *end)
{
	struct deployment deployment = {.order = order};

	make_environment(&deployment);
	end->is_enabled = deployment_is_enabled(&deployment);
	end->is_good = true;
}
