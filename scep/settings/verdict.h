/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals: a verdict with its reason in words.  Knows no rule.
 */
#ifndef SCEP_SETTINGS_VERDICT_H
#define SCEP_SETTINGS_VERDICT_H

#include "scep/change.h"

/* Sets the refusal and its reason, and leaves the item alone.  Returns
 * `refusal`, so that a function can end with it. */
enum scep_refusal verdict_refuse(struct scep_verdict *verdict,
				 enum scep_refusal refusal, const char *format,
				 ...) __attribute__((format(printf, 3, 4)));

#endif
