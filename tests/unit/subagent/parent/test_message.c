/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the parent and its worker: which are good, and how they pass
 * through a channel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "scep/engine_config.h"
#include "scep/event.h"
#include "subagent/parent/message.h"
#include "tests/lib/registry_files.h"

#define HEAD offsetof(struct message, restart)

static struct message restart_of(const char *key_name, const char *use_location,
				 const char *file_id)
{
	struct message message;

	message_init(&message, MESSAGE_RESTART);
	strcpy(message.restart.key_name, key_name);
	strcpy(message.restart.use_location, use_location);
	strcpy(message.restart.file_id, file_id);
	return message;
}

static struct message deploy_of(const char *use, const char *file_id)
{
	struct message message;

	message_init(&message, MESSAGE_DEPLOY);
	message.deploy.use_index = 7;
	strcpy(message.deploy.use_name, use);
	strcpy(message.deploy.key_name, "site");
	strcpy(message.deploy.file_id, file_id);
	return message;
}

static bool is_restart(const struct message *message)
{
	return message_is_good(message, HEAD + sizeof(message->restart),
			       MESSAGE_FROM_WORKER);
}

static bool is_deploy(const struct message *message)
{
	return message_is_good(message, HEAD + sizeof(message->deploy),
			       MESSAGE_FROM_WORKER);
}

/* --------------------------------------------------------------- judging -- */

static void a_message_has_the_length_of_its_kind(void **state)
{
	const size_t lengths[] = {
	    [MESSAGE_READY] = HEAD,
	    [MESSAGE_ALIVE] = HEAD,
	    [MESSAGE_STATUS] = HEAD + sizeof(struct message_status),
	    [MESSAGE_RESTART] = HEAD + sizeof(struct message_restart),
	    [MESSAGE_DEPLOY] = HEAD + sizeof(struct message_deploy),
	    [MESSAGE_RESTARTED] = HEAD + sizeof(struct message_restarted),
	    [MESSAGE_DEPLOYED] = HEAD + sizeof(struct scep_deploy_end),
	    [MESSAGE_CONFIG] = HEAD + sizeof(struct scep_config),
	};
	struct message message = deploy_of("web", ENTRY_ID);

	(void)state;
	for (int kind = 0; kind <= MESSAGE_CONFIG + 1; kind++) {
		enum message_sender sender = kind < MESSAGE_RESTARTED
						 ? MESSAGE_FROM_WORKER
						 : MESSAGE_FROM_PARENT;
		size_t expected = kind > 0 && kind <= MESSAGE_CONFIG
				      ? lengths[kind]
				      : SIZE_MAX;

		if (kind != MESSAGE_DEPLOY)
			memset(&message, 0, sizeof(message));
		message.kind = (enum message_kind)kind;
		for (size_t length = 0; length <= sizeof(message); length++)
			if (message_is_good(&message, length, sender) !=
			    (length == expected))
				fail_msg("kind %d, %zu octets", kind, length);
		message = deploy_of("web", ENTRY_ID);
	}
}

static void neither_sends_what_the_other_sends(void **state)
{
	static const enum message_kind workers[] = {
	    MESSAGE_READY, MESSAGE_ALIVE, MESSAGE_STATUS, MESSAGE_RESTART};
	static const size_t length[] = {HEAD, HEAD,
					HEAD + sizeof(struct message_status),
					HEAD + sizeof(struct message_restart)};
	struct message message = restart_of("", "", "");

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		message.kind = workers[i];
		assert_true(
		    message_is_good(&message, length[i], MESSAGE_FROM_WORKER));
		assert_false(
		    message_is_good(&message, length[i], MESSAGE_FROM_PARENT));
	}
	message = deploy_of("web", ENTRY_ID);
	assert_false(message_is_good(&message, HEAD + sizeof(message.deploy),
				     MESSAGE_FROM_PARENT));
	message_init(&message, MESSAGE_RESTARTED);
	assert_false(message_is_good(&message, HEAD + sizeof(message.restarted),
				     MESSAGE_FROM_WORKER));
	message_init(&message, MESSAGE_DEPLOYED);
	assert_false(message_is_good(&message, HEAD + sizeof(message.deployed),
				     MESSAGE_FROM_WORKER));
	message_init(&message, MESSAGE_CONFIG);
	assert_false(message_is_good(&message, HEAD + sizeof(message.config),
				     MESSAGE_FROM_WORKER));
}

static void a_status_is_one_clean_line(void **state)
{
	size_t length = HEAD + sizeof(struct message_status);
	struct message message;

	(void)state;
	message_init(&message, MESSAGE_STATUS);
	strcpy(message.status.text, "no master");
	assert_true(message_is_good(&message, length, MESSAGE_FROM_WORKER));
	/* The service manager would take a second line for another word. */
	strcpy(message.status.text, "no master\nMAINPID=1");
	assert_false(message_is_good(&message, length, MESSAGE_FROM_WORKER));
	memset(message.status.text, 'x', sizeof(message.status.text));
	assert_false(message_is_good(&message, length, MESSAGE_FROM_WORKER));
}

static void the_texts_of_a_restart_are_clean_and_end(void **state)
{
	static const struct {
		const char *key_name, *use_location, *file_id;
		bool is_good;
	} cases[] = {
	    {"", "", "", true},
	    {"k\xc4\xab", "a b", "", true},
	    {"web $(x)", "nginx,vpn", ENTRY_ID, true},
	    {"a\nb", "", "", false},
	    {"", "\x1b", "", false},
	    {"", "", "/state/certs/7.pem", false},
	    {"", "", "../../../etc/passwd", false},
	    {"", "", "0123456789abcdef0123456789abcde", false},
	    {"", "", "0123456789abcdef0123456789abcdeg", false},
	};
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		message = restart_of(cases[i].key_name, cases[i].use_location,
				     cases[i].file_id);
		assert_int_equal(is_restart(&message), cases[i].is_good);
	}
	message = restart_of("", "", "");
	memset(message.restart.use_location, 'x',
	       sizeof(message.restart.use_location));
	assert_false(is_restart(&message));
	message = restart_of("", "", "");
	memset(message.restart.file_id, 'a', sizeof(message.restart.file_id));
	assert_false(is_restart(&message));
}

static void a_deployment_is_of_an_entry_of_the_registry(void **state)
{
	struct message message = deploy_of("web", ENTRY_ID);

	(void)state;
	assert_true(is_deploy(&message));
	message = deploy_of("web", "");
	assert_false(is_deploy(&message));
	message = deploy_of("web", "../../etc/shadow");
	assert_false(is_deploy(&message));
	message = deploy_of("web\n", ENTRY_ID);
	assert_false(is_deploy(&message));
	message = deploy_of("web", ENTRY_ID);
	memset(message.deploy.key_name, 'a', sizeof(message.deploy.key_name));
	assert_false(is_deploy(&message));
}

static void a_probe_is_of_no_file(void **state)
{
	struct message message = deploy_of("web", "");

	(void)state;
	message.deploy.is_probe = 1;
	assert_true(is_deploy(&message));
	/* It would be in the environment of the command that is run. */
	message = deploy_of("web", "../../etc/shadow");
	message.deploy.is_probe = 1;
	assert_false(is_deploy(&message));
}

static void the_text_of_an_end_ends(void **state)
{
	struct message message;

	(void)state;
	message_init(&message, MESSAGE_DEPLOYED);
	assert_true(message_is_good(&message, HEAD + sizeof(message.deployed),
				    MESSAGE_FROM_PARENT));
	memset(message.deployed.text, 'a', sizeof(message.deployed.text));
	assert_false(message_is_good(&message, HEAD + sizeof(message.deployed),
				     MESSAGE_FROM_PARENT));
}

/* --------------------------------------------------------------- passing -- */

static int open_channel(void **state)
{
	static int ends[2];

	*state = ends;
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
}

static int close_channel(void **state)
{
	int *ends = *state;

	close(ends[1]);
	if (ends[0] >= 0)
		close(ends[0]);
	return 0;
}

static void messages_arrive_whole_and_in_order(void **state)
{
	static struct message message;
	int *ends = *state;

	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_PARENT, &message),
	    MESSAGE_NONE);
	message_init(&message, MESSAGE_CONFIG);
	message.config.key_limit = 9;
	message.config.uses[SCEP_USE_MAX - 1].needs_restart = true;
	assert_int_equal(message_send(ends[0], &message), 0);
	message_init(&message, MESSAGE_RESTARTED);
	message.restarted.is_good = true;
	assert_int_equal(message_send(ends[0], &message), 0);

	memset(&message, 0, sizeof(message));
	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_PARENT, &message),
	    MESSAGE_GOOD);
	assert_int_equal(message.kind, MESSAGE_CONFIG);
	assert_int_equal(message.config.key_limit, 9);
	assert_true(message.config.uses[SCEP_USE_MAX - 1].needs_restart);
	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_PARENT, &message),
	    MESSAGE_GOOD);
	assert_int_equal(message.kind, MESSAGE_RESTARTED);
	assert_true(message.restarted.is_good);
}

static void a_packet_that_is_no_message_is_bad(void **state)
{
	static char longer[sizeof(struct message) + 8];
	struct message message;
	int *ends = *state;

	message_init(&message, MESSAGE_CONFIG);
	memcpy(longer, &message, sizeof(message));
	assert_true(send(ends[0], longer, sizeof(longer), 0) > 0);
	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_PARENT, &message),
	    MESSAGE_BAD);
	assert_int_equal(send(ends[0], "R", 1, 0), 1);
	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_WORKER, &message),
	    MESSAGE_BAD);
	assert_int_equal(message_send_kind(ends[0], MESSAGE_ALIVE), 0);
	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_WORKER, &message),
	    MESSAGE_GOOD);
}

static void a_channel_without_another_end_is_closed(void **state)
{
	struct message message;
	int *ends = *state;

	close(ends[0]);
	ends[0] = -1;
	assert_int_equal(
	    message_receive(ends[1], MESSAGE_FROM_WORKER, &message),
	    MESSAGE_CLOSED);
	assert_int_equal(message_send_kind(ends[1], MESSAGE_READY), -1);
}

#define CHANNEL(name)                                                          \
	cmocka_unit_test_setup_teardown(name, open_channel, close_channel)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_has_the_length_of_its_kind),
	    cmocka_unit_test(neither_sends_what_the_other_sends),
	    cmocka_unit_test(a_status_is_one_clean_line),
	    cmocka_unit_test(the_texts_of_a_restart_are_clean_and_end),
	    cmocka_unit_test(a_deployment_is_of_an_entry_of_the_registry),
	    cmocka_unit_test(a_probe_is_of_no_file),
	    cmocka_unit_test(the_text_of_an_end_ends),
	    CHANNEL(messages_arrive_whole_and_in_order),
	    CHANNEL(a_packet_that_is_no_message_is_bad),
	    CHANNEL(a_channel_without_another_end_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
