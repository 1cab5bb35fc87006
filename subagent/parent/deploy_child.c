/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/deploy_child.h"

#include "subagent/parent/command.h"
#include "subagent/parent/environment.h"
#include "subagent/parent/install.h"
#include "subagent/parent/key_files.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* What an order is carried out with. */
struct applying {
	const struct deploy_child_order *order;
	struct deploy_child_end *end;
	struct key_files entry;
	struct environment environment;
	struct install_file files[LOCATION_FILES + LOCATION_ISSUERS];
	char issuer_path[LOCATION_ISSUERS][4096];
	size_t file_count;
	uid_t user; /* whose they are; -1: ours */
	gid_t group;
	struct install install;
	bool is_told; /* the function, to take up the new files */
};

static const char *const command_words[LOCATION_COMMANDS] = {
    [LOCATION_ENABLED] = "enabled",
    [LOCATION_CHECK] = "check",
    [LOCATION_RELOAD] = "reload",
    [LOCATION_RELOAD_2] = "reload",
};

__attribute__((format(printf, 2, 3))) static bool
fail(struct applying *applying, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(applying->end->text, sizeof(applying->end->text), format,
		  list);
	va_end(list);
	return false;
}

/* ---------------------------------------------------------- the commands */

/* Waits until it has ended: nothing else is to be done here. */
static enum command_end await(struct command *command)
{
	enum command_end end;

	while ((end = command_reap(command)) == COMMAND_RUNS) {
		struct pollfd polled = {.fd = command->output,
					.events = POLLIN};

		/* Its end is seen by the pipe, or a little later. */
		poll(&polled, 1, command->output >= 0 ? 100 : 10);
		command_read(command);
		command_do_due(command);
	}
	return end;
}

/* Returns COMMAND_WELL also if there is none. */
static enum command_end run(struct applying *applying,
			    enum location_command which,
			    struct command *command)
{
	const struct deploy_child_order *order = applying->order;
	const char *text = order->location->command[which];
	char name[LOCATION_NAME_MAX + 32];

	if (text == NULL)
		return COMMAND_WELL;
	snprintf(name, sizeof(name), "useLocation %s: %s",
		 order->location->name, command_words[which]);
	command_init(command, name);
	/* That a function is off is no news. */
	if (which == LOCATION_ENABLED)
		command->bad_end_priority = LOG_DEBUG;
	if (command_start(command, text, applying->environment.variable,
			  order->limit > 0 ? order->limit : COMMAND_LIMIT) !=
	    0) {
		snprintf(command->how, sizeof(command->how),
			 "cannot be started");
		return COMMAND_BADLY;
	}
	return await(command);
}

static bool run_or_fail(struct applying *applying, enum location_command which)
{
	struct command command;

	if (run(applying, which, &command) == COMMAND_WELL)
		return true;
	/* nginx and apachectl name the cause first, swanctl last. */
	return fail(applying, "%s %s%s%.110s%s%.90s", command_words[which],
		    command.how, command.lines > 0 ? ": " : "", command.first,
		    command.lines > 1 ? " ... " : "",
		    command.lines > 1 ? command.last : "");
}

/* A function that nobody can ask is taken for one that is on. */
static bool is_enabled(struct applying *applying)
{
	struct command command;

	return run(applying, LOCATION_ENABLED, &command) == COMMAND_WELL ||
	       command.could_not_run;
}

static bool reload(struct applying *applying)
{
	return run_or_fail(applying, LOCATION_RELOAD) &&
	       run_or_fail(applying, LOCATION_RELOAD_2);
}

/* ------------------------------------------------------------- the files */

static bool find_owner(struct applying *applying)
{
	const struct use_location *location = applying->order->location;
	const struct passwd *account;
	const struct group *other;

	applying->user = (uid_t)-1;
	applying->group = (gid_t)-1;
	if (location->user[0] == '\0')
		return true;
	account = getpwnam(location->user);
	if (account == NULL)
		return fail(applying, "there is no user %s", location->user);
	applying->user = account->pw_uid;
	applying->group = account->pw_gid;
	if (location->group[0] == '\0')
		return true;
	other = getgrnam(location->group);
	if (other == NULL)
		return fail(applying, "there is no group %s", location->group);
	applying->group = other->gr_gid;
	return true;
}

static void put_part(struct install_file *file, size_t *count, const char *text,
		     size_t length)
{
	file->part[*count].text = text;
	file->part[(*count)++].length = length;
}

/* What stands in a file of that kind. */
static void put_parts(struct install_file *file, enum location_file kind,
		      const struct key_files *entry)
{
	const char *chain = entry->certificates + entry->leaf_length;
	size_t chain_length = entry->certificates_length - entry->leaf_length;
	size_t count = 0;

	/* Many a program takes no empty file for its CA. */
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

/* The next file of the plan, which others may not read if it has the key. */
static struct install_file *plan_file(struct applying *applying,
				      enum location_file kind, const char *path)
{
	struct install_file *file = &applying->files[applying->file_count++];

	file->path = path;
	file->user = applying->user;
	file->group = applying->group;
	file->mode = use_location_mode(applying->order->location, kind);
	return file;
}

/* Each file has one; those that are too many have the last one again, as an
 * empty file would be an error to the program. */
static bool plan_issuers(struct applying *applying)
{
	for (size_t n = 0; n < LOCATION_ISSUERS; n++) {
		char *path = applying->issuer_path[n];
		struct install_file *file;

		if (!use_location_issuer_path(applying->order->location, n,
					      path,
					      sizeof(applying->issuer_path[n])))
			return fail(applying, "a path is too long");
		file = plan_file(applying, LOCATION_CHAIN, path);
		file->part[0].text = key_files_issuer(&applying->entry, n,
						      &file->part[0].length);
	}
	return true;
}

static bool plan_files(struct applying *applying)
{
	const struct use_location *location = applying->order->location;

	if (!find_owner(applying))
		return false;
	for (int kind = 0; kind < LOCATION_FILES; kind++) {
		const char *path = location->file[kind];

		if (path == NULL)
			continue;
		if (kind != LOCATION_CHAIN || !location->is_chain_split)
			put_parts(
			    plan_file(applying, (enum location_file)kind, path),
			    (enum location_file)kind, &applying->entry);
		else if (!plan_issuers(applying))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------- the whole */

static void make_environment(struct applying *applying)
{
	const struct deploy_child_order *order = applying->order;
	const char *cert = use_location_cert_file(order->location);
	char own[4400];

	/* A location without files may fetch the certificate itself. */
	snprintf(own, sizeof(own), "%s/certs/%s.pem", order->state_directory,
		 order->file_id);
	environment_make(&applying->environment, order->key_name,
			 order->location->name, cert != NULL ? cert : own);
}

static bool begin(struct applying *applying)
{
	const struct deploy_child_order *order = applying->order;

	if (key_files_read(order->state_directory, order->owner, order->file_id,
			   &applying->entry, applying->end->text) != 0 ||
	    !plan_files(applying))
		return false;
	return install_begin(&applying->install, applying->files,
			     applying->file_count, applying->end->text) == 0;
}

/* Has the function take up what is in place. */
static bool take_up(struct applying *applying)
{
	if (!run_or_fail(applying, LOCATION_CHECK))
		return false;
	install_settle(&applying->install);
	applying->is_told = true;
	if (!reload(applying))
		return false;
	if (is_enabled(applying))
		return true;
	return fail(applying, "the function is off after the reload");
}

/* The function may have taken up what is taken back. */
static void take_back(struct applying *applying)
{
	char why[INSTALL_TEXT];
	struct deploy_child_end ignored = {.is_good = false};
	struct deploy_child_end *end = applying->end;

	if (install_take_back(&applying->install, why) != 0)
		snmp_log(LOG_ERR, "useLocation %s: not taken back: %s\n",
			 applying->order->location->name, why);
	if (!applying->is_told)
		return;
	applying->end = &ignored;
	reload(applying);
	applying->end = end;
}

static void apply(struct applying *applying)
{
	struct deploy_child_end *end = applying->end;

	end->is_enabled = is_enabled(applying);
	if (!begin(applying)) {
		end->is_good = false;
	} else if (!end->is_enabled) {
		install_settle(&applying->install);
		end->is_good = true;
	} else {
		end->is_good = take_up(applying);
		if (!end->is_good)
			take_back(applying);
	}
	install_free(&applying->install);
	key_files_free(&applying->entry);
}

void deploy_child(const struct deploy_child_order *order,
		  struct deploy_child_end *end)
{
	struct applying applying = {.order = order, .end = end};
	int lock =
	    open(order->state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(end, 0, sizeof(*end));
	end->is_enabled = true;
	make_environment(&applying);
	/* A process that a killed parent has left may be at it. */
	if (lock < 0 || flock(lock, LOCK_EX) != 0)
		fail(&applying, "%.150s: %s", order->state_directory,
		     strerror(errno));
	else
		apply(&applying);
	if (lock >= 0)
		close(lock);
}

void deploy_child_probe(const struct deploy_child_order *order,
			struct deploy_child_end *end)
{
	struct applying applying = {.order = order, .end = end};

	memset(end, 0, sizeof(*end));
	make_environment(&applying);
	end->is_enabled = is_enabled(&applying);
	end->is_good = true;
}
