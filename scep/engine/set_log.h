/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log lines of a Set that stands: what a manager has decided (the server of
 * a profile, its trust, its timer) and what is gone by that.  Compares the rows
 * before and after.  Knows no value that is secret, and changes nothing.
 */
#ifndef SCEP_ENGINE_SET_LOG_H
#define SCEP_ENGINE_SET_LOG_H

struct state;
struct txn;

/* Logs what differs between the rows of `undo`, which would undo the Set, and
 * those of the state. */
void set_log(const struct state *state, const struct txn *undo);

#endif
