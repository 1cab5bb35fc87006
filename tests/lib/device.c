/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/scep.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/rows.h"
#include "scep/view.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/base/log.h"
#include "scep/engine/recover.h"
#include "scep/engine/tick.h"
#include "scep/enroll/look.h"

static void on_event(void *context, const struct scep_event *event)
{
	struct device *device = context;

	if (event->kind == SCEP_EVENT_LOOK)
		return;
	assert_true(device->event_count < DEVICE_EVENTS);
	device->events[device->event_count++] = *event;
}

static void on_log(void *context, enum scep_log_level level, const char *line)
{
	(void)context;
	(void)level;
	if (getenv("DEVICE_LOG") != NULL)
		fprintf(stderr, "%s\n", line);
}

/* ----------------------------------------------------------- on and off -- */

enum scep_code device_try_start(struct device *device)
{
	const struct scep_watcher watcher = {
	    .context = device,
	    .event = on_event,
	};
	enum scep_code code;

	assert_false(device->is_on);
	error_init(&device->error);
	set_txn_init(&device->set_txn, &device->io.io);
	assert_true(state_init(&device->state, set_txn_io(&device->set_txn),
			       &device->config, &watcher));
	code = recover(&device->state, &device->error);
	device->is_on = true;
	if (code != SCEP_OK)
		device_kill(device);
	else
		device_tick(device);
	return code;
}

void device_start(struct device *device)
{
	if (device_try_start(device) != SCEP_OK)
		fail_msg("%s", device->error.text);
}

void device_kill(struct device *device)
{
	if (!device->is_on)
		return;
	task_stop_all(&device->state);
	set_txn_free(&device->set_txn);
	virtual_io_close(&device->io);
	open_request_discard_all(&device->state);
	state_free(&device->state);
	device->is_on = false;
}

void device_restart(struct device *device)
{
	device_kill(device);
	device_start(device);
}

int device_setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	struct device *device = calloc(1, sizeof(*device));

	if (device == NULL)
		return -1;
	*state = device;
	log_set_sink(on_log, NULL);
	snprintf(device->folder, sizeof(device->folder), "%s/device.XXXXXX",
		 parent != NULL ? parent : "/tmp");
	if (mkdtemp(device->folder) == NULL)
		return -1;
	virtual_io_init(&device->io, SCRIPTED_NOW, scripted_ca_serve,
			&device->ca);
	scripted_ca_open(&device->ca, &device->io.wall);
	scep_config_init(&device->config);
	snprintf(device->config.state_directory,
		 sizeof(device->config.state_directory), "%s/state",
		 device->folder);
	device->config.allow_short_keys = true;
	scep_change_init(&device->change);
	device_start(device);
	device_fill(device, 1);
	return 0;
}

int device_teardown(void **state)
{
	struct device *device = *state;
	char command[300];

	device_kill(device);
	scep_change_free(&device->change);
	scripted_ca_close(&device->ca);
	log_set_sink(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf '%s'", device->folder);
	if (system(command) != 0)
		return -1;
	free(device);
	pki_keys_free();
	return 0;
}

/* ----------------------------------------------------------------- Sets -- */

static void add(struct device *device, enum scep_field field, uint32_t index,
		const void *octets, size_t length, int64_t number)
{
	struct scep_item item = {
	    .field = field,
	    .index = index,
	    .value = {.number = number, .length = (uint32_t)length},
	};

	if (length > 0)
		memcpy(item.value.octets, octets, length);
	assert_true(scep_change_add(&device->change, &item));
}

void device_text(struct device *device, enum scep_field field, uint32_t index,
		 const char *text)
{
	add(device, field, index, text, strlen(text), 0);
}

void device_number(struct device *device, enum scep_field field, uint32_t index,
		   int64_t number)
{
	add(device, field, index, NULL, 0, number);
}

void device_octets(struct device *device, enum scep_field field, uint32_t index,
		   const void *octets, size_t length)
{
	add(device, field, index, octets, length, 0);
}

enum scep_refusal device_apply(struct device *device)
{
	enum scep_refusal refusal =
	    set_txn_change(&device->set_txn, &device->state, &device->change,
			   &device->ticket, &device->verdict);

	scep_change_free(&device->change);
	device_tick(device);
	return refusal;
}

void device_set(struct device *device)
{
	if (device_apply(device) != SCEP_ACCEPTED)
		fail_msg("%s", device->verdict.reason);
	set_txn_confirm(&device->set_txn, &device->state, device->ticket);
	device_tick(device);
}

void device_set_number(struct device *device, enum scep_field field,
		       uint32_t index, int64_t number)
{
	device_number(device, field, index, number);
	device_set(device);
}

void device_act(struct device *device, enum scep_request_action action)
{
	device_set_number(device, SCEP_REQUEST_ACTION, 1, action);
}

void device_fill(struct device *device, uint32_t profile)
{
	unsigned char fingerprint[32];

	scripted_ca_fingerprint(&device->ca, fingerprint);
	device_text(device, SCEP_SERVER_URL, profile, DEVICE_URL);
	device_octets(device, SCEP_SERVER_CA_FINGERPRINT, profile, fingerprint,
		      sizeof(fingerprint));
	device_set(device);
}

void device_set_polls(struct device *device, uint32_t count, uint32_t interval)
{
	device_number(device, SCEP_AUTO_POLL, 1, count > 0);
	if (count > 0)
		device_number(device, SCEP_AUTO_POLL_COUNT, 1, count);
	device_number(device, SCEP_AUTO_POLL_INTERVAL, 1, interval);
	device_set(device);
}

void device_send(struct device *device, uint32_t profile)
{
	device_text(device, SCEP_REQUEST_KEY_NAME, profile, "web");
	device_text(device, SCEP_REQUEST_COMMON_NAME, profile,
		    "printer.example");
	device_number(device, SCEP_REQUEST_KEY_LENGTH, profile, 1024);
	device_text(device, SCEP_REQUEST_CHALLENGE_PASSWORD, profile,
		    DEVICE_SECRET);
	device_number(device, SCEP_REQUEST_ACTION, profile, SCEP_ACTION_SEND);
	device_set(device);
}

/* -------------------------------------------------------------- running -- */

/* Looks at use locations, as the front end does. */
static void answer_look(struct device *device)
{
	struct scep_deploy_end end = {
	    .is_look = true,
	    .use_index = device->state.look.request,
	    .is_good = device->bad_location == NULL,
	};

	if (device->bad_location != NULL)
		strcpy(end.text, device->bad_location);
	device->looks++;
	look_end(&device->state, &end);
}

void device_tick(struct device *device)
{
	tick_run(&device->state, &device->set_txn, STATE_NEVER);
	while (device->state.look.is_running && !device->state.look.has_end &&
	       !device->look_hangs) {
		answer_look(device);
		if (!set_txn_is_open(&device->set_txn))
			tick_run(&device->state, &device->set_txn, STATE_NEVER);
	}
}

bool device_step(struct device *device)
{
	bool is_done = virtual_io_step(&device->io);

	/* The engine's tick comes when the io was asked for it. */
	while (device->io.wake != 0 && device->io.wake <= device->io.mono) {
		device->io.wake = 0;
		device_tick(device);
		is_done = true;
	}
	return is_done;
}

void device_run(struct device *device)
{
	int steps = 0;

	while (device_step(device))
		assert_true(++steps < 10000);
}

void device_run_to(struct device *device, enum step_id step)
{
	while (device_record(device) == NULL ||
	       device_record(device)->step != step)
		assert_true(device_step(device));
}

void device_run_for(struct device *device, uint32_t seconds)
{
	uint64_t end = device->io.mono + (uint64_t)seconds * 1000;

	device_run(device);
	while (device->io.wake != 0 && device->io.wake <= end) {
		virtual_io_advance(&device->io,
				   device->io.wake - device->io.mono);
		device_run(device);
	}
	virtual_io_advance(&device->io, end - device->io.mono);
}

/* -------------------------------------------------------------- looking -- */

/* The view that was published last must be what the engine has. */
const struct scep_view *device_view(struct device *device)
{
	const struct scep_view *view = state_take(&device->state);

	/* The device is not told to go on while the caller looks. */
	scep_view_release(view);
	return view;
}

const struct scep_status *device_status(struct device *device)
{
	const struct scep_view *view = device_view(device);

	return scep_rows_find(&view->statuses, view->agent.status_last_index);
}

const struct scep_profile *device_profile(struct device *device, uint32_t index)
{
	return scep_rows_find(&device_view(device)->profiles, index);
}

const struct record *device_record(struct device *device)
{
	struct open_request *e = open_request_find(
	    &device->state, device->state.view.agent.status_last_index);

	return e != NULL ? e->task.record : NULL;
}

/* The key that was asked for is the one in the file. */
static void assert_key_file(struct device *device, const struct scep_key *row)
{
	char reference[4400];
	char digest[65];
	EVP_PKEY *key = NULL;

	snprintf(reference, sizeof(reference), "file:%s/%s.pem",
		 device->state.keys_folder, row->file_id);
	if (key_open(reference, &key, &device->error) != SCEP_OK ||
	    key_digest(key, digest, &device->error) != SCEP_OK)
		fail_msg("%s", device->error.text);
	EVP_PKEY_free(key);
	assert_string_equal(digest, device->ca.key_digest);
}

const struct scep_key *device_only_key(struct device *device)
{
	const struct scep_view *view = device_view(device);
	const struct scep_key *key;

	assert_int_equal(view->keys.count, 1);
	key = view->keys.row[0];
	assert_int_equal(device_files(device), 2);
	assert_false(key->is_corrupt);
	assert_string_equal(key->name, "web");
	assert_string_equal(key->subject, "CN=printer.example");
	assert_int_not_equal(key->not_after, 0);
	assert_key_file(device, key);
	return key;
}

void device_assert_status(struct device *device, enum scep_state state,
			  enum scep_code detail)
{
	const struct scep_status *status = device_status(device);

	assert_non_null(status);
	if (status->detail != detail || status->state != state)
		fail_msg("state %u, detail %u: %s", status->state,
			 status->detail, status->text);
}

void device_assert_one_transaction(struct device *device)
{
	assert_int_equal(device->ca.transactions, 1);
	assert_int_equal(device->ca.keys, 1);
	assert_false(device->ca.nonce_was_repeated);
	assert_string_equal(device_status(device)->transaction_id,
			    device->ca.transaction_id);
}

unsigned int device_events(const struct device *device,
			   enum scep_event_kind kind)
{
	unsigned int count = 0;

	for (size_t i = 0; i < device->event_count; i++)
		count += device->events[i].kind == kind;
	return count;
}

static long long ask_shell(const char *format, const struct device *device,
			   const char *text)
{
	char command[1024];
	long long number = -1;
	FILE *pipe;

	snprintf(command, sizeof(command), format, device->folder, text);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%lld", &number), 1);
	pclose(pipe);
	return number;
}

unsigned int device_files(const struct device *device)
{
	return (unsigned int)ask_shell(
	    "find '%1$s/state/keys' '%1$s/state/certs' -type f | wc -l", device,
	    "");
}

bool device_has_on_disk(const struct device *device, const char *text)
{
	return ask_shell("grep -arF '%2$s' '%1$s' | wc -l", device, text) > 0;
}
