/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable state in one database.  Rows go in and out as the structs of
 * scep.h; schema.h says which members are kept.  A transaction is durable when
 * store_commit() returns: journal mode TRUNCATE with synchronous EXTRA loses
 * nothing in a power cut, and secure_delete leaves nothing deleted in the file.
 * Used by one thread at a time.  Knows neither SQL nor the meaning of a row.
 */
#ifndef SCEP_STORE_STORE_H
#define SCEP_STORE_STORE_H

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/rows.h"
#include "scep/store/schema.h"

struct scep_profile;
struct store;

/* The content of the database at the start; store_content_free() it. */
struct store_content {
	struct scep_agent agent; /* its settings and status_last_index */
	bool has_agent;		 /* false in a new database */
	struct store_counters counters;
	struct scep_rows profiles;
	struct scep_rows statuses;
	struct scep_rows keys;
	struct scep_rows cas;
	struct scep_rows records; /* struct record */
	struct scep_rows uses;
	struct scep_rows retired; /* struct scep_key */
};

/* The file in the state directory. */
#define STORE_FILE "scepagent.db"

/*
 * Opens or makes FOLDER/scepagent.db (0600), brings its schema up to date and
 * checks its integrity and that every row can be read.  SCEP_STORAGE_ERROR,
 * SCEP_NO_MEMORY, or SCEP_CONFIG_ERROR for a database of a newer scepagent,
 * which is left as it is.  `*is_corrupt` (may be NULL) is set for a file that
 * is no sound database of ours, and for no other failure: not for a disk that
 * cannot be read, nor for a database of a newer scepagent.  `*store` is owned,
 * and NULL on failure.
 */
enum scep_code store_open(const char *folder, struct store **store,
			  bool *is_corrupt, struct scep_error *error);
/* NULL is fine. */
void store_close(struct store *store);

/*
 * Renames a corrupt database, which must be closed, and first its journal, to a
 * name with ".corrupt-N" that is not in use, durably.  A journal that stays
 * behind would be played into the new database.
 */
enum scep_code store_set_aside(const char *folder, struct scep_error *error);

/*
 * The defaults of columns that an older database does not have.  A record has
 * those of the server and of the request values of a profile.  NULL leaves
 * zeros.
 */
struct store_presets {
	void (*agent)(struct scep_agent *agent);
	void (*profile)(struct scep_profile *profile);
};

/*
 * Reads everything into `content`, which the caller owns; it is empty after a
 * failure.  `presets` may be NULL.
 */
enum scep_code store_load(struct store *store,
			  const struct store_presets *presets,
			  struct store_content *content,
			  struct scep_error *error);
/* Frees the rows. */
void store_content_free(struct store_content *content);

/*
 * Finds a row as memory has it.  Returns NULL if there is none that is to be
 * kept; borrowed until the next call.
 */
typedef const void *(*store_find_fn)(void *context, enum store_table table,
				     uint32_t index);
/*
 * Says where memory has the rows, once what was loaded and the first commit
 * are there.  Must stay valid until store_close() has returned.
 */
void store_set_memory(struct store *store, store_find_fn find, void *context);

/*
 * One transaction.  A write does not read: memory has the rows.  All functions
 * below fail with SCEP_STORAGE_ERROR or SCEP_NO_MEMORY; after a failure only
 * store_rollback() is of use, which never fails.  A commit that failed may be
 * on disk (if its last fsync fails): store_rollback() then writes the rows
 * again from memory or, if the disk refuses that too, the next store_begin()
 * or store_close() does.
 */
enum scep_code store_begin(struct store *store, struct scep_error *error);
enum scep_code store_commit(struct store *store, struct scep_error *error);
void store_rollback(struct store *store);

/* Inserts or replaces a row of the table; its index is not 0.  Of a profile,
 * neither the facts nor the volatile request values are kept. */
enum scep_code store_put(struct store *store, enum store_table table,
			 const void *row, struct scep_error *error);
/* Removes the row with that index; a missing one is fine. */
enum scep_code store_remove(struct store *store, enum store_table table,
			    uint32_t index, struct scep_error *error);

#endif
