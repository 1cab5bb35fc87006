/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/spare.h"

#include <stdio.h>
#include <string.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/values.h"
#include "scep/base/log.h"
#include "scep/keys/key_file.h"
#include "scep/keys/key_jobs.h"
#include "scep/store/files.h"

#define SPARE_NAME  32
#define SPARE_RETRY 60000 /* ms */

/* Not the name of a registered key, so that no sweep removes the file. */
static void spare_file_name(uint32_t bits, char name[SPARE_NAME])
{
	snprintf(name, SPARE_NAME, "spare-%u.key", bits);
}

bool spare_is_name(const char *name)
{
	return strncmp(name, "spare-", 6) == 0 && strlen(name) > 10 &&
	       strcmp(name + strlen(name) - 4, ".key") == 0;
}

bool spare_take(const char *folder, const struct scep_values *values,
		const char *name, EVP_PKEY **key)
{
	char spare[SPARE_NAME];

	*key = NULL;
	if (scep_values_are_ec(values))
		return false;
	spare_file_name(values->key_length, spare);
	return files_rename(folder, spare, name, NULL) == SCEP_OK &&
	       key_file_read(folder, name, key, NULL) == SCEP_OK;
}

/* ------------------------------------------------------------- the job -- */

static void spare_make(struct key_job_run *run)
{
	const struct scep_values values = {
	    .key_algorithm = SCEP_NEW_RSA,
	    .key_length = run->row.length,
	};
	EVP_PKEY *key = NULL;
	char name[SPARE_NAME];

	spare_file_name(run->row.length, name);
	key_file_make(run->state->keys_folder, name, &values, &key,
		      &run->error);
	EVP_PKEY_free(key);
}

static bool spare_settle(struct key_job_run *run)
{
	if (run->error.code == SCEP_OK)
		return true;
	log_error("spare key of %u bits: not made: %s", run->row.length,
		  run->error.text);
	return false;
}

static const struct key_job_kind spare_kind = {
    .retry = SPARE_RETRY,
    .work = spare_make,
    .settle = spare_settle,
};

/* ------------------------------------------------------------- looking -- */

static bool is_configured(const struct state *state, uint32_t bits)
{
	const uint32_t *wanted = state->config.spare_keys;

	for (size_t i = 0; wanted[i] != 0; i++)
		if (wanted[i] == bits)
			return true;
	return false;
}

/* Removes the keys that are no longer configured.  Returns the length of one
 * that is missing, or 0. */
static uint32_t spare_missing(struct state *state)
{
	const struct scep_range *lengths =
	    &scep_field_info(SCEP_REQUEST_KEY_LENGTH)->range;
	uint32_t missing = 0;

	for (size_t i = 0; i < lengths->count; i++) {
		uint32_t bits = lengths->span[i].min;
		bool is_wanted = is_configured(state, bits);
		char name[SPARE_NAME];
		bool is_there;

		spare_file_name(bits, name);
		is_there = files_exist(state->keys_folder, name);
		if (is_there && !is_wanted)
			files_remove(state->keys_folder, name, NULL);
		if (missing == 0 && is_wanted && !is_there)
			missing = bits;
	}
	return missing;
}

void spare_look(struct state *state)
{
	state->spares_are_stale = true;
	state_ask_tick(state);
}

static void begin_spare(struct state *state)
{
	struct scep_key row = {.length = spare_missing(state)};

	state->spare.retry_at = 0;
	/* When one is made, it looks for the next one. */
	state->spares_are_stale = row.length != 0;
	if (row.length != 0)
		key_jobs_begin(state, &state->spare, &spare_kind, &row);
}

uint64_t spare_tick(struct state *state)
{
	if (!state->spares_are_stale)
		return STATE_NEVER;
	if (key_jobs_can_begin(state, &state->spare))
		begin_spare(state);
	return key_jobs_next(state, &state->spare);
}
