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

/* From the step that just ran to another one. */
void move_to(struct enrolment *enrolment, enum step_id to, struct record *next,
	     struct scep_status *status, struct batch *extra);
/* To a step that waits without limit, until enrolment_resume(), and looks
 * again once a minute; shows what run.error says. */
void move_wait(struct enrolment *enrolment, enum step_id to,
	       struct record *next, struct batch *extra);
/* Goes on waiting there. */
void move_look_again(struct enrolment *enrolment);
/* Ends it in success. */
void move_succeed(struct enrolment *enrolment, struct scep_status *status,
		  struct batch *extra);
/* Does what run.error asks for: tries again by the polling rules, or ends in
 * Error.  `next` may be NULL: the record stays as it is. */
void move_fail(struct enrolment *enrolment, struct record *next);

/* A copy of its status row, to be changed and given to a move. */
struct scep_status *move_status(struct enrolment *enrolment);
/* Wipes the challenge out of `next`, and out of the profile's request values
 * by `batch` (MIB, rule 4). */
void move_wipe_challenge(struct enrolment *enrolment, struct record *next,
			 struct batch *batch);
/* The transaction of a move alone.  On failure, run.error says why. */
bool move_commit(struct enrolment *enrolment, struct record *next,
		 struct scep_status *status, struct batch *extra);
/* Saves an end that the disk refused before. */
void move_save_end(struct enrolment *enrolment);

#endif
