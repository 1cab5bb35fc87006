/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/disk.h"

#include "scep/codes.h"
#include "scep/base/error.h"
#include "scep/store/database.h"
#include "scep/store/files.h"
#include "scep/store/store.h"

struct disk disk;

void disk_reset(void)
{
	disk = (struct disk){0};
}

static bool is_dead(void)
{
	return disk.is_full || (disk.last != 0 && disk.writes >= disk.last);
}

/* Counts one thing that is to be written. */
static bool is_refused(void)
{
	if (is_dead())
		return true;
	return ++disk.writes == disk.refused;
}

static enum scep_code refuse(struct scep_error *error)
{
	return error_set(error, SCEP_STORAGE_ERROR, "No space left on device");
}

enum scep_code __real_store_begin(struct store *store,
				  struct scep_error *error);
enum scep_code __wrap_store_begin(struct store *store,
				  struct scep_error *error);
enum scep_code __real_store_commit(struct store *store,
				   struct scep_error *error);
enum scep_code __wrap_store_commit(struct store *store,
				   struct scep_error *error);
enum scep_code __real_database_commit(struct database *database,
				      struct scep_error *error);
enum scep_code __wrap_database_commit(struct database *database,
				      struct scep_error *error);
enum scep_code __real_files_write(const char *folder, const char *name,
				  const void *data, size_t length,
				  struct scep_error *error);
enum scep_code __wrap_files_write(const char *folder, const char *name,
				  const void *data, size_t length,
				  struct scep_error *error);
enum scep_code __real_files_remove(const char *folder, const char *name,
				   struct scep_error *error);
enum scep_code __wrap_files_remove(const char *folder, const char *name,
				   struct scep_error *error);

enum scep_code __wrap_store_begin(struct store *store, struct scep_error *error)
{
	return is_dead() ? refuse(error) : __real_store_begin(store, error);
}

enum scep_code __wrap_store_commit(struct store *store,
				   struct scep_error *error)
{
	return is_refused() ? refuse(error) : __real_store_commit(store, error);
}

/* As if the last fsync of a commit fails. */
enum scep_code __wrap_database_commit(struct database *database,
				      struct scep_error *error)
{
	enum scep_code code;

	if (disk.is_full)
		return refuse(error);
	code = __real_database_commit(database, error);
	if (!disk.lies)
		return code;
	disk.lies = false;
	disk.is_full = true;
	return refuse(error);
}

enum scep_code __wrap_files_write(const char *folder, const char *name,
				  const void *data, size_t length,
				  struct scep_error *error)
{
	return is_refused()
		   ? refuse(error)
		   : __real_files_write(folder, name, data, length, error);
}

enum scep_code __wrap_files_remove(const char *folder, const char *name,
				   struct scep_error *error)
{
	return is_refused() ? refuse(error)
			    : __real_files_remove(folder, name, error);
}
