/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/use_location.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CUPSD_CONF "/etc/cups/cupsd.conf"

/*
 * In the texts, %s is the name of the use location.  A function is on if its
 * process is there: pkill and signals work without systemd, too.
 */
struct preset {
	const char *name;
	const char *file[LOCATION_FILES];
	const char *command[LOCATION_COMMANDS];
	const char *user;
	const char *group;
	mode_t mode; /* 0: the usual ones */
	bool is_read_each_time;
	bool is_chain_split;
	bool is_named_by_server; /* %s is the ServerName of CUPS */
};

#define IS_RUNNING(process) "/usr/bin/pkill -0 -x " process

static const struct preset presets[] = {
    {
	.name = "nginx",
	.file[LOCATION_KEY] = "/etc/nginx/scepagent/%s.key",
	.file[LOCATION_FULLCHAIN] = "/etc/nginx/scepagent/%s.crt",
	.command[LOCATION_ENABLED] = IS_RUNNING("nginx"),
	.command[LOCATION_CHECK] = "/usr/sbin/nginx -t -q",
	.command[LOCATION_RELOAD] = "/usr/sbin/nginx -s reload",
    },
    {
	.name = "apache",
	.file[LOCATION_KEY] = "/etc/apache2/scepagent/%s.key",
	.file[LOCATION_FULLCHAIN] = "/etc/apache2/scepagent/%s.crt",
	.command[LOCATION_ENABLED] = IS_RUNNING("apache2"),
	.command[LOCATION_CHECK] = "/usr/sbin/apachectl configtest",
	.command[LOCATION_RELOAD] = "/usr/sbin/apachectl graceful",
    },
    {
	/* cupsd reads both files at each connection. */
	.name = "cups",
	.file[LOCATION_KEY] = "/etc/cups/ssl/%s.key",
	.file[LOCATION_FULLCHAIN] = "/etc/cups/ssl/%s.crt",
	.command[LOCATION_ENABLED] = IS_RUNNING("cupsd"),
	.is_read_each_time = true,
	.is_named_by_server = true,
    },
    {
	.name = "stunnel",
	.file[LOCATION_COMBINED] = "/etc/stunnel/%s.pem",
	.command[LOCATION_ENABLED] = IS_RUNNING("stunnel4?"),
	.command[LOCATION_RELOAD] = "/usr/bin/pkill -HUP -x stunnel4?",
    },
    {
	/* It loads only the first certificate of a file, and takes no chain
	 * without the root. */
	.name = "swanctl",
	.file[LOCATION_KEY] = "/etc/swanctl/private/%s.pem",
	.file[LOCATION_CHAIN] = "/etc/swanctl/x509ca/%s.pem",
	.file[LOCATION_CERT] = "/etc/swanctl/x509/%s.pem",
	.command[LOCATION_ENABLED] = IS_RUNNING("charon(-systemd)?"),
	.command[LOCATION_RELOAD] =
	    "/usr/sbin/swanctl --load-creds --clear --noprompt",
	.command[LOCATION_RELOAD_2] = "/usr/sbin/swanctl --load-conns",
	.is_chain_split = true,
    },
    {
	.name = "wpa_supplicant",
	.file[LOCATION_KEY] = "/etc/wpa_supplicant/%s.key",
	.file[LOCATION_CHAIN] = "/etc/wpa_supplicant/%s.ca.crt",
	.file[LOCATION_FULLCHAIN] = "/etc/wpa_supplicant/%s.crt",
	.command[LOCATION_ENABLED] = IS_RUNNING("wpa_supplicant"),
	.command[LOCATION_RELOAD] = "/sbin/wpa_cli reconfigure",
    },
    {
	/* After a HUP it goes on with the old certificate. */
	.name = "freeradius",
	.file[LOCATION_KEY] = "/etc/freeradius/3.0/certs/%s.key",
	.file[LOCATION_CHAIN] = "/etc/freeradius/3.0/certs/%s.ca.pem",
	.file[LOCATION_FULLCHAIN] = "/etc/freeradius/3.0/certs/%s.pem",
	.command[LOCATION_ENABLED] = IS_RUNNING("freeradius"),
	.command[LOCATION_CHECK] = "/usr/sbin/freeradius -C -l stdout",
	.command[LOCATION_RELOAD] = "/usr/sbin/service freeradius restart",
	.user = "root",
	.group = "freerad",
	.mode = 0640,
    },
    {
	/* A HUP ends it; it reads the files when the attributes are written
	 * again. */
	.name = "slapd",
	.file[LOCATION_KEY] = "/etc/ldap/scepagent/slapd.key",
	.file[LOCATION_CHAIN] = "/etc/ldap/scepagent/slapd.ca.crt",
	.file[LOCATION_CERT] = "/etc/ldap/scepagent/slapd.crt",
	.command[LOCATION_ENABLED] = IS_RUNNING("slapd"),
	.command[LOCATION_RELOAD] =
	    "/usr/bin/ldapmodify -Q -Y EXTERNAL "
	    "-H ldapi:/// -f " SCEP_DATA_DIRECTORY "/slapd-tls.ldif",
	.user = "root",
	.group = "openldap",
	.mode = 0640,
    },
    {
	.name = "snmpd",
	.file[LOCATION_KEY] = "/etc/snmp/tls/private/%s.key",
	.file[LOCATION_CERT] = "/etc/snmp/tls/certs/%s.crt",
	.command[LOCATION_ENABLED] = IS_RUNNING("snmpd"),
	.command[LOCATION_RELOAD] = "/usr/sbin/service snmpd restart",
	.user = "root",
	.group = "Debian-snmp",
	.mode = 0640,
    },
};

void use_location_init(struct use_location *location)
{
	memset(location, 0, sizeof(*location));
	location->mode = LOCATION_MODE_NONE;
}

void use_location_free(struct use_location *location)
{
	for (int i = 0; i < LOCATION_FILES; i++)
		free(location->file[i]);
	for (int i = 0; i < LOCATION_COMMANDS; i++)
		free(location->command[i]);
	free(location->at_file);
	use_location_init(location);
}

static const struct preset *find_preset(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	return NULL;
}

bool use_location_is_preset(const char *name)
{
	return find_preset(name) != NULL;
}

/* ------------------------------------------------------------ the presets */

/* Finds the name that CUPS has for itself, under which it looks for its
 * certificate. */
static void find_server_name(char name[256])
{
	FILE *file = fopen(CUPSD_CONF, "re");
	char line[512], word[256];

	if (gethostname(name, 255) != 0 || name[0] == '\0')
		snprintf(name, 256, "localhost");
	name[255] = '\0';
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char token[32];

		if (sscanf(line, " %31s %255s", token, word) == 2 &&
		    strcasecmp(token, "ServerName") == 0 &&
		    strchr(word, '/') == NULL)
			snprintf(name, 256, "%s", word);
	}
	if (file != NULL)
		fclose(file);
}

/* Returns the text with the name in place of the one %s in it, owned; NULL if
 * memory is short. */
static char *put_name(const char *text, const char *name)
{
	const char *at = strstr(text, "%s");
	char *whole;

	if (at == NULL)
		return strdup(text);
	return asprintf(&whole, "%.*s%s%s", (int)(at - text), text, name,
			at + 2) < 0
		   ? NULL
		   : whole;
}

static bool take_all(char **to, const char *const *from, size_t count,
		     const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (to[i] != NULL)
			return true;
	for (size_t i = 0; i < count; i++) {
		if (from[i] == NULL)
			continue;
		to[i] = put_name(from[i], name);
		if (to[i] == NULL)
			return false;
	}
	return true;
}

bool use_location_take_preset(struct use_location *location, const char *name)
{
	const struct preset *preset = find_preset(name);
	char server[256];

	snprintf(server, sizeof(server), "%s", location->name);
	if (preset->is_named_by_server)
		find_server_name(server);
	if (location->user[0] == '\0' && preset->user != NULL) {
		snprintf(location->user, sizeof(location->user), "%s",
			 preset->user);
		snprintf(location->group, sizeof(location->group), "%s",
			 preset->group);
	}
	if (location->mode == LOCATION_MODE_NONE && preset->mode != 0)
		location->mode = preset->mode;
	location->makes_folders = true;
	location->is_read_each_time = preset->is_read_each_time;
	location->is_chain_split = preset->is_chain_split;
	return take_all(location->file, preset->file, LOCATION_FILES, server) &&
	       take_all(location->command, preset->command, LOCATION_COMMANDS,
			location->name);
}

/* --------------------------------------------------------------- queries -- */

mode_t use_location_mode(const struct use_location *location,
			 enum location_file file)
{
	bool is_secret = file == LOCATION_KEY || file == LOCATION_COMBINED;

	if (location->mode == LOCATION_MODE_NONE)
		return is_secret ? 0600 : 0644;
	return is_secret ? location->mode & 0770 : location->mode;
}

bool use_location_issuer_path(const struct use_location *location, size_t n,
			      char *path, size_t size)
{
	const char *first = location->file[LOCATION_CHAIN];
	const char *dot = strrchr(first, '.');
	char number[8] = "";
	int length;

	if (dot == NULL || strchr(dot, '/') != NULL)
		dot = first + strlen(first);
	if (n > 0)
		snprintf(number, sizeof(number), "+%zu", n + 1);
	length = snprintf(path, size, "%.*s%s%s", (int)(dot - first), first,
			  number, dot);
	return length >= 0 && (size_t)length < size;
}

static size_t folder_length(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

static bool is_in_same_folder(const char *one, const char *other)
{
	size_t length = folder_length(one);

	return length == folder_length(other) &&
	       strncmp(one, other, length) == 0;
}

bool use_location_has_group_key(const struct use_location *location,
				enum location_file file)
{
	static const enum location_file secrets[] = {LOCATION_KEY,
						     LOCATION_COMBINED};
	const char *path = location->file[file];

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		const char *secret = location->file[secrets[i]];

		if (secret != NULL && path != NULL &&
		    (use_location_mode(location, secrets[i]) & 0040) != 0 &&
		    is_in_same_folder(path, secret))
			return true;
	}
	return false;
}

bool use_location_needs_restart(const struct use_location *location)
{
	return location->command[LOCATION_RELOAD] == NULL &&
	       !location->is_read_each_time;
}
