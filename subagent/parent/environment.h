/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clean environment of a command of the configuration file: a path for
 * programs, and what the command is run for.  Knows no command.
 */
#ifndef SUBAGENT_PARENT_ENVIRONMENT_H
#define SUBAGENT_PARENT_ENVIRONMENT_H

#define ENVIRONMENT_NAME 32 /* room for a name and the NUL */

struct environment {
	char key_name[65 + ENVIRONMENT_NAME];
	char use_location[256 + ENVIRONMENT_NAME];
	char cert_file[4400 + ENVIRONMENT_NAME];
	const char *variable[5]; /* ends with NULL; points into the struct */
};

/* "" is for what does not apply, and is left out. */
void environment_make(struct environment *environment, const char *key_name,
		      const char *use_location, const char *cert_file);

#endif
