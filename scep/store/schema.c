/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "mibs/object_words.h"

#define MEMBER(type, member) (((type *)0)->member)

/* The kind follows from the type of the member.  Only a challenge password is
 * a struct scep_secret. */
#define KIND(type, member)                                                     \
	_Generic(MEMBER(type, member),                                         \
	    uint32_t: COLUMN_U32,                                              \
	    int64_t: COLUMN_I64,                                               \
	    char *: COLUMN_TEXT,                                               \
	    struct scep_octets32: COLUMN_OCTETS,                               \
	    struct scep_octets64: COLUMN_OCTETS,                               \
	    struct scep_secret: COLUMN_SECRET,                                 \
	    struct bytes: COLUMN_BYTES)

/* Without the padding that a compiler puts behind a secret. */
/* clang-format off */
#define SIZE(type, member)                                                     \
	_Generic(MEMBER(type, member),                                         \
	    struct scep_secret: offsetof(struct scep_secret, data) +           \
		SCEP_SECRET_MAX,                                               \
	    default: sizeof(MEMBER(type, member)))

#define NAMED(name, type, member)                                              \
	{name, KIND(type, member), offsetof(type, member), SIZE(type, member)}
/* clang-format on */
#define PLAIN(type, member) NAMED(#member, type, member)

/*
 * The settings that are kept are columns of their tables.  The name of a column
 * is that of the member, with the part of the row in front.
 */
#define PREFIX_AGENT
#define PREFIX_PROFILE
#define PREFIX_SERVER	   "server_"
#define PREFIX_REQUEST	   "request_"
#define PREFIX_AUTO_VALUES "auto_"
#define PREFIX_AUTO	   "auto_"
#define PREFIX_STATUS_SCALARS
#define PREFIX_CA
#define PREFIX_NOTIFY

#define COLUMN_KEPT(group, member)                                             \
	NAMED(PREFIX_##group #member, ROW_##group, PART_##group member),
#define COLUMN_VOLATILE(group, member)

#define TIMER(member) NAMED("auto_" #member, struct scep_profile, timer.member)

#define OUTCOME(member)                                                        \
	NAMED("outcome_" #member, struct scep_profile, outcome.member)

/* Without the facts and the request values, which are volatile; with what the
 * timer has drawn and announced, and how the last request has ended. */
static const struct column profile_columns[] = {
#define MIB_GROUPS                                                             \
	SCEP_GROUP_PROFILE | SCEP_GROUP_SERVER | SCEP_GROUP_REQUEST |          \
	    SCEP_GROUP_AUTO_VALUES | SCEP_GROUP_AUTO
#define MIB_SETTING(group, arc, field, name, member, kind, range, preset,      \
		    keeping)                                                   \
	COLUMN_##keeping(group, member)
#include "mibs/objects.def"
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
    OUTCOME(result),
    OUTCOME(detail),
    OUTCOME(text),
    OUTCOME(time),
    OUTCOME(last_success),
    OUTCOME(failures),
    OUTCOME(is_acknowledged),
    TIMER(memory.last_run),
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
    KEY(storage),
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
    KEY(replaced_by),
    KEY(issuer_fingerprint),
    KEY(use_when_valid),
    KEY(wait_trigger),
    KEY(asked.signature_algorithm),
    KEY(asked.key_algorithm),
    KEY(asked.key_length),
    KEY(asked.organization),
    KEY(asked.common_name),
    KEY(asked.subject_extra),
    KEY(asked.subject_alt_name),
    KEY(asked.key_usage),
    KEY(asked.extended_key_usage),
    KEY(asked.template_name),
};

#define CA(member) PLAIN(struct scep_ca, member)

static const struct column ca_columns[] = {
    CA(profile_index), CA(subject),	CA(issuer),	 CA(serial),
    CA(not_before),    CA(not_after),	CA(fingerprint), CA(role),
    CA(source),	       CA(is_believed), CA(is_revoked),
#define MIB_GROUPS SCEP_GROUP_CA
#define MIB_SETTING(group, arc, field, name, member, kind, range, preset,      \
		    keeping)                                                   \
	COLUMN_##keeping(group, member)
#include "mibs/objects.def"
};

#define RECORD(member) PLAIN(struct record, member)

static const struct column record_columns[] = {
    RECORD(profile_index),
    RECORD(step),
    NAMED("is_parked", struct record, is_suspended),
/* Its own copies of the settings of the server and of the request values. */
#define RECORD_SERVER(member)                                                  \
	NAMED("server_" #member, struct record, server.member),
#define RECORD_REQUEST(member)                                                 \
	NAMED("values_" #member, struct record, values.member),
#define MIB_GROUPS SCEP_GROUP_SERVER | SCEP_GROUP_REQUEST
#define MIB_SETTING(group, arc, field, name, member, kind, range, preset,      \
		    keeping)                                                   \
	RECORD_##group(member)
#include "mibs/objects.def"
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
    RECORD(awaits_ra),
    RECORD(note),
    RECORD(next_try),
    RECORD(next_wait),
    RECORD(signer),
    RECORD(trust),
    RECORD(issued),
    RECORD(difference),
};

#define USE(member) PLAIN(struct scep_use, member)

/* The type of a location stands in the configuration file. */
static const struct column use_columns[] = {
    USE(name),	     USE(key_index),	USE(key_name),
    USE(applied),    USE(applied_time), USE(text),
    USE(wanted_key), USE(failed_key),	USE(previous_key),
};

#define AGENT(member) PLAIN(struct scep_agent, member)

static const struct column agent_columns[] = {
#define MIB_GROUPS                                                             \
	SCEP_GROUP_AGENT | SCEP_GROUP_STATUS_SCALARS | SCEP_GROUP_NOTIFY
#define MIB_SETTING(group, arc, field, name, member, kind, range, preset,      \
		    keeping)                                                   \
	COLUMN_##keeping(group, member)
#include "mibs/objects.def"
    AGENT(status_last_index),
    AGENT(restart_wanted),
    AGENT(restart_key),
    AGENT(recovery),
};

#define COUNTER(member) PLAIN(struct store_counters, member)

static const struct column counter_columns[] = {
    COUNTER(key_last_index),
    COUNTER(ca_last_index),
};

/* clang-format off */
#define TABLE(name, type, has_index, columns)                                  \
	{name, sizeof(type), has_index, columns,                               \
	 sizeof(columns) / sizeof((columns)[0])}
/* clang-format on */

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

/* Names are quoted: "index" and "trigger" are words of SQL. */
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
	case COLUMN_SECRET:
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

/* Writes one statement to a stream. */
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

const char schema_sql_recall_runs[] =
    "UPDATE profile SET \"auto_memory.last_run\" = coalesce("
    "nullif(\"auto_memory.handled\", 0), "
    "(SELECT max(install_time) FROM \"key\" "
    "WHERE \"key\".profile_index = profile.\"index\" "
    "AND not_after <> 0 AND auto_start_time <> 0 "
    "AND install_time >= auto_start_time), 0)";
