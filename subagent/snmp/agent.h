/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNMP thread: Net-SNMP as an AgentX subagent, its start, its loop and
 * its end.  All functions are for one and the same thread, which makes all
 * calls of the library; only agent_stop() and the watcher are for any.
 *
 * The order of a life:
 *
 *   agent_open()      prepares the library, up to init_agent()
 *   ...               configuration lines are given to the library here
 *   agent_watcher()   for scep_open(), which may come before or after
 *   agent_start()     init_snmp(), which connects to the master, and the
 *                     registration of the MIB
 *   agent_run()       until agent_stop(), or until the engine gives up
 *   agent_close()     says goodbye to the master; the engine is closed after
 *                     agent_run() and before this, so that its last lines
 *                     still reach the log
 *
 * A master that goes and comes back is found again by itself.  While one hangs
 * (SIGSTOP) the library blocks this thread for a few tenths of a second at a
 * time, also in connect(), which a timer of the agent's interrupts (SIGRTMIN);
 * the engine's threads must block that signal, or all signals.
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

/* What the engine calls: its lines and events reach the SNMP thread through
 * a queue.  Borrowed from the agent, which must outlive the engine. */
const struct scep_watcher *agent_watcher(const struct agent *agent);

/* Registers the MIB over this engine (borrowed).  Without a master this
 * succeeds too, and connects later.  Returns 0, or -1 and has logged why. */
int agent_start(struct agent *agent, struct scep_engine *engine);

/* Returns 0 after agent_stop(), -1 after an event SCEP_EVENT_FATAL. */
int agent_run(struct agent *agent);

/* Tells if the SNMP thread has come round since the last call of this function,
 * and wakes it to come round once more.  From any one thread; never waits. */
bool agent_is_responsive(struct agent *agent);
/* Ends agent_run().  From any thread and from a signal handler. */
void agent_stop(struct agent *agent);

/* Ends the session and frees.  NULL is fine. */
void agent_close(struct agent *agent);

#endif
