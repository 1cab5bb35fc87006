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
#include <stdint.h>
#include <sys/types.h>

/* The files that a place may want, in the order in which they are written: the
 * key before any certificate. */
enum place_file {
	PLACE_KEY,
	PLACE_CHAIN,	 /* what certified the certificate */
	PLACE_CERT,	 /* the certificate alone */
	PLACE_FULLCHAIN, /* the certificate, and what certified it */
	PLACE_COMBINED,	 /* the key, the certificate, and what certified it */
	PLACE_FILES
};

enum place_command {
	PLACE_ENABLED,	/* exit status: whether the function is on */
	PLACE_CHECK,	/* whether the function would take the files */
	PLACE_RELOAD,	/* has it take them */
	PLACE_RELOAD_2, /* of presets that need two */
	PLACE_COMMANDS
};

#define PLACE_ISSUERS	4 /* how long a chain is that is split */

#define PLACE_NAME_MAX	65 /* with the NUL */
#define PLACE_USER_MAX	64
#define PLACE_MODE_NONE ((mode_t)-1)

struct place {
	char name[PLACE_NAME_MAX];
	uint32_t type;		       /* scepUseType */
	char *file[PLACE_FILES];       /* absolute paths, or NULL; owned */
	char *command[PLACE_COMMANDS]; /* as in the file, or NULL; owned */
	char user[PLACE_USER_MAX];     /* "": whoever we are */
	char group[PLACE_USER_MAX];    /* "": the user's own */
	mode_t mode;		       /* or PLACE_MODE_NONE */
	bool is_read_each_time;	       /* files count without a reload */
	bool is_chain_split; /* into PLACE_ISSUERS files, of one each */
};

void place_init(struct place *place);
void place_free(struct place *place);

/* Whether there is a preset of that name. */
bool place_is_preset(const char *name);

/*
 * Fills in what the preset has and the place has not.  Paths that the place
 * names replace all paths of the preset, and its commands all commands.
 * Returns false if memory is short.
 */
bool place_take_preset(struct place *place, const char *preset);

/* The mode of one of its files; nobody else ever reads a private key. */
mode_t place_mode(const struct place *place, enum place_file file);
/* The n-th file, from 0, of a chain that is split: "ca.pem", "ca+2.pem" ...
 * (a plus is in no name of a place).  Returns false if it is too long. */
bool place_issuer_path(const struct place *place, size_t n, char *path,
		       size_t size);
/* The file that has the certificate, or NULL. */
const char *place_cert_file(const struct place *place);
/* Whether nothing but a restart of the device has it take up a key. */
bool place_needs_restart(const struct place *place);

#endif
