/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that survive a power cut: a new file is written, synced and renamed,
 * and then the folder is synced.  Knows paths and modes, and not what is in the
 * files.
 */
#ifndef SCEP_STORE_FILES_H
#define SCEP_STORE_FILES_H

#include "scep/codes.h"
#include "scep/base/bytes.h"

/* Makes the folder with mode 0700 if it is not there (but no parent), and
 * checks that it is ours and closed to others.  SCEP_STORAGE_ERROR, as for all
 * functions below. */
enum scep_code files_make_folder(const char *path, struct scep_error *error);

/* Writes FOLDER/NAME with mode 0600, durably and whole or not at all. */
enum scep_code files_write(const char *folder, const char *name,
			   const void *data, size_t length,
			   struct scep_error *error);
/* Reads a file of at most `cap` octets; `content` is set and owned. */
enum scep_code files_read(const char *folder, const char *name, size_t cap,
			  struct bytes *content, struct scep_error *error);
/* Removes FOLDER/NAME durably; a missing file is fine. */
enum scep_code files_remove(const char *folder, const char *name,
			    struct scep_error *error);
/* Renames FOLDER/FROM durably, over what TO may have been. */
enum scep_code files_rename(const char *folder, const char *from,
			    const char *to, struct scep_error *error);
/* Tells if FOLDER/NAME is a file. */
bool files_exist(const char *folder, const char *name);
/* Calls back for the name of each regular file in the folder that does not
 * begin with a dot.  The callback may remove the file. */
typedef void (*files_name_fn)(void *context, const char *name);
enum scep_code files_list(const char *folder, files_name_fn each, void *context,
			  struct scep_error *error);
/* Removes what a files_write() has left that was killed.  The caller must have
 * the lock of the state directory. */
enum scep_code files_sweep(const char *folder, struct scep_error *error);

/*
 * Moves FOLDER/NAME durably to ASIDE/NAME, or to ASIDE/NAME-N if that name is
 * taken; makes the folder ASIDE if need be.  Never replaces a file.
 */
enum scep_code files_set_aside(const char *folder, const char *name,
			       const char *aside, struct scep_error *error);
/* Calls back for every entry but "." and "..", of whatever type and name.  The
 * callback may move it. */
enum scep_code files_list_all(const char *folder, files_name_fn each,
			      void *context, struct scep_error *error);

/* A folder that is to stay the same one.  files_identify() notes which one it
 * is; a folder that is not there is noted as none. */
struct files_identity {
	unsigned long long device, inode;
};
void files_identify(const char *folder, struct files_identity *identity);
/* Fails if the folder is not the one that was noted. */
enum scep_code files_check_identity(const char *folder,
				    const struct files_identity *identity,
				    struct scep_error *error);

/* Takes the lock on FOLDER/lock for as long as the process lives or until
 * files_unlock().  Waits up to `patience` milliseconds for the process that has
 * it; SCEP_CONFIG_ERROR then names its pid. */
enum scep_code files_lock(const char *folder, unsigned int patience, int *lock,
			  struct scep_error *error);
void files_unlock(int lock);

#endif
