/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/succession.h"

#include <string.h>

#include "scep/base/rows.h"

static bool is_print(const struct scep_octets32 *a,
		     const struct scep_octets32 *b)
{
	return a->length == b->length && a->length > 0 &&
	       memcmp(a->data, b->data, a->length) == 0;
}

/* The CA that has issued the certificate, or NULL. */
static const struct scep_ca *issuer_of(const struct scep_view *view,
				       const struct scep_key *key)
{
	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->profile_index == key->profile_index &&
		    is_print(&ca->fingerprint, &key->issuer_fingerprint))
			return ca;
	}
	return NULL;
}

/* One that is believed in the same way and lasts longer; of several, the one
 * that lasts longest. */
static const struct scep_ca *successor_of(const struct scep_view *view,
					  const struct scep_ca *issuer)
{
	const struct scep_ca *found = NULL;

	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (ca->profile_index != issuer->profile_index ||
		    ca->trust != SCEP_CA_TRUSTED ||
		    ca->not_after <= issuer->not_after)
			continue;
		if (found == NULL || ca->not_after > found->not_after)
			found = ca;
	}
	return found;
}

struct succession succession_of(const struct scep_view *view,
				const struct scep_key *key)
{
	const struct scep_ca *issuer = issuer_of(view, key);
	const struct scep_ca *next =
	    issuer != NULL ? successor_of(view, issuer) : NULL;
	struct succession none = {0, 0};

	if (next == NULL)
		return none;
	return (struct succession){issuer->not_after, next->not_before};
}
