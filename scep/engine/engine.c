/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's thread, and the functions of scep.h: calls of the front end are
 * queued (call_queue.h), wake the loop, and are served there.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "scep/scep.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/view.h"
#include "scep/engine/call_queue.h"
#include "scep/engine/set_txn.h"
#include "scep/keys/deploy.h"
#include "scep/enroll/look.h"
#include "scep/settings/draft.h"
#include "scep/base/error.h"
#include "scep/store/files.h"
#include "scep/base/log.h"
#include "scep/net/loop.h"
#include "scep/engine/recover.h"
#include "scep/keys/restart.h"
#include "scep/keys/spare.h"
#include "scep/state/open_request.h"
#include "scep/state/state.h"
#include "scep/enroll/timers.h"
#include "scep/engine/tick.h"

/* When a state directory that cannot be used is tried again, in ms. */
#define RECOVER_RETRY 10000
/* The wait of a start for the lock, in ms: a worker whose parent was killed
 * ends a moment after it. */
#define LOCK_PATIENCE 2000
/* The wait of a Set until the engine takes it up, in ms.  A Set that is
 * taken up waits for its commit and for nothing else. */
#define SET_PATIENCE 2000

enum call_kind {
	CALL_NOTHING,
	CALL_APPLY,
	CALL_CONFIRM,
	CALL_REVERT,
	CALL_CONFIGURE,
	CALL_RESTARTED,
	CALL_DEPLOYED,
	CALL_LOOKED,
	CALL_STOP
};

struct engine_call {
	struct call call; /* the first member */
	enum call_kind kind;
	uint64_t ticket;
	bool is_good; /* of a restart */
	struct scep_deploy_end end;
	const struct scep_change *change;
	const struct scep_config *config;
	struct scep_verdict *verdict;
	enum scep_refusal refusal;
};

struct scep_engine {
	pthread_t thread;
	struct loop *loop;
	uv_async_t wake;
	struct call_queue calls;
	int lock;	     /* on the state directory */
	uint64_t recover_at; /* mono, while there is no store */
	struct state state;
	struct set_txn set_txn;
	struct scep_config next_config; /* takes effect when no Set is open */
	bool has_next_config;

	/* The front end's copy of the configuration. */
	pthread_mutex_t config_lock;
	struct scep_config config;
};

/* ---------------------------------------------- the front end's threads -- */

/* Sends a call without waiting.  If memory is short, a Set is confirmed after a
 * while, and a restart or a deployment is given up. */
static void engine_send(struct scep_engine *engine, struct engine_call wanted)
{
	struct engine_call *call = malloc(sizeof(*call));

	if (call == NULL)
		return;
	*call = wanted;
	call_queue_send(&engine->calls, &call->call);
}

const struct scep_view *scep_view_take(struct scep_engine *engine)
{
	return state_take(&engine->state);
}

static enum scep_refusal verdict_refuse(struct scep_verdict *verdict,
					enum scep_refusal refusal,
					const char *reason)
{
	verdict->refusal = refusal;
	verdict->item = 0;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return refusal;
}

static enum scep_refusal refuse_stopped(struct scep_verdict *verdict)
{
	return verdict_refuse(verdict, SCEP_COMMIT_FAILED,
			      "the engine has stopped");
}

static enum scep_refusal refuse_silent(struct scep_verdict *verdict)
{
	return verdict_refuse(verdict, SCEP_RESOURCE_UNAVAILABLE,
			      "the engine does not respond");
}

enum scep_refusal scep_change_check(struct scep_engine *engine,
				    const struct scep_change *change,
				    struct scep_verdict *verdict)
{
	const struct scep_view *view = scep_view_take(engine);
	struct engine_call nothing = {.kind = CALL_NOTHING};
	struct scep_config config;
	struct draft draft;
	enum scep_refusal refusal;

	pthread_mutex_lock(&engine->config_lock);
	config = engine->config;
	pthread_mutex_unlock(&engine->config_lock);
	refusal = draft_make(view, &config, change, &draft, verdict);
	draft_free(&draft);
	scep_view_release(view);
	if (refusal == SCEP_ACCEPTED &&
	    call_queue_ask(&engine->calls, &nothing.call, SET_PATIENCE) ==
		CALL_NOT_TAKEN_UP)
		return refuse_silent(verdict);
	return refusal;
}

enum scep_refusal scep_change_apply(struct scep_engine *engine,
				    const struct scep_change *change,
				    uint64_t *ticket,
				    struct scep_verdict *verdict)
{
	struct engine_call call = {
	    .kind = CALL_APPLY, .change = change, .verdict = verdict};

	switch (call_queue_ask(&engine->calls, &call.call, SET_PATIENCE)) {
	case CALL_SERVED:
		*ticket = call.ticket;
		return call.refusal;
	case CALL_NOT_TAKEN_UP:
		return refuse_silent(verdict);
	case CALL_STOPPED:
		break;
	}
	return refuse_stopped(verdict);
}

void scep_change_confirm(struct scep_engine *engine, uint64_t ticket)
{
	struct engine_call call = {.kind = CALL_CONFIRM, .ticket = ticket};

	engine_send(engine, call);
}

enum scep_refusal scep_change_revert(struct scep_engine *engine,
				     uint64_t ticket,
				     struct scep_verdict *verdict)
{
	struct engine_call call = {
	    .kind = CALL_REVERT, .ticket = ticket, .verdict = verdict};

	switch (call_queue_ask(&engine->calls, &call.call, SET_PATIENCE)) {
	case CALL_SERVED:
		return call.refusal;
	case CALL_NOT_TAKEN_UP:
		return verdict_refuse(verdict, SCEP_COMMIT_FAILED,
				      "the engine does not respond");
	case CALL_STOPPED:
		break;
	}
	return refuse_stopped(verdict);
}

enum scep_code scep_reconfigure(struct scep_engine *engine,
				const struct scep_config *config,
				struct scep_error *error)
{
	struct engine_call call = {.kind = CALL_CONFIGURE, .config = config};

	if (strcmp(config->state_directory, engine->config.state_directory) !=
	    0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "stateDirectory cannot change while running");
	if (call_queue_ask(&engine->calls, &call.call, 0) != CALL_SERVED)
		return error_set(error, SCEP_INTERRUPTED,
				 "the engine has stopped");
	pthread_mutex_lock(&engine->config_lock);
	engine->config = *config;
	pthread_mutex_unlock(&engine->config_lock);
	return SCEP_OK;
}

bool scep_is_responsive(struct scep_engine *engine)
{
	return call_queue_is_responsive(&engine->calls);
}

void scep_restart_ended(struct scep_engine *engine, bool is_good)
{
	struct engine_call call = {.kind = CALL_RESTARTED, .is_good = is_good};

	engine_send(engine, call);
}

void scep_deploy_ended(struct scep_engine *engine,
		       const struct scep_deploy_end *end)
{
	struct engine_call call = {.kind = CALL_DEPLOYED, .end = *end};

	engine_send(engine, call);
}

void scep_look_ended(struct scep_engine *engine,
		     const struct scep_deploy_end *end)
{
	struct engine_call call = {.kind = CALL_LOOKED, .end = *end};

	engine_send(engine, call);
}

/* -------------------------------------------------- the engine's thread -- */

static void engine_tick(void *context);

/* A Set that is undone must not undo what a new configuration has changed. */
static void engine_configure(struct scep_engine *engine)
{
	const struct scep_config *config = &engine->next_config;
	struct txn txn;

	if (!engine->has_next_config || set_txn_is_open(&engine->set_txn))
		return;
	engine->has_next_config = false;
	engine->state.config = *config;
	engine->state.view.agent.key_limit = config->key_limit;
	if (!loop_configure(engine->loop, config))
		log_error("memory is short: exchanges with servers keep the "
			  "old configuration");
	txn_init(&txn);
	use_locations_configure(&engine->state, &txn);
	use_locations_retry(&engine->state, &txn);
	txn_commit(&engine->state, &txn, NULL, NULL);
	deploy_probe_soon(&engine->state);
	spare_look(&engine->state);
	log_info("the configuration was read again");
}

static void engine_serve(struct scep_engine *engine, struct engine_call *call)
{
	switch (call->kind) {
	case CALL_NOTHING:
		break;
	case CALL_APPLY:
		call->refusal =
		    set_txn_change(&engine->set_txn, &engine->state,
				   call->change, &call->ticket, call->verdict);
		break;
	case CALL_CONFIRM:
		set_txn_confirm(&engine->set_txn, &engine->state, call->ticket);
		/* The next Set may be in the queue already: what is due gets
		 * its tick between the two. */
		engine_tick(engine);
		break;
	case CALL_REVERT:
		call->refusal = set_txn_revert(&engine->set_txn, &engine->state,
					       call->ticket, call->verdict);
		break;
	case CALL_CONFIGURE:
		engine->next_config = *call->config;
		engine->has_next_config = true;
		engine_configure(engine);
		break;
	case CALL_RESTARTED:
		restart_end(&engine->state, call->is_good);
		break;
	case CALL_DEPLOYED:
		deploy_end(&engine->state, &call->end);
		break;
	case CALL_LOOKED:
		look_end(&engine->state, &call->end);
		break;
	case CALL_STOP:
		loop_stop(engine->loop);
		break;
	}
}

/* Runs in the loop after the front end has queued a call. */
static void on_wake(uv_async_t *wake)
{
	struct scep_engine *engine = wake->data;
	struct call *call;

	while ((call = call_queue_take_up(&engine->calls)) != NULL) {
		engine_serve(engine, (struct engine_call *)call);
		call_queue_answer(&engine->calls, call);
	}
	engine_tick(engine);
}

/*
 * Locks the state directory and recovers the state in it.  If the directory is
 * there but cannot be used, the MIB still answers: the engine refuses changes,
 * shows it in its health, and tries again (recover_tick).  The directory of a
 * newer scepagent is refused and left as it is.
 */
static enum scep_code engine_recover(struct scep_engine *engine,
				     unsigned int patience,
				     struct scep_error *error)
{
	const char *folder = engine->state.config.state_directory;
	enum scep_code code = files_make_folder(folder, error);

	if (code == SCEP_OK && engine->lock < 0)
		code = files_lock(folder, patience, &engine->lock, error);
	if (code == SCEP_OK)
		code = recover(&engine->state, error);
	if (code == SCEP_OK)
		timers_look_at_all(&engine->state);
	/* Not a disk that may come back: another scepagentd is here, or a newer
	 * one has been. */
	if (code == SCEP_CONFIG_ERROR)
		return error->code = SCEP_STORAGE_ERROR;
	if (code == SCEP_OK)
		return SCEP_OK;
	recover_nothing(&engine->state);
	engine->recover_at = state_mono(&engine->state) + RECOVER_RETRY;
	log_error("nothing can be stored: %s", error->text);
	return SCEP_OK;
}

/* Tries a state directory again that could not be used. */
static uint64_t recover_tick(struct scep_engine *engine)
{
	struct scep_error error;
	uint64_t now = state_mono(&engine->state);

	if (engine->state.store != NULL || set_txn_is_open(&engine->set_txn))
		return STATE_NEVER;
	if (now < engine->recover_at)
		return engine->recover_at;
	engine->recover_at = now + RECOVER_RETRY;
	error_init(&error);
	if (engine_recover(engine, 0, &error) != SCEP_OK)
		log_error("%s", error.text);
	return engine->state.store == NULL ? engine->recover_at : STATE_NEVER;
}

static void engine_tick(void *context)
{
	struct scep_engine *engine = context;
	uint64_t next;

	engine_configure(engine);
	next = recover_tick(engine);
	tick_run(&engine->state, &engine->set_txn, next);
}

static void *engine_main(void *context)
{
	struct scep_engine *engine = context;
	struct call *call;

	pthread_setname_np(pthread_self(), "scep-engine");
	loop_run(engine->loop);
	call_queue_close(&engine->calls);
	while ((call = call_queue_take_up(&engine->calls)) != NULL) {
		struct engine_call *late = (struct engine_call *)call;

		if (late->verdict != NULL)
			late->refusal = refuse_stopped(late->verdict);
		call_queue_answer(&engine->calls, call);
	}
	return NULL;
}

/* ------------------------------------------------------ open and close -- */

static void engine_free(struct scep_engine *engine)
{
	task_stop_all(&engine->state);
	set_txn_free(&engine->set_txn);
	if (engine->loop != NULL)
		loop_close(engine->loop);
	open_request_discard_all(&engine->state);
	state_free(&engine->state);
	if (engine->lock >= 0)
		files_unlock(engine->lock);
	call_queue_destroy(&engine->calls);
	pthread_mutex_destroy(&engine->config_lock);
	free(engine);
}

/* The front end handles signals, on its own thread. */
static int engine_start_thread(struct scep_engine *engine)
{
	sigset_t all, old;
	int failure;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failure = pthread_create(&engine->thread, NULL, engine_main, engine);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failure;
}

static enum scep_code engine_start(struct scep_engine *engine,
				   struct scep_error *error)
{
	engine->wake.data = engine;
	if (uv_async_init(loop_uv(engine->loop), &engine->wake, on_wake) != 0)
		return error_set(error, SCEP_STORAGE_ERROR,
				 "no descriptor can be had");
	if (engine_start_thread(engine) == 0)
		return SCEP_OK;
	uv_close((uv_handle_t *)&engine->wake, NULL);
	return error_set(error, SCEP_STORAGE_ERROR, "no thread can be had");
}

static void engine_wake(void *context)
{
	struct scep_engine *engine = context;

	uv_async_send(&engine->wake);
}

static bool engine_init(struct scep_engine *engine,
			const struct scep_config *config,
			const struct scep_watcher *watcher)
{
	engine->config = *config;
	engine->lock = -1;
	pthread_mutex_init(&engine->config_lock, NULL);
	call_queue_init(&engine->calls, engine_wake, engine);
	engine->loop = loop_open(config, engine_tick, engine);
	if (engine->loop == NULL)
		return false;
	set_txn_init(&engine->set_txn, loop_io(engine->loop));
	return state_init(&engine->state, set_txn_io(&engine->set_txn), config,
			  watcher);
}

enum scep_code scep_open(const struct scep_config *config,
			 const struct scep_watcher *watcher,
			 struct scep_engine **opened, struct scep_error *error)
{
	struct scep_engine *engine = calloc(1, sizeof(*engine));
	struct engine_call first = {.kind = CALL_NOTHING};
	enum scep_code code;

	error_init(error);
	if (engine == NULL)
		return error_set_memory(error);
	if (watcher != NULL)
		log_set_sink(watcher->log, watcher->context);
	if (!engine_init(engine, config, watcher))
		code = error_set_memory(error);
	else
		code = engine_recover(engine, LOCK_PATIENCE, error);
	if (code == SCEP_OK)
		code = engine_start(engine, error);
	if (code != SCEP_OK) {
		engine_free(engine);
		return code;
	}
	/* The owner of an engine can rely on its thread. */
	call_queue_ask(&engine->calls, &first.call, 0);
	*opened = engine;
	return SCEP_OK;
}

void scep_close(struct scep_engine *engine)
{
	struct engine_call call = {.kind = CALL_STOP};

	if (engine == NULL)
		return;
	/* On this stack, so that short memory cannot prevent the stop. */
	call_queue_ask(&engine->calls, &call.call, 0);
	pthread_join(engine->thread, NULL);
	uv_close((uv_handle_t *)&engine->wake, NULL);
	engine_free(engine);
}
