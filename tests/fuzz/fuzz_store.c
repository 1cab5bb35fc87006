/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state database.  Octet 0 says what the rest is: the file itself, changes
 * to the octets of a sound one, or cells that are written into a sound one
 * past the store.  What can be opened is loaded, written back and loaded
 * again.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/status_row.h"
#include "scep/store/schema.h"
#include "scep/settings/settings.h"
#include "scep/store/store.h"

enum mode {
	MODE_FILE,
	MODE_CHANGES, /* offset (2 octets), length (1), octets */
	MODE_CELLS,   /* see write_cell() */
	MODE_JOURNAL, /* a sound file, and this beside it */
	MODE_COUNT
};

#define STORE_JOURNAL STORE_FILE "-journal"
#define CHANGES_MAX   64
#define CELLS_MAX     32

static char folder[64];

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void remove_folder(void)
{
	unlink(path_of(STORE_JOURNAL));
	unlink(path_of(STORE_FILE));
	rmdir(folder);
}

/* In memory where that can be had: every commit waits for the disk. */
static void make_folder(void)
{
	if (folder[0] != '\0')
		return;
	strcpy(folder, access("/dev/shm", W_OK) == 0
			   ? "/dev/shm/fuzz_store.XXXXXX"
			   : "/tmp/fuzz_store.XXXXXX");
	HOLDS(mkdtemp(folder) != NULL);
	atexit(remove_folder);
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(path_of(name), "wb");

	HOLDS(file != NULL);
	HOLDS(fwrite(data, 1, size, file) == size);
	HOLDS(fclose(file) == 0);
}

/* ------------------------------------------------------------- a sound one --
 */

static void fill_rows(struct store *store)
{
	struct store_counters counters = {3, 5};
	struct scep_agent agent = {.status_max_rows = 100};
	struct scep_profile profile = {.index = 1, .name = "a"};
	struct scep_status status = {.index = 7, .profile_index = 1};
	struct scep_key key = {.index = 3, .name = "k", .serial = {2, {1, 2}}};
	struct scep_ca ca = {.index = 5, .profile_index = 1};
	struct record *record = record_new();

	HOLDS(record != NULL);
	settings_preset_profile(&profile);
	settings_preset_agent(&agent);
	record->index = 7;
	record->step = STEP_POLL;
	HOLDS(bytes_set(&record->signer, "PEM", 3));
	HOLDS(store_begin(store, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_AGENT, &agent, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_COUNTERS, &counters, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_PROFILE, &profile, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_STATUS, &status, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_KEY, &key, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_CA, &ca, NULL) == SCEP_OK);
	HOLDS(store_put(store, STORE_RECORD, record, NULL) == SCEP_OK);
	HOLDS(store_commit(store, NULL) == SCEP_OK);
	row_release(record);
}

/* The octets of a sound database, made at first use. */
static const struct bytes *sound_file(void)
{
	static struct bytes sound;
	static char octets[256 * 1024];
	struct store *store;
	FILE *file;
	size_t size;

	if (sound.data != NULL)
		return &sound;
	HOLDS(store_open(folder, &store, NULL, NULL) == SCEP_OK);
	fill_rows(store);
	store_close(store);
	file = fopen(path_of(STORE_FILE), "rb");
	HOLDS(file != NULL);
	size = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	HOLDS(size > 0 && size < sizeof(octets));
	HOLDS(bytes_set(&sound, octets, size));
	return &sound;
}

static void change_file(struct fuzz_input *input)
{
	struct bytes copy = {NULL, 0};

	HOLDS(bytes_set(&copy, sound_file()->data, sound_file()->length));
	for (int i = 0; i < CHANGES_MAX && input->left > 0; i++) {
		size_t at = fuzz_take_number(input) % copy.length;
		size_t length = fuzz_take_octet(input);
		const uint8_t *octets = fuzz_take(input, &length);

		if (length > copy.length - at)
			length = copy.length - at;
		if (length > 0)
			memcpy(copy.data + at, octets, length);
	}
	write_file(STORE_FILE, copy.data, copy.length);
	bytes_free(&copy);
}

/* ------------------------------------------------------------------- cells --
 */

/* The value of a cell, of any type that SQLite has. */
static void bind_any(sqlite3_stmt *statement, struct fuzz_input *input)
{
	uint8_t type = fuzz_take_octet(input) % 6;
	int64_t number = 0;
	size_t length = sizeof(number);
	const uint8_t *octets;

	if (type >= 3)
		length = type == 5 ? fuzz_take_number(input)
				   : fuzz_take_octet(input);
	octets = fuzz_take(input, &length);
	if (type < 3 && length > 0)
		memcpy(&number, octets, length);
	switch (type) {
	case 0:
		sqlite3_bind_null(statement, 1);
		break;
	case 1:
		sqlite3_bind_int64(statement, 1, number);
		break;
	case 2:
		sqlite3_bind_double(statement, 1, (double)number / 7);
		break;
	case 3:
		sqlite3_bind_text(statement, 1, (const char *)octets,
				  (int)length, SQLITE_TRANSIENT);
		break;
	default:
		sqlite3_bind_blob(statement, 1, octets, (int)length,
				  SQLITE_TRANSIENT);
	}
}

/* Table (1 octet), column (1; the index itself behind the last), type (1),
 * and a value: 8 octets, or a length and octets. */
static void write_cell(sqlite3 *sqlite, struct fuzz_input *input)
{
	const struct schema_table *schema =
	    schema_table(fuzz_take_octet(input) % STORE_TABLE_COUNT);
	size_t column = fuzz_take_octet(input) % (schema->count + 1);
	sqlite3_stmt *statement = NULL;
	char sql[256];

	snprintf(
	    sql, sizeof(sql), "UPDATE \"%s\" SET \"%s\" = ?1", schema->name,
	    column < schema->count ? schema->column[column].name : "rowid");
	if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) ==
	    SQLITE_OK) {
		bind_any(statement, input);
		sqlite3_step(statement);
	}
	sqlite3_finalize(statement);
}

static void write_cells(struct fuzz_input *input)
{
	sqlite3 *sqlite = NULL;

	write_file(STORE_FILE, sound_file()->data, sound_file()->length);
	HOLDS(sqlite3_open(path_of(STORE_FILE), &sqlite) == SQLITE_OK);
	sqlite3_exec(sqlite, "PRAGMA journal_mode = MEMORY; BEGIN", NULL, NULL,
		     NULL);
	for (int i = 0; i < CELLS_MAX && input->left > 0; i++)
		write_cell(sqlite, input);
	sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(sqlite);
}

/* -------------------------------------------------------------- in and out --
 */

/* Writes everything back; false if the file does not take it. */
static bool write_back(struct store *store, const struct store_content *content)
{
	enum scep_code code = store_begin(store, NULL);

	if (code == SCEP_OK && content->has_agent)
		code = store_put(store, STORE_AGENT, &content->agent, NULL);
	ROWS_EACH (i, &content->profiles)
		if (code == SCEP_OK)
			code = store_put(store, STORE_PROFILE,
					 content->profiles.row[i], NULL);
	ROWS_EACH (i, &content->statuses)
		if (code == SCEP_OK)
			code = store_put(store, STORE_STATUS,
					 content->statuses.row[i], NULL);
	ROWS_EACH (i, &content->keys)
		if (code == SCEP_OK)
			code = store_put(store, STORE_KEY, content->keys.row[i],
					 NULL);
	ROWS_EACH (i, &content->cas)
		if (code == SCEP_OK)
			code = store_put(store, STORE_CA, content->cas.row[i],
					 NULL);
	ROWS_EACH (i, &content->records)
		if (code == SCEP_OK)
			code = store_put(store, STORE_RECORD,
					 content->records.row[i], NULL);
	if (code == SCEP_OK)
		code = store_commit(store, NULL);
	if (code != SCEP_OK)
		store_rollback(store);
	return code == SCEP_OK;
}

static void check_same(const struct scep_rows *rows,
		       const struct scep_rows *others, size_t size)
{
	HOLDS(rows->count == others->count);
	ROWS_EACH (i, rows)
		HOLDS(memcmp(rows->row[i], others->row[i], size) == 0);
}

/* A database that was opened can be loaded: every row was read already. */
static bool load_twice(struct store *store)
{
	const struct store_presets presets = {
	    .agent = settings_preset_agent,
	    .profile = settings_preset_profile,
	};
	struct store_content content, again;
	struct scep_error error = {.text = ""};

	if (store_load(store, &presets, &content, &error) != SCEP_OK) {
		HOLDS(error.text[0] != '\0');
		return false;
	}
	if (write_back(store, &content) &&
	    store_load(store, &presets, &again, NULL) == SCEP_OK) {
		check_same(&content.keys, &again.keys, sizeof(struct scep_key));
		check_same(&content.cas, &again.cas, sizeof(struct scep_ca));
		check_same(&content.statuses, &again.statuses,
			   sizeof(struct scep_status));
		HOLDS(content.profiles.count == again.profiles.count);
		HOLDS(content.records.count == again.records.count);
		store_content_free(&again);
	}
	store_content_free(&content);
	return true;
}

static void make_files(struct fuzz_input *input, enum mode mode)
{
	unlink(path_of(STORE_JOURNAL));
	switch (mode) {
	case MODE_FILE:
		write_file(STORE_FILE, input->at, input->left);
		break;
	case MODE_CHANGES:
		change_file(input);
		break;
	case MODE_CELLS:
		write_cells(input);
		break;
	case MODE_JOURNAL:
		write_file(STORE_FILE, sound_file()->data,
			   sound_file()->length);
		write_file(STORE_JOURNAL, input->at, input->left);
		break;
	case MODE_COUNT:
		break;
	}
}

bool fuzz_store(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum mode mode = fuzz_take_octet(&input) % MODE_COUNT;
	struct scep_error error = {.text = ""};
	struct store *store;
	bool is_corrupt = false, is_loaded;

	make_folder();
	sound_file();
	make_files(&input, mode);
	if (store_open(folder, &store, &is_corrupt, &error) != SCEP_OK) {
		HOLDS(store == NULL && error.text[0] != '\0');
		/* As the engine does: then there is a new one. */
		if (is_corrupt)
			write_file(STORE_FILE, "", 0);
		return false;
	}
	HOLDS(!is_corrupt);
	is_loaded = load_twice(store);
	store_close(store);
	return is_loaded;
}
