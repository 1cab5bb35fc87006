/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_LENGTH 32

#define BEGIN	  "-----BEGIN "
#define END	  "-----END "
#define TAIL	  "-----\n"

bool key_files_is_id(const char *file_id)
{
	return strlen(file_id) == ID_LENGTH &&
	       strspn(file_id, "0123456789abcdef") == ID_LENGTH;
}

/* ---------------------------------------------------------------- reading */

static int open_folder(int at, const char *path)
{
	return openat(at, path,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens FOLDER/ID.pem of the state directory; returns -1 if that fails. */
static int open_file(const char *state_directory, const char *folder,
		     const char *file_id)
{
	char name[ID_LENGTH + 8];
	int top = open_folder(AT_FDCWD, state_directory);
	int within =
	    top < 0 ? -1
		    : openat(top, folder,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = -1;

	snprintf(name, sizeof(name), "%s.pem", file_id);
	if (within >= 0)
		fd = openat(within, name,
			    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (within >= 0)
		close(within);
	if (top >= 0)
		close(top);
	return fd;
}

static char *read_all(int fd, size_t size, size_t *length)
{
	char *text = malloc(size + 1);
	ssize_t got = 0;

	*length = 0;
	while (text != NULL && *length < size &&
	       (got = read(fd, text + *length, size - *length)) > 0)
		*length += (size_t)got;
	if (text != NULL && (got < 0 || *length != size)) {
		explicit_bzero(text, size);
		free(text);
		return NULL;
	}
	if (text != NULL)
		text[size] = '\0';
	return text;
}

static char *read_file(const char *state_directory, uid_t owner,
		       const char *folder, const char *file_id, size_t *length,
		       struct fault *fault)
{
	int fd = open_file(state_directory, folder, file_id);
	char *text = NULL;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0) {
		fault_set(fault, "%s/%s.pem: %s", folder, file_id,
			  strerror(errno));
	} else if (!S_ISREG(status.st_mode) || status.st_uid != owner ||
		   status.st_nlink != 1) {
		/* The worker may not be allowed to read it. */
		fault_set(fault, "%s/%s.pem is no file of the worker's", folder,
			  file_id);
	} else if (status.st_size <= 0 || status.st_size > KEY_FILES_MAX) {
		fault_set(fault, "%s/%s.pem has %lld octets", folder, file_id,
			  (long long)status.st_size);
	} else {
		text = read_all(fd, (size_t)status.st_size, length);
		if (text == NULL)
			fault_set(fault, "%s/%s.pem cannot be read", folder,
				  file_id);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* --------------------------------------------------------------- judging */

static bool skip(const char **at, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

static bool skip_base64(const char **at)
{
	size_t length = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789+/=\n");

	*at += length;
	return length > 0 && (*at)[-1] == '\n';
}

/* Skips one PEM block of that kind (RFC 7468), up to its last octet. */
static bool skip_block(const char **at, const char *kind)
{
	return skip(at, BEGIN) && skip(at, kind) && skip(at, TAIL) &&
	       skip_base64(at) && skip(at, END) && skip(at, kind) &&
	       skip(at, TAIL);
}

static bool is_key(const struct key_files *entry)
{
	const char *at = entry->key;

	return skip_block(&at, "PRIVATE KEY") &&
	       at == entry->key + entry->key_length;
}

static bool are_certificates(struct key_files *entry)
{
	const char *at = entry->certificates;
	const char *end = at + entry->certificates_length;

	if (!skip_block(&at, "CERTIFICATE"))
		return false;
	entry->leaf_length = (size_t)(at - entry->certificates);
	while (at < end)
		if (!skip_block(&at, "CERTIFICATE"))
			return false;
	return true;
}

int key_files_read(const char *state_directory, uid_t owner,
		   const char *file_id, struct key_files *entry,
		   struct fault *fault)
{
	memset(entry, 0, sizeof(*entry));
	if (!key_files_is_id(file_id))
		return fault_set(fault, "this is no entry of the registry");
	entry->key = read_file(state_directory, owner, "keys", file_id,
			       &entry->key_length, fault);
	if (entry->key != NULL)
		entry->certificates =
		    read_file(state_directory, owner, "certs", file_id,
			      &entry->certificates_length, fault);
	if (entry->certificates == NULL) {
		key_files_free(entry);
		return -1;
	}
	if (is_key(entry) && are_certificates(entry))
		return 0;
	key_files_free(entry);
	return fault_set(fault,
			 "the files of the key are not the PEM they should be");
}

int key_files_read_certificates(const char *state_directory, uid_t owner,
				const char *file_id, struct key_files *entry,
				struct fault *fault)
{
	memset(entry, 0, sizeof(*entry));
	if (!key_files_is_id(file_id))
		return fault_set(fault, "this is no entry of the registry");
	entry->certificates =
	    read_file(state_directory, owner, "certs", file_id,
		      &entry->certificates_length, fault);
	if (entry->certificates == NULL)
		return -1;
	if (are_certificates(entry))
		return 0;
	key_files_free(entry);
	return fault_set(fault, "certs/%s.pem is not the PEM it should be",
			 file_id);
}

const char *key_files_issuer(const struct key_files *entry, size_t n,
			     size_t *length)
{
	const char *end = entry->certificates + entry->certificates_length;
	const char *at = entry->certificates + entry->leaf_length;
	const char *issuer = entry->certificates;

	*length = entry->leaf_length;
	for (size_t i = 0; i <= n && at < end; i++) {
		issuer = at;
		skip_block(&at, "CERTIFICATE");
		*length = (size_t)(at - issuer);
	}
	return issuer;
}

void key_files_free(struct key_files *entry)
{
	if (entry->key != NULL)
		explicit_bzero(entry->key, entry->key_length);
	free(entry->key);
	free(entry->certificates);
	memset(entry, 0, sizeof(*entry));
}
