/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/cells.h"

#include <assert.h>
#include <string.h>

#include "scep/octets.h"

/* All structs of octets are laid out alike. */
#define OCTETS_DATA offsetof(struct scep_octets32, data)
static_assert(offsetof(struct scep_octets64, data) == OCTETS_DATA &&
		  offsetof(struct scep_octets128, data) == OCTETS_DATA,
	      "octets begin at the same offset");

static int bind_octets(sqlite3_stmt *statement, int position, size_t size,
		       const char *member)
{
	uint32_t length;

	memcpy(&length, member, sizeof(length));
	if (length > size - OCTETS_DATA)
		return SQLITE_TOOBIG;
	return sqlite3_bind_blob(statement, position, member + OCTETS_DATA,
				 (int)length, SQLITE_STATIC);
}

static int bind_bytes(sqlite3_stmt *statement, int position,
		      const struct bytes *bytes)
{
	if (bytes->length > COLUMN_BYTES_MAX)
		return SQLITE_TOOBIG;
	/* A null pointer would bind NULL. */
	return sqlite3_bind_blob(statement, position,
				 bytes->length != 0 ? (const void *)bytes->data
						    : "",
				 (int)bytes->length, SQLITE_STATIC);
}

int cell_bind(sqlite3_stmt *statement, int position,
	      const struct column *column, const void *row)
{
	const char *member = (const char *)row + column->offset;

	switch (column->kind) {
	case COLUMN_U32:
		return sqlite3_bind_int64(statement, position,
					  *(const uint32_t *)member);
	case COLUMN_I64:
		return sqlite3_bind_int64(statement, position,
					  *(const int64_t *)member);
	case COLUMN_TEXT:
		return sqlite3_bind_text(statement, position, member,
					 (int)strnlen(member, column->size - 1),
					 SQLITE_STATIC);
	case COLUMN_OCTETS:
		return bind_octets(statement, position, column->size, member);
	case COLUMN_BYTES:
		return bind_bytes(statement, position,
				  (const struct bytes *)member);
	}
	return SQLITE_MISUSE;
}

static int read_text(sqlite3_stmt *statement, int position, size_t size,
		     char *member)
{
	const void *text = sqlite3_column_text(statement, position);

	if (text == NULL)
		return SQLITE_NOMEM;
	memset(member, 0, size);
	text_copy(member, size, text,
		  (size_t)sqlite3_column_bytes(statement, position));
	return SQLITE_OK;
}

static int read_octets(sqlite3_stmt *statement, int position, size_t size,
		       char *member)
{
	const void *blob = sqlite3_column_blob(statement, position);
	uint32_t length = (uint32_t)sqlite3_column_bytes(statement, position);

	if (length > size - OCTETS_DATA)
		return SQLITE_MISMATCH;
	if (length != 0 && blob == NULL)
		return SQLITE_NOMEM;
	memset(member, 0, size);
	memcpy(member, &length, sizeof(length));
	if (length != 0)
		memcpy(member + OCTETS_DATA, blob, length);
	return SQLITE_OK;
}

static int read_bytes(sqlite3_stmt *statement, int position,
		      struct bytes *bytes)
{
	const void *blob = sqlite3_column_blob(statement, position);
	size_t length = (size_t)sqlite3_column_bytes(statement, position);

	if (length > COLUMN_BYTES_MAX)
		return SQLITE_MISMATCH;
	bytes_free(bytes);
	if (length == 0)
		return SQLITE_OK;
	return blob != NULL && bytes_set(bytes, blob, length) ? SQLITE_OK
							      : SQLITE_NOMEM;
}

int cell_read(sqlite3_stmt *statement, int position,
	      const struct column *column, void *row)
{
	static const int types[] = {
	    [COLUMN_U32] = SQLITE_INTEGER, [COLUMN_I64] = SQLITE_INTEGER,
	    [COLUMN_TEXT] = SQLITE_TEXT,   [COLUMN_OCTETS] = SQLITE_BLOB,
	    [COLUMN_BYTES] = SQLITE_BLOB,
	};
	char *member = (char *)row + column->offset;
	int type = sqlite3_column_type(statement, position);
	int64_t number;

	if (type == SQLITE_NULL)
		return SQLITE_OK;
	if (type != types[column->kind])
		return SQLITE_MISMATCH;
	switch (column->kind) {
	case COLUMN_U32:
		number = sqlite3_column_int64(statement, position);
		if (number < 0 || number > UINT32_MAX)
			return SQLITE_MISMATCH;
		*(uint32_t *)member = (uint32_t)number;
		return SQLITE_OK;
	case COLUMN_I64:
		*(int64_t *)member = sqlite3_column_int64(statement, position);
		return SQLITE_OK;
	case COLUMN_TEXT:
		return read_text(statement, position, column->size, member);
	case COLUMN_OCTETS:
		return read_octets(statement, position, column->size, member);
	case COLUMN_BYTES:
		return read_bytes(statement, position, (struct bytes *)member);
	}
	return SQLITE_MISMATCH;
}
