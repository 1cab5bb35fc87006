/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds a request while this device itself is at fault: a disk that is full,
 * read-only or away, short memory, no free descriptors.  A server may have
 * granted the request already, so that nothing is given up: it is tried again
 * until that is over, or until a manager cancels it.  Does not know what is
 * tried again.
 */
#ifndef SCEP_ENROLL_REQUEST_HOLD_H
#define SCEP_ENROLL_REQUEST_HOLD_H

#include "scep/codes.h"
#include "scep/state/open_request.h"

/* Shows why the request waits, in the view alone, logs it once, and plans the
 * next try: after 5 s, and later less often, but always within a minute. */
void request_hold(struct open_request *e, const struct scep_error *cause);

/* Notes that the request is stored again. */
void request_go_on(struct open_request *e);

#endif
