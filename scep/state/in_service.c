/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/in_service.h"

#include <string.h>

#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"

/* ------------------------------------------------------------------ keys -- */

/* A successor that has been removed has taken its place even so. */
static bool key_is_replaced(const struct scep_view *view,
			    const struct scep_key *key, int64_t now)
{
	const struct scep_key *successor =
	    key->replaced_by != 0
		? scep_rows_find(&view->keys, key->replaced_by)
		: NULL;

	return key->replaced_by != 0 &&
	       (successor == NULL || successor->not_before <= now);
}

bool scep_view_key_is_in_service(const struct scep_view *view,
				 const struct scep_key *key, int64_t now)
{
	ROWS_EACH (i, &view->uses) {
		const struct scep_use *use = view->uses.row[i];

		if (use->key_index == key->index)
			return true;
	}
	return !key->is_default && !key_is_replaced(view, key, now);
}

/* ------------------------------------------------------------ CAs and RAs --
 */

/* More CAs are not followed from a certificate to its root. */
#define DEPTH 8

static bool is_ca(const struct scep_ca *ca)
{
	return (ca->role & SCEP_CA_IS_CA) != 0;
}

/* Tells if `other` can take the place of `ca` in one of these roles. */
static bool replaces(const struct scep_ca *other, const struct scep_ca *ca,
		     uint32_t roles, int64_t now)
{
	return (other->role & roles) != 0 &&
	       other->profile_index == ca->profile_index &&
	       (other->trust == SCEP_CA_TRUSTED || other->is_believed) &&
	       !other->is_revoked && other->not_before <= now &&
	       other->not_after >= now && other->not_after > ca->not_after;
}

static bool is_replaced_in(const struct scep_view *view,
			   const struct scep_ca *ca, uint32_t roles,
			   int64_t now)
{
	ROWS_EACH (i, &view->cas)
		if (replaces(view->cas.row[i], ca, roles, now))
			return true;
	return false;
}

/* A CA is one, whatever its place in the chain.  An RA that signs and decrypts
 * may be followed by two. */
static bool has_successor(const struct scep_view *view,
			  const struct scep_ca *ca, int64_t now)
{
	if (is_ca(ca))
		return is_replaced_in(view, ca, SCEP_CA_IS_CA, now);
	if ((ca->role & (SCEP_CA_RA_SIGN | SCEP_CA_RA_ENCRYPT)) == 0)
		return false;
	for (uint32_t role = SCEP_CA_RA_SIGN; role <= SCEP_CA_RA_ENCRYPT;
	     role <<= 1) {
		if ((ca->role & role) != 0 &&
		    !is_replaced_in(view, ca, role, now))
			return false;
	}
	return true;
}

static const struct scep_ca *issuer_of_key(const struct scep_view *view,
					   const struct scep_key *key)
{
	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->profile_index == key->profile_index &&
		    ca->fingerprint.length > 0 &&
		    ca->fingerprint.length == key->issuer_fingerprint.length &&
		    memcmp(ca->fingerprint.data, key->issuer_fingerprint.data,
			   ca->fingerprint.length) == 0)
			return ca;
	}
	return NULL;
}

/* Returns the row of the CA above `ca`, or NULL for a root.  A new root often
 * keeps the name of the old one: of several, takes the last that is not newer
 * than `ca`.
 */
static const struct scep_ca *issuer_of_ca(const struct scep_view *view,
					  const struct scep_ca *ca)
{
	const struct scep_ca *found = NULL;

	if (strcmp(ca->subject, ca->issuer) == 0)
		return NULL;
	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *other = view->cas.row[i];

		if (other != ca && is_ca(other) &&
		    other->profile_index == ca->profile_index &&
		    other->not_before <= ca->not_before &&
		    strcmp(other->subject, ca->issuer) == 0 &&
		    (found == NULL || other->not_before > found->not_before))
			found = other;
	}
	return found;
}

/* Tells if the key's certificate was issued by `ca`, or below it. */
static bool is_below(const struct scep_view *view, const struct scep_key *key,
		     const struct scep_ca *ca)
{
	const struct scep_ca *above = issuer_of_key(view, key);

	for (int depth = 0; above != NULL && depth < DEPTH; depth++) {
		if (above == ca)
			return true;
		above = issuer_of_ca(view, above);
	}
	return false;
}

bool in_service_has_ca(const struct scep_view *view, const struct scep_ca *ca,
		       int64_t now)
{
	if (!has_successor(view, ca, now))
		return true;
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (is_below(view, key, ca) &&
		    scep_view_key_is_in_service(view, key, now))
			return true;
	}
	return false;
}
