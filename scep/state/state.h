/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's own state: the rows as they are now, the open enrolments, and
 * what is needed to change them.  Used by one thread; only the published view
 * is shared.  Knows how a change becomes durable and visible (batch.h) but
 * not why it is made.
 */
#ifndef SCEP_STATE_STATE_H
#define SCEP_STATE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "scep/rows.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/octets.h"
#include "scep/view.h"
#include "scep/net/io.h"
#include "scep/store/record.h"
#include "scep/base/rows.h"
#include "scep/store/store.h"
#include "scep/state/expiry_watch.h"

struct open_request;
struct task;
struct task_ops;

/* How a restart of the device stands (restart.h); what is wanted stands in
 * the view's agent. */
struct restart {
	bool is_pending; /* was begun, and has not ended well */
	bool is_running; /* the front end runs the command */
	bool has_ended;	 /* it says so, and the next tick takes it */
	bool is_good;	 /* it has ended well */
	uint32_t key;	 /* because of which it was begun, or 0 */
	uint64_t wake;	 /* mono; when to look again, or 0 */
};

/* What is being done for the use locations (deploy.h); what is to be done
 * stands in the view's rows. */
struct deploy {
	bool is_running; /* the front end has been told, and has not ended */
	bool is_probe;
	bool has_end;	   /* it says so, and the next tick takes it */
	uint32_t use;	   /* index */
	uint32_t key;	   /* index; 0 of a probe */
	uint32_t probed;   /* index of the last one in this round */
	uint64_t wake;	   /* mono; when to look again, or 0 */
	uint64_t probe_at; /* mono; when the next round begins, or 0 */
	struct scep_deploy_end end;
};

/* A job that a worker does with a key (key_jobs.h). */
struct key_job {
	bool is_running;
	uint64_t retry_at; /* mono; after a failure, else 0 */
};

struct state;

/* Follows what a commit has done to the record with that index: it was put,
 * replaced or removed. */
typedef void state_follow_record_fn(struct state *state, uint32_t index);

struct state {
	struct io *io;
	struct store *store;
	struct scep_config config;
	struct scep_watcher watcher;
	char keys_folder[4200];
	char certs_folder[4200];

	struct scep_view view;	  /* its rows are shared with published views */
	struct scep_rows records; /* of all open requests; never published */
	state_follow_record_fn *follow_record; /* open_request.h */
	struct store_counters counters;
	bool store_is_failing;	/* the last commit failed */
	bool database_was_lost; /* nothing is swept then */

	struct open_request *open_requests; /* a list; suspended ones too */
	const struct task_ops *request_ops; /* of all of them */
	struct task *tasks;	 /* a list: the open requests and all checks */
	struct task *discarded;	 /* a list: those whose worker is not back */
	bool tick_is_asked;	 /* since the last one began */
	bool publish_is_held;	 /* more is to be seen with it */
	bool timers_have_looked; /* since the program began */
	bool is_stopping;	 /* nothing new is begun */
	struct restart restart;
	struct deploy deploy;
	struct key_job default_key;	       /* default_key.h */
	char default_key_file_id[SCEP_TEXT64]; /* while it is made */
	struct key_job spare;		       /* spare.h */
	bool spares_are_stale;		       /* one may be missing */
	struct key_job verification;	       /* verify.h */
	/* Of each weak algorithm since the start; workers count. */
	atomic_uint legacy_uses[SCEP_LEGACY_COUNT];

	pthread_mutex_t published_lock;
	struct published *published;
	struct expiry_watch watch; /* what has been told */
	uint64_t reviewed_at;	   /* mono, of the last view */
};

/* Prepares an empty state; opens nothing.  False if memory is short. */
bool state_init(struct state *state, struct io *io,
		const struct scep_config *config,
		const struct scep_watcher *watcher);
/* Frees all rows and closes the store; no request may be open. */
void state_empty(struct state *state);
/* The same at the end; no worker runs any more. */
void state_free(struct state *state);

/* Puts a new view in the place of the published one, and tells the watcher
 * what has come with it. */
void state_publish(struct state *state);
/* Takes a reference to the published view; from any thread. */
const struct scep_view *state_take(struct state *state);

/*
 * A part that can be due has a tick, which looks at what is due now and
 * returns when it is to look again (mono), or STATE_NEVER.  What happens
 * outside of a tick and may make something due (a commit, a worker that comes
 * back) asks for all ticks at once.
 */
#define STATE_NEVER UINT64_MAX
typedef uint64_t state_tick_fn(struct state *state);
void state_ask_tick(struct state *state);

/* Tells the watcher of a row as it is now. */
void state_notify(struct state *state, enum scep_event_kind kind,
		  uint32_t index);

/* Whether our clock can be believed: not before the program was built. */
bool state_clock_is_sane(struct state *state);
/* When it was, in seconds since 1970. */
int64_t state_build_time(void);

static inline int64_t state_now(struct state *state)
{
	return state->io->ops->now(state->io);
}

static inline uint64_t state_mono(struct state *state)
{
	return state->io->ops->mono(state->io);
}

#endif
