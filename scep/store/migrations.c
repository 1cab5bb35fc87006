/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/migrations.h"

#include <string.h>

#include <sqlite3.h>

#include "scep/codes.h"
#include "scep/base/error.h"
#include "scep/store/schema.h"
#include "scep/store/sqlite.h"

/* "SCEP", in the header of the file: marks a database as ours. */
#define APPLICATION_ID 0x53434550

static enum scep_code make_tables(struct sqlite *connection,
				  struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	for (int i = 0; code == SCEP_OK && i < STORE_TABLE_COUNT; i++) {
		const struct schema_table *schema = schema_table(i);

		code = sqlite_alter(connection, schema_sql_create(schema),
				    schema->name, error);
	}
	return code;
}

/* Adds caChanged to a scepNotifyEnable that has all the bits there were.  A
 * choice of some of them stays what it is. */
static enum scep_code add_ca_changed(struct sqlite *connection,
				     struct scep_error *error)
{
	return sqlite_alter(connection,
			    strdup("UPDATE agent SET notify_enable = 4095 "
				   "WHERE notify_enable = 2047"),
			    "agent", error);
}

static enum scep_code keep_tables(struct sqlite *connection,
				  struct scep_error *error)
{
	(void)connection;
	(void)error;
	return SCEP_OK;
}

/* Adds the columns that the version of the file did not know. */
static enum scep_code complete_table(struct sqlite *connection,
				     const struct schema_table *schema,
				     struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	for (size_t i = 0; code == SCEP_OK && i < schema->count; i++) {
		const struct column *column = &schema->column[i];
		int state = sqlite3_table_column_metadata(
		    connection->sqlite, "main", schema->name, column->name,
		    NULL, NULL, NULL, NULL, NULL);

		if (state == SQLITE_ERROR) /* there is none */
			code = sqlite_alter(
			    connection, schema_sql_add_column(schema, column),
			    schema->name, error);
		else if (state != SQLITE_OK)
			code =
			    sqlite_fail(connection, state, error,
					"reading the columns of", schema->name);
	}
	return code;
}

/* Sets the last due time that each timer has carried out. */
static enum scep_code recall_runs(struct sqlite *connection,
				  struct scep_error *error)
{
	enum scep_code code =
	    complete_table(connection, schema_table(STORE_PROFILE), error);

	return code == SCEP_OK
		   ? sqlite_run(connection, schema_sql_recall_runs, error)
		   : code;
}

/*
 * migrations[n] takes a database from version n to n + 1.  Version 0 is an
 * empty file.  For a new table, add another make_tables, which makes the
 * missing ones.  A new column needs no work (complete_table), so that a later
 * migration may find a table that has today's columns; keep_tables only counts
 * the version up, so that an older program does not lose what stands in the
 * column.
 */
typedef enum scep_code (*migration_fn)(struct sqlite *connection,
				       struct scep_error *error);
static const migration_fn migrations[] = {
    make_tables,    make_tables, /* use, aside */
    add_ca_changed, keep_tables, /* outcomes of profiles */
    recall_runs,
};
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

static enum scep_code migrations_follow(struct sqlite *connection, int version,
					struct scep_error *error)
{
	enum scep_code code = SCEP_OK;
	bool is_older = version < SCHEMA_VERSION;

	while (code == SCEP_OK && version < SCHEMA_VERSION)
		code = migrations[version++](connection, error);
	for (int i = 0; code == SCEP_OK && i < STORE_TABLE_COUNT; i++)
		code = complete_table(connection, schema_table(i), error);
	if (code == SCEP_OK && is_older)
		code = sqlite_write_pragma(connection, "application_id",
					   APPLICATION_ID, error);
	if (code == SCEP_OK && is_older)
		code = sqlite_write_pragma(connection, "user_version",
					   SCHEMA_VERSION, error);
	return code;
}

enum scep_code migrations_run(struct sqlite *connection,
			      struct scep_error *error)
{
	long long application, schema, version;

	enum scep_code code = sqlite_read_pragma(connection, "application_id",
						 &application, error);

	if (code == SCEP_OK)
		code = sqlite_read_pragma(connection, "schema_version", &schema,
					  error);
	if (code == SCEP_OK)
		code = sqlite_read_pragma(connection, "user_version", &version,
					  error);
	if (code != SCEP_OK)
		return code;
	/* Version 0 without a schema is a new file. */
	if ((schema != 0 || version != 0) && application != APPLICATION_ID) {
		connection->is_corrupt = true;
		return error_set(error, SCEP_STORAGE_ERROR,
				 "state database: not one of scepagent's");
	}
	if (version < 0 || version > SCHEMA_VERSION)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "state database: made by a newer scepagent "
				 "(version %lld, this one knows %d)",
				 version, SCHEMA_VERSION);
	return migrations_follow(connection, (int)version, error);
}
