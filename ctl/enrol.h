/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `request` and `renew`: sends, and follows a request to its end.
 */
#ifndef CTL_ENROL_H
#define CTL_ENROL_H

#include "ctl/visit.h"

void enrol_request(struct visit *visit);
/* The words are the indexes or the names of keys. */
void enrol_renew(struct visit *visit);

#endif
