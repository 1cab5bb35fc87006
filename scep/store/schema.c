/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"

#define MEMBER(type, member) (((type *)0)->member)

/* The kind follows from the member, so that the two cannot disagree. */
#define KIND(type, member)                                                     \
	_Generic(MEMBER(type, member),                                         \
	    uint32_t: COLUMN_U32,                                              \
	    int64_t: COLUMN_I64,                                               \
	    char *: COLUMN_TEXT,                                               \
	    struct scep_octets32: COLUMN_OCTETS,                               \
	    struct scep_octets64: COLUMN_OCTETS,                               \
	    struct scep_octets128: COLUMN_OCTETS,                              \
	    struct bytes: COLUMN_BYTES)

#define NAMED(name, type, member)                                              \
	{                                                                      \
		name, KIND(type, member), offsetof(type, member),              \
		    sizeof(MEMBER(type, member))                               \
	}
#define PLAIN(type, member) NAMED(#member, type, member)
/* A member of a struct within the row: "prefix_member". */
#define INNER(prefix, type, outer, member)                                     \
	NAMED(prefix #member, type, outer.member)

/* struct scep_server, wherever it is kept. */
#define SERVER(type, outer)                                                    \
	INNER("server_", type, outer, url),                                    \
	    INNER("server_", type, outer, port),                               \
	    INNER("server_", type, outer, timeout),                            \
	    INNER("server_", type, outer, ca_identifier),                      \
	    INNER("server_", type, outer, ca_fingerprint),                     \
	    INNER("server_", type, outer, ca_trust_policy),                    \
	    INNER("server_", type, outer, http_method),                        \
	    INNER("server_", type, outer, cipher),                             \
	    INNER("server_", type, outer, require_standard),                   \
	    INNER("server_", type, outer, renewal_mode),                       \
	    INNER("server_", type, outer, proxy_url)

/* struct scep_values, wherever it is kept. */
#define VALUES(prefix, type, outer)                                            \
	INNER(prefix, type, outer, key_name),                                  \
	    INNER(prefix, type, outer, signature_algorithm),                   \
	    INNER(prefix, type, outer, key_length),                            \
	    INNER(prefix, type, outer, organization),                          \
	    INNER(prefix, type, outer, common_name),                           \
	    INNER(prefix, type, outer, subject_extra),                         \
	    INNER(prefix, type, outer, subject_alt_name),                      \
	    INNER(prefix, type, outer, key_usage),                             \
	    INNER(prefix, type, outer, extended_key_usage),                    \
	    INNER(prefix, type, outer, challenge_password),                    \
	    INNER(prefix, type, outer, use_location)

#define PROFILE(member) PLAIN(struct scep_profile, member)
#define TIMER(member)	INNER("auto_", struct scep_profile, timer, member)

/* Neither the facts nor the request values, which are volatile; of the timer
 * also what was drawn and announced, which stays over a restart. */
static const struct column profile_columns[] = {
    PROFILE(name),
    PROFILE(storage_type),
    PROFILE(row_status),
    SERVER(struct scep_profile, server),
    VALUES("auto_", struct scep_profile, timer.values),
    TIMER(enable),
    TIMER(start_time),
    TIMER(adjust),
    TIMER(adjust_max),
    TIMER(poll),
    TIMER(poll_count),
    TIMER(poll_interval),
    TIMER(periodic),
    TIMER(periodic_interval),
    TIMER(periodic_unit),
    TIMER(renew_before),
    TIMER(missed_policy),
    TIMER(restart),
    TIMER(delete_old_key),
    TIMER(adjust_applied),
    TIMER(next_request_time),
    TIMER(memory.handled),
    TIMER(memory.planned_due),
    TIMER(memory.planned_from),
    TIMER(memory.last_try),
    TIMER(memory.planned_jitter),
    TIMER(memory.planned_trigger),
    TIMER(memory.last_failed),
    TIMER(lacks_challenge),
};

#define STATUS(member) PLAIN(struct scep_status, member)

static const struct column status_columns[] = {
    STATUS(profile_index), STATUS(profile_name),   STATUS(request_time),
    STATUS(state),	   STATUS(detail),	   STATUS(http_status),
    STATUS(fail_info),	   STATUS(fail_info_text), STATUS(text),
    STATUS(trigger),	   STATUS(key_name),	   STATUS(use_location),
    STATUS(message_type),  STATUS(transaction_id), STATUS(polls),
    STATUS(next_poll),	   STATUS(finish_time),	   STATUS(key_index),
};

#define KEY(member) PLAIN(struct scep_key, member)

static const struct column key_columns[] = {
    KEY(name),
    KEY(algorithm),
    KEY(length),
    KEY(is_default),
    KEY(is_corrupt),
    KEY(is_revoked),
    KEY(subject),
    KEY(issuer),
    KEY(serial),
    KEY(not_before),
    KEY(not_after),
    KEY(fingerprint),
    KEY(subject_alt_name),
    KEY(use_location),
    KEY(profile_index),
    KEY(replaces),
    KEY(install_time),
    KEY(file_id),
    KEY(successor),
    KEY(issuer_fingerprint),
};

#define CA(member) PLAIN(struct scep_ca, member)

static const struct column ca_columns[] = {
    CA(profile_index), CA(subject),	CA(issuer), CA(serial), CA(not_before),
    CA(not_after),     CA(fingerprint), CA(role),   CA(source), CA(trust),
};

#define RECORD(member) PLAIN(struct record, member)

static const struct column record_columns[] = {
    RECORD(profile_index),
    RECORD(step),
    NAMED("is_parked", struct record, is_suspended),
    SERVER(struct record, server),
    VALUES("values_", struct record, values),
    RECORD(caps),
    RECORD(key_index),
    RECORD(file_id),
    RECORD(transaction_id),
    RECORD(replaces),
    RECORD(old_file_id),
    RECORD(action_key),
    RECORD(renewal_was_refused),
    RECORD(was_pending),
    NAMED("doubt", struct record, ca_refetch),
    RECORD(next_try),
    RECORD(signer),
    RECORD(trust),
    RECORD(issued),
};

#define USE(member) PLAIN(struct scep_use, member)

/* Its type stands in the configuration file. */
static const struct column use_columns[] = {
    USE(name),	     USE(key_index),	USE(key_name),
    USE(applied),    USE(applied_time), USE(text),
    USE(wanted_key), USE(failed_key),	USE(previous_key),
};

#define AGENT(member) PLAIN(struct scep_agent, member)

static const struct column agent_columns[] = {
    AGENT(status_max_rows),    AGENT(notify_enable),
    AGENT(notify_expiry_days), AGENT(notify_min_interval),
    AGENT(status_last_index),  AGENT(restart_wanted),
    AGENT(restart_key),
};

#define COUNTER(member) PLAIN(struct store_counters, member)

static const struct column counter_columns[] = {
    COUNTER(key_last_index),
    COUNTER(ca_last_index),
};

#define TABLE(name, type, has_index, columns)                                  \
	{                                                                      \
		name, sizeof(type), has_index, columns,                        \
		    sizeof(columns) / sizeof((columns)[0])                     \
	}

/* The names of tables and columns are those of the first version. */
static const struct schema_table tables[] = {
    [STORE_PROFILE] =
	TABLE("profile", struct scep_profile, true, profile_columns),
    [STORE_STATUS] = TABLE("status", struct scep_status, true, status_columns),
    [STORE_KEY] = TABLE("key", struct scep_key, true, key_columns),
    [STORE_CA] = TABLE("ca", struct scep_ca, true, ca_columns),
    [STORE_RECORD] = TABLE("record", struct record, true, record_columns),
    [STORE_USE] = TABLE("use", struct scep_use, true, use_columns),
    [STORE_RETIRED] = TABLE("aside", struct scep_key, true, key_columns),
    [STORE_AGENT] = TABLE("agent", struct scep_agent, false, agent_columns),
    [STORE_COUNTERS] =
	TABLE("counters", struct store_counters, false, counter_columns),
};

const struct schema_table *schema_table(enum store_table table)
{
	static_assert(sizeof(tables) / sizeof(tables[0]) == STORE_TABLE_COUNT,
		      "each table has its columns");

	return &tables[table];
}

void *schema_row_new(enum store_table table)
{
	return table == STORE_RECORD ? (void *)record_new()
				     : row_new(tables[table].row_size);
}

/* ------------------------------------------------------------------ SQL -- */

/* Names are quoted, as "index" and "trigger" are words of SQL. */
#define QUOTED "\"%s\""

static const char *type_name(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_U32:
	case COLUMN_I64:
		return "INTEGER";
	case COLUMN_TEXT:
		return "TEXT";
	case COLUMN_OCTETS:
	case COLUMN_BYTES:
		return "BLOB";
	}
	return "BLOB";
}

static void put_definition(FILE *text, const struct column *column)
{
	fprintf(text, QUOTED " %s", column->name, type_name(column->kind));
}

static void put_names(FILE *text, const struct schema_table *table)
{
	fputs("\"index\"", text);
	for (size_t i = 0; i < table->count; i++)
		fprintf(text, ", " QUOTED, table->column[i].name);
}

/* One function for each statement, and one that runs them over a stream. */
typedef void (*sql_write_fn)(FILE *text, const struct schema_table *table,
			     const struct column *column);

static char *sql_make(sql_write_fn write, const struct schema_table *table,
		      const struct column *column)
{
	char *sql = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&sql, &size);
	bool has_failed;

	if (text == NULL)
		return NULL;
	write(text, table, column);
	has_failed = ferror(text) != 0;
	if (fclose(text) != 0 || has_failed) {
		free(sql);
		return NULL;
	}
	return sql;
}

static void write_create(FILE *text, const struct schema_table *table,
			 const struct column *column)
{
	(void)column;
	fprintf(text,
		"CREATE TABLE IF NOT EXISTS " QUOTED
		" (\"index\" INTEGER PRIMARY KEY",
		table->name);
	for (size_t i = 0; i < table->count; i++) {
		fputs(", ", text);
		put_definition(text, &table->column[i]);
	}
	fputs(")", text);
}

static void write_add_column(FILE *text, const struct schema_table *table,
			     const struct column *column)
{
	fprintf(text, "ALTER TABLE " QUOTED " ADD COLUMN ", table->name);
	put_definition(text, column);
}

static void write_put(FILE *text, const struct schema_table *table,
		      const struct column *column)
{
	(void)column;
	fprintf(text, "INSERT OR REPLACE INTO " QUOTED " (", table->name);
	put_names(text, table);
	fputs(") VALUES (?", text);
	for (size_t i = 0; i < table->count; i++)
		fputs(", ?", text);
	fputs(")", text);
}

static void write_next(FILE *text, const struct schema_table *table,
		       const struct column *column)
{
	(void)column;
	fputs("SELECT ", text);
	put_names(text, table);
	fprintf(text,
		" FROM " QUOTED
		" WHERE \"index\" >= ? ORDER BY \"index\" LIMIT 1",
		table->name);
}

static void write_remove(FILE *text, const struct schema_table *table,
			 const struct column *column)
{
	(void)column;
	fprintf(text, "DELETE FROM " QUOTED " WHERE \"index\" = ?",
		table->name);
}

char *schema_sql_create(const struct schema_table *table)
{
	return sql_make(write_create, table, NULL);
}

char *schema_sql_add_column(const struct schema_table *table,
			    const struct column *column)
{
	return sql_make(write_add_column, table, column);
}

char *schema_sql_put(const struct schema_table *table)
{
	return sql_make(write_put, table, NULL);
}

char *schema_sql_next(const struct schema_table *table)
{
	return sql_make(write_next, table, NULL);
}

char *schema_sql_remove(const struct schema_table *table)
{
	return sql_make(write_remove, table, NULL);
}
