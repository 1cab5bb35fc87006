/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/login.h"

#include <net-snmp/net-snmp-includes.h>

#include <stdlib.h>
#include <string.h>

void login_print_options(FILE *stream)
{
	snmp_parse_args_descriptions(stream);
}

static void no_option(int count, char *const *words, int option)
{
	(void)count;
	(void)words;
	(void)option;
}

/* Keeps the library from MIB files: the names are the program's own. */
static void prepare_library(void)
{
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "", 1);
}

bool login_read(int count, char **words, struct login *login,
		struct reason *reason)
{
	memset(login, 0, sizeof(*login));
	reason->text[0] = '\0';
	prepare_library();
	if (netsnmp_parse_args(count, words, &login->base, "", no_option, 0) <
	    0)
		return false;
	return login->base.version != SNMP_VERSION_1 ||
	       reason_set(reason, "SNMPv1 has no errors that tell what was "
				  "refused: use -v2c or -v3");
}

/* Frees what netsnmp_parse_args() has allocated.  The names in it belong to the
 * command line. */
void login_free(struct login *login)
{
	if (login->base.community)
		explicit_bzero(login->base.community,
			       login->base.community_len);
	free(login->base.community);
	free(login->base.securityEngineID);
	free(login->base.contextEngineID);
	/* It has the keys that were made of passphrases. */
	explicit_bzero(login, sizeof(*login));
}
