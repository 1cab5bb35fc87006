/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/limiter.h"

unsigned limiter_settle(struct limiter *limiter, uint64_t now)
{
	unsigned suppressed;

	if (now - limiter->began < LIMITER_SPAN_MS)
		return 0;
	suppressed = limiter->suppressed;
	limiter->passed = 0;
	limiter->suppressed = 0;
	return suppressed;
}

bool limiter_pass(struct limiter *limiter, uint64_t now)
{
	if (limiter->passed == 0)
		limiter->began = now;
	if (limiter->passed < LIMITER_LINES) {
		limiter->passed++;
		return true;
	}
	limiter->suppressed++;
	return false;
}
