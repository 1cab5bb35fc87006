/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours, on a terminal alone; NO_COLOR switches them off.
 */
#ifndef CTL_PAINT_H
#define CTL_PAINT_H

#include "ctl/visit.h"

/* Colours what is printed until paint_end(), by a value of scepAgentHealth. */
void paint_begin(const struct visit *visit, int64_t health);
void paint_end(const struct visit *visit);

#endif
