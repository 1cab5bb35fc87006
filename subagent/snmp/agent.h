/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNMP thread: Net-SNMP as an AgentX subagent, its start, its loop and its
 * end. All functions are for one thread, which makes all calls of the library;
 * only agent_stop() and the watcher are for any thread.  Knows no object of the
 * MIB.
 *
 * The order of calls:
 *
 *   agent_open()      prepares the library, up to init_agent()
 *   ...               here the library gets its configuration lines
 *   agent_watcher()   for scep_open(), which may come before or after
 *   agent_start()     init_snmp(), which connects to the master, and the
 *                     registration of the MIB
 *   agent_run()       until agent_stop(), or until the engine gives up
 *   agent_close()     closes the session with the master; the engine is closed
 *                     after agent_run() and before this, so that its last lines
 *                     still reach the log
 *
 * The agent connects again by itself to a master that was away.  While a master
 * hangs (SIGSTOP), the library blocks this thread for a few tenths of a second
 * at a time.  In connect() it would block without limit: a timer interrupts it
 * (SIGRTMIN; the engine's threads must block that signal, or all signals).
 */
#ifndef SUBAGENT_SNMP_AGENT_H
#define SUBAGENT_SNMP_AGENT_H

#include <stdbool.h>

struct scep_engine;
struct scep_event;
struct scep_watcher;

struct agent;

/* `version` is for scepAgentVersion, and is borrowed for good.  Returns 0, or
 * -1 with errno.  `*agent` is owned by the caller. */
int agent_open(const char *version, struct agent **agent);

/* Has `tell` called, in the SNMP thread, with a sentence about the master each
 * time when something about it has changed. */
void agent_tell_master(struct agent *agent,
		       void (*tell)(void *context, const char *text),
		       void *context);

/* Returns the watcher for the engine: it brings lines and events to the SNMP
 * thread through a queue.  Borrowed from the agent, which must outlive the
 * engine. */
const struct scep_watcher *agent_watcher(const struct agent *agent);

/* Registers the MIB over this engine (borrowed).  Without a master this
 * succeeds too, and connects later.  Returns 0, or -1 after having logged
 * the reason. */
int agent_start(struct agent *agent, struct scep_engine *engine);

/* Runs the loop.  Returns 0 after agent_stop(), -1 after SCEP_EVENT_FATAL. */
int agent_run(struct agent *agent);

/* Tells if the SNMP thread has come round since the last call of this function,
 * and wakes it to come round once more.  Before agent_run() it need not.  From
 * any one thread; never waits. */
bool agent_is_responsive(struct agent *agent);
/* Ends agent_run().  From any thread and from a signal handler. */
void agent_stop(struct agent *agent);

/* Ends the session and frees.  NULL is fine. */
void agent_close(struct agent *agent);

#endif
