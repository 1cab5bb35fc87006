/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that the MIB has for the numbers of its enumerations and the bits
 * of its BITS.  The table is made from the MIB file when scepctl is built, so
 * that no MIB file is needed when it runs.  Knows names and numbers, and no
 * ranges.
 */
#ifndef CTL_LABELS_H
#define CTL_LABELS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the label of a number of that object ("scepServerCipher"), or NULL.
 */
const char *label_of(const char *object, uint32_t number);
/* Finds the number of a label.  Returns false if the object has no such label.
 */
bool label_number(const char *object, const char *label, uint32_t *number);

#endif
