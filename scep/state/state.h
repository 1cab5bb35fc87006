/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the engine: the rows as they are now, the open requests, and
 * what each part remembers between two ticks.  One thread uses it; other
 * threads only take the published view.  Knows how a view is published, and
 * neither how rows change (txn.h) nor why.
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
#include "scep/store/files.h"
#include "scep/store/record.h"
#include "scep/base/rows.h"
#include "scep/store/store.h"
#include "scep/state/expiry_watch.h"

struct open_request;
struct task;
struct task_ops;

/* The restart of the device (restart.h), but for restart_wanted, which stands
 * in the view's agent. */
struct restart {
	bool is_pending; /* was begun, and has not ended well */
	bool is_running; /* the front end runs the command */
	bool has_ended;	 /* the next tick takes the result */
	bool is_good;	 /* the result */
	uint32_t key;	 /* because of which it was begun, or 0 */
	uint64_t wake;	 /* mono; when to look again, or 0 */
};

/* The deployment or probe that runs (deploy.h); those that are to come stand in
 * the view's rows. */
struct deploy {
	bool is_running; /* the front end does it */
	bool is_probe;
	bool has_end;	   /* the next tick takes `end` */
	uint32_t use;	   /* index */
	uint32_t key;	   /* index; 0 of a probe */
	uint32_t probed;   /* index of the last one in this round */
	uint64_t wake;	   /* mono; when to look again, or 0 */
	uint64_t probe_at; /* mono; when the next round begins, or 0 */
	struct scep_deploy_end end;
};

/* The look at use locations that runs (scep/enroll/look.h). */
struct look {
	bool is_running;  /* the front end does it */
	bool has_end;	  /* the next tick takes `end` */
	uint32_t request; /* index of its record */
	uint64_t wake;	  /* mono; when it is given up */
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
	struct store *store; /* NULL: the state directory cannot be used */
	struct scep_config config;
	struct scep_watcher watcher;
	char keys_folder[4200];
	char certs_folder[4200];
	char crls_folder[4200];

	/* Rows; all but the records are shared with published views. */
	struct scep_view view;
	struct scep_rows records;
	state_follow_record_fn *follow_record; /* open_request.h */
	struct store_counters counters;
	bool store_is_failing;		/* the last commit failed */
	char store_fault[SCEP_TEXT255]; /* why, in words */
	/* Of the state directory, keys/ and certs/ at the start. */
	struct files_identity identity[3];
	bool database_was_lost; /* at this start */

	/* Requests and checks. */
	struct open_request *open_requests; /* a list; suspended ones too */
	const struct task_ops *request_ops; /* of all of them */
	struct task *tasks;	/* a list: the open requests and all checks */
	struct task *discarded; /* a list: those whose worker is not back */
	/* Uses of each weak algorithm since the start; workers count. */
	atomic_uint legacy_uses[SCEP_LEGACY_COUNT];

	/* Ticks. */
	bool tick_is_asked;	 /* since the last one began */
	bool timers_have_looked; /* since the start */
	bool is_stopping;	 /* nothing is begun any more */
	struct restart restart;
	struct deploy deploy;
	struct look look;
	struct key_job default_key;	       /* default_key.h */
	char default_key_file_id[SCEP_TEXT64]; /* while it is made */
	struct key_job spare;		       /* spare.h */
	bool spares_are_stale;		       /* one may be missing */
	struct key_job verification;	       /* verify.h */

	/* The published view. */
	pthread_mutex_t published_lock;
	struct published *published;
	bool publish_is_held; /* more commits belong to the next view */
	uint64_t reviewed_at; /* mono; when a view was last published */
	int64_t reviewed_wall;
	uint64_t review_at; /* mono; when time alone changes it */
	struct expiry_watch watch;
};

/* Prepares an empty state; opens nothing.  False if memory is short. */
bool state_init(struct state *state, struct io *io,
		const struct scep_config *config,
		const struct scep_watcher *watcher);
/* Frees all rows and closes the store; no request may be open. */
void state_empty(struct state *state);
/* Frees the whole state; no worker may run any more. */
void state_free(struct state *state);

/* Publishes a new view, and gives the watcher the events that come with it.
 * Does nothing while publish_is_held. */
void state_publish(struct state *state);
/* Returns the published view, with a reference (scep_view_release()).  On any
 * thread. */
const struct scep_view *state_take(struct state *state);

/*
 * A part that can be due has a tick: it does what is due now, and returns when
 * it is to be called again (mono), or STATE_NEVER.
 */
#define STATE_NEVER UINT64_MAX
typedef uint64_t state_tick_fn(struct state *state);
/* Asks for all ticks as soon as possible.  For all that may make something due
 * outside of a tick: a commit, a result. */
void state_ask_tick(struct state *state);

/* Gives the watcher an event, with the row as it is now. */
void state_notify(struct state *state, enum scep_event_kind kind,
		  uint32_t index);

/* True if our clock is not before the time when the program was built. */
bool state_clock_is_sane(struct state *state);
/* Returns that time, in seconds since 1970. */
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
