/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each step of an enrolment does, as a table that reads like the RFC.
 * What a step is called and where it leads stands in step.h; how steps are run
 * one after the other, in pipeline.c.
 */
#ifndef SCEP_ENROLL_STEPS_H
#define SCEP_ENROLL_STEPS_H

#include "scep/enroll/step.h"
#include "scep/state/open_request.h"

/* On a worker: reads the record, writes the run. */
typedef void (*step_work_fn)(struct open_request *enrolment);
/* On the loop: ends with one move, wait, fail or succeed. */
typedef void (*step_settle_fn)(struct open_request *enrolment);

enum step_exchange { EXCHANGE_NONE, EXCHANGE_GET, EXCHANGE_PKI };

struct step_ops {
	step_work_fn compose; /* may be NULL */
	enum step_exchange exchange;
	size_t limit; /* octets of the answer */
	/* Any HTTP status is an answer: an error is an empty one. */
	bool is_lenient;
	step_work_fn digest; /* may be NULL */
	step_settle_fn settle;
};

/* Never NULL for a step that can be run. */
const struct step_ops *steps_find(enum step_id id);

#endif
