/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A use location as the configuration file has it: the files of a key and its
 * certificate that it needs, their owner and mode, and the commands around
 * them. The presets know where well-known programs look for their files.  Knows
 * no key, and runs nothing.
 */
#ifndef SUBAGENT_CONF_USE_LOCATION_H
#define SUBAGENT_CONF_USE_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The files that a use location may need, in the order in which they are
 * written: the key before any certificate. */
enum location_file {
	LOCATION_KEY,
	LOCATION_CHAIN,	    /* the issuers of the certificate */
	LOCATION_CERT,	    /* the certificate alone */
	LOCATION_FULLCHAIN, /* the certificate and its issuers */
	LOCATION_COMBINED,  /* the key, the certificate and its issuers */
	LOCATION_FILES
};

enum location_command {
	LOCATION_ENABLED,  /* its exit status: 0 if the function is on */
	LOCATION_CHECK,	   /* fails if the function would not take the files */
	LOCATION_RELOAD,   /* has it take them */
	LOCATION_RELOAD_2, /* for presets that need two */
	LOCATION_COMMANDS
};

#define LOCATION_ISSUERS   4 /* files of a chain that is split */

#define LOCATION_NAME_MAX  65 /* with the NUL */
#define LOCATION_USER_MAX  64
#define LOCATION_MODE_NONE ((mode_t)(-1))

struct use_location {
	char name[LOCATION_NAME_MAX];
	char *at_file; /* where the configuration has it, or NULL; owned */
	unsigned at_line;
	uint32_t type;		    /* scepUseType */
	char *file[LOCATION_FILES]; /* absolute paths, or NULL; owned */
	char *
	    command[LOCATION_COMMANDS]; /* as the file has it, or NULL; owned */
	char user[LOCATION_USER_MAX];	/* "": the user of the process */
	char group[LOCATION_USER_MAX];	/* "": the user's own */
	mode_t mode;			/* or LOCATION_MODE_NONE */
	bool makes_folders; /* a preset makes the last folder of its paths */
	bool is_read_each_time; /* the function needs no reload */
	bool is_chain_split; /* into LOCATION_ISSUERS files with one issuer each
			      */
};

void use_location_init(struct use_location *location);
void use_location_free(struct use_location *location);

/* Returns whether there is a preset of that name. */
bool use_location_is_preset(const char *name);

/*
 * Fills in from the preset what the use location lacks.  If it names any path
 * of its own, all paths of the preset are left out, and likewise with commands.
 * Returns false if memory is short.
 */
bool use_location_take_preset(struct use_location *location,
			      const char *preset);

/* Returns the mode of one of its files.  Others may never read a private key.
 */
mode_t use_location_mode(const struct use_location *location,
			 enum location_file file);
/* Writes the path of the n-th file, from 0, of a chain that is split: "ca.pem",
 * "ca+2.pem" ... (no name of a use location has a plus).  Returns false if it
 * is too long. */
bool use_location_issuer_path(const struct use_location *location, size_t n,
			      char *path, size_t size);
/* Returns whether the file is in a folder with a key that a group may read. */
bool use_location_has_group_key(const struct use_location *location,
				enum location_file file);
/* Returns whether it takes up a new key only when the device restarts. */
bool use_location_needs_restart(const struct use_location *location);

#endif
