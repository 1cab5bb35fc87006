/* SPDX-License-Identifier: Apache-2.0 */
/* The library's sessions with itself: a request goes through one pipe, its
 * response through the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "subagent/snmp/loopback.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmpCallbackDomain.h>

/* Requests of AgentX carry no community. */
#define AGENTX_VERSION_1 0xc0

static struct {
	netsnmp_session *handlers, *master; /* the two ends */
	struct loopback loopback;
	int requests, responses;
} world;

static int handle_request(int operation, netsnmp_session *session,
			  int request_id, netsnmp_pdu *pdu, void *magic)
{
	netsnmp_pdu *response;

	(void)request_id;
	(void)magic;
	if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
		return 1;
	world.requests++;
	response = snmp_clone_pdu(pdu);
	response->command = SNMP_MSG_RESPONSE;
	response->errstat = 0;
	assert_true(snmp_send(session, response));
	return 1;
}

static int take_response(int operation, netsnmp_session *session,
			 int request_id, netsnmp_pdu *pdu, void *magic)
{
	(void)session;
	(void)request_id;
	(void)pdu;
	assert_ptr_equal(magic, &world);
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
		world.responses++;
	return 1;
}

static void send_request(void)
{
	static const oid name[] = {1, 3, 6, 1, 2, 1, 1, 3, 0};
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	pdu->version = AGENTX_VERSION_1;
	snmp_add_null_var(pdu, name, sizeof(name) / sizeof(name[0]));
	if (snmp_async_send(world.master, pdu, take_response, &world) == 0)
		fail_msg("%s", snmp_api_errstring(world.master->s_snmp_errno));
}

static int set_up(void **state)
{
	netsnmp_transport *transport;

	(void)state;
	init_snmp("test_loopback");
	world.handlers = netsnmp_callback_open(0, handle_request, NULL, NULL);
	assert_non_null(world.handlers);
	transport = snmp_sess_transport(snmp_sess_pointer(world.handlers));
	world.master = netsnmp_callback_open(
	    ((netsnmp_callback_info *)transport->data)->callback_num,
	    take_response, NULL, NULL);
	assert_non_null(world.master);
	loopback_open(&world.loopback);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	snmp_close(world.master);
	snmp_close(world.handlers);
	snmp_shutdown("test_loopback");
	return 0;
}

static void both_pipes_are_found(void **state)
{
	(void)state;
	assert_int_equal(world.loopback.count, 2);
}

static void nothing_is_awaited(void **state)
{
	(void)state;
	loopback_drain(&world.loopback);
	assert_int_equal(world.requests, 0);
}

/* The session that the response is for may be gone at the next select(). */
static void a_request_and_its_response_are_handled_in_one_call(void **state)
{
	(void)state;
	send_request();
	loopback_drain(&world.loopback);
	assert_int_equal(world.requests, 1);
	assert_int_equal(world.responses, 1);
	for (int i = 0; i < 20; i++)
		send_request();
	loopback_drain(&world.loopback);
	assert_int_equal(world.requests, 21);
	assert_int_equal(world.responses, 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_pipes_are_found),
	    cmocka_unit_test(nothing_is_awaited),
	    cmocka_unit_test(
		a_request_and_its_response_are_handled_in_one_call),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
