/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place where the state of a request changes.  A transition is
 * asserted to be allowed by the table of steps, made durable together with the
 * rows that belong to it, logged, published and notified; only then does the
 * next step compose anything.  Knows no message of RFC 8894.
 */
#ifndef SCEP_ENROLL_TRANSITIONS_H
#define SCEP_ENROLL_TRANSITIONS_H

#include "scep/state/task.h"

/* For the pipeline: the operations of a task that is an open request. */
extern const struct task_ops transitions_ops;

#endif
