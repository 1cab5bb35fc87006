/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Set through its phases, as the library calls them, over an engine that
 * only keeps count.  The library itself is not started: requests are made by
 * hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "subagent/snmp/set.h"

#include "scep/scep.h"
#include "scep/change.h"
#include "mibs/scep_root.h"

#define REQUESTS 4

/* ------------------------------------------------------- the engine's part */

static struct {
	unsigned checks, applies, confirms, reverts;
	enum scep_refusal check_refusal, apply_refusal, revert_refusal;
	size_t blame;
	size_t count;	       /* items of the last change */
	struct scep_item item; /* its last one */
	uint64_t ticket;       /* the last that was confirmed or reverted */
} engine;

static enum scep_refusal verdict_of(enum scep_refusal refusal,
				    struct scep_verdict *verdict)
{
	verdict->refusal = refusal;
	verdict->item = engine.blame;
	strcpy(verdict->reason, "as the test wants it");
	return refusal;
}

enum scep_refusal scep_change_check(struct scep_engine *unused,
				    const struct scep_change *change,
				    struct scep_verdict *verdict)
{
	(void)unused;
	engine.checks++;
	engine.count = change->count;
	engine.item = change->items[change->count - 1];
	return verdict_of(engine.check_refusal, verdict);
}

enum scep_refusal scep_change_apply(struct scep_engine *unused,
				    const struct scep_change *change,
				    uint64_t *ticket,
				    struct scep_verdict *verdict)
{
	(void)unused;
	engine.count = change->count;
	*ticket = 100 + ++engine.applies;
	return verdict_of(engine.apply_refusal, verdict);
}

void scep_change_confirm(struct scep_engine *unused, uint64_t ticket)
{
	(void)unused;
	engine.confirms++;
	engine.ticket = ticket;
}

enum scep_refusal scep_change_revert(struct scep_engine *unused,
				     uint64_t ticket,
				     struct scep_verdict *verdict)
{
	(void)unused;
	engine.reverts++;
	engine.ticket = ticket;
	return verdict_of(engine.revert_refusal, verdict);
}

/* ------------------------------------------------------ the library's part */

struct set {
	struct sets *sets;
	netsnmp_agent_request_info info;
	netsnmp_request_info request[REQUESTS];
	netsnmp_variable_list variable[REQUESTS];
	size_t count;
};

static int set_open(void **state)
{
	struct set *set = calloc(1, sizeof(*set));

	memset(&engine, 0, sizeof(engine));
	if (!set)
		return -1;
	set->sets = sets_open(NULL);
	*state = set;
	return set->sets ? 0 : -1;
}

static int set_close(void **state)
{
	struct set *set = *state;

	netsnmp_free_agent_data_sets(&set->info);
	sets_close(set->sets);
	for (size_t i = 0; i < set->count; i++)
		snmp_reset_var_buffers(&set->variable[i]);
	free(set);
	return 0;
}

/* Adds a variable binding; `arcs` below the root end with a number above all
 * sub-identifiers. */
#define END UINT64_MAX

static void set_add(struct set *set, const oid *arcs, unsigned char type,
		    const void *data, size_t length)
{
	oid name[MAX_OID_LEN] = {SCEP_ROOT_ARCS};
	size_t count = SCEP_ROOT_LENGTH;
	netsnmp_request_info *request = &set->request[set->count];
	netsnmp_variable_list *variable = &set->variable[set->count];

	while (*arcs != (oid)END)
		name[count++] = *arcs++;
	snmp_set_var_objid(variable, name, count);
	snmp_set_var_typed_value(variable, type, data, length);
	request->requestvb = variable;
	request->agent_req_info = &set->info;
	request->index = (int)set->count + 1;
	if (set->count > 0)
		set->request[set->count - 1].next = request;
	set->count++;
}

static void add_port(struct set *set, unsigned long port)
{
	static const oid arcs[] = {1, 3, 1, 2, 1, (oid)END};

	set_add(set, arcs, ASN_UNSIGNED, &port, sizeof(port));
}

static void add_secret(struct set *set)
{
	static const oid arcs[] = {1, 4, 1, 10, 1, (oid)END};

	set_add(set, arcs, ASN_OCTET_STR, "secret", 6);
}

/* Runs one phase; returns the index of the request with an error, or 0. */
static int run(struct set *set, int mode, int *error)
{
	*error = SNMP_ERR_NOERROR;
	for (size_t i = 0; i < set->count; i++) {
		set->request[i].status = SNMP_ERR_NOERROR;
		set->request[i].processed = 0;
	}
	set->info.mode = mode;
	sets_handle(set->sets, &set->info, set->request);
	for (size_t i = 0; i < set->count; i++) {
		if (set->request[i].status != SNMP_ERR_NOERROR) {
			*error = set->request[i].status;
			return set->request[i].index;
		}
	}
	return 0;
}

static void assert_passes(struct set *set, int mode)
{
	int error;

	assert_int_equal(run(set, mode, &error), 0);
}

static void assert_fails(struct set *set, int mode, int index, int expected)
{
	int error;

	assert_int_equal(run(set, mode, &error), index);
	assert_int_equal(error, expected);
}

/* ------------------------------------------------------------- the tests */

static void a_set_is_one_change_made_once_and_confirmed(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	add_secret(set);
	add_port(set, 8080);
	assert_passes(set, MODE_SET_RESERVE1);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_int_equal(engine.count, 3);
	assert_int_equal(engine.item.field, SCEP_SERVER_PORT);
	assert_int_equal(engine.item.index, 1);
	assert_int_equal(engine.item.value.number, 8080);
	assert_passes(set, MODE_SET_ACTION);
	assert_int_equal(engine.count, 3);
	assert_passes(set, MODE_SET_COMMIT);
	assert_int_equal(engine.checks, 1);
	assert_int_equal(engine.applies, 1);
	assert_int_equal(engine.confirms, 1);
	assert_int_equal(engine.reverts, 0);
	assert_int_equal(engine.ticket, 101);
	assert_int_equal(sets_refusals(set->sets), 0);
}

static void phases_that_are_called_twice_work_once(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	assert_passes(set, MODE_SET_RESERVE1);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_passes(set, MODE_SET_ACTION);
	assert_passes(set, MODE_SET_ACTION);
	assert_passes(set, MODE_SET_UNDO);
	assert_passes(set, MODE_SET_UNDO);
	assert_passes(set, MODE_SET_COMMIT);
	assert_int_equal(engine.checks, 1);
	assert_int_equal(engine.applies, 1);
	assert_int_equal(engine.reverts, 1);
	assert_int_equal(engine.confirms, 0);
}

static void the_first_bad_value_is_named_and_nothing_is_asked(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	add_port(set, 65536);
	add_port(set, 65537);
	assert_fails(set, MODE_SET_RESERVE1, 2, SNMP_ERR_WRONGVALUE);
	assert_passes(set, MODE_SET_FREE);
	assert_int_equal(engine.checks, 0);
	assert_int_equal(engine.applies, 0);
	assert_int_equal(sets_refusals(set->sets), 1);
}

static void the_blamed_item_is_the_request_it_came_from(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	add_port(set, 81);
	add_secret(set);
	engine.check_refusal = SCEP_INCONSISTENT_NAME;
	engine.blame = 1;
	assert_passes(set, MODE_SET_RESERVE1);
	assert_fails(set, MODE_SET_RESERVE2, 2, SNMP_ERR_INCONSISTENTNAME);
	assert_passes(set, MODE_SET_FREE);
	assert_int_equal(engine.applies, 0);
	assert_int_equal(sets_refusals(set->sets), 1);
}

static void blame_beyond_the_items_falls_on_the_first(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	add_port(set, 81);
	engine.check_refusal = SCEP_INCONSISTENT_VALUE;
	engine.blame = 99;
	assert_passes(set, MODE_SET_RESERVE1);
	assert_fails(set, MODE_SET_RESERVE2, 1, SNMP_ERR_INCONSISTENTVALUE);
}

static void an_action_that_fails_is_commit_failed_and_not_undone(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	add_port(set, 81);
	engine.apply_refusal = SCEP_RESOURCE_UNAVAILABLE;
	engine.blame = 1;
	assert_passes(set, MODE_SET_RESERVE1);
	engine.blame = 0;
	assert_passes(set, MODE_SET_RESERVE2);
	engine.blame = 1;
	assert_fails(set, MODE_SET_ACTION, 2, SNMP_ERR_COMMITFAILED);
	assert_passes(set, MODE_SET_UNDO);
	assert_int_equal(engine.reverts, 0);
	assert_int_equal(sets_refusals(set->sets), 1);
}

static void what_was_made_is_taken_back_by_its_ticket(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	assert_passes(set, MODE_SET_RESERVE1);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_passes(set, MODE_SET_ACTION);
	assert_passes(set, MODE_SET_UNDO);
	assert_int_equal(engine.reverts, 1);
	assert_int_equal(engine.ticket, 101);
}

/* Runs a Set to its UNDO, or to FREE; each phase is called twice. */
static void run_whole(struct set *set, unsigned long port)
{
	static const int phases[] = {MODE_SET_RESERVE1, MODE_SET_RESERVE2,
				     MODE_SET_ACTION, MODE_SET_UNDO};
	int error;

	netsnmp_free_agent_data_sets(&set->info);
	set->info.agent_data = NULL;
	for (size_t i = 0; i < set->count; i++) {
		snmp_reset_var_buffers(&set->variable[i]);
		memset(&set->variable[i], 0, sizeof(set->variable[i]));
	}
	set->count = 0;
	add_port(set, port);
	add_port(set, port);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		bool is_refused = run(set, phases[i], &error) != 0;

		run(set, phases[i], &error);
		if (is_refused && i < 2) {
			run(set, MODE_SET_FREE, &error);
			return;
		}
	}
}

static void each_refused_set_counts_once_in_whatever_phase(void **state)
{
	struct set *set = *state;

	run_whole(set, 80);
	assert_int_equal(sets_refusals(set->sets), 0);
	run_whole(set, 65536);
	assert_int_equal(sets_refusals(set->sets), 1);
	engine.check_refusal = SCEP_INCONSISTENT_VALUE;
	run_whole(set, 80);
	assert_int_equal(sets_refusals(set->sets), 2);
	engine.check_refusal = SCEP_ACCEPTED;
	engine.apply_refusal = SCEP_COMMIT_FAILED;
	run_whole(set, 80);
	assert_int_equal(sets_refusals(set->sets), 3);
	engine.apply_refusal = SCEP_ACCEPTED;
	engine.revert_refusal = SCEP_COMMIT_FAILED;
	run_whole(set, 80);
	assert_int_equal(sets_refusals(set->sets), 4);
}

static void an_undo_that_fails_is_said(void **state)
{
	struct set *set = *state;

	add_port(set, 80);
	engine.revert_refusal = SCEP_COMMIT_FAILED;
	assert_passes(set, MODE_SET_RESERVE1);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_passes(set, MODE_SET_ACTION);
	assert_fails(set, MODE_SET_UNDO, 1, SNMP_ERR_UNDOFAILED);
}

static void phases_without_a_beginning_do_nothing(void **state)
{
	struct set *set = *state;

	add_secret(set);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_passes(set, MODE_SET_ACTION);
	assert_passes(set, MODE_SET_UNDO);
	assert_passes(set, MODE_SET_COMMIT);
	assert_passes(set, MODE_SET_FREE);
	assert_int_equal(engine.checks + engine.applies + engine.reverts +
			     engine.confirms,
			 0);
}

static void a_set_whose_session_is_gone_is_not_made(void **state)
{
	struct set *set = *state;

	add_secret(set);
	assert_passes(set, MODE_SET_RESERVE1);
	sets_forget(set->sets);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_passes(set, MODE_SET_ACTION);
	assert_int_equal(engine.checks, 0);
	assert_int_equal(engine.applies, 0);
}

static void secrets_are_cleansed_when_the_set_has_ended(void **state)
{
	struct set *set = *state;

	add_secret(set);
	assert_passes(set, MODE_SET_RESERVE1);
	assert_passes(set, MODE_SET_RESERVE2);
	assert_memory_equal(engine.item.value.octets, "secret", 6);
	assert_memory_equal(set->variable[0].val.string, "secret", 6);
	assert_passes(set, MODE_SET_ACTION);
	assert_passes(set, MODE_SET_COMMIT);
	assert_int_equal(set->variable[0].val_len, 6);
	assert_memory_equal(set->variable[0].val.string, "\0\0\0\0\0\0", 6);
}

static void assert_refused(struct set *set, const oid *arcs, int expected)
{
	long one = 1;

	netsnmp_free_agent_data_sets(&set->info);
	set->info.agent_data = NULL;
	set->count = 0;
	snmp_reset_var_buffers(&set->variable[0]);
	memset(&set->variable[0], 0, sizeof(set->variable[0]));
	set_add(set, arcs, ASN_INTEGER, &one, sizeof(one));
	assert_fails(set, MODE_SET_RESERVE1, 1, expected);
	assert_passes(set, MODE_SET_FREE);
}

static void
names_that_cannot_be_set_are_refused_as_rule_seven_says(void **state)
{
	struct set *set = *state;
	const oid index_column[] = {1, 2, 1, 1, 1, (oid)END};
	const oid read_only[] = {1, 6, 2, 0, (oid)END};
	const oid no_column[] = {1, 3, 1, 99, 1, (oid)END};
	const oid no_scalar[] = {1, 1, 99, 0, (oid)END};
	const oid scalar_one[] = {1, 11, 2, 1, (oid)END};
	const oid row_65[] = {1, 3, 1, 7, 65, (oid)END};
	const oid row_0[] = {1, 3, 1, 7, 0, (oid)END};
	const oid entry[] = {1, 3, 1, (oid)END};
	const oid text[] = {1, 3, 1, 1, 1, (oid)END};

	assert_refused(set, index_column, SNMP_ERR_NOTWRITABLE);
	assert_refused(set, read_only, SNMP_ERR_NOTWRITABLE);
	assert_refused(set, no_column, SNMP_ERR_NOCREATION);
	assert_refused(set, no_scalar, SNMP_ERR_NOCREATION);
	assert_refused(set, scalar_one, SNMP_ERR_NOCREATION);
	assert_refused(set, row_65, SNMP_ERR_NOCREATION);
	assert_refused(set, row_0, SNMP_ERR_NOCREATION);
	assert_refused(set, entry, SNMP_ERR_NOCREATION);
	assert_refused(set, text, SNMP_ERR_WRONGTYPE);
	assert_int_equal(sets_refusals(set->sets), 9);
	assert_int_equal(engine.checks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_open, set_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_set_is_one_change_made_once_and_confirmed),
	    TEST(phases_that_are_called_twice_work_once),
	    TEST(the_first_bad_value_is_named_and_nothing_is_asked),
	    TEST(the_blamed_item_is_the_request_it_came_from),
	    TEST(blame_beyond_the_items_falls_on_the_first),
	    TEST(an_action_that_fails_is_commit_failed_and_not_undone),
	    TEST(what_was_made_is_taken_back_by_its_ticket),
	    TEST(each_refused_set_counts_once_in_whatever_phase),
	    TEST(an_undo_that_fails_is_said),
	    TEST(phases_without_a_beginning_do_nothing),
	    TEST(a_set_whose_session_is_gone_is_not_made),
	    TEST(secrets_are_cleansed_when_the_set_has_ended),
	    TEST(names_that_cannot_be_set_are_refused_as_rule_seven_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
