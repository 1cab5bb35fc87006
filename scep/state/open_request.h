/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open request on its way: what is durable of it, what is running for it,
 * and when it goes on.  How it runs is the pipeline's affair, how its state
 * changes that of the moves, what it does that of the steps.  A check of a
 * server (check.h) goes the same way without a status row, and its record is
 * never stored.
 */
#ifndef SCEP_STATE_OPEN_REQUEST_H
#define SCEP_STATE_OPEN_REQUEST_H

#include "scep/codes.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/state/txn.h"
#include "scep/protocol/caps.h"
#include "scep/protocol/rfc8894.h"
#include "scep/state/state.h"

struct scep_ca;
struct scep_profile;
struct scep_status;
struct step;
struct step_ops;

#define OPEN_REQUEST_PINS 16
#define OPEN_REQUEST_NAME 192

/* What one pass through a step works on.  While a worker runs, it alone
 * writes here, and the record is only read by everybody. */
struct step_work {
	struct scep_error error;      /* code SCEP_OK: fine so far */
	struct scep_error ca_refetch; /* rollover.h; code SCEP_OK: none */
	/* prepared on the loop */
	int64_t now;	       /* for validity; 0: no judgement */
	int64_t clock;	       /* whatever our clock says */
	uint32_t allow_legacy; /* enum scep_legacy */
	struct scep_octets64 pins[OPEN_REQUEST_PINS];
	size_t pin_count;
	struct record *next; /* the record as it will be; owned */
	/* compose */
	char *url;
	struct bytes message;
	unsigned char sender_nonce[RFC8894_NONCE_LENGTH];
	bool may_fail; /* and is then settled like what went well */
	/* exchange */
	struct fetch_answer answer;
	/* digest */
	struct scep_ca *cas; /* described certificates; owned */
	size_t ca_count;
	size_t candidate; /* which of cas could be pinned; ca_count: none */
	bool is_trusted;
	enum rfc8894_pki_status pki_status;
	struct scep_key key;	 /* the certificate of ours, described */
	struct X509_crl_st *crl; /* that GetCRL brought; owned */
};

struct open_request {
	struct open_request *next;
	struct state *state;
	struct record *record; /* what is durable; a reference */
	/* For log lines; never changes. */
	char name[OPEN_REQUEST_NAME];
	struct step_work work;
	const struct step *step;    /* that is running */
	const struct step_ops *ops; /* what it does */
	uint32_t check;		    /* check.h; 0: a request */
	struct scep_key *lost;	    /* of a check (lost.h), or NULL; owned */
	struct fetch *fetch;	    /* in flight, or NULL */
	bool is_busy;		    /* with a worker or an exchange */
	bool is_blocked;    /* until a worker that was given up is back */
	bool is_discarded;  /* freed when the worker is back */
	bool is_unsaved;    /* ended, but the disk refused to know */
	bool is_distrusted; /* counted in scepStatsCaRejects */
	struct scep_error ca_refetch; /* why GetCACert is sent once more */
	uint64_t due;		      /* mono; when to go on, or STATE_NEVER */
};

/*
 * Opens a request for each record of the state, due as the record says, and
 * has requests follow what commits do to the records from then on: a record
 * that is put opens a request, one that is replaced becomes that of its
 * request, and one that is removed discards its request.  False if memory is
 * short.
 */
bool open_request_follow_records(struct state *state);
/* Lists a check, which takes its record and is due at once.  NULL if memory is
 * short. */
struct open_request *open_request_open_check(struct state *state,
					     struct record *record,
					     uint32_t check);
/* Unlists and frees it, at once or when its worker is back; what it does on
 * the wire is ended. */
void open_request_discard(struct open_request *enrolment);
/* The same for all requests and checks. */
void open_request_discard_all(struct state *state);
/* Ends what is on the wire, and lets workers come back to nothing; the loop
 * can be closed afterwards. */
void open_request_stop_all(struct state *state);
struct open_request *open_request_find(struct state *state, uint32_t index);

/* The rows that belong to it; borrowed, NULL if there is none. */
const struct scep_status *
open_request_status_now(struct open_request *enrolment);
const struct scep_profile *open_request_profile(struct open_request *enrolment);
/* Whether the profile, if it is still there (it may have been volatile), has
 * the server that this is a request to: what comes from another one must not
 * become its pin (MIB, rule 15). */
bool open_request_has_same_server(struct open_request *enrolment);

/* Empties the run and readies it for the next pass. */
bool open_request_prepare(struct open_request *enrolment);
/* Frees one that was discarded, when its worker is back. */
void open_request_come_back(struct open_request *enrolment);
/* Whether it can be begun when it is due. */
bool open_request_is_idle(const struct open_request *enrolment);

/* Sets when it is due, and has the engine look. */
void open_request_go_on_at(struct open_request *enrolment, uint64_t due);
/* At once, unless it is busy. */
void open_request_resume(struct open_request *enrolment);

#endif
