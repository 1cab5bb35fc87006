/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/expiry_watch.h"

#include <stdlib.h>
#include <string.h>

#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/view.h"
#include "scep/state/health.h"
#include "scep/base/rows.h"

void expiry_watch_free(struct expiry_watch *watch)
{
	free(watch->items);
	memset(watch, 0, sizeof(*watch));
}

/* ------------------------------------------------------ what holds now -- */

static void watch_add(struct expiry_watch *watch, enum scep_event_kind kind,
		      uint32_t index, const struct scep_octets32 *fingerprint)
{
	watch->items[watch->count++] = (struct watch_item){
	    .kind = kind,
	    .index = index,
	    .fingerprint = *fingerprint,
	};
}

static void watch_add_key(struct expiry_watch *watch,
			  const struct scep_view *view,
			  const struct scep_key *key, int64_t now)
{
	switch (scep_key_state_at(key, now, view->agent.notify_expiry_days)) {
	case SCEP_KEY_EXPIRING:
		watch_add(watch, SCEP_EVENT_CERT_EXPIRING, key->index,
			  &key->fingerprint);
		break;
	case SCEP_KEY_EXPIRED:
		watch_add(watch, SCEP_EVENT_CERT_EXPIRED, key->index,
			  &key->fingerprint);
		break;
	case SCEP_KEY_NO_CERTIFICATE:
	case SCEP_KEY_VALID:
	case SCEP_KEY_NOT_YET_VALID:
	case SCEP_KEY_REVOKED:
	case SCEP_KEY_CORRUPT:
		break;
	}
}

/* False if memory is short. */
static bool watch_collect(struct expiry_watch *watch,
			  const struct scep_view *view, int64_t now)
{
	size_t most = view->keys.count + view->cas.count;

	watch->count = 0;
	watch->items = calloc(most + 1, sizeof(*watch->items));
	if (watch->items == NULL)
		return false;
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (scep_view_key_is_in_service(view, key, now))
			watch_add_key(watch, view, key, now);
	}
	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (health_ca_is_expiring(view, ca, now))
			watch_add(watch, SCEP_EVENT_CA_EXPIRING, ca->index,
				  &ca->fingerprint);
	}
	return true;
}

/* ---------------------------------------------------------- what is new -- */

static bool item_is_of_ca(const struct watch_item *item)
{
	return item->kind == SCEP_EVENT_CA_EXPIRING;
}

/* The order of the list.  Equal items may still be of two certificates. */
static int item_compare(const struct watch_item *a, const struct watch_item *b)
{
	if (item_is_of_ca(a) != item_is_of_ca(b))
		return item_is_of_ca(a) ? 1 : -1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static bool item_is_same(const struct watch_item *a, const struct watch_item *b)
{
	return item_compare(a, b) == 0 && a->kind == b->kind &&
	       a->fingerprint.length == b->fingerprint.length &&
	       memcmp(a->fingerprint.data, b->fingerprint.data,
		      a->fingerprint.length) == 0;
}

static void look_at_certificates(struct expiry_watch *watch,
				 const struct scep_view *view, int64_t now,
				 expiry_watch_event_fn *on_event, void *context)
{
	struct expiry_watch fresh = *watch;
	size_t at = 0;

	if (!watch_collect(&fresh, view, now))
		return;
	for (size_t i = 0; i < fresh.count; i++) {
		const struct watch_item *item = &fresh.items[i];

		while (at < watch->count &&
		       item_compare(&watch->items[at], item) < 0)
			at++;
		if (at == watch->count ||
		    !item_is_same(&watch->items[at], item))
			on_event(context, item->kind, item->index);
	}
	free(watch->items);
	*watch = fresh;
}

void expiry_watch_look(struct expiry_watch *watch, const struct scep_view *view,
		       int64_t now, bool clock_is_sane,
		       expiry_watch_event_fn *on_event, void *context)
{
	bool is_full = health_registry_is_full(view);

	if (clock_is_sane)
		look_at_certificates(watch, view, now, on_event, context);
	if (is_full && !watch->was_full)
		on_event(context, SCEP_EVENT_KEY_LIMIT_REACHED, 0);
	watch->was_full = is_full;
}
