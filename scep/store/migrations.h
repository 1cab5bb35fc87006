/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings a state database of any older version to the present one: its tables,
 * their columns, and what the new columns say of the old rows.  Knows no
 * transaction: the caller begins and commits.
 */
#ifndef SCEP_STORE_MIGRATIONS_H
#define SCEP_STORE_MIGRATIONS_H

#include "scep/codes.h"

struct sqlite;

/*
 * Makes the tables of a new file, or those and the columns that an older
 * version did not know.  Refuses a file of somebody else, which is marked as
 * corrupt, with SCEP_STORAGE_ERROR, and one of a newer version with
 * SCEP_CONFIG_ERROR.
 */
enum scep_code migrations_run(struct sqlite *connection,
			      struct scep_error *error);

#endif
