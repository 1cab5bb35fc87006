/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of an enrolment as facts: what RFC 8894 calls them, which message
 * they send and which steps may follow.  How a step is run stands in steps.h.
 */
#ifndef SCEP_ENROLL_STEP_H
#define SCEP_ENROLL_STEP_H

#include "scep/status_row.h"
#include "scep/store/record.h"

struct step {
	enum step_id id;
	const char *name; /* RFC 8894's, for the log */
	const char *rfc;  /* section */
	enum scep_message_type message_type;
	uint32_t may_lead_to; /* STEP_BIT of each step */
};

#define STEP_BIT(id) (1u << (id))

/* Never NULL for a step that can be run. */
const struct step *step_find(enum step_id id);

/* A step may always be repeated. */
bool step_may_lead_to(const struct step *from, enum step_id to);

#endif
