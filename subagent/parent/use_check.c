/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/use_check.h"

#include "subagent/conf/conf_value.h"
#include "subagent/parent/use_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FINDINGS (LOCATION_FILES + LOCATION_COMMANDS + 1)

int use_check_owner(const struct use_location *location, uid_t *user,
		    gid_t *group, struct fault *fault)
{
	const struct passwd *account;
	const struct group *other;

	*user = (uid_t)-1;
	*group = (gid_t)-1;
	if (location->user[0] == '\0')
		return 0;
	account = getpwnam(location->user);
	if (account == NULL)
		return fault_set(fault, "there is no user %s", location->user);
	*user = account->pw_uid;
	*group = account->pw_gid;
	if (location->group[0] == '\0')
		return 0;
	other = getgrnam(location->group);
	if (other == NULL)
		return fault_set(fault, "there is no group %s",
				 location->group);
	*group = other->gr_gid;
	return 0;
}

static int check_file(const struct use_location *location,
		      enum location_file kind, uid_t user, gid_t group,
		      struct fault *fault)
{
	const struct use_folder folder = {
	    .path = location->file[kind],
	    .user = user,
	    .group = group,
	    .can_be_made = location->makes_folders,
	    .has_group_key = use_location_has_group_key(location, kind),
	};

	return folder.path == NULL ? 0 : use_folder_check(&folder, fault);
}

int use_check_files(const struct use_location *location, struct fault *fault)
{
	uid_t user;
	gid_t group;

	if (use_check_owner(location, &user, &group, fault) != 0)
		return -1;
	for (int i = 0; i < LOCATION_FILES; i++)
		if (check_file(location, (enum location_file)i, user, group,
			       fault) != 0)
			return -1;
	return 0;
}

int use_check_command(const char *command, struct fault *fault)
{
	char program[CONF_LINE_MAX];
	struct stat status;

	if (conf_value_word(&command, program, "a command", fault) != 0)
		return -1;
	if (stat(program, &status) != 0)
		return fault_set(fault, "the program %.200s: %s", program,
				 strerror(errno));
	if (!S_ISREG(status.st_mode) ||
	    faccessat(AT_FDCWD, program, X_OK, AT_EACCESS) != 0)
		return fault_set(fault, "the program %.200s cannot be run",
				 program);
	return 0;
}

/* Reports a fault, unless another file or command had the same. */
static void report_once(struct fault *seen, size_t *count,
			const struct fault *fault, use_check_fn report,
			void *context)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(seen[i].text, fault->text) == 0)
			return;
	seen[(*count)++] = *fault;
	report(context, fault->text);
}

void use_check_all(const struct use_location *location, use_check_fn report,
		   void *context)
{
	struct fault seen[FINDINGS], fault;
	size_t count = 0;
	uid_t user;
	gid_t group;

	if (use_check_owner(location, &user, &group, &fault) != 0)
		report_once(seen, &count, &fault, report, context);
	for (int i = 0; i < LOCATION_FILES; i++)
		if (check_file(location, (enum location_file)i, user, group,
			       &fault) != 0)
			report_once(seen, &count, &fault, report, context);
	for (int i = 0; i < LOCATION_COMMANDS; i++)
		if (location->command[i] != NULL &&
		    use_check_command(location->command[i], &fault) != 0)
			report_once(seen, &count, &fault, report, context);
}
