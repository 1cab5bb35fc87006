/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/request_save.h"

#include <assert.h>
#include <stddef.h>

#include "scep/status_row.h"
#include "scep/enroll/request_hold.h"
#include "scep/enroll/steps.h"
#include "scep/enroll/timers.h"

struct scep_status *request_copy_status(struct open_request *e)
{
	return row_copy(open_request_status_now(e));
}

enum scep_code request_commit(struct open_request *e, struct txn *txn)
{
	struct state *state = e->task.state;
	uint32_t profile_index = e->task.record->profile_index;
	enum scep_code code;

	state->publish_is_held = true;
	code = txn_commit(state, txn, NULL, &e->task.work.error);
	if (code == SCEP_OK)
		timers_look(state, profile_index);
	state->publish_is_held = false;
	state_publish(state);
	return code;
}

void request_put_record(struct open_request *e, struct record *next,
			struct txn *txn)
{
	assert(next == NULL || step_may_lead_to(e->task.step, next->step));
	txn_put(txn, STORE_RECORD, next);
}

bool request_save(struct open_request *e, struct record *next,
		  struct scep_status *status, struct txn *txn)
{
	request_put_record(e, next, txn);
	txn_put(txn, STORE_STATUS, status);
	if (request_commit(e, txn) != SCEP_OK)
		return false;
	request_go_on(e);
	return true;
}
