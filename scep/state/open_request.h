/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open requests, one for each record of the state.  A request is a task
 * (task.h) with a row of scepStatusTable.  Knows no step: transitions.h says
 * how its state changes.
 */
#ifndef SCEP_STATE_OPEN_REQUEST_H
#define SCEP_STATE_OPEN_REQUEST_H

#include "scep/codes.h"
#include "scep/state/task.h"
#include "scep/state/txn.h"

struct scep_status;

/* Tells how far the look at the use locations of a request is. */
enum request_look {
	REQUEST_LOOK_NONE, /* nothing yet */
	REQUEST_LOOK_WANTED,
	REQUEST_LOOK_GOOD,
	REQUEST_LOOK_BAD,
};

struct open_request {
	struct task task; /* the first member */
	struct open_request *next;
	bool is_unsaved; /* its step is done, but what the step came to is not
			  * stored */
	uint32_t hold;	 /* ms from the last try to the next; request_hold.h */
	bool is_distrusted;	      /* is counted in scepStatsCaRejects */
	struct scep_error ca_refetch; /* why GetCACert is sent again */
	enum request_look look;
	char look_text[SCEP_TEXT255]; /* why it is bad */
};

/*
 * Opens a request for each record of the state, due as the record says, and
 * has requests follow what commits do to the records from then on: a record
 * that is put opens a request, one that is replaced becomes that of its
 * request, and one that is removed discards its request.  Tasks that are
 * requests get `ops`.  False if memory is short.
 */
bool open_request_follow_records(struct state *state,
				 const struct task_ops *ops);
/* Discards all requests, and then all other tasks. */
void open_request_discard_all(struct state *state);

/* Writes the name of a request in the log: "request 7 (profile 1, key web,
 * www.example)". */
void open_request_name(const struct scep_view *view,
		       const struct record *record, char name[TASK_NAME]);

struct open_request *open_request_find(struct state *state, uint32_t index);
/* Returns the request that a task is part of. */
struct open_request *open_request_of(struct task *task);
/* Returns its row of scepStatusTable.  Borrows. */
const struct scep_status *open_request_status_now(struct open_request *e);

/* Wipes the challenge in `next` (may be NULL) and, by `txn`, in the request
 * values of the profile if they are those of this request, and the challenge
 * was not set again (MIB, rule 4). */
void open_request_wipe_challenge(struct open_request *e, struct record *next,
				 struct txn *txn);
/* Adds that the request values of the profile go back to their defaults, if
 * they are those of this request, and but for what was set again. */
void open_request_preset_values(struct open_request *e, struct txn *txn);

#endif
