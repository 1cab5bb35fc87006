/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/traps.h"

#include "subagent/snmp/trap_queue.h"
#include "subagent/snmp/values.h"
#include "subagent/system/daemon_log.h"

#include "scep/scep.h"
#include "scep/event.h"
#include "scep/view.h"
#include "mibs/scep_root.h"

#include <net-snmp/agent/agent_trap.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* snmpTrapOID.0 (RFC 3418) */
static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
static const oid root[] = {SCEP_ROOT_ARCS};

/* ----------------------------------------------------------- the table -- */

/* clang-format off */
#define OF_STATUS                                                              \
	{"scepStatusProfileName", "scepStatusState", "scepStatusDetail",       \
	 "scepStatusHttpStatus", "scepStatusFailInfo", "scepStatusText",       \
	 "scepStatusKeyName"}
#define OF_KEY                                                                 \
	{"scepKeyName", "scepKeySubject", "scepKeyNotAfter",                   \
	 "scepKeySecondsLeft"}
#define OF_CA {"scepCaSubject", "scepCaFingerprint", "scepCaNotAfter"}
/* clang-format on */

const struct trap traps_known[] = {
    {SCEP_EVENT_REQUEST_SUCCEEDED, "scepRequestSucceeded", 1, OF_STATUS},
    {SCEP_EVENT_REQUEST_FAILED, "scepRequestFailed", 2, OF_STATUS},
    {SCEP_EVENT_REQUEST_DEFERRED, "scepRequestDeferred", 3, OF_STATUS},
    {SCEP_EVENT_CERT_EXPIRING, "scepCertExpiring", 4, OF_KEY},
    {SCEP_EVENT_CERT_EXPIRED, "scepCertExpired", 5, OF_KEY},
    {SCEP_EVENT_CA_PENDING, "scepCaPending", 6, OF_CA},
    {SCEP_EVENT_CA_EXPIRING, "scepCaExpiring", 7, OF_CA},
    {SCEP_EVENT_KEY_LIMIT_REACHED,
     "scepKeyLimitReached",
     8,
     {"scepKeyCount", "scepKeyLimit"}},
    {SCEP_EVENT_RESTART_REQUIRED,
     "scepRestartRequired",
     9,
     {"scepKeyName", "scepAgentRestartPending"}},
    {SCEP_EVENT_CLOCK_SUSPECT, "scepClockSuspect", 10, {"scepServerClockSkew"}},
    {SCEP_EVENT_DEPLOY_FAILED,
     "scepDeployFailed",
     11,
     {"scepUseName", "scepUseText"}},
    {SCEP_EVENT_CA_CHANGED,
     "scepCaChanged",
     12,
     {"scepCaSubject", "scepCaFingerprint", "scepCaRole", "scepCaTrust"}},
};

const size_t traps_known_count = sizeof(traps_known) / sizeof(traps_known[0]);

const struct trap *trap_find(enum scep_event_kind kind)
{
	for (size_t i = 0; i < traps_known_count; i++) {
		if (traps_known[i].kind == kind)
			return &traps_known[i];
	}
	return NULL;
}

static const struct object *object_named(const char *name)
{
	for (size_t i = 0; i < object_count; i++) {
		if (strcmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	return NULL;
}

/* Finds a scalar as a GET does. */
static bool scalar_find(const struct read_context *context,
			const struct object *object, struct instance *instance)
{
	uint32_t own[OBJECT_ARCS];
	size_t count = object_arcs(object, own);
	oid arc[INSTANCE_ARCS];

	for (size_t i = 0; i < count; i++)
		arc[i] = own[i];
	arc[count++] = 0;
	return find_exact(context, arc, count, instance) == FIND_INSTANCE;
}

static bool instance_make(const struct read_context *context,
			  const struct object *object,
			  const struct scep_event *event,
			  struct instance *instance)
{
	if (object == NULL)
		return false;
	if (object_is_scalar(object))
		return scalar_find(context, object, instance);
	*instance = (struct instance){object, event->index, event->row};
	return event->row != NULL;
}

size_t trap_instances(const struct trap *trap,
		      const struct read_context *context,
		      const struct scep_event *event,
		      struct instance instances[TRAP_OBJECTS])
{
	size_t count = 0;

	while (count < TRAP_OBJECTS && trap->object[count] != NULL) {
		if (!instance_make(context, object_named(trap->object[count]),
				   event, &instances[count]))
			return 0;
		count++;
	}
	return count;
}

/* ----------------------------------------------------- opening, putting -- */

struct traps {
	struct scep_engine *engine; /* borrowed */
	struct trap_queue *queue;
	unsigned alarm; /* the library's; 0: none */
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct trap_queue_rules rules_of(const struct scep_view *view)
{
	return (struct trap_queue_rules){
	    .enable = view->agent.notify_enable,
	    .min_interval = view->agent.notify_min_interval,
	};
}

struct traps *traps_open(struct scep_engine *engine)
{
	struct traps *traps = calloc(1, sizeof(*traps));

	if (!traps)
		return NULL;
	traps->engine = engine;
	traps->queue = trap_queue_open();
	if (!traps->queue) {
		free(traps);
		return NULL;
	}
	return traps;
}

void traps_close(struct traps *traps)
{
	if (!traps)
		return;
	if (traps->alarm)
		snmp_alarm_unregister(traps->alarm);
	trap_queue_close(traps->queue);
	free(traps);
}

void traps_put(struct traps *traps, const struct scep_event *event)
{
	const struct scep_view *view;
	struct trap_queue_rules rules;

	if (!trap_find(event->kind)) {
		scep_row_release(event->row);
		return;
	}
	view = scep_view_take(traps->engine);
	rules = rules_of(view);
	scep_view_release(view);
	trap_queue_put(traps->queue, event, &rules, clock_ms());
}

/* ------------------------------------------------------------- sending -- */

/* The functions that add to a notification return false if memory is short. */

static bool name_add(const struct trap *trap, netsnmp_variable_list **variables)
{
	oid name[OID_LENGTH(root) + 2];

	memcpy(name, root, sizeof(root));
	name[OID_LENGTH(root)] = 0;
	name[OID_LENGTH(root) + 1] = trap->arc;
	return snmp_varlist_add_variable(variables, trap_oid,
					 OID_LENGTH(trap_oid), ASN_OBJECT_ID,
					 name, sizeof(name)) != NULL;
}

static bool instance_add(const struct read_context *context,
			 const struct instance *instance,
			 netsnmp_variable_list **variables)
{
	oid name[OID_LENGTH(root) + INSTANCE_ARCS];
	size_t count = OID_LENGTH(root);
	const void *octets;
	struct value value;
	size_t length;

	memcpy(name, root, sizeof(root));
	count += find_arcs(instance, name + count);
	values_read(context, instance, &value);
	octets = value.is_octets ? (const void *)value.octets : &value.number;
	length = value.is_octets ? value.length : sizeof(value.number);
	return snmp_varlist_add_variable(variables, name, count, value.type,
					 octets, length) != NULL;
}

static void trap_send(const struct read_context *context,
		      const struct scep_event *event)
{
	const struct trap *trap = trap_find(event->kind);
	struct instance instances[TRAP_OBJECTS];
	netsnmp_variable_list *variables = NULL;
	size_t count = trap_instances(trap, context, event, instances);
	bool is_whole = count > 0 && name_add(trap, &variables);

	for (size_t i = 0; is_whole && i < count; i++)
		is_whole = instance_add(context, &instances[i], &variables);
	if (is_whole)
		send_v2trap(variables);
	else
		daemon_log(LOG_WARNING,
			   "%s: not sent: the row or memory is missing",
			   trap->name);
	snmp_free_varbind(variables);
}

/* Does nothing: the alarm only makes the loop run again. */
static void alarm_comes(unsigned alarm, void *data)
{
	struct traps *traps = data;

	(void)alarm;
	traps->alarm = 0;
}

static void traps_set_alarm(struct traps *traps)
{
	const struct timeval pause = {.tv_usec = TRAP_QUEUE_SPAN * 1000};

	if (!traps->alarm)
		traps->alarm =
		    snmp_alarm_register_hr(pause, 0, alarm_comes, traps);
}

void traps_send(struct traps *traps, const struct answer_facts *facts)
{
	unsigned dropped = trap_queue_dropped(traps->queue);
	const struct scep_view *view;
	struct trap_queue_rules rules;
	struct scep_event event;
	struct read_context context;

	if (dropped)
		daemon_log(
		    LOG_WARNING,
		    "%u notifications were dropped: there was no master, "
		    "or too many came at once",
		    dropped);
	if (trap_queue_is_empty(traps->queue))
		return;
	view = scep_view_take(traps->engine);
	context = answer_context(view, facts);
	rules = rules_of(view);
	while (trap_queue_take(traps->queue, &event, &rules, clock_ms())) {
		trap_send(&context, &event);
		scep_row_release(event.row);
	}
	scep_view_release(view);
	if (!trap_queue_is_empty(traps->queue))
		traps_set_alarm(traps);
}
