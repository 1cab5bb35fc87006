/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device for the tests of the story: a real state in a folder of its own
 * with the real store, a virtual io, and a CA that follows a script.  It can
 * be killed between any two steps and started again on the same folder.
 * Fails the running test where something is amiss.
 */
#ifndef TESTS_DEVICE_H
#define TESTS_DEVICE_H

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/status_row.h"
#include "scep/engine/set_txn.h"
#include "scep/state/open_request.h"
#include "scep/state/health.h"
#include "tests/lib/scripted_ca.h"

struct scep_key;
struct scep_profile;
struct scep_view;

#define DEVICE_EVENTS 64
#define DEVICE_URL    "http://ca.example/scep"
#define DEVICE_SECRET "open-sesame-1234"

struct device {
	char folder[256];
	struct virtual_io io;
	struct scripted_ca ca;
	struct scep_config config;
	struct state state;
	struct set_txn set_txn;
	bool is_on;
	struct scep_change change; /* the Set that is being written */
	struct scep_verdict verdict;
	uint64_t ticket;
	struct scep_event events[DEVICE_EVENTS];
	size_t event_count;
	const char *bad_location; /* what a look finds, or NULL */
	unsigned int looks;
	bool look_hangs; /* no look has an answer */
	struct scep_error error;
};

/* Setup and teardown of a test: `*state` is a device that is on, whose
 * profile 1 wants a key of 1024 bits from the CA that it pins. */
int device_setup(void **state);
int device_teardown(void **state);

/* Starts it on what is in its folder. */
void device_start(struct device *device);
/* The same, where the start may fail: with is_on unset, the error stays. */
enum scep_code device_try_start(struct device *device);
/* As by SIGKILL: nothing is written any more, and memory is freed. */
void device_kill(struct device *device);
void device_restart(struct device *device);

/* Add to the next Set. */
void device_text(struct device *device, enum scep_field field, uint32_t index,
		 const char *text);
void device_number(struct device *device, enum scep_field field, uint32_t index,
		   int64_t number);
void device_octets(struct device *device, enum scep_field field, uint32_t index,
		   const void *octets, size_t length);
/* Sends the Set without confirming it. */
enum scep_refusal device_apply(struct device *device);
/* Sends it, which must be accepted, and confirms it. */
void device_set(struct device *device);
/* A Set of one number. */
void device_set_number(struct device *device, enum scep_field field,
		       uint32_t index, int64_t number);
/* A Set of scepRequestAction of profile 1. */
void device_act(struct device *device, enum scep_request_action action);
/* The URL, the fingerprint of its CA, and P of a manual request. */
void device_fill(struct device *device, uint32_t profile);
/* Poll, PollCount and PollInterval. */
void device_set_polls(struct device *device, uint32_t count, uint32_t interval);
/* P, with the challenge, and send, all in one Set. */
void device_send(struct device *device, uint32_t profile);

/* Does what the engine does when it is woken. */
void device_tick(struct device *device);
/* One step, and what follows from it at once.  False: there is none. */
bool device_step(struct device *device);
/* All that can be done without time passing. */
void device_run(struct device *device);
/* Runs until the step is the one that is to be done, before it is done. */
void device_run_to(struct device *device, enum step_id step);
/* Lets time pass, up to one wake-up after the other. */
void device_run_for(struct device *device, uint32_t seconds);

/* Rows as the last published view has them; the last status row. */
const struct scep_view *device_view(struct device *device);
const struct scep_status *device_status(struct device *device);
const struct scep_profile *device_profile(struct device *device,
					  uint32_t index);
/* The record of the last request, or NULL. */
const struct record *device_record(struct device *device);
/* The only row of scepKeyTable, whose files must be in order. */
const struct scep_key *device_only_key(struct device *device);

void device_assert_status(struct device *device, enum scep_state state,
			  enum scep_code detail);
/* One key and one transaction were sent, and the status row is about them. */
void device_assert_one_transaction(struct device *device);
/* The number of events of that kind. */
unsigned int device_events(const struct device *device,
			   enum scep_event_kind kind);
/* The number of files in keys/ and certs/, with hidden ones. */
unsigned int device_files(const struct device *device);
/* Tells whether the text stands anywhere in the files of the state directory.
 */
bool device_has_on_disk(const struct device *device, const char *text);

#endif
