/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds certificates in service that begin to expire or have expired, and a
 * registry that becomes full, for notifications.  Pure: the last look and the
 * view now go in, events come out.  Knows no clock and nobody who listens.
 *
 * Each certificate gives one event when it begins to expire and one when it has
 * expired; the registry gives one when it becomes full.  Nothing of this is
 * kept over a restart: the engine then finds all of it anew, so that a manager
 * who is new, or has missed a notification, learns of it.
 */
#ifndef SCEP_STATE_EXPIRY_WATCH_H
#define SCEP_STATE_EXPIRY_WATCH_H

#include <stddef.h>

#include "scep/event.h"
#include "scep/octets.h"

struct scep_view;

struct watch_item {
	enum scep_event_kind kind;
	uint32_t index;
	struct scep_octets32 fingerprint; /* an index may be used again */
};

/* The events of the last look that still hold.  Zeroed to begin with. */
struct expiry_watch {
	struct watch_item *items; /* keys, then CAs, each by index */
	size_t count;
	bool was_full;
};

void expiry_watch_free(struct expiry_watch *watch);

typedef void expiry_watch_event_fn(void *context, enum scep_event_kind kind,
				   uint32_t index);

/*
 * Calls on_event for what is new in the view.  Without a sane clock no
 * certificate is judged, and none is forgotten.  If memory is short, the next
 * look gives the events of the certificates.
 */
void expiry_watch_look(struct expiry_watch *watch, const struct scep_view *view,
		       int64_t now, bool clock_is_sane,
		       expiry_watch_event_fn *on_event, void *context);

#endif
