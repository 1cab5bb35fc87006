/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET and GETNEXT: answers all requests of one call from one view, so that the
 * values of a response belong together.  Never waits, writes nothing, and knows
 * no object by name.
 */
#ifndef SUBAGENT_SNMP_ANSWER_H
#define SUBAGENT_SNMP_ANSWER_H

#include "subagent/snmp/derived.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "scep/rows.h"

struct scep_engine;
struct scep_view;

/* Facts for an answer that do not come from the engine. */
struct answer_facts {
	const char *version; /* borrowed */
	uint32_t refusals;
	struct scep_rows refusal_rows; /* borrowed */
};

/* Returns the context of an answer that is made now; borrows the view. */
struct read_context answer_context(const struct scep_view *view,
				   const struct answer_facts *facts);

/* Answers requests in MODE_GET and MODE_GETNEXT. */
void answer_handle(struct scep_engine *engine, const struct answer_facts *facts,
		   int mode, netsnmp_request_info *requests);

#endif
