/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/trap_table.h"

#include <string.h>

#define OF_STATUS                                                              \
	{                                                                      \
		"scepStatusProfileName", "scepStatusState",                    \
		    "scepStatusDetail", "scepStatusHttpStatus",                \
		    "scepStatusFailInfo", "scepStatusText",                    \
		    "scepStatusKeyName"                                        \
	}
#define OF_KEY                                                                 \
	{                                                                      \
		"scepKeyName", "scepKeySubject", "scepKeyNotAfter",            \
		    "scepKeySecondsLeft"                                       \
	}
#define OF_CA                                                                  \
	{                                                                      \
		"scepCaSubject", "scepCaFingerprint", "scepCaNotAfter"         \
	}

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

/* A scalar as a GET finds it. */
static bool scalar_find(const struct reading *reading,
			const struct object *object, struct instance *instance)
{
	uint32_t own[OBJECT_ARCS];
	size_t count = object_arcs(object, own);
	oid arc[INSTANCE_ARCS];

	for (size_t i = 0; i < count; i++)
		arc[i] = own[i];
	arc[count++] = 0;
	return find_exact(reading, arc, count, instance) == FIND_INSTANCE;
}

static bool instance_make(const struct reading *reading,
			  const struct object *object,
			  const struct scep_event *event,
			  struct instance *instance)
{
	if (object == NULL)
		return false;
	if (object_is_scalar(object))
		return scalar_find(reading, object, instance);
	*instance = (struct instance){object, event->index, event->row};
	return event->row != NULL;
}

size_t trap_instances(const struct trap *trap, const struct reading *reading,
		      const struct scep_event *event,
		      struct instance instances[TRAP_OBJECTS])
{
	size_t count = 0;

	while (count < TRAP_OBJECTS && trap->object[count] != NULL) {
		if (!instance_make(reading, object_named(trap->object[count]),
				   event, &instances[count]))
			return 0;
		count++;
	}
	return count;
}
