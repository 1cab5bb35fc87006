/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails: a VFS of SQLite that counts the calls of the system and
 * lets the n-th one fail.  For one test program; knows no row.
 */
#ifndef TESTS_FAILING_DISK_H
#define TESTS_FAILING_DISK_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/lib/storetest.h"

enum call {
	CALL_NONE,
	CALL_OPEN, /* of a journal */
	CALL_READ,
	CALL_WRITE,
	CALL_TRUNCATE,
	CALL_SYNC
};

static struct {
	int countdown;	 /* to the call that fails; 0: none does */
	bool is_lasting; /* the following ones fail as well */
	bool is_reading; /* reads are counted, and not changes */
	int error;	 /* of a write; 0: SQLITE_IOERR and its kind */
	bool has_failed;
	/* The last call, with its success. */
	enum call last_call;
	bool last_was_journal;
} disk;

struct disk_file {
	sqlite3_file base;
	bool is_journal;
	sqlite3_file *real; /* stands behind */
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct disk_file *)file)->real;
}

/* Returns the error of this call, or SQLITE_OK to have it done. */
static int disk_call(sqlite3_file *file, enum call call, int error)
{
	bool is_due;

	if ((call == CALL_READ) != disk.is_reading)
		return SQLITE_OK;
	is_due = disk.countdown == 1;
	if (disk.countdown > 1 || (is_due && !disk.is_lasting))
		disk.countdown--;
	if (is_due) {
		disk.has_failed = true;
		errno = EIO;
		return error;
	}
	disk.last_call = call;
	disk.last_was_journal = ((struct disk_file *)file)->is_journal;
	return SQLITE_OK;
}

static int disk_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int disk_read(sqlite3_file *file, void *data, int length,
		     sqlite3_int64 offset)
{
	int code = disk_call(file, CALL_READ, SQLITE_IOERR_READ);

	if (code != SQLITE_OK)
		return code;
	return real_of(file)->pMethods->xRead(real_of(file), data, length,
					      offset);
}

static int disk_write(sqlite3_file *file, const void *data, int length,
		      sqlite3_int64 offset)
{
	int code = disk_call(file, CALL_WRITE,
			     disk.error != 0 ? disk.error : SQLITE_IOERR_WRITE);

	if (code != SQLITE_OK)
		return code;
	return real_of(file)->pMethods->xWrite(real_of(file), data, length,
					       offset);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = disk_call(file, CALL_TRUNCATE, SQLITE_IOERR_TRUNCATE);

	if (code != SQLITE_OK)
		return code;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

/* The power stays on in these tests, so that the call itself can be saved. */
static int disk_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	return disk_call(file, CALL_SYNC, SQLITE_IOERR_FSYNC);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int disk_lock(sqlite3_file *file, int lock)
{
	return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int disk_unlock(sqlite3_file *file, int lock)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int disk_check_lock(sqlite3_file *file, int *result)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file),
							   result);
}

static int disk_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation,
						     argument);
}

static int disk_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int disk_features(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		     int flags, int *flags_out)
{
	static const sqlite3_io_methods methods = {
	    .iVersion = 1,
	    .xClose = disk_close,
	    .xRead = disk_read,
	    .xWrite = disk_write,
	    .xTruncate = disk_truncate,
	    .xSync = disk_sync,
	    .xFileSize = disk_size,
	    .xLock = disk_lock,
	    .xUnlock = disk_unlock,
	    .xCheckReservedLock = disk_check_lock,
	    .xFileControl = disk_control,
	    .xSectorSize = disk_sector,
	    .xDeviceCharacteristics = disk_features,
	};
	struct disk_file *disk_file = (struct disk_file *)file;
	int code;

	(void)vfs;
	disk_file->real = (sqlite3_file *)(disk_file + 1);
	disk_file->is_journal = (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0;
	code =
	    real_vfs->xOpen(real_vfs, name, disk_file->real, flags, flags_out);
	file->pMethods = code == SQLITE_OK ? &methods : NULL;
	return code;
}

static int install_disk(void **state)
{
	static sqlite3_vfs vfs;

	(void)state;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "failing disk";
	vfs.szOsFile = (int)sizeof(struct disk_file) + real_vfs->szOsFile;
	vfs.xOpen = disk_open;
	return sqlite3_vfs_register(&vfs, 1);
}

static void disk_fail(int nth, bool is_lasting, int error)
{
	memset(&disk, 0, sizeof(disk));
	disk.countdown = nth;
	disk.is_lasting = is_lasting;
	disk.error = error;
}

static void disk_heal(void)
{
	disk.countdown = 0;
}

static int make_folder_on_a_sound_disk(void **state)
{
	memset(&disk, 0, sizeof(disk));
	return storetest_make_folder(state);
}

#endif
