/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scep/base/error.h"

/* ------------------------------------------------- folders that stay -- */

void files_identify(const char *folder, struct files_identity *identity)
{
	struct stat status;

	*identity = (struct files_identity){0};
	if (stat(folder, &status) == 0)
		*identity =
		    (struct files_identity){status.st_dev, status.st_ino};
}

enum scep_code files_check_identity(const char *folder,
				    const struct files_identity *identity,
				    struct scep_error *error)
{
	struct stat status;

	if (stat(folder, &status) != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s is gone while scepagentd runs: %s; put it "
				 "back, or restart scepagentd",
				 folder, strerror(errno));
	if (status.st_dev != identity->device ||
	    status.st_ino != identity->inode)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "%s was replaced while scepagentd runs; put "
				 "it back, or restart scepagentd",
				 folder);
	return SCEP_OK;
}
