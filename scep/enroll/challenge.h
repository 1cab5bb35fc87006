/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenge password of a request: if it is there where one is needed, and
 * if a refusal may come from its absence.  Knows no transition, and never shows
 * a password.
 */
#ifndef SCEP_ENROLL_CHALLENGE_H
#define SCEP_ENROLL_CHALLENGE_H

#include <stdbool.h>

struct open_request;
struct scep_status;

/* Checks before anything is sent that the reply can be opened.  Returns false
 * with work.error if that needs a challenge, and the request has none. */
bool challenge_check(struct open_request *e, const struct scep_status *now);

/* Tells if a challenge might have prevented work.error: the request had none,
 * and nothing else authenticated it. */
bool challenge_is_lacking(const struct open_request *e);

#endif
