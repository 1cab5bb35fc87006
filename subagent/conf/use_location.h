/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A use location as the configuration file has it: which files it wants of a
 * key and its certificate, whose they are, and the commands around them.  The
 * presets know where the programs of this world look.  Knows no key, and runs
 * nothing.
 */
#ifndef SUBAGENT_CONF_USE_LOCATION_H
#define SUBAGENT_CONF_USE_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The files that a place may want, in the order in which they are written: the
 * key before any certificate. */
enum location_file {
	LOCATION_KEY,
	LOCATION_CHAIN,	    /* what certified the certificate */
	LOCATION_CERT,	    /* the certificate alone */
	LOCATION_FULLCHAIN, /* the certificate, and what certified it */
	LOCATION_COMBINED, /* the key, the certificate, and what certified it */
	LOCATION_FILES
};

enum location_command {
	LOCATION_ENABLED,  /* exit status: whether the function is on */
	LOCATION_CHECK,	   /* whether the function would take the files */
	LOCATION_RELOAD,   /* has it take them */
	LOCATION_RELOAD_2, /* of presets that need two */
	LOCATION_COMMANDS
};

#define LOCATION_ISSUERS   4 /* how long a chain is that is split */

#define LOCATION_NAME_MAX  65 /* with the NUL */
#define LOCATION_USER_MAX  64
#define LOCATION_MODE_NONE ((mode_t)-1)

struct use_location {
	char name[LOCATION_NAME_MAX];
	uint32_t type;			  /* scepUseType */
	char *file[LOCATION_FILES];	  /* absolute paths, or NULL; owned */
	char *command[LOCATION_COMMANDS]; /* as in the file, or NULL; owned */
	char user[LOCATION_USER_MAX];	  /* "": whoever we are */
	char group[LOCATION_USER_MAX];	  /* "": the user's own */
	mode_t mode;			  /* or LOCATION_MODE_NONE */
	bool is_read_each_time;		  /* files count without a reload */
	bool is_chain_split; /* into LOCATION_ISSUERS files, of one each */
};

void use_location_init(struct use_location *location);
void use_location_free(struct use_location *location);

/* Whether there is a preset of that name. */
bool use_location_is_preset(const char *name);

/*
 * Fills in what the preset has and the place has not.  Paths that the place
 * names replace all paths of the preset, and its commands all commands.
 * Returns false if memory is short.
 */
bool use_location_take_preset(struct use_location *location,
			      const char *preset);

/* The mode of one of its files; nobody else ever reads a private key. */
mode_t use_location_mode(const struct use_location *location,
			 enum location_file file);
/* The n-th file, from 0, of a chain that is split: "ca.pem", "ca+2.pem" ...
 * (a plus is in no name of a place).  Returns false if it is too long. */
bool use_location_issuer_path(const struct use_location *location, size_t n,
			      char *path, size_t size);
/* The file that has the certificate, or NULL. */
const char *use_location_cert_file(const struct use_location *location);
/* Whether nothing but a restart of the device has it take up a key. */
bool use_location_needs_restart(const struct use_location *location);

#endif
