/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/engine/rebuild.h"

#include <stdio.h>
#include <string.h>

#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/base/log.h"
#include "scep/keys/registry.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/certs.h"

#define FILE_LIMIT (1024 * 1024)
#define SUFFIX	   ".pem"

struct rebuild {
	struct state *state;
	struct txn *txn;
};

static void note_one(void *context, const char *name)
{
	bool *is_any = context;

	(void)name;
	*is_any = true;
}

bool rebuild_is_needed(struct state *state)
{
	bool is_any = false;

	files_list(state->keys_folder, note_one, &is_any, NULL);
	return is_any;
}

/* The certificate that belongs to a key's file, described in `key`. */
static bool describe(struct state *state, const char *name,
		     struct scep_key *key)
{
	struct bytes pem = {NULL, 0};
	STACK_OF(X509) *certificates = NULL;
	bool is_read;

	is_read = files_read(state->certs_folder, name, FILE_LIMIT, &pem,
			     NULL) == SCEP_OK &&
		  certs_from_pem(pem.data, pem.length, &certificates, NULL) ==
		      SCEP_OK &&
		  sk_X509_num(certificates) > 0;
	if (is_read)
		certs_describe_leaf(sk_X509_value(certificates, 0), key);
	sk_X509_pop_free(certificates, X509_free);
	bytes_free(&pem);
	return is_read;
}

/* A key of which nothing is known is kept, under a name that is not swept. */
static void put_retired(struct state *state, const char *name)
{
	char from[4400], to[4400];

	snprintf(from, sizeof(from), "%s/%s", state->keys_folder, name);
	snprintf(to, sizeof(to), "%s/%s.lost", state->keys_folder, name);
	if (rename(from, to) == 0)
		log_warning("keys/%s: no certificate of it is known; kept as "
			    "%s.lost",
			    name, name);
	else
		log_warning("keys/%s: no certificate of it is known", name);
}

static void rebuild_one(void *context, const char *name)
{
	struct rebuild *rebuild = context;
	struct state *state = rebuild->state;
	size_t length = strlen(name);
	struct scep_key *key;

	if (length <= strlen(SUFFIX) || length >= SCEP_TEXT64 ||
	    strcmp(name + length - strlen(SUFFIX), SUFFIX) != 0)
		return;
	key = row_new(sizeof(*key));
	if (key == NULL || !describe(state, name, key)) {
		put_retired(state, name);
		row_release(key);
		return;
	}
	memcpy(key->file_id, name, length - strlen(SUFFIX));
	snprintf(key->name, sizeof(key->name), "recovered");
	/* Nobody else issues what has no end to itself. */
	key->is_default = key->not_after == REQUEST_FOR_EVER &&
			  strcmp(key->subject, key->issuer) == 0;
	key->index = registry_next_index(state);
	key->install_time = state_now(state);
	log_warning("key %u (%s) was rebuilt from its files", key->index,
		    key->subject);
	txn_put(rebuild->txn, STORE_KEY, key);
}

void rebuild_registry(struct state *state, struct txn *txn)
{
	struct rebuild rebuild = {state, txn};
	struct scep_error error;

	error_init(&error);
	if (files_list(state->keys_folder, rebuild_one, &rebuild, &error) !=
	    SCEP_OK)
		log_error("the registry is not rebuilt: %s", error.text);
}
