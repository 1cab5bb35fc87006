/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable state in one database.  Rows go in and out as the structs of scep.h
 * (columns.h says which members); neither what they mean is known here nor
 * SQL (sql.c, database.c).  A transaction is durable when store_commit()
 * returns: journal mode TRUNCATE with synchronous EXTRA, so that nothing
 * acknowledged is lost in a power cut, and secure_delete, so that nothing
 * deleted stays in the file.  Used by one thread at a time.
 */
#ifndef SCEP_STORE_STORE_H
#define SCEP_STORE_STORE_H

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/rows.h"
#include "scep/store/record.h"
#include "scep/base/rows.h"

struct scep_ca;
struct scep_key;
struct scep_profile;
struct scep_status;
struct scep_use;
struct store;

/* What a database holds at start; store_content_free() it. */
struct store_content {
	struct scep_agent agent; /* its settings and status_last_index */
	bool has_agent;		 /* false in a new database */
	uint32_t key_last_index; /* the highest index ever given */
	uint32_t ca_last_index;
	struct scep_rows profiles;
	struct scep_rows statuses;
	struct scep_rows keys;
	struct scep_rows cas;
	struct scep_rows records; /* struct record */
	struct scep_rows uses;
	struct scep_rows retired; /* struct scep_key */
};

/* The file, and what SQLite keeps beside it. */
#define STORE_FILE    "scepagent.db"
#define STORE_JOURNAL STORE_FILE "-journal"

/*
 * Opens or makes FOLDER/scepagent.db (0600), brings its schema up to date and
 * checks its integrity and that every row can be read.  SCEP_STORAGE_ERROR;
 * `*is_corrupt` (may be NULL) is set for a file that is no sound database of
 * ours, and for no other trouble: not for a disk that cannot be read, nor for
 * a database of a newer scepagent.  `*store` is owned, and NULL on failure.
 */
enum scep_code store_open(const char *folder, struct store **store,
			  bool *is_corrupt, struct scep_error *error);
/* NULL is fine. */
void store_close(struct store *store);

/*
 * Renames a corrupt database, and first its journal, to a name with
 * ".corrupt-N" that is not in use, durably: the two belong together, and a
 * journal left behind would be played into the new database.  The database
 * must be closed.
 */
enum scep_code store_set_aside(const char *folder, struct scep_error *error);

/*
 * The defaults of what an older database does not have: a column that was
 * added since leaves alone what the preset wrote.  The copies in a record are
 * those of a profile: its server and its request values.  NULL leaves zeros.
 */
struct store_presets {
	void (*agent)(struct scep_agent *agent);
	void (*profile)(struct scep_profile *profile);
};

/*
 * Reads everything.  `content` is written as a whole; it is owned by the
 * caller, and empty on failure.  `presets` may be NULL.
 */
enum scep_code store_load(struct store *store,
			  const struct store_presets *presets,
			  struct store_content *content,
			  struct scep_error *error);
/* Frees the rows. */
void store_content_free(struct store_content *content);

/*
 * One transaction.  All functions below fail with SCEP_STORAGE_ERROR; after a
 * failure only store_rollback() is of use, which never fails.  A commit that
 * failed may have reached the disk (the last fsync fails): the old rows are
 * then written back by store_rollback() or, if the disk refuses that too, by
 * the next store_begin() or store_close().
 */
enum scep_code store_begin(struct store *store, struct scep_error *error);
enum scep_code store_commit(struct store *store, struct scep_error *error);
void store_rollback(struct store *store);

/* Insert or replace, by the index of the row, which is not 0. */
enum scep_code store_put_agent(struct store *store,
			       const struct scep_agent *agent,
			       struct scep_error *error);
enum scep_code store_put_counters(struct store *store, uint32_t key_last_index,
				  uint32_t ca_last_index,
				  struct scep_error *error);
/* Settings only: not the facts, nor the volatile request values. */
enum scep_code store_put_profile(struct store *store,
				 const struct scep_profile *profile,
				 struct scep_error *error);
enum scep_code store_put_status(struct store *store,
				const struct scep_status *status,
				struct scep_error *error);
enum scep_code store_put_key(struct store *store, const struct scep_key *key,
			     struct scep_error *error);
enum scep_code store_put_ca(struct store *store, const struct scep_ca *ca,
			    struct scep_error *error);
enum scep_code store_put_record(struct store *store,
				const struct record *record,
				struct scep_error *error);
enum scep_code store_put_use(struct store *store, const struct scep_use *use,
			     struct scep_error *error);
/* A key that is set aside; its index is that of no other one. */
enum scep_code store_put_retired(struct store *store,
				 const struct scep_key *key,
				 struct scep_error *error);

enum store_table {
	STORE_PROFILE,
	STORE_STATUS,
	STORE_KEY,
	STORE_CA,
	STORE_RECORD,
	STORE_USE,
	STORE_RETIRED,
};
/* Removes the row with that index; a missing one is fine. */
enum scep_code store_remove(struct store *store, enum store_table table,
			    uint32_t index, struct scep_error *error);

#endif
