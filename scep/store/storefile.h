/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database as a file: its mode before anything is in it, and setting it
 * aside (store_set_aside).  Knows nothing of what is in the file.
 */
#ifndef SCEP_STORE_STOREFILE_H
#define SCEP_STORE_STOREFILE_H

#include "scep/codes.h"

/*
 * Makes the file, empty and with mode 0600, unless it is there, and withdraws
 * what others may have been given of it and of its journal.  SQLite gives a
 * new journal the mode of the database.  SCEP_STORAGE_ERROR.
 */
enum scep_code storefile_prepare(const char *path, struct scep_error *error);

#endif
