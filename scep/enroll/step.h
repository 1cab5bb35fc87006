/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step of a task: one row of a table.  Each step has the same shape:
 *
 *	compose (worker) -> exchange (loop) -> digest (worker) -> settle (loop)
 *
 * compose and digest read the record and write the work of the task.  settle
 * reads the work and returns what becomes of the task; it changes no state
 * itself.  Tables are in steps.c (requests) and server_check.c (checks).
 */
#ifndef SCEP_ENROLL_STEP_H
#define SCEP_ENROLL_STEP_H

#include "scep/status_row.h"
#include "scep/state/task.h"
#include "scep/state/txn.h"

/* Octets in Text of a successful row that say when the certificate begins. */
#define STEP_BEGINS_TEXT 52

/* The way in which a task continues after a step. */
enum step_outcome {
	OUTCOME_NEXT,	 /* with the step result.to */
	OUTCOME_WAIT,	 /* likewise, but not before an operator decides;
			  * work.error is shown */
	OUTCOME_NOT_YET, /* with the same step, later */
	OUTCOME_FAIL,	 /* not, because of work.error */
	OUTCOME_SUCCESS, /* it does not: all is done */
};

/* Filled by settle.  All of it becomes durable in one transaction; nothing of
 * it if the outcome is NOT_YET or FAIL. */
struct step_result {
	enum step_id to;
	struct record *next;	    /* the record afterwards; owned */
	struct scep_status *status; /* the row of a request; a check: NULL */
	struct txn txn;		    /* rows that go with them */
	int64_t begins; /* when the new certificate does, if that is far ahead;
			 * else 0 */
};

typedef void (*step_work_fn)(struct task *task);
typedef enum step_outcome (*step_settle_fn)(struct task *task,
					    struct step_result *result);

enum step_exchange { EXCHANGE_NONE, EXCHANGE_GET, EXCHANGE_PKI };

struct step {
	enum step_id id;      /* a check: 0 */
	const char *name;     /* as RFC 8894 calls it; for the log */
	const char *section;  /* of RFC 8894; NULL: it has none */
	uint32_t may_lead_to; /* STEP_BIT of each step that may follow */
	enum scep_message_type message_type;
	enum step_exchange exchange;
	size_t limit; /* octets of the answer */
	/* An answer with an HTTP error is an answer without a body, unless the
	 * error passes by itself (error_http_is_passing()). */
	bool is_lenient;
	/* settle is called with work.error too. */
	bool may_fail;
	step_work_fn compose; /* may be NULL */
	step_work_fn digest;  /* may be NULL */
	step_settle_fn settle;
};

#define STEP_BIT(id) (1u << (id))

/* Tells if a step may follow.  The same step may always be repeated. */
static inline bool step_may_lead_to(const struct step *from, enum step_id to)
{
	return from->id == to || (from->may_lead_to & STEP_BIT(to)) != 0;
}

#endif
