/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the text of a successful status row: a use location that does not have
 * the certificate, when the certificate begins, and what differs from the
 * request. Knows no transition.
 */
#ifndef SCEP_ENROLL_SUCCESS_TEXT_H
#define SCEP_ENROLL_SUCCESS_TEXT_H

#include <stdint.h>

struct scep_status;
struct task;

/* Shows a success, and what an operator should know about it.  `begins` is when
 * the certificate does, if that is far ahead, else 0. */
void success_text_put(const struct task *task, struct scep_status *status,
		      int64_t begins);

#endif
