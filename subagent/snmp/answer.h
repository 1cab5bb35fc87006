/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET and GETNEXT: answers all requests of one call from one view, so that
 * the values of a response belong together.  Never waits and writes nothing.
 */
#ifndef SUBAGENT_SNMP_ANSWER_H
#define SUBAGENT_SNMP_ANSWER_H

#include "subagent/snmp/derived.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

struct scep_engine;
struct scep_view;

/* What does not come from the engine. */
struct answer_facts {
	const char *version; /* borrowed */
	uint32_t refusals;
};

/* What is seen at this moment; borrows the view. */
struct read_context answer_context(const struct scep_view *view,
				   const struct answer_facts *facts);

/* The handler's work in the modes of context. */
void answer_handle(struct scep_engine *engine, const struct answer_facts *facts,
		   int mode, netsnmp_request_info *requests);

#endif
