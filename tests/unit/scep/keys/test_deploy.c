/* SPDX-License-Identifier: Apache-2.0 */
/* Use locations and how they come by their keys (MIB, scepUse and rules 3, 10
 * and 13). */
#include "tests/unit/scep/keys/use_world.h"

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/event.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "tests/lib/disk.h"

/* ---------------------------------------------------------------- the rows */

static void the_rows_are_those_of_the_configuration(void **state)
{
	struct device *d = *state;

	assert_int_equal(device_view(d)->uses.count, 2);
	assert_string_equal(use(d, WEB)->name, "web");
	assert_string_equal(use(d, VPN)->name, "vpn");
	assert_int_equal(use(d, WEB)->type, SCEP_USE_TLS);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_UNKNOWN);
	assert_int_equal(use(d, WEB)->key_index, 0);
	assert_true(use(d, WEB)->function_enabled);
}

static void a_row_keeps_its_index_when_the_file_changes_its_order(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "vpn");

	memset(d->config.uses, 0, sizeof(d->config.uses));
	d->config.use_count = 0;
	configure(&d->config, "mail");
	configure(&d->config, "vpn");
	configure(&d->config, "web");
	device_restart(d);
	assert_string_equal(use(d, WEB)->name, "web");
	assert_string_equal(use(d, VPN)->name, "vpn");
	assert_string_equal(use(d, 3)->name, "mail");
	assert_int_equal(use(d, VPN)->key_index, number);
	assert_int_equal(use(d, VPN)->applied, SCEP_APPLIED_YES);
}

static void a_location_that_is_gone_leaves_its_key(void **state)
{
	struct device *d = *state;
	uint32_t number = enrol_for(d, "web,vpn");

	assert_string_equal(key(d, number)->use_location, "web,vpn");
	d->config.use_count = 1;
	device_restart(d);
	assert_int_equal(device_view(d)->uses.count, 1);
	assert_string_equal(key(d, number)->use_location, "web");
}

/* -------------------------------------------------------------- a request */

static void without_a_location_nothing_is_deployed(void **state)
{
	struct device *d = *state;

	send_for(d, "");
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 0);
}

static void a_request_ends_when_its_locations_have_the_key(void **state)
{
	struct device *d = *state;
	uint32_t number;

	send_for(d, "web, vpn");
	number = device_status(d)->key_index;
	assert_int_not_equal(number, 0);
	assert_non_null(key(d, number));
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 1);
	end_deploy(d, true);
	device_run(d);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 2);
	end_deploy(d, true);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(use(d, WEB)->key_index, number);
	assert_string_equal(use(d, WEB)->key_name, "web");
	assert_int_equal(use(d, VPN)->applied, SCEP_APPLIED_YES);
	assert_int_equal(use(d, VPN)->applied_time, d->io.wall);
	assert_int_equal(device_events(d, SCEP_EVENT_REQUEST_SUCCEEDED), 1);
	assert_null(device_record(d));
}

static void the_next_key_takes_the_location_of_the_last(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web,vpn");
	uint32_t second = enrol_for(d, "web");

	assert_string_equal(key(d, first)->use_location, "vpn");
	assert_string_equal(key(d, second)->use_location, "web");
	assert_int_equal(use(d, WEB)->key_index, second);
	assert_int_equal(use(d, VPN)->key_index, first);
	assert_int_equal(key(d, second)->replaces, first);
}

static void a_failure_leaves_the_old_key_and_says_so(void **state)
{
	struct device *d = *state;
	uint32_t first = enrol_for(d, "web");
	uint32_t second;

	send_for(d, "web");
	second = device_status(d)->key_index;
	end_deploy(d, false);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_DEPLOY_FAILED);
	assert_non_null(
	    strstr(device_status(d)->text, "web: key 2: check ended with 1"));
	/* The certificate is there, and is in use nowhere. */
	assert_non_null(key(d, second));
	assert_string_equal(key(d, second)->use_location, "");
	assert_string_equal(key(d, first)->use_location, "web");
	assert_int_equal(use(d, WEB)->key_index, first);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_FAILED);
	assert_string_equal(use(d, WEB)->text, "key 2: check ended with 1");
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY_FAILED), 1);
	assert_int_equal(device_view(d)->stats.deploy_errors, 1);
	assert_true(device_view(d)->agent.health_reason & HEALTH_DEPLOY_FAILED);
}

static void what_differs_from_the_request_stands_in_the_text(void **state)
{
	struct device *d = *state;
	const char *text = "differs: subjectAltName: asked "
			   "\"DNS:printer.example\", came \"DNS:other\"";

	d->ca.alt_name = "DNS:other";
	send_for(d, "");
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(device_status(d)->text, text);
	/* Also after a restart in between, and beside a failure. */
	send_for(d, "web");
	device_restart(d);
	end_deploy(d, false);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_DEPLOY_FAILED);
	assert_non_null(strstr(device_status(d)->text, "check ended with 1; "));
	assert_non_null(strstr(device_status(d)->text, text));
}

static void the_next_success_takes_the_failure_away(void **state)
{
	struct device *d = *state;

	send_for(d, "web");
	end_deploy(d, false);
	device_run(d);
	enrol_for(d, "web");
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
	assert_string_equal(use(d, WEB)->text, "");
	assert_false(device_view(d)->agent.health_reason &
		     HEALTH_DEPLOY_FAILED);
}

static void a_start_tries_once_more_what_has_failed(void **state)
{
	struct device *d = *state;
	uint32_t number;

	send_for(d, "web");
	number = device_status(d)->key_index;
	end_deploy(d, false);
	device_run_for(d, 2 * HOUR);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 1);
	device_restart(d);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 2);
	end_deploy(d, true);
	assert_int_equal(use(d, WEB)->key_index, number);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
}

static void a_failed_key_that_was_destroyed_is_not_tried(void **state)
{
	struct device *d = *state;

	send_for(d, "web");
	end_deploy(d, false);
	device_run(d);
	device_set_number(d, SCEP_KEY_ROW_STATUS, 1, SCEP_ROW_DESTROY);
	device_restart(d);
	device_run(d);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 1);
}

static void a_location_that_went_meanwhile_is_told(void **state)
{
	struct device *d = *state;

	send_for(d, "web,vpn");
	d->config.use_count = 1;
	device_restart(d);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_DEPLOY_FAILED);
	assert_non_null(
	    strstr(device_status(d)->text, "there is no use location 'vpn'"));
}

static void a_cancel_comes_too_late(void **state)
{
	struct device *d = *state;

	send_for(d, "web");
	device_set_number(d, SCEP_REQUEST_ACTION, 1, SCEP_ACTION_CANCEL);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(use(d, WEB)->key_index, device_status(d)->key_index);
}

/* -------------------------------------------------------- kills and the disk
 */

static void a_kill_has_it_done_once_more(void **state)
{
	struct device *d = *state;

	send_for(d, "web");
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 1);
	device_restart(d);
	device_run(d);
	assert_int_equal(device_events(d, SCEP_EVENT_DEPLOY), 2);
	device_assert_status(d, SCEP_STATE_PROCESSING, SCEP_NONE);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_int_equal(device_view(d)->keys.count, 1);
}

static void an_end_that_the_disk_refuses_is_had_again(void **state)
{
	struct device *d = *state;

	send_for(d, "web");
	disk.is_full = true;
	end_deploy(d, true);
	assert_int_equal(use(d, WEB)->key_index, 0);
	disk_reset();
	device_run_for(d, 10);
	run_deploying(d);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

static void what_is_not_heard_of_has_failed(void **state)
{
	struct device *d = *state;

	send_for(d, "web");
	device_run_for(d, HOUR);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_DEPLOY_FAILED);
	assert_string_equal(use(d, WEB)->text,
			    "key 1: there was no answer within 15 minutes");
}

static void an_end_of_another_location_is_passed_over(void **state)
{
	struct device *d = *state;
	struct scep_deploy_end end = {.use_index = VPN, .is_good = true};

	send_for(d, "web");
	deploy_end(&d->state, &end);
	device_tick(d);
	assert_true(d->state.deploy.is_running);
	assert_int_equal(use(d, VPN)->key_index, 0);
	end_deploy(d, true);
	/* Nothing runs any more. */
	end.use_index = WEB;
	deploy_end(&d->state, &end);
	device_tick(d);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
}

/* A Set that is taken back must not take back what was done meanwhile. */
static void an_end_waits_for_the_end_of_a_Set(void **state)
{
	struct device *d = *state;
	struct scep_deploy_end end = {.is_good = true, .is_enabled = true};

	send_for(d, "web");
	end.use_index = d->state.deploy.use;
	device_number(d, SCEP_STATUS_MAX_ROWS, 0, 30);
	assert_int_equal(device_apply(d), SCEP_ACCEPTED);
	deploy_end(&d->state, &end);
	device_tick(d);
	assert_int_equal(use(d, WEB)->key_index, 0);
	assert_int_equal(
	    set_txn_revert(&d->set_txn, &d->state, d->ticket, &d->verdict),
	    SCEP_ACCEPTED);
	device_tick(d);
	device_run(d);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
}

/* ----------------------------------------------------------------- probing */

static unsigned int probed(const struct device *d)
{
	return device_events(d, SCEP_EVENT_PROBE);
}

static void a_function_is_asked_for_at_the_start_and_now_and_then(void **state)
{
	struct device *d = *state;
	struct scep_deploy_end end = {.use_index = VPN, .is_good = true};

	assert_int_equal(probed(d), 0);
	d->config.uses[1].has_probe = true;
	device_restart(d);
	assert_int_equal(probed(d), 1);
	deploy_end(&d->state, &end);
	device_tick(d);
	assert_false(use(d, VPN)->function_enabled);
	assert_true(use(d, WEB)->function_enabled);
	device_run_for(d, 300);
	assert_int_equal(probed(d), 1);
	device_run_for(d, 400);
	assert_int_equal(probed(d), 2);
	end.is_enabled = true;
	deploy_end(&d->state, &end);
	device_tick(d);
	assert_true(use(d, VPN)->function_enabled);
}

/* ---------------------------------------------------------------- the timer */

static void a_run_waits_for_a_location_that_is_not_configured(void **state)
{
	struct device *d = *state;

	device_text(d, SCEP_AUTO_USE_LOCATION, 1, "vpn");
	enable(d, d->io.wall + HOUR);
	d->config.use_count = 1;
	device_restart(d);
	assert_int_equal(timer(d)->oper_status, WAITING);
	device_run_for(d, 2 * HOUR);
	assert_int_equal(timer(d)->oper_status, BLOCKED);
	assert_int_equal(announced(d, 1)->detail, SCEP_CONFIG_ERROR);
	assert_non_null(strstr(announced(d, 1)->text,
			       "waiting for the use location 'vpn'"));
	d->config.use_count = 2;
	device_restart(d);
	device_run_for(d, 120);
	run_deploying(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_string_equal(device_status(d)->text, "");
}

static void a_run_that_wants_a_restart_is_applied_by_it(void **state)
{
	struct device *d = *state;

	d->state.config.uses[0].needs_restart = true;
	d->state.config.has_restart_command = true;
	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	device_set(d);
	renew_for(d, "web,vpn", false);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_RESTART_NEEDED);
	assert_int_equal(use(d, VPN)->applied, SCEP_APPLIED_YES);
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART), 1);
	device_restart(d);
	assert_int_equal(use(d, WEB)->applied, SCEP_APPLIED_YES);
}

static void a_failed_deployment_restarts_nothing(void **state)
{
	struct device *d = *state;

	d->state.config.has_restart_command = true;
	device_number(d, SCEP_AUTO_RESTART, 1, 1);
	device_set(d);
	begin_timer(d, "web", false);
	end_deploy(d, false);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_DEPLOY_FAILED);
	assert_int_equal(device_events(d, SCEP_EVENT_RESTART), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    USE_TEST(the_rows_are_those_of_the_configuration),
	    USE_TEST(a_row_keeps_its_index_when_the_file_changes_its_order),
	    USE_TEST(a_location_that_is_gone_leaves_its_key),
	    USE_TEST(without_a_location_nothing_is_deployed),
	    USE_TEST(a_request_ends_when_its_locations_have_the_key),
	    USE_TEST(the_next_key_takes_the_location_of_the_last),
	    USE_TEST(a_failure_leaves_the_old_key_and_says_so),
	    USE_TEST(what_differs_from_the_request_stands_in_the_text),
	    USE_TEST(the_next_success_takes_the_failure_away),
	    USE_TEST(a_start_tries_once_more_what_has_failed),
	    USE_TEST(a_failed_key_that_was_destroyed_is_not_tried),
	    USE_TEST(a_location_that_went_meanwhile_is_told),
	    USE_TEST(a_cancel_comes_too_late),
	    USE_TEST(a_kill_has_it_done_once_more),
	    USE_TEST(an_end_that_the_disk_refuses_is_had_again),
	    USE_TEST(what_is_not_heard_of_has_failed),
	    USE_TEST(an_end_of_another_location_is_passed_over),
	    USE_TEST(an_end_waits_for_the_end_of_a_Set),
	    USE_TEST(a_function_is_asked_for_at_the_start_and_now_and_then),
	    USE_TEST(a_run_waits_for_a_location_that_is_not_configured),
	    USE_TEST(a_run_that_wants_a_restart_is_applied_by_it),
	    USE_TEST(a_failed_deployment_restarts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
