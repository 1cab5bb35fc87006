/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/manager.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK "scepAgentConfigSpinLock"

struct manager {
	netsnmp_session base; /* as the options have it */
	void *session;	      /* NULL while it is closed */
};

/* ----------------------------------------------------------------- start -- */

void manager_print_options(FILE *stream)
{
	snmp_parse_args_descriptions(stream);
}

void manager_reset(struct manager *manager)
{
	if (manager->session)
		snmp_sess_close(manager->session);
	manager->session = NULL;
}

/* Frees what netsnmp_parse_args() has allocated.  The names in it belong to the
 * command line. */
static void base_free(netsnmp_session *base)
{
	if (base->community)
		explicit_bzero(base->community, base->community_len);
	free(base->community);
	free(base->securityEngineID);
	free(base->contextEngineID);
	/* It has the keys that were made of passphrases. */
	explicit_bzero(base, sizeof(*base));
}

void manager_free(struct manager *manager)
{
	if (!manager)
		return;
	manager_reset(manager);
	base_free(&manager->base);
	free(manager);
}

static void no_option(int count, char *const *words, int option)
{
	(void)count;
	(void)words;
	(void)option;
}

/* Keeps the library from MIB files: the names are the program's own. */
static void prepare_library(void)
{
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "", 1);
}

enum manager_start manager_start(int count, char **words, int *rest,
				 struct manager **manager)
{
	struct manager *made = calloc(1, sizeof(*made));
	enum manager_start start = MANAGER_USAGE;
	int place;

	*manager = NULL;
	if (!made)
		return MANAGER_USAGE;
	prepare_library();
	place = netsnmp_parse_args(count, words, &made->base, "", no_option, 0);
	if (place == NETSNMP_PARSE_ARGS_SUCCESS_EXIT)
		start = MANAGER_ANSWERED;
	else if (place >= 0 && made->base.version == SNMP_VERSION_1)
		fprintf(stderr, "scepctl: SNMPv1 has no errors that tell what "
				"was refused: use -v2c or -v3\n");
	else if (place >= 0)
		start = MANAGER_READY;
	if (start != MANAGER_READY) {
		manager_free(made);
		return start;
	}
	*rest = place;
	*manager = made;
	return start;
}

/* -------------------------------------------------------------- exchange -- */

/* Takes the library's reason for a failure of a session or a message. */
static void library_reason(struct manager *manager, int *error,
			   int *system_error, struct reason *reason)
{
	char *text = NULL;

	if (manager->session)
		snmp_sess_error(manager->session, error, system_error, &text);
	else
		snmp_error(&manager->base, error, system_error, &text);
	reason_set(reason, "%s: %s", manager->base.peername,
		   text ? text : "no session");
	free(text);
}

static bool is_open(struct manager *manager, struct reason *reason)
{
	int error, system_error;

	if (!manager->session)
		manager->session = snmp_sess_open(&manager->base);
	if (manager->session)
		return true;
	library_reason(manager, &error, &system_error, reason);
	return false;
}

enum exchange { EXCHANGED, NOT_SENT, NO_ANSWER };

/* Sends the PDU, and takes it; `*response` is owned, and set only if EXCHANGED.
 */
static enum exchange exchange(struct manager *manager, netsnmp_pdu *pdu,
			      netsnmp_pdu **response, struct reason *reason)
{
	int error = 0, system_error = 0;
	int status;

	*response = NULL;
	status = snmp_sess_synch_response(manager->session, pdu, response);
	if (status == STAT_SUCCESS && *response)
		return EXCHANGED;
	if (*response)
		snmp_free_pdu(*response);
	*response = NULL;
	if (status == STAT_TIMEOUT) {
		reason_set(reason, "%s: no answer", manager->base.peername);
		return NO_ANSWER;
	}
	library_reason(manager, &error, &system_error, reason);
	manager_reset(manager);
	return error == SNMPERR_TOO_LONG || system_error == EMSGSIZE
		   ? NOT_SENT
		   : NO_ANSWER;
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
	if (!is_open(manager, reason) ||
	    exchange(manager, ask(SNMP_MSG_GET, variables, count), &response,
		     reason) != EXCHANGED)
		return false;
	*is_too_big = response->errstat == SNMP_ERR_TOOBIG;
	is_good = response->errstat == SNMP_ERR_NOERROR;
	if (!is_good)
		reason_set(reason, "%s",
			   snmp_errstring((int)response->errstat));
	for (found = response->variables; is_good && found && i < count;
	     found = found->next_variable)
		is_good = take(found, &variables[i++], reason);
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

	if (!is_open(manager, reason) ||
	    exchange(manager, ask(SNMP_MSG_GETNEXT, variable, 1), &response,
		     reason) != EXCHANGED)
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

static netsnmp_pdu *set_pdu(uint32_t lock, const struct scep_change *change)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_SET);
	struct scep_value value = {.number = lock};

	if (!pdu)
		return NULL;
	if (!add(pdu, varbind_object(LOCK), 0, &value))
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
static enum answer_kind kind_of(long status, long place)
{
	switch (status) {
	case SNMP_ERR_NOERROR:
		return ANSWER_DONE;
	case SNMP_ERR_TOOBIG:
		return ANSWER_TOO_BIG;
	case SNMP_ERR_INCONSISTENTVALUE:
		return place == 1 ? ANSWER_LOCKED : ANSWER_REFUSED;
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

static void take_answer(const netsnmp_pdu *response, struct answer *answer)
{
	answer->kind = kind_of(response->errstat, response->errindex);
	reason_set(&answer->reason, "%s%s",
		   snmp_errstring((int)response->errstat),
		   response->errstat == SNMP_ERR_NOACCESS
		       ? " (the agent lets this user write no settings)"
		       : "");
	/* The lock stands in front of the items; an index beyond the end is of
	 * none of them. */
	if (response->errindex >= 2)
		answer->item = (size_t)response->errindex - 2;
}

/* Sets the session to one try that lasts as long as all tries of a Get, and
 * back. */
static void set_patience(void *session, bool is_once, netsnmp_session *kept)
{
	netsnmp_session *live = snmp_sess_session(session);

	if (!is_once) {
		live->retries = kept->retries;
		live->timeout = kept->timeout;
		return;
	}
	*kept = *live;
	live->timeout *= live->retries + 1;
	live->retries = 0;
}

void manager_set(struct manager *manager, uint32_t lock,
		 const struct scep_change *change, struct answer *answer)
{
	netsnmp_pdu *response, *pdu;
	netsnmp_session kept;

	memset(answer, 0, sizeof(*answer));
	answer->item = change->count;
	answer->kind = ANSWER_UNCERTAIN;
	if (!is_open(manager, &answer->reason))
		return;
	pdu = set_pdu(lock, change);
	if (!pdu) {
		reason_set(&answer->reason, "memory is short");
		return;
	}
	set_patience(manager->session, true, &kept);
	switch (exchange(manager, pdu, &response, &answer->reason)) {
	case EXCHANGED:
		take_answer(response, answer);
		snmp_free_pdu(response);
		break;
	case NOT_SENT:
		answer->kind = ANSWER_TOO_BIG;
		break;
	case NO_ANSWER:
		break;
	}
	if (manager->session)
		set_patience(manager->session, false, &kept);
}
