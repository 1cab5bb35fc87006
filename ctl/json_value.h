/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as JSON.  Knows no file and no SNMP.
 */
#ifndef CTL_JSON_VALUE_H
#define CTL_JSON_VALUE_H

#include "scep/change.h"
#include "subagent/snmp/objects.h"

#include <jansson.h>

/* Returns the value as JSON, owned: numbers, labels, booleans, lists of labels,
 * texts, 5A:0E, ISO 8601.  Returns NULL if it cannot be written: a text that is
 * not UTF-8, a secret, an action. */
json_t *json_value(const struct object *object, const struct scep_value *value);

#endif
