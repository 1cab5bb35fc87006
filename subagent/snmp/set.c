/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/snmp/set.h"

#include "subagent/snmp/refusal.h"
#include "subagent/snmp/refusal_table.h"
#include "subagent/snmp/values.h"

#include "scep/scep.h"
#include "scep/change.h"
#include "mibs/scep_root.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRANSACTION "scepagent"

/*
 * One Set, from RESERVE1 to its end.  It belongs to the library's data of the
 * PDU, which outlives the phases and frees it.
 */
struct transaction {
	struct sets *sets;
	struct transaction *next;
	struct transaction *previous;
	struct scep_change change;
	int *origin; /* of each item: request->index */
	size_t origin_capacity;
	bool is_refused;
	bool is_forgotten; /* the session that it came over is gone */
	bool is_checked;
	bool is_tried; /* the engine was asked to make it */
	bool is_applied;
	bool is_ended; /* confirmed or reverted */
	uint64_t ticket;
};

struct sets {
	struct scep_engine *engine;
	struct transaction *first; /* all that have not been freed */
	struct refusal_limiter limiter;
	uint32_t refusals;
	struct refusal_table table;
};

struct sets *sets_open(struct scep_engine *engine)
{
	struct sets *sets = calloc(1, sizeof(*sets));

	if (sets)
		sets->engine = engine;
	return sets;
}

/* Cleanses the values; keeps what COMMIT and UNDO need. */
static void transaction_forget(struct transaction *transaction)
{
	scep_change_free(&transaction->change);
	scep_change_init(&transaction->change);
}

static void transaction_unlink(struct transaction *transaction)
{
	if (!transaction->sets)
		return;
	if (transaction->previous)
		transaction->previous->next = transaction->next;
	else
		transaction->sets->first = transaction->next;
	if (transaction->next)
		transaction->next->previous = transaction->previous;
	transaction->sets = NULL;
}

/* Frees it for the library. */
static void transaction_free(void *data)
{
	struct transaction *transaction = data;

	transaction_unlink(transaction);
	transaction_forget(transaction);
	free(transaction->origin);
	free(transaction);
}

void sets_forget(struct sets *sets)
{
	struct transaction *transaction = sets->first;

	for (; transaction; transaction = transaction->next) {
		transaction_forget(transaction);
		transaction->is_forgotten = true;
	}
}

void sets_close(struct sets *sets)
{
	if (!sets)
		return;
	sets_forget(sets);
	/* The library may still hold Sets of a session that is gone. */
	while (sets->first)
		transaction_unlink(sets->first);
	free(sets);
}

uint32_t sets_refusals(const struct sets *sets)
{
	return sets->refusals;
}

struct scep_rows sets_refusal_rows(struct sets *sets)
{
	return refusal_table_rows(&sets->table);
}

void sets_settle(struct sets *sets)
{
	refusal_settle(&sets->limiter);
}

static struct transaction *
transaction_of(netsnmp_agent_request_info *request_info)
{
	return netsnmp_agent_get_list_data(request_info, TRANSACTION);
}

static struct transaction *
transaction_begin(struct sets *sets, netsnmp_agent_request_info *request_info)
{
	struct transaction *transaction = transaction_of(request_info);
	netsnmp_data_list *data;

	if (transaction)
		return transaction;
	transaction = calloc(1, sizeof(*transaction));
	if (!transaction)
		return NULL;
	scep_change_init(&transaction->change);
	data = netsnmp_create_data_list(TRANSACTION, transaction,
					transaction_free);
	if (!data) {
		free(transaction);
		return NULL;
	}
	transaction->sets = sets;
	transaction->next = sets->first;
	if (sets->first)
		sets->first->previous = transaction;
	sets->first = transaction;
	netsnmp_agent_add_list_data(request_info, data);
	return transaction;
}

/* Answers with an error, logs and keeps it, and counts the Set once. */
static void set_refuse(struct sets *sets, struct transaction *transaction,
		       netsnmp_request_info *request, int error,
		       const char *reason)
{
	struct refusal refusal;

	netsnmp_request_set_error(request, error);
	refusal_make(&refusal, request->requestvb, error, reason);
	refusal_log(&sets->limiter, &refusal);
	/* A Set that could not be taken back has been refused before. */
	if (error != SNMP_ERR_UNDOFAILED)
		refusal_table_add(&sets->table, refusal.object, error,
				  refusal.reason, time(NULL));
	if (!transaction || !transaction->is_refused)
		sets->refusals++;
	if (transaction)
		transaction->is_refused = true;
}

/* Returns the request that an item came from; the first one if it is of none.
 */
static netsnmp_request_info *
request_of_item(const struct transaction *transaction, size_t item,
		netsnmp_request_info *requests)
{
	netsnmp_request_info *request = requests;

	if (item >= transaction->change.count)
		return requests;
	for (; request; request = request->next) {
		if (request->index == transaction->origin[item])
			return request;
	}
	return requests;
}

/* ------------------------------------------------------------- RESERVE1 -- */

/* Judges one variable binding by itself, and makes an item of it. */
static int item_make(const netsnmp_variable_list *variable,
		     struct scep_item *item, struct scep_verdict *verdict)
{
	struct instance instance;
	enum find_outcome outcome =
	    find_named(variable->name + SCEP_ROOT_LENGTH,
		       variable->name_length - SCEP_ROOT_LENGTH, &instance);
	int error;

	if (outcome == FIND_NO_OBJECT)
		return SNMP_ERR_NOCREATION;
	if (instance.object->field == SCEP_FIELD_NONE)
		return SNMP_ERR_NOTWRITABLE;
	if (outcome == FIND_NO_INSTANCE)
		return SNMP_ERR_NOCREATION;
	item->field = instance.object->field;
	item->index = instance.index;
	error =
	    values_write(instance.object, variable->type, variable->val.string,
			 variable->val_len, &item->value);
	if (error != SNMP_ERR_NOERROR) {
		values_reason(instance.object, error, verdict->reason);
		return error;
	}
	return refusal_error(
	    scep_value_check(item->field, &item->value, verdict));
}

/* Copies the item and remembers where it came from. */
static bool item_add(struct transaction *transaction,
		     const struct scep_item *item, int origin)
{
	size_t count = transaction->change.count;

	if (count == transaction->origin_capacity) {
		size_t capacity = count ? count * 2 : 16;
		int *origins =
		    realloc(transaction->origin, capacity * sizeof(*origins));

		if (!origins)
			return false;
		transaction->origin = origins;
		transaction->origin_capacity = capacity;
	}
	transaction->origin[count] = origin;
	return scep_change_add(&transaction->change, item);
}

static void set_reserve1(struct sets *sets,
			 netsnmp_agent_request_info *request_info,
			 netsnmp_request_info *requests)
{
	struct transaction *transaction = transaction_begin(sets, request_info);
	struct scep_verdict verdict = {0};
	struct scep_item item = {0};

	if (!transaction) {
		set_refuse(sets, NULL, requests, SNMP_ERR_RESOURCEUNAVAILABLE,
			   "");
		return;
	}
	for (; requests; requests = requests->next) {
		int error;

		if (requests->processed)
			continue;
		error = item_make(requests->requestvb, &item, &verdict);
		if (error == SNMP_ERR_NOERROR &&
		    !item_add(transaction, &item, requests->index))
			error = SNMP_ERR_RESOURCEUNAVAILABLE;
		if (error != SNMP_ERR_NOERROR) {
			set_refuse(sets, transaction, requests, error,
				   verdict.reason);
			break; /* the answer names the first one */
		}
	}
	explicit_bzero(&item, sizeof(item));
}

/* --------------------------------------------------- RESERVE2 and later -- */

static void set_reserve2(struct sets *sets, struct transaction *transaction,
			 netsnmp_request_info *requests)
{
	struct scep_verdict verdict = {0};
	enum scep_refusal refusal;

	/* Once for a PDU, which may come in several calls. */
	if (transaction->is_checked || transaction->is_forgotten)
		return;
	transaction->is_checked = true;
	refusal =
	    scep_change_check(sets->engine, &transaction->change, &verdict);
	if (refusal != SCEP_ACCEPTED)
		set_refuse(sets, transaction,
			   request_of_item(transaction, verdict.item, requests),
			   refusal_error(refusal), verdict.reason);
}

static void set_action(struct sets *sets, struct transaction *transaction,
		       netsnmp_request_info *requests)
{
	struct scep_verdict verdict = {0};
	enum scep_refusal refusal;
	netsnmp_request_info *request;

	/* Without the session, nobody would hear that it was made. */
	if (transaction->is_tried || transaction->is_forgotten)
		return;
	transaction->is_tried = true;
	refusal = scep_change_apply(sets->engine, &transaction->change,
				    &transaction->ticket, &verdict);
	request = request_of_item(transaction, verdict.item, requests);
	transaction->is_applied = refusal == SCEP_ACCEPTED;
	transaction_forget(transaction);
	if (transaction->is_applied)
		return;
	/* RFC 3416, 4.2.5: after all were found good, a failure is
	 * commitFailed, whatever its cause. */
	set_refuse(sets, transaction, request, SNMP_ERR_COMMITFAILED,
		   verdict.reason);
}

static void set_commit(struct sets *sets, struct transaction *transaction)
{
	if (!transaction->is_applied || transaction->is_ended)
		return;
	transaction->is_ended = true;
	scep_change_confirm(sets->engine, transaction->ticket);
}

/* Takes it back.  Is also called after an ACTION that failed, and does nothing
 * then. */
static void set_undo(struct sets *sets, struct transaction *transaction,
		     netsnmp_request_info *requests)
{
	struct scep_verdict verdict = {0};

	if (!transaction->is_applied || transaction->is_ended)
		return;
	transaction->is_ended = true;
	if (scep_change_revert(sets->engine, transaction->ticket, &verdict) !=
	    SCEP_ACCEPTED)
		set_refuse(sets, transaction, requests, SNMP_ERR_UNDOFAILED,
			   verdict.reason);
}

/*
 * Cleanses the secrets of a Set that has ended, in the library's copy for this
 * phase; no answer is made of them any more.  wipe.c overwrites the library's
 * copies for the phases before, its list of present Sets and its receive buffer
 * when they are freed.  The master's copies are out of reach.
 */
static void secrets_cleanse(netsnmp_request_info *requests)
{
	for (; requests; requests = requests->next) {
		netsnmp_variable_list *variable = requests->requestvb;
		struct instance instance;

		if (variable->type != ASN_OCTET_STR || !variable->val.string ||
		    variable->name_length < SCEP_ROOT_LENGTH)
			continue;
		find_named(variable->name + SCEP_ROOT_LENGTH,
			   variable->name_length - SCEP_ROOT_LENGTH, &instance);
		if (instance.object && instance.object->syntax == SYNTAX_SECRET)
			explicit_bzero(variable->val.string, variable->val_len);
	}
}

void sets_handle(struct sets *sets, netsnmp_agent_request_info *request_info,
		 netsnmp_request_info *requests)
{
	struct transaction *transaction;

	if (request_info->mode == MODE_SET_RESERVE1) {
		set_reserve1(sets, request_info, requests);
		return;
	}
	transaction = transaction_of(request_info);
	switch (request_info->mode) {
	case MODE_SET_RESERVE2:
		if (transaction)
			set_reserve2(sets, transaction, requests);
		break;
	case MODE_SET_ACTION:
		if (transaction)
			set_action(sets, transaction, requests);
		break;
	case MODE_SET_COMMIT:
		if (transaction)
			set_commit(sets, transaction);
		secrets_cleanse(requests);
		break;
	case MODE_SET_UNDO:
		if (transaction)
			set_undo(sets, transaction, requests);
		secrets_cleanse(requests);
		break;
	case MODE_SET_FREE:
		if (transaction)
			transaction_forget(transaction);
		secrets_cleanse(requests);
		break;
	}
}
