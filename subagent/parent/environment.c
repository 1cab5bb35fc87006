/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/environment.h"

#include <stddef.h>
#include <stdio.h>

#define COMMAND_PATH                                                           \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void environment_make(struct environment *environment, const char *key_name,
		      const char *use_location, const char *cert_file)
{
	size_t count = 0;

	snprintf(environment->key_name, sizeof(environment->key_name),
		 "SCEP_KEY_NAME=%s", key_name);
	snprintf(environment->use_location, sizeof(environment->use_location),
		 "SCEP_USE_LOCATION=%s", use_location);
	snprintf(environment->cert_file, sizeof(environment->cert_file),
		 "SCEP_CERT_FILE=%s", cert_file);
	environment->variable[count++] = COMMAND_PATH;
	if (key_name[0] != '\0')
		environment->variable[count++] = environment->key_name;
	if (use_location[0] != '\0')
		environment->variable[count++] = environment->use_location;
	if (cert_file[0] != '\0')
		environment->variable[count++] = environment->cert_file;
	environment->variable[count] = NULL;
}
