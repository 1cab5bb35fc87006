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
 * In the texts, %s is the name of the place.  Functions are asked for by the
 * processes that are there, as pkill and signals work without systemd, too.
 */
struct preset {
	const char *name;
	const char *file[PLACE_FILES];
	const char *command[PLACE_COMMANDS];
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
	.file[PLACE_KEY] = "/etc/nginx/scepagent/%s.key",
	.file[PLACE_FULLCHAIN] = "/etc/nginx/scepagent/%s.crt",
	.command[PLACE_ENABLED] = IS_RUNNING("nginx"),
	.command[PLACE_CHECK] = "/usr/sbin/nginx -t -q",
	.command[PLACE_RELOAD] = "/usr/sbin/nginx -s reload",
    },
    {
	.name = "apache",
	.file[PLACE_KEY] = "/etc/apache2/scepagent/%s.key",
	.file[PLACE_FULLCHAIN] = "/etc/apache2/scepagent/%s.crt",
	.command[PLACE_ENABLED] = IS_RUNNING("apache2"),
	.command[PLACE_CHECK] = "/usr/sbin/apachectl configtest",
	.command[PLACE_RELOAD] = "/usr/sbin/apachectl graceful",
    },
    {
	/* cupsd reads both at each connection. */
	.name = "cups",
	.file[PLACE_KEY] = "/etc/cups/ssl/%s.key",
	.file[PLACE_FULLCHAIN] = "/etc/cups/ssl/%s.crt",
	.command[PLACE_ENABLED] = IS_RUNNING("cupsd"),
	.is_read_each_time = true,
	.is_named_by_server = true,
    },
    {
	.name = "stunnel",
	.file[PLACE_COMBINED] = "/etc/stunnel/%s.pem",
	.command[PLACE_ENABLED] = IS_RUNNING("stunnel4?"),
	.command[PLACE_RELOAD] = "/usr/bin/pkill -HUP -x stunnel4?",
    },
    {
	/* Of a file it loads the first certificate only, and no chain is good
	 * for it without the root. */
	.name = "swanctl",
	.file[PLACE_KEY] = "/etc/swanctl/private/%s.pem",
	.file[PLACE_CHAIN] = "/etc/swanctl/x509ca/%s.pem",
	.file[PLACE_CERT] = "/etc/swanctl/x509/%s.pem",
	.command[PLACE_ENABLED] = IS_RUNNING("charon(-systemd)?"),
	.command[PLACE_RELOAD] =
	    "/usr/sbin/swanctl --load-creds --clear --noprompt",
	.command[PLACE_RELOAD_2] = "/usr/sbin/swanctl --load-conns",
	.is_chain_split = true,
    },
    {
	.name = "wpa_supplicant",
	.file[PLACE_KEY] = "/etc/wpa_supplicant/%s.key",
	.file[PLACE_CHAIN] = "/etc/wpa_supplicant/%s.ca.crt",
	.file[PLACE_FULLCHAIN] = "/etc/wpa_supplicant/%s.crt",
	.command[PLACE_ENABLED] = IS_RUNNING("wpa_supplicant"),
	.command[PLACE_RELOAD] = "/sbin/wpa_cli reconfigure",
    },
    {
	/* A HUP leaves it with the certificate that it has. */
	.name = "freeradius",
	.file[PLACE_KEY] = "/etc/freeradius/3.0/certs/%s.key",
	.file[PLACE_CHAIN] = "/etc/freeradius/3.0/certs/%s.ca.pem",
	.file[PLACE_FULLCHAIN] = "/etc/freeradius/3.0/certs/%s.pem",
	.command[PLACE_ENABLED] = IS_RUNNING("freeradius"),
	.command[PLACE_CHECK] = "/usr/sbin/freeradius -C -l stdout",
	.command[PLACE_RELOAD] = "/usr/sbin/service freeradius restart",
	.user = "root",
	.group = "freerad",
	.mode = 0640,
    },
    {
	/* A HUP ends it; writing the attributes again reads the files. */
	.name = "slapd",
	.file[PLACE_KEY] = "/etc/ldap/scepagent/slapd.key",
	.file[PLACE_CHAIN] = "/etc/ldap/scepagent/slapd.ca.crt",
	.file[PLACE_CERT] = "/etc/ldap/scepagent/slapd.crt",
	.command[PLACE_ENABLED] = IS_RUNNING("slapd"),
	.command[PLACE_RELOAD] =
	    "/usr/bin/ldapmodify -Q -Y EXTERNAL "
	    "-H ldapi:/// -f " SCEP_DATA_DIRECTORY "/slapd-tls.ldif",
	.user = "root",
	.group = "openldap",
	.mode = 0640,
    },
    {
	.name = "snmpd",
	.file[PLACE_KEY] = "/etc/snmp/tls/private/%s.key",
	.file[PLACE_CERT] = "/etc/snmp/tls/certs/%s.crt",
	.command[PLACE_ENABLED] = IS_RUNNING("snmpd"),
	.command[PLACE_RELOAD] = "/usr/sbin/service snmpd restart",
	.user = "root",
	.group = "Debian-snmp",
	.mode = 0640,
    },
};

void place_init(struct place *place)
{
	memset(place, 0, sizeof(*place));
	place->mode = PLACE_MODE_NONE;
}

void place_free(struct place *place)
{
	for (int i = 0; i < PLACE_FILES; i++)
		free(place->file[i]);
	for (int i = 0; i < PLACE_COMMANDS; i++)
		free(place->command[i]);
	place_init(place);
}

static const struct preset *find_preset(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	return NULL;
}

bool place_is_preset(const char *name)
{
	return find_preset(name) != NULL;
}

/* ------------------------------------------------------------ the presets */

/* CUPS looks for its certificate under the name that it has for itself. */
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

/* `text` with the name for the one %s in it; owned, NULL: memory is short. */
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

bool place_take_preset(struct place *place, const char *name)
{
	const struct preset *preset = find_preset(name);
	char server[256];

	snprintf(server, sizeof(server), "%s", place->name);
	if (preset->is_named_by_server)
		find_server_name(server);
	if (place->user[0] == '\0' && preset->user != NULL) {
		snprintf(place->user, sizeof(place->user), "%s", preset->user);
		snprintf(place->group, sizeof(place->group), "%s",
			 preset->group);
	}
	if (place->mode == PLACE_MODE_NONE && preset->mode != 0)
		place->mode = preset->mode;
	place->is_read_each_time = preset->is_read_each_time;
	place->is_chain_split = preset->is_chain_split;
	return take_all(place->file, preset->file, PLACE_FILES, server) &&
	       take_all(place->command, preset->command, PLACE_COMMANDS,
			place->name);
}

/* ---------------------------------------------------------------- asking -- */

mode_t place_mode(const struct place *place, enum place_file file)
{
	bool is_secret = file == PLACE_KEY || file == PLACE_COMBINED;

	if (place->mode == PLACE_MODE_NONE)
		return is_secret ? 0600 : 0644;
	return is_secret ? place->mode & 0770 : place->mode;
}

bool place_issuer_path(const struct place *place, size_t n, char *path,
		       size_t size)
{
	const char *first = place->file[PLACE_CHAIN];
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

const char *place_cert_file(const struct place *place)
{
	if (place->file[PLACE_FULLCHAIN] != NULL)
		return place->file[PLACE_FULLCHAIN];
	if (place->file[PLACE_CERT] != NULL)
		return place->file[PLACE_CERT];
	return place->file[PLACE_COMBINED];
}

bool place_needs_restart(const struct place *place)
{
	return place->command[PLACE_RELOAD] == NULL &&
	       !place->is_read_each_time;
}
