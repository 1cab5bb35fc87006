/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ca`, `use` and `events`: lists CA certificates, use locations and what has
 * happened; trusts and rejects CA certificates.
 */
#ifndef CTL_LISTS_H
#define CTL_LISTS_H

#include "ctl/visit.h"

void lists_ca(struct visit *visit);
void lists_use(struct visit *visit);
void lists_events(struct visit *visit);

#endif
