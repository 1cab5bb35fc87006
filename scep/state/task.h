/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task talks to a SCEP server, one step after another.  An open request
 * (open_request.h) and a check of a server (scep/enroll/server_check.h) each
 * begin with one; the pipeline (scep/enroll/pipeline.h) runs them.  A task has
 * the parameters of its transaction, the data of the step that runs, and the
 * time at which it continues.  Knows no step and neither kind of task.
 */
#ifndef SCEP_STATE_TASK_H
#define SCEP_STATE_TASK_H

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/protocol/rfc8894.h"
#include "scep/state/state.h"

struct ca_certs_entry;
struct scep_ca;
struct scep_profile;
struct step;
struct task;

#define TASK_PINS 16
#define TASK_NAME 288

/* Rows of scepCaTable to be notified of when a step has become durable. */
struct ca_notices {
	size_t pending_count, believed_count;
	uint32_t pending[LIMIT_CERTIFICATES + 1];
	struct {
		uint32_t index;
		bool is_by_manager; /* it was he who gave the fingerprint */
	} believed[LIMIT_CERTIFICATES + 1];
	uint32_t present; /* the next CA that is the present one now; 0: none */
};

/* The data of one pass through a step.  While a worker runs, it alone writes
 * here, and nobody writes the record. */
struct step_work {
	struct scep_error error; /* code SCEP_OK: none so far */

	/* Before compose, on the loop. */
	int64_t now;	       /* for validity; 0: our clock is not sane */
	int64_t clock;	       /* the time of our clock, sane or not */
	uint32_t allow_legacy; /* enum scep_legacy, of this server */
	bool allow_short_keys;
	uint32_t ra_policy;	    /* enum scep_ra_policy */
	struct scep_rows known_cas; /* scepCaTable; shared */
	struct scep_octets64 pins[TASK_PINS];
	size_t pin_count;
	struct record *next; /* the record after the step; owned */

	/* compose, on a worker */
	char *url;	      /* owned */
	struct bytes message; /* to be posted; empty: GET */
	unsigned char sender_nonce[RFC8894_NONCE_LENGTH];

	/* exchange, on the loop */
	struct fetch_answer answer;

	/* digest, on a worker */
	struct scep_ca *cas; /* described certificates; owned */
	size_t ca_count;
	struct ca_certs_entry *entries; /* the judgement of each; owned */
	size_t candidate; /* which of cas can be trusted; ca_count: none */
	bool is_trusted;
	bool awaits_ra; /* the CA is trusted, but a manager has to decide about
			 * an RA */
	enum rfc8894_pki_status pki_status;
	struct scep_error ca_refetch; /* ca_rollover.h; SCEP_OK: none */
	struct scep_key key;	      /* our new certificate, described */
	struct X509_crl_st *crl;      /* from GetCRL; owned */

	/* settle, on the loop */
	struct ca_notices notices;
};

/* The two kinds of task differ in these.  On the loop. */
struct task_ops {
	/* Sets the step and makes durable what must be durable before it runs.
	 * Returns false if the task has ended. */
	bool (*begin)(struct task *task);
	/* Applies the result of the step. */
	void (*settle)(struct task *task);
	/* Handles work.error. */
	void (*fail)(struct task *task);
	/* Frees the whole structure, task included. */
	void (*free)(struct task *task);
};

struct task {
	struct task *next; /* in the list of the state */
	const struct task_ops *ops;
	struct state *state;
	struct record *record; /* before the step; a reference */
	char name[TASK_NAME];  /* for log lines; never changes */
	const struct step *step;
	struct step_work work;
	struct fetch *fetch; /* in flight, or NULL */
	bool is_busy;	     /* with a worker or an exchange */
	bool is_blocked;     /* until the worker of a discarded task returns */
	bool is_discarded;   /* freed when its worker returns */
	bool has_told_clock; /* in the log, that a clock is wrong */
	uint64_t due;	     /* mono; when it continues */
};

/* Fills an empty task, lists it, and takes the record.  It is due at once. */
void task_open(struct task *task, const struct task_ops *ops,
	       struct state *state, struct record *record);
/* Unlists the task, ends its exchange, and frees it at once or when its worker
 * returns. */
void task_discard(struct task *task);
/* Frees a discarded task whose worker has returned, and unblocks the task of
 * the same request that waited for this: both write the same files. */
void task_worker_returned(struct task *task);
/* Tells if a discarded task of that request still has its worker. */
bool task_has_late_worker(struct state *state, uint32_t index);
/* Ends all exchanges; no task is begun any more. */
void task_stop_all(struct state *state);

/* Empties `work` and fills its first part.  False if memory is short. */
bool task_prepare(struct task *task);

/* Returns the profile of the task; NULL if it is gone (it may have been
 * volatile).  Borrows. */
const struct scep_profile *task_profile(const struct task *task);
/* Tells if the profile, if there is one, still has the server of this task.
 * Certificates from another server must not become its pins (MIB, rule 15). */
bool task_has_same_server(const struct task *task);

/* Returns scepServerRaPolicy as it is now: a request that waits for an RA obeys
 * a change. */
uint32_t task_ra_policy(const struct task *task);

/* Sets when the task continues (mono, or STATE_NEVER). */
void task_continue_at(struct task *task, uint64_t due);
/* Continues at once, unless the task is busy. */
void task_continue(struct task *task);
/* Tells if the task can be begun when it is due. */
bool task_is_idle(const struct task *task);

#endif
