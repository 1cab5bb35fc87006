/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/manager.h"

#include "ctl/session.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK "scepAgentConfigSpinLock"
/* Rows that are asked for at once. */
#define WALK_ROWS 8

struct manager {
	struct session *session;
	bool is_silent; /* the last message was not answered */
};

struct manager *manager_new(const struct login *login, const char *agent)
{
	struct manager *manager = calloc(1, sizeof(*manager));

	if (!manager)
		return NULL;
	manager->session = session_new(login, agent);
	if (manager->session)
		return manager;
	free(manager);
	return NULL;
}

void manager_free(struct manager *manager)
{
	if (manager)
		session_free(manager->session);
	free(manager);
}

void manager_reset(struct manager *manager)
{
	session_reset(manager->session);
}

bool manager_is_silent(const struct manager *manager)
{
	return manager->is_silent;
}

static enum exchange exchange(struct manager *manager, netsnmp_pdu *pdu,
			      bool is_once, netsnmp_pdu **response,
			      struct reason *reason)
{
	enum exchange end =
	    session_exchange(manager->session, pdu, is_once, response, reason);

	manager->is_silent = end == NO_ANSWER;
	return end;
}

/* ------------------------------------------------------------------ read -- */

static const char *absence(unsigned char type)
{
	switch (type) {
	case SNMP_NOSUCHOBJECT:
		return "no such object: scepagentd is not running, or the view "
		       "does not show it";
	case SNMP_NOSUCHINSTANCE:
		return "no such instance";
	case SNMP_ENDOFMIBVIEW:
		return "the end of the view";
	default:
		return "not a value of its type";
	}
}

static bool take(const netsnmp_variable_list *found,
		 struct manager_variable *variable, struct reason *reason)
{
	oid name[VARBIND_ARCS];
	size_t length = varbind_name(variable->object, variable->index, name);
	bool is_it = snmp_oid_compare(found->name, found->name_length, name,
				      length) == 0;

	variable->is_missing = is_it && variable->may_lack &&
			       (found->type == SNMP_NOSUCHOBJECT ||
				found->type == SNMP_NOSUCHINSTANCE);
	if (variable->is_missing)
		return true;
	if (is_it &&
	    varbind_decode(variable->object, found->type, found->val.string,
			   found->val_len, &variable->value))
		return true;
	return reason_set(reason, "%s.%u: %s", variable->object->name,
			  variable->index, absence(found->type));
}

static netsnmp_pdu *ask(int kind, const struct manager_variable *variables,
			size_t count)
{
	netsnmp_pdu *pdu = snmp_pdu_create(kind);
	oid name[VARBIND_ARCS];

	for (size_t i = 0; pdu && i < count; i++)
		snmp_add_null_var(pdu, name,
				  varbind_name(variables[i].object,
					       variables[i].index, name));
	return pdu;
}

static bool get_once(struct manager *manager,
		     struct manager_variable *variables, size_t count,
		     bool *is_too_big, struct reason *reason)
{
	netsnmp_pdu *response;
	netsnmp_variable_list *found;
	bool is_good;
	size_t i = 0;

	*is_too_big = false;
	if (exchange(manager, ask(SNMP_MSG_GET, variables, count), false,
		     &response, reason) != EXCHANGED)
		return false;
	*is_too_big = response->errstat == SNMP_ERR_TOOBIG;
	is_good = response->errstat == SNMP_ERR_NOERROR;
	if (!is_good)
		reason_set(reason, "%s",
			   snmp_errstring((int)response->errstat));
	for (found = response->variables; is_good && found && i < count;
	     found = found->next_variable) {
		is_good = take(found, &variables[i++], reason);
		/* Nobody is there who could answer. */
		manager->is_silent =
		    !is_good && found->type == SNMP_NOSUCHOBJECT;
	}
	if (is_good && i < count)
		is_good = reason_set(reason, "the answer is not whole");
	snmp_free_pdu(response);
	return is_good;
}

bool manager_get(struct manager *manager, struct manager_variable *variables,
		 size_t count, struct reason *reason)
{
	size_t half = count / 2;
	bool is_too_big;

	if (get_once(manager, variables, count, &is_too_big, reason))
		return true;
	if (!is_too_big || half == 0)
		return false;
	return manager_get(manager, variables, half, reason) &&
	       manager_get(manager, variables + half, count - half, reason);
}

/* Returns whether it is a row of the column, after the one that was asked for.
 */
static bool is_next(const netsnmp_variable_list *found,
		    struct manager_variable *variable)
{
	oid column[VARBIND_ARCS];
	size_t length =
	    varbind_name(variable->object, VARBIND_NO_INDEX, column);
	oid index;

	if (found->name_length != length + 1 ||
	    memcmp(found->name, column, length * sizeof(oid)) != 0)
		return false;
	index = found->name[length];
	if (index >= VARBIND_NO_INDEX ||
	    (variable->index != VARBIND_NO_INDEX && index <= variable->index))
		return false;
	variable->index = (uint32_t)index;
	return true;
}

bool manager_next(struct manager *manager, struct manager_variable *variable,
		  bool *is_end, struct reason *reason)
{
	netsnmp_pdu *response;
	bool is_good = true;

	if (exchange(manager, ask(SNMP_MSG_GETNEXT, variable, 1), false,
		     &response, reason) != EXCHANGED)
		return false;
	*is_end = true;
	if (response->errstat != SNMP_ERR_NOERROR || !response->variables) {
		reason_set(reason, "%s: %s", variable->object->name,
			   snmp_errstring((int)response->errstat));
		is_good = false;
	} else if (is_next(response->variables, variable)) {
		*is_end = false;
		is_good = take(response->variables, variable, reason);
	}
	snmp_free_pdu(response);
	return is_good;
}

/* Returns the place of the column that has the name, or `count`; `*index` is
 * the row. */
static size_t column_of(const netsnmp_variable_list *found,
			const struct manager_variable *columns, size_t count,
			uint32_t *index)
{
	oid name[VARBIND_ARCS];

	for (size_t i = 0; i < count; i++) {
		size_t length =
		    varbind_name(columns[i].object, VARBIND_NO_INDEX, name);

		if (found->name_length != length + 1 ||
		    memcmp(found->name, name, length * sizeof(oid)) != 0 ||
		    found->name[length] >= VARBIND_NO_INDEX)
			continue;
		*index = (uint32_t)found->name[length];
		return i;
	}
	return count;
}

/* Takes one cell, if it is one of these columns; moves the column on. */
static bool take_cell(const netsnmp_variable_list *found,
		      struct manager_variable *columns, size_t count,
		      manager_cell_fn each, void *context, bool *is_news)
{
	uint32_t index = 0;
	size_t place = column_of(found, columns, count, &index);
	struct manager_variable *column = &columns[place];

	/* An agent that goes back would never come to an end. */
	if (place == count ||
	    (column->index != VARBIND_NO_INDEX && index <= column->index))
		return true;
	column->index = index;
	*is_news = true;
	return !varbind_decode(column->object, found->type, found->val.string,
			       found->val_len, &column->value) ||
	       each(context, place, index, &column->value);
}

bool manager_walk(struct manager *manager, struct manager_variable *columns,
		  size_t count, manager_cell_fn each, void *context,
		  struct reason *reason)
{
	bool is_news = true;
	bool is_good = true;

	for (size_t i = 0; i < count; i++)
		columns[i].index = VARBIND_NO_INDEX;
	while (is_news && is_good) {
		netsnmp_pdu *pdu = ask(SNMP_MSG_GETBULK, columns, count);
		netsnmp_pdu *response;

		if (pdu) {
			pdu->non_repeaters = 0;
			pdu->max_repetitions = WALK_ROWS;
		}
		if (exchange(manager, pdu, false, &response, reason) !=
		    EXCHANGED)
			return false;
		is_news = false;
		if (response->errstat != SNMP_ERR_NOERROR)
			is_good = reason_set(
			    reason, "%s: %s", columns[0].object->name,
			    snmp_errstring((int)response->errstat));
		for (netsnmp_variable_list *at = response->variables;
		     is_good && at; at = at->next_variable)
			is_good = take_cell(at, columns, count, each, context,
					    &is_news) ||
				  reason_set(reason, "memory is short");
		snmp_free_pdu(response);
	}
	return is_good;
}

/* ------------------------------------------------------------------- Set -- */

static bool add(netsnmp_pdu *pdu, const struct object *object, uint32_t index,
		const struct scep_value *value)
{
	struct varbind_value encoded;
	oid name[VARBIND_ARCS];
	size_t length = varbind_name(object, index, name);

	varbind_encode(object, value, &encoded);
	return snmp_pdu_add_variable(
		   pdu, name, length, encoded.type,
		   encoded.is_octets ? (const void *)encoded.octets
				     : &encoded.number,
		   encoded.is_octets ? encoded.length
				     : sizeof(encoded.number)) != NULL;
}

static netsnmp_pdu *set_pdu(int64_t lock, const struct scep_change *change)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_SET);
	struct scep_value value = {.number = lock};

	if (!pdu)
		return NULL;
	if (lock != MANAGER_NO_LOCK &&
	    !add(pdu, varbind_object(LOCK), 0, &value))
		goto fail;
	for (size_t i = 0; i < change->count; i++) {
		const struct scep_item *item = &change->items[i];
		const char *name = scep_field_info(item->field)->name;

		if (!add(pdu, varbind_object(name), item->index, &item->value))
			goto fail;
	}
	return pdu;
fail:
	snmp_free_pdu(pdu);
	return NULL;
}

/*
 * Decides from the error status what became of the Set.  The agent refuses a
 * manager's mistake before it changes anything, and never with genErr; the
 * master answers genErr or a failed commit for a subagent that died with a Set
 * in hand. For objects that nobody has registered it answers notWritable or
 * noCreation.
 */
static enum answer_kind kind_of(long status, bool is_lock)
{
	switch (status) {
	case SNMP_ERR_NOERROR:
		return ANSWER_DONE;
	case SNMP_ERR_TOOBIG:
		return ANSWER_TOO_BIG;
	case SNMP_ERR_INCONSISTENTVALUE:
		return is_lock ? ANSWER_LOCKED : ANSWER_REFUSED;
	case SNMP_ERR_NOTWRITABLE:
	case SNMP_ERR_NOCREATION:
	case SNMP_ERR_NOACCESS:
	case SNMP_ERR_NOSUCHNAME:
		return ANSWER_NOBODY;
	case SNMP_ERR_GENERR:
	case SNMP_ERR_COMMITFAILED:
	case SNMP_ERR_UNDOFAILED:
		return ANSWER_UNCERTAIN;
	default:
		return ANSWER_REFUSED;
	}
}

static void take_answer(const netsnmp_pdu *response, bool has_lock,
			struct answer *answer)
{
	/* The lock stands in front of the items; an index beyond the end is of
	 * none of them. */
	long before = has_lock ? 2 : 1;

	answer->kind =
	    kind_of(response->errstat, has_lock && response->errindex == 1);
	reason_set(&answer->reason, "%s%s",
		   snmp_errstring((int)response->errstat),
		   response->errstat == SNMP_ERR_NOACCESS
		       ? " (the agent lets this user write no settings)"
		       : "");
	if (response->errindex >= before)
		answer->item = (size_t)(response->errindex - before);
}

void manager_set(struct manager *manager, int64_t lock,
		 const struct scep_change *change, struct answer *answer)
{
	netsnmp_pdu *response;

	memset(answer, 0, sizeof(*answer));
	answer->item = change->count;
	answer->kind = ANSWER_UNCERTAIN;
	switch (exchange(manager, set_pdu(lock, change), true, &response,
			 &answer->reason)) {
	case EXCHANGED:
		take_answer(response, lock != MANAGER_NO_LOCK, answer);
		snmp_free_pdu(response);
		break;
	case NOT_SENT:
		answer->kind = ANSWER_TOO_BIG;
		break;
	case NO_ANSWER:
		break;
	}
}
