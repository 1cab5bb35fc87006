/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of the engine: what only the configuration file can say,
 * and no manager.
 */
#ifndef SCEP_ENGINE_CONFIG_H
#define SCEP_ENGINE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scep/octets.h"
#include "scep/range.h"

enum scep_legacy {
	SCEP_LEGACY_SHA1 = 1u << 0,
	SCEP_LEGACY_3DES = 1u << 1,
	SCEP_LEGACY_DES = 1u << 2,
};
#define SCEP_LEGACY_COUNT 3

/* Algorithms that one server may use beyond what all may. */
struct scep_legacy_host {
	char host[254];	  /* a name in lower case, or an address */
	uint32_t allowed; /* enum scep_legacy */
};

#define SCEP_LEGACY_HOSTS 32

/* A range of addresses; IPv4 is held as an IPv4-mapped IPv6 address. */
struct scep_cidr {
	unsigned char address[16];
	uint32_t prefix; /* 0..128 */
};

#define SCEP_CIDR_MAX 32

/* A use location as far as the engine knows it. */
struct scep_use_config {
	char name[SCEP_TEXT64];
	uint32_t type;	    /* enum scep_use_type */
	bool has_probe;	    /* something tells whether its function is on */
	bool needs_restart; /* nothing else makes its function take up a key */
};

#define SCEP_USE_MAX 64

/* Room for each length that a key can have, and the 0. */
#define SCEP_SPARE_KEYS (SCEP_SPANS + 1)

/* Settings that only the configuration file can have. */
struct scep_config {
	char state_directory[4096];
	uint32_t key_limit;	 /* 1..10000 */
	uint32_t status_history; /* first value of scepStatusMaxRows */
	uint32_t allow_legacy;	 /* enum scep_legacy, of all servers */
	bool allow_short_keys;
	bool clock_skew_is_error;
	bool has_restart_command;	      /* the front end knows which */
	bool has_default_key;		      /* one is made and kept */
	uint32_t clock_skew_limit;	      /* seconds */
	char ca_file[4096];		      /* "": the system's store */
	uint32_t spare_keys[SCEP_SPARE_KEYS]; /* key lengths, 0 at the end */
	size_t allow_count;		      /* 0: all but link-local */
	size_t deny_count;
	size_t use_count;
	size_t legacy_count;
	struct scep_cidr allow[SCEP_CIDR_MAX];
	struct scep_cidr deny[SCEP_CIDR_MAX];
	struct scep_use_config uses[SCEP_USE_MAX];
	struct scep_legacy_host legacy[SCEP_LEGACY_HOSTS];
};

void scep_config_init(struct scep_config *config);

#endif
