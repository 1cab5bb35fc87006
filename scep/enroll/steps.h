/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of an enrolment, as one table that reads like the RFC.  Knows
 * neither the order of compose, exchange, digest and settle (pipeline.h) nor
 * how a request changes its state (transitions.h).
 */
#ifndef SCEP_ENROLL_STEPS_H
#define SCEP_ENROLL_STEPS_H

#include "scep/enroll/step.h"

/* Returns NULL for a number that is no step. */
const struct step *steps_find(enum step_id id);

#endif
