/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of keys and certificates (scepKeyTable): its places and indexes,
 * the keys that others have replaced, and the files behind the rows.
 *
 * A key that DeleteOldKey takes out of the table is retired (MIB, rule 11): row
 * and files are kept until the next success, so that a rollback of the key that
 * replaced it can restore it.  Knows no protocol, and not how a key gets to a
 * use location.
 */
#ifndef SCEP_KEYS_REGISTRY_H
#define SCEP_KEYS_REGISTRY_H

#include "scep/octets.h"
#include "scep/state/state.h"
#include "scep/state/txn.h"

struct scep_use;

#define REGISTRY_KEY_NAME 192
/* Writes the name of the key in the log: "key 3 (web, profile 1)". */
void registry_name_key(const struct scep_view *view, const struct scep_key *key,
		       char name[REGISTRY_KEY_NAME]);

/* True if the key of that request can be registered: places that other open
 * requests have reserved count, and keys that DeleteOldKey will retire for it
 * do not (MIB, rule 13). */
bool registry_has_room(struct state *state, const struct record *wanted);
/* True if there is to be a default key and there is none yet; a place is kept
 * for it. */
bool registry_awaits_default_key(const struct state *state);
/* Returns a free index, 1..65535, that nothing refers to; 0 if there is none.
 */
uint32_t registry_next_index(struct state *state);

/*
 * A request of the profile has succeeded with the key, which its use locations
 * now have.  Removes the keys that the last such success has retired.  If
 * `deletes`, retires the keys that these locations had before, or that waited
 * for them, but neither the default key nor a key that another location has.
 */
void registry_retire_replaced(struct state *state, struct txn *txn,
			      uint32_t profile_index, uint32_t key_index,
			      bool deletes);
/* Puts a retired key into scepKeyTable again.  Any other key stays as it is. */
void registry_restore_retired(struct state *state, struct txn *txn,
			      uint32_t key_index);

/*
 * Notes which keys a new key replaces (struct scep_key, replaced_by).  A
 * request has brought the key, and renews the certificate of the key `renewed`
 * (0: none).  The new key replaces that one, and those that were requested
 * before for the same subject under the same name.
 */
void registry_note_new(struct state *state, struct txn *txn,
		       const struct scep_key *key, uint32_t renewed);
/* A use location gets the key.  The key is no longer replaced, and it takes the
 * place of one that had this location only.  `use` is as it was before. */
void registry_note_given(struct state *state, struct txn *txn,
			 const struct scep_use *use, uint32_t key_index);
/* Removes a key.  What it has replaced, its own successor has replaced. */
void registry_remove_key(struct state *state, struct txn *txn, uint32_t index);
/* Finds the successors that a database of an older version does not have.
 * Writes to rows in place: only before the first view is published. */
void registry_recall_successors(struct state *state);

/* Ends the destruction of keys that a kill has interrupted. */
void registry_destroy_marked(struct state *state);
/* Tells if something refers to the files of a key, or if they cannot be ours.
 */
bool registry_knows(struct state *state, const char *file_id);
/* Moves each file in keys/ and certs/ that nothing refers to into keys.aside/
 * and certs.aside/.  At the start, where it may be all that is left of a key.
 */
void registry_set_aside(struct state *state);
/* Removes the files of ours that no row and no open request refers to any
 * more.  Once registry_set_aside() has run. */
void registry_sweep(struct state *state);
/* Tells if the files of a key are there, and those of its row; a log line says
 * what is wrong.  Sets `error`.  True while memory is too short to know. */
bool registry_check_key(struct state *state, const struct scep_key *key,
			struct scep_error *error);
/* Marks the rows whose files do not bear them out as corrupt.  Writes to rows
 * in place: only before the first view is published. */
void registry_check_files(struct state *state);

#endif
