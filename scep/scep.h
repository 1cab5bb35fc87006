/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the enrolment engine: what a front end calls.  Together with the
 * row headers beside it, it is all that subagent/ sees of scep/.
 *
 * The engine owns a thread of its own.  A front end reads by taking the last
 * published snapshot, which never waits for disk, crypto or network, and
 * writes by applying a change, which waits for one commit and for nothing
 * else.  Events come back over a watcher.  This header knows no SNMP, no
 * HTTP, no SQL and no CMS.
 */
#ifndef SCEP_SCEP_H
#define SCEP_SCEP_H

#include <stdbool.h>
#include <stdint.h>

#include "scep/change.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/view.h"

struct scep_engine;

/*
 * Opens the state directory, recovers what was in hand and starts the thread.
 * Copies the configuration and the watcher.  On success `*engine` is owned by
 * the caller.  Fails with SCEP_STORAGE_ERROR (state directory, second
 * instance) or SCEP_CONFIG_ERROR, and says why in `error`.
 */
enum scep_code scep_open(const struct scep_config *config,
			 const struct scep_watcher *watcher,
			 struct scep_engine **engine, struct scep_error *error);

/* Stops within a second, keeping all that is open, and frees.  NULL is fine. */
void scep_close(struct scep_engine *engine);

/* Takes over a configuration that was read again. */
enum scep_code scep_reconfigure(struct scep_engine *engine,
				const struct scep_config *config,
				struct scep_error *error);

/* The last published view.  Never waits.  Release it when done. */
const struct scep_view *scep_view_take(struct scep_engine *engine);
void scep_view_release(const struct scep_view *view);

/*
 * Judges a change, whose values are good each by itself, as a whole against the
 * last published view.  A refusal names the item and the reason.  Waits two
 * seconds at most, for an engine that does not respond: that is
 * SCEP_RESOURCE_UNAVAILABLE here, while a manager can still be told.
 */
enum scep_refusal scep_change_check(struct scep_engine *engine,
				    const struct scep_change *change,
				    struct scep_verdict *verdict);

/*
 * Judges a change as a whole once more, against the present state of the
 * engine, makes it and waits for its one commit.  On success the change is on
 * disk and `*ticket` names it; actions in it begin with scep_change_confirm(),
 * or by themselves if neither confirm nor revert comes within some seconds.
 * SCEP_RESOURCE_UNAVAILABLE: the engine has not taken it up within two seconds,
 * and will not.
 */
enum scep_refusal scep_change_apply(struct scep_engine *engine,
				    const struct scep_change *change,
				    uint64_t *ticket,
				    struct scep_verdict *verdict);
/* Lets the actions of an applied change begin.  Never waits. */
void scep_change_confirm(struct scep_engine *engine, uint64_t ticket);
/* Takes an applied change back, and waits for one commit.  Idempotent.
 * SCEP_COMMIT_FAILED: the disk refuses, or it is too late; the change stands.
 */
enum scep_refusal scep_change_revert(struct scep_engine *engine,
				     uint64_t ticket,
				     struct scep_verdict *verdict);

/* Tells if the engine's thread has come round since the last call of this
 * function, and asks it to come round once more.  For a watchdog; never waits.
 */
bool scep_is_responsive(struct scep_engine *engine);

/* Reports how the command of SCEP_EVENT_RESTART has ended.  Never waits. */
void scep_restart_ended(struct scep_engine *engine, bool is_good);
/* Reports how SCEP_EVENT_DEPLOY or SCEP_EVENT_PROBE has ended.  Never waits. */
void scep_deploy_ended(struct scep_engine *engine,
		       const struct scep_deploy_end *end);
/* How SCEP_EVENT_LOOK has ended.  Never waits. */
void scep_look_ended(struct scep_engine *engine,
		     const struct scep_deploy_end *end);

#endif
