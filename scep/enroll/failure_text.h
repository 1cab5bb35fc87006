/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words in the log for a task that fails or that the server defers.  Knows
 * nothing of what becomes of the task.
 */
#ifndef SCEP_ENROLL_FAILURE_TEXT_H
#define SCEP_ENROLL_FAILURE_TEXT_H

#include "scep/text.h"
#include "scep/base/error.h"
#include "scep/state/task.h"

#define FAILURE_TEXT (SCEP_TEXT255 + 32)

/* Writes them: "PKCSReq failed: ...", or "failed: ..." if no step is to blame.
 */
void failure_text(const struct task *task, const struct scep_error *error,
		  char text[FAILURE_TEXT]);

#endif
