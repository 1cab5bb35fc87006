/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of every step, written once: compose on a worker, exchange on the
 * loop, digest on a worker, settle on the loop.  Knows no step by name.
 */
#ifndef SCEP_ENROLL_PIPELINE_H
#define SCEP_ENROLL_PIPELINE_H

#include "scep/state/open_request.h"

/* Goes on with all requests and checks whose time has come. */
uint64_t pipeline_tick(struct state *state);

#endif
