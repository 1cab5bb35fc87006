/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/spare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/state/open_request.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/base/log.h"
#include "scep/keys/key_file.h"

#define NAME_LENGTH 32
/* When one cannot be made or kept, how long until it is tried again, in ms. */
#define TRY_AGAIN 60000

/* All the lengths that there can be. */
static const uint32_t lengths[] = {1024, 2048, 3072, 4096};

/* What a worker makes. */
struct making {
	struct state *state;
	char folder[4200];
	uint32_t bits;
	struct scep_error error;
};

/* No name of a registered key, so that no sweep removes it. */
static void file_name(uint32_t bits, char name[NAME_LENGTH])
{
	snprintf(name, NAME_LENGTH, "spare-%u.key", bits);
}

/* ---------------------------------------------------------- on a worker -- */

bool spare_take(const char *folder, uint32_t bits, const char *name,
		EVP_PKEY **key)
{
	char spare[NAME_LENGTH];

	*key = NULL;
	file_name(bits, spare);
	return files_rename(folder, spare, name, NULL) == SCEP_OK &&
	       key_file_read(folder, name, key, NULL) == SCEP_OK;
}

static void make(void *context)
{
	struct making *making = context;
	EVP_PKEY *key = NULL;
	char name[NAME_LENGTH];

	file_name(making->bits, name);
	key_file_make(making->folder, name, making->bits, &key, &making->error);
	EVP_PKEY_free(key);
}

/* ---------------------------------------------------------- on the loop -- */

static bool is_configured(const struct state *state, uint32_t bits)
{
	const uint32_t *wanted = state->config.spare_keys;
	size_t most = sizeof(state->config.spare_keys) / sizeof(*wanted);

	for (size_t i = 0; i < most && wanted[i] != 0; i++)
		if (wanted[i] == bits)
			return true;
	return false;
}

static void made(void *context)
{
	struct making *making = context;
	struct state *state = making->state;

	state->spare.is_running = false;
	spare_look(state);
	if (making->error.code != SCEP_OK) {
		log_error("a spare key cannot be made: %s", making->error.text);
		state->spare.wake = state_mono(state) + TRY_AGAIN;
	}
	free(making);
	if (!state->is_stopping)
		open_request_wake(state);
}

static bool begin(struct state *state, uint32_t bits)
{
	struct making *making = calloc(1, sizeof(*making));

	if (making == NULL)
		return false;
	making->state = state;
	making->bits = bits;
	memcpy(making->folder, state->keys_folder, sizeof(making->folder));
	error_init(&making->error);
	state->spare.is_running =
	    state->io->ops->work(state->io, make, made, making);
	if (!state->spare.is_running)
		free(making);
	return state->spare.is_running;
}

void spare_look(struct state *state)
{
	state->spare.is_stale = true;
}

/* Returns the length of a key that is to be made, or 0. */
static uint32_t look(struct state *state)
{
	uint32_t missing = 0;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		bool is_wanted = is_configured(state, lengths[i]);
		char name[NAME_LENGTH];
		bool is_there;

		file_name(lengths[i], name);
		is_there = files_exist(state->keys_folder, name);
		if (is_there && !is_wanted)
			files_remove(state->keys_folder, name, NULL);
		if (missing == 0 && is_wanted && !is_there)
			missing = lengths[i];
	}
	return missing;
}

void spare_tick(struct state *state)
{
	struct spare_work *work = &state->spare;
	uint32_t missing;

	if (state->is_stopping || state->store == NULL || work->is_running ||
	    (!work->is_stale && work->wake == 0) ||
	    state_mono(state) < work->wake)
		return;
	work->is_stale = false;
	work->wake = 0;
	missing = look(state);
	if (missing != 0 && !begin(state, missing))
		work->wake = state_mono(state) + TRY_AGAIN;
}
