/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/answer.h"

#include "subagent/snmp/values.h"

#include "scep/scep.h"
#include "scep/view.h"
#include "mibs/scep_root.h"

#include <time.h>

static const oid root[] = {SCEP_ROOT_ARCS};

#define UPTIME_STEP  10	 /* ms */
#define UPTIME_SLACK 500 /* ms; a larger difference: sysUpTime was set anew */

/*
 * Returns when sysUpTime began, in ms of CLOCK_MONOTONIC.  The library cuts
 * sysUpTime to hundredths of a second: worked out anew for each answer, the
 * TimeStamp of one event would vary by one.
 */
static int64_t uptime_began(int64_t mono)
{
	static int64_t began; /* for the SNMP thread alone */
	int64_t now = mono - (int64_t)netsnmp_get_agent_uptime() * UPTIME_STEP;

	if (now > began + UPTIME_SLACK || now < began - UPTIME_SLACK)
		began = now;
	return began;
}

struct read_context answer_context(const struct scep_view *view,
				   const struct answer_facts *facts)
{
	struct timespec clock;
	int64_t mono, began, uptime;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	mono = (int64_t)clock.tv_sec * 1000 + clock.tv_nsec / 1000000;
	began = uptime_began(mono);
	uptime = mono > began ? (mono - began) / UPTIME_STEP : 0;
	/* The device may have been given another zone. */
	tzset();
	return (struct read_context){
	    .view = view,
	    .now = time(NULL),
	    /* The end of this hundredth, as ages count whole ones. */
	    .mono = (uint64_t)(began + (uptime + 1) * UPTIME_STEP - 1),
	    .uptime = (uint32_t)uptime,
	    .refusals = facts->refusals,
	    .refusal_rows = facts->refusal_rows,
	    .version = facts->version,
	};
}

/* Puts the value of an instance into a variable binding. */
static void variable_fill(const struct read_context *context,
			  const struct instance *instance,
			  netsnmp_variable_list *variable)
{
	struct value value;

	values_read(context, instance, &value);
	if (value.is_octets)
		snmp_set_var_typed_value(variable, value.type, value.octets,
					 value.length);
	else
		snmp_set_var_typed_integer(variable, value.type, value.number);
}

/*
 * Finds the arcs of a name below the root of the MIB.  Returns 0 if the name is
 * below the root; else a negative or a positive number, as strcmp() does, if
 * the name stands before or after all that is below the root.
 */
static int below_root(const netsnmp_variable_list *variable, const oid **arc,
		      size_t *count)
{
	int side = snmp_oid_ncompare(variable->name, variable->name_length,
				     root, OID_LENGTH(root), OID_LENGTH(root));

	*arc = root;
	*count = 0;
	if (side == 0) {
		*arc = variable->name + OID_LENGTH(root);
		*count = variable->name_length - OID_LENGTH(root);
	}
	return side;
}

static void answer_get(const struct read_context *context,
		       netsnmp_request_info *request)
{
	enum find_outcome outcome = FIND_NO_OBJECT;
	struct instance instance;
	const oid *arc;
	size_t count;

	/* The library tries an inclusive GETNEXT as a GET first, with any
	 * name. */
	if (below_root(request->requestvb, &arc, &count) == 0)
		outcome = find_exact(context, arc, count, &instance);
	switch (outcome) {
	case FIND_INSTANCE:
		variable_fill(context, &instance, request->requestvb);
		break;
	case FIND_NO_OBJECT:
		netsnmp_request_set_error(request, SNMP_NOSUCHOBJECT);
		break;
	case FIND_NO_INSTANCE:
		netsnmp_request_set_error(request, SNMP_NOSUCHINSTANCE);
		break;
	}
}

/* Leaves a request as it is if nothing below the root comes after its name. */
static void answer_get_next(const struct read_context *context,
			    netsnmp_request_info *request)
{
	netsnmp_variable_list *variable = request->requestvb;
	oid name[OID_LENGTH(root) + INSTANCE_ARCS];
	struct instance instance;
	const oid *arc;
	size_t count;

	if (below_root(variable, &arc, &count) > 0)
		return;
	if (!find_next(context, arc, count, request->inclusive != 0, &instance))
		return;
	memcpy(name, root, sizeof(root));
	count = find_arcs(&instance, name + OID_LENGTH(root));
	snmp_set_var_objid(variable, name, OID_LENGTH(root) + count);
	variable_fill(context, &instance, variable);
}

void answer_handle(struct scep_engine *engine, const struct answer_facts *facts,
		   int mode, netsnmp_request_info *requests)
{
	const struct scep_view *view = scep_view_take(engine);
	struct read_context context = answer_context(view, facts);

	for (; requests; requests = requests->next) {
		if (requests->processed)
			continue;
		if (mode == MODE_GET)
			answer_get(&context, requests);
		else
			answer_get_next(&context, requests);
	}
	scep_view_release(view);
}
