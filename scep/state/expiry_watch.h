/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be told because time has passed or a row was put: certificates
 * that expire, and the registry that is full.  Pure: what was told before and
 * the view now in, events out.  Knows no clock and nobody who listens.
 *
 * Each certificate is told once when it begins to expire and once when it has
 * expired, the full registry once when it becomes full.  What has been told is
 * not kept over a restart: the engine then tells what it finds, so that a
 * manager who missed it, or who is new, learns of it.
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

/* What has been told and still holds.  Zeroed to begin with. */
struct expiry_watch {
	struct watch_item *items; /* keys, then CAs, each by index */
	size_t count;
	bool was_full;
};

void expiry_watch_free(struct expiry_watch *watch);

typedef void expiry_watch_tell_fn(void *context, enum scep_event_kind kind,
				  uint32_t index);

/*
 * Tells what is new in the view.  Without a sane clock no certificate is
 * judged, and none is forgotten.  If memory is short, certificates are told at
 * the next look.
 */
void expiry_watch_look(struct expiry_watch *watch, const struct scep_view *view,
		       int64_t now, bool clock_is_sane,
		       expiry_watch_tell_fn *tell, void *context);

#endif
