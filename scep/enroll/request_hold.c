/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/request_hold.h"

#include <stdint.h>

#include "scep/status_row.h"
#include "scep/base/log.h"
#include "scep/state/status.h"

/* From one try to the next, in ms. */
#define HOLD_FIRST   5000
#define HOLD_LONGEST 40000

static void show(struct open_request *e, const struct scep_error *cause)
{
	struct state *state = e->task.state;
	struct scep_status *status = row_copy(open_request_status_now(e));
	struct txn txn;

	/* Memory may be too short for this, too: it is shown at another try. */
	if (status == NULL)
		return;
	/* A poll that could not begin is still to come. */
	if (status->next_poll != 0)
		status->next_poll = state_now(state) + e->hold / 1000;
	status_blame(status, cause);
	txn_init(&txn);
	txn_show(&txn, STORE_STATUS, status);
	txn_commit(state, &txn, NULL, NULL);
}

void request_hold(struct open_request *e, const struct scep_error *cause)
{
	const struct scep_error why = *cause;

	if (e->hold == 0)
		log_warning("%s: waits: %s", e->task.name, why.text);
	e->hold = e->hold == 0 ? HOLD_FIRST : e->hold * 2;
	if (e->hold > HOLD_LONGEST)
		e->hold = HOLD_LONGEST;
	show(e, &why);
	task_continue_at(&e->task, state_mono(e->task.state) + e->hold);
}

void request_go_on(struct open_request *e)
{
	if (e->hold != 0)
		log_notice("%s: goes on", e->task.name);
	e->hold = 0;
}
