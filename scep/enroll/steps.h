/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of an enrolment as a table that reads like the RFC.  Each row
 * says what a step does; how steps are run stands in enrolment.c.
 */
#ifndef SCEP_ENROLL_STEPS_H
#define SCEP_ENROLL_STEPS_H

#include "scep/state/open_request.h"

/* On a worker: reads the record, writes the run. */
typedef void (*step_work_fn)(struct open_request *enrolment);
/* On the loop: ends with one move, wait, fail or succeed. */
typedef void (*step_settle_fn)(struct open_request *enrolment);

enum step_exchange { EXCHANGE_NONE, EXCHANGE_GET, EXCHANGE_PKI };

struct step {
	enum step_id id;
	const char *name; /* RFC 8894's, for the log */
	const char *rfc;  /* section */
	enum scep_message_type message_type;
	step_work_fn compose; /* may be NULL */
	enum step_exchange exchange;
	size_t limit; /* octets of the answer */
	/* Any HTTP status is an answer: an error is an empty one. */
	bool is_lenient;
	step_work_fn digest; /* may be NULL */
	step_settle_fn settle;
	uint32_t may_lead_to; /* bits of step_id */
};

#define STEP_BIT(id) (1u << (id))

/* Never NULL for a step that can be run. */
const struct step *step_find(enum step_id id);

#endif
