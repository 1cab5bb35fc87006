/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `keys`: lists the keys and certificates, deploys, takes back, verifies and
 * removes them.
 */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include "ctl/visit.h"

void keys_run(struct visit *visit);

#endif
