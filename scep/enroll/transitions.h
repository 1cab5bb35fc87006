/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place where the state of a request changes.  A move is asserted to
 * be allowed, made durable, logged, published and told, before anything is
 * composed for the next step.  In all of these, `next` is the record as it
 * will be and `status` the row as it will be (both taken; NULL: memory was
 * short, and the move fails), and `extra` holds rows that go with them into
 * the same transaction (emptied; may be NULL).
 */
#ifndef SCEP_ENROLL_TRANSITIONS_H
#define SCEP_ENROLL_TRANSITIONS_H

#include "scep/state/open_request.h"

struct scep_status;

/* From the step that just ran to another one. */
void transition_to(struct open_request *enrolment, enum step_id to,
		   struct record *next, struct scep_status *status,
		   struct txn *extra);
/* To a step that waits without limit, until open_request_resume(), and looks
 * again once a minute; shows what run.error says. */
void transition_wait(struct open_request *enrolment, enum step_id to,
		     struct record *next, struct txn *extra);
/* Goes on waiting there. */
void transition_look_again(struct open_request *enrolment);
/* Ends it in success. */
void transition_succeed(struct open_request *enrolment,
			struct scep_status *status, struct txn *extra);
/* Does what run.error asks for: tries again by the polling rules, or ends in
 * Error.  `next` may be NULL: the record stays as it is. */
void transition_fail(struct open_request *enrolment, struct record *next);

/* A copy of its status row, to be changed and given to a move. */
struct scep_status *transition_status(struct open_request *enrolment);
/* Wipes the challenge out of `next`, and out of the profile's request values
 * by `batch` (MIB, rule 4). */
void transition_wipe_challenge(struct open_request *enrolment,
			       struct record *next, struct txn *txn);
/* The transaction of a move alone.  On failure, run.error says why. */
bool transition_commit(struct open_request *enrolment, struct record *next,
		       struct scep_status *status, struct txn *extra);
/* Saves an end that the disk refused before. */
void transition_save_end(struct open_request *enrolment);

#endif
