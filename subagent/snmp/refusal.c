/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/refusal.h"

#include "subagent/snmp/find.h"
#include "subagent/system/daemon_log.h"

#include "mibs/scep_root.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int refusal_error(enum scep_refusal refusal)
{
	switch (refusal) {
	case SCEP_ACCEPTED:
		return SNMP_ERR_NOERROR;
	case SCEP_WRONG_LENGTH:
		return SNMP_ERR_WRONGLENGTH;
	case SCEP_WRONG_VALUE:
		return SNMP_ERR_WRONGVALUE;
	case SCEP_INCONSISTENT_VALUE:
		return SNMP_ERR_INCONSISTENTVALUE;
	case SCEP_INCONSISTENT_NAME:
		return SNMP_ERR_INCONSISTENTNAME;
	case SCEP_NO_CREATION:
		return SNMP_ERR_NOCREATION;
	case SCEP_RESOURCE_UNAVAILABLE:
		return SNMP_ERR_RESOURCEUNAVAILABLE;
	case SCEP_COMMIT_FAILED:
		return SNMP_ERR_COMMITFAILED;
	}
	return SNMP_ERR_RESOURCEUNAVAILABLE;
}

/* The errors that scepagentd answers a Set with. */
static const struct {
	int error;
	const char *name;
	const char *reason; /* if the engine has given none */
} errors[] = {
    {SNMP_ERR_WRONGTYPE, "wrongType", "not the type of this object"},
    {SNMP_ERR_WRONGLENGTH, "wrongLength", "too short or too long"},
    {SNMP_ERR_WRONGVALUE, "wrongValue", "not in the range of this object"},
    {SNMP_ERR_NOCREATION, "noCreation", "there can be no such instance"},
    {SNMP_ERR_NOTWRITABLE, "notWritable", "it can only be read"},
    {SNMP_ERR_INCONSISTENTVALUE, "inconsistentValue", "it does not fit"},
    {SNMP_ERR_INCONSISTENTNAME, "inconsistentName", "there is no such row"},
    {SNMP_ERR_RESOURCEUNAVAILABLE, "resourceUnavailable", "no memory"},
    {SNMP_ERR_COMMITFAILED, "commitFailed", "it could not be kept"},
    {SNMP_ERR_UNDOFAILED, "undoFailed", "it could not be taken back"},
};

/* Writes the name of a variable: the object and its index, or the OID. */
static void name_write(const netsnmp_variable_list *variable,
		       char name[REFUSAL_NAME])
{
	struct instance instance = {0};
	size_t used = 0;

	if (variable->name_length > SCEP_ROOT_LENGTH)
		find_named(variable->name + SCEP_ROOT_LENGTH,
			   variable->name_length - SCEP_ROOT_LENGTH, &instance);
	if (instance.object) {
		size_t own =
		    object_tables[instance.object->table].arc_count + 1;

		used = (size_t)snprintf(name, REFUSAL_NAME, "%s",
					instance.object->name);
		own += SCEP_ROOT_LENGTH;
		for (; own < variable->name_length && used < REFUSAL_NAME;
		     own++)
			used += (size_t)snprintf(
			    name + used, REFUSAL_NAME - used, ".%" PRIu32,
			    (uint32_t)variable->name[own]);
		return;
	}
	name[0] = '\0';
	for (size_t i = 0; i < variable->name_length && used < REFUSAL_NAME;
	     i++)
		used +=
		    (size_t)snprintf(name + used, REFUSAL_NAME - used,
				     ".%" PRIu32, (uint32_t)variable->name[i]);
}

/* Skips the name at the beginning of a reason of the engine: the line has it
 * already. */
static const char *without_object(const char *name, const char *reason)
{
	size_t object = strcspn(name, ".");
	size_t whole = strlen(name);

	if (object == 0)
		return reason;
	if (strncmp(reason, name, whole) == 0 &&
	    strncmp(reason + whole, ": ", 2) == 0)
		return reason + whole + 2;
	if (strncmp(reason, name, object) == 0 &&
	    strncmp(reason + object, ": ", 2) == 0)
		return reason + object + 2;
	return reason;
}

void refusal_make(struct refusal *refusal,
		  const netsnmp_variable_list *variable, int error,
		  const char *reason)
{
	size_t i = 0;

	name_write(variable, refusal->object);
	reason = without_object(refusal->object, reason);
	while (i + 1 < sizeof(errors) / sizeof(errors[0]) &&
	       errors[i].error != error)
		i++;
	refusal->error = error;
	refusal->error_name = errors[i].name;
	refusal->reason = reason[0] ? reason : errors[i].reason;
}

/* ------------------------------------------------------------- the limiter */

unsigned refusal_limiter_settle(struct refusal_limiter *limiter, uint64_t now)
{
	unsigned suppressed;

	if (now - limiter->began < REFUSAL_SPAN_MS)
		return 0;
	suppressed = limiter->suppressed;
	limiter->passed = 0;
	limiter->suppressed = 0;
	return suppressed;
}

bool refusal_limiter_pass(struct refusal_limiter *limiter, uint64_t now)
{
	if (limiter->passed == 0)
		limiter->began = now;
	if (limiter->passed < REFUSAL_LINES) {
		limiter->passed++;
		return true;
	}
	limiter->suppressed++;
	return false;
}

/* ----------------------------------------------------------------- the log */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void refusal_log(struct refusal_limiter *limiter, const struct refusal *refusal)
{
	refusal_settle(limiter);
	if (!refusal_limiter_pass(limiter, now_ms()))
		return;
	daemon_log(LOG_NOTICE, "Set refused: %s: %s (%s)", refusal->object,
		   refusal->error_name, refusal->reason);
}

void refusal_settle(struct refusal_limiter *limiter)
{
	unsigned suppressed = refusal_limiter_settle(limiter, now_ms());

	if (suppressed)
		daemon_log(LOG_NOTICE, "Set refused: %u more, not shown",
			   suppressed);
}
