/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `status`: a device on one screen of 80 columns; one line of it where several
 * devices are asked.
 */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "ctl/visit.h"

void status_show(struct visit *visit);

#endif
