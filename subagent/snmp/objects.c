/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array of all objects, made from the rows of mibs/objects.def.  Their
 * order is that of the object identifiers; GETNEXT and the binary search of
 * find.c rely on it.
 */
#include "subagent/snmp/objects.h"

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "mibs/object_words.h"
#include "subagent/snmp/derived.h"
#include "subagent/snmp/refusal_table.h"

#include <inttypes.h>

const struct object_table object_tables[TABLE_COUNT] = {
    [TABLE_AGENT] = {{1, 1}, 2, HOME_AGENT, 0},
    [TABLE_PROFILE] = {{1, 2, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_SERVER] = {{1, 3, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_REQUEST] = {{1, 4, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_AUTO] = {{1, 5, 1}, 3, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_STATUS_SCALARS] = {{1, 6}, 2, HOME_AGENT, 0},
    [TABLE_STATUS] = {{1, 6, 5, 1}, 4, HOME_STATUS, UINT32_MAX},
    [TABLE_KEY_SCALARS] = {{1, 7}, 2, HOME_AGENT, 0},
    [TABLE_KEY] = {{1, 7, 4, 1}, 4, HOME_KEY, 65535},
    [TABLE_CA_SCALARS] = {{1, 8}, 2, HOME_AGENT, 0},
    [TABLE_CA] = {{1, 8, 2, 1}, 4, HOME_CA, UINT32_MAX},
    [TABLE_USE] = {{1, 9, 1, 1}, 4, HOME_USE, UINT32_MAX},
    [TABLE_STATS] = {{1, 10}, 2, HOME_STATS, 0},
    [TABLE_NOTIFY] = {{1, 11}, 2, HOME_AGENT, 0},
    [TABLE_SUMMARY] = {{1, 12, 1, 1}, 4, HOME_PROFILE, SCEP_PROFILE_MAX},
    [TABLE_REFUSAL] = {{1, 13, 1, 1}, 4, HOME_REFUSAL, UINT32_MAX},
};

/* Names what a Set may do with the settings and actions of a group. */
#define ACCESS_AGENT	      ACCESS_WRITE
#define ACCESS_PROFILE	      ACCESS_CREATE
#define ACCESS_SERVER	      ACCESS_CREATE
#define ACCESS_REQUEST	      ACCESS_CREATE
#define ACCESS_AUTO_VALUES    ACCESS_CREATE
#define ACCESS_AUTO	      ACCESS_CREATE
#define ACCESS_STATUS_SCALARS ACCESS_WRITE
#define ACCESS_KEY	      ACCESS_CREATE
#define ACCESS_CA	      ACCESS_CREATE
#define ACCESS_NOTIFY	      ACCESS_WRITE

#define TABLE_AUTO_VALUES     TABLE_AUTO
#define SYNTAX_NUMBER	      SYNTAX_UNSIGNED

#define DEFVAL(number)	      .has_default = true, .preset = (number)
#define EMPTY		      .has_default = true
#define NO_DEFVAL(number)     .has_default = false

/* One row of the array: the words that all objects have, then the others. */
#define OBJECT(group, number, words, kind, span, ...)                          \
	{.table = TABLE_##group,                                               \
	 .arc = number,                                                        \
	 .name = words,                                                        \
	 .syntax = SYNTAX_##kind,                                              \
	 .range = span,                                                        \
	 __VA_ARGS__},
#define MIB_INDEX(group, name, range)                                          \
	OBJECT(group, 1, name, NUMBER, range, .access = ACCESS_NONE,           \
	       .offset = offsetof(ROW_##group, index))
#define MIB_SETTING(group, arc, id, name, member, kind, range, preset,         \
		    keeping)                                                   \
	OBJECT(group, arc, name, kind, range, .access = ACCESS_##group,        \
	       .field = id,                                                    \
	       .offset = offsetof(ROW_##group, PART_##group member), preset)
#define MIB_ACTION(group, arc, id, name, range)                                \
	OBJECT(group, arc, name, ENUM, range, .access = ACCESS_##group,        \
	       .field = id, .number = derived_one)
#define MIB_SHOWN(group, arc, name, member, kind, range)                       \
	OBJECT(group, arc, name, kind, range, .access = ACCESS_READ,           \
	       .offset = offsetof(ROW_##group, member))
#define MIB_DERIVED(group, arc, name, function, kind, range)                   \
	OBJECT(group, arc, name, kind, range, .access = ACCESS_READ,           \
	       .number = function)
#define MIB_DERIVED_TEXT(group, arc, name, function, range)                    \
	OBJECT(group, arc, name, TEXT, range, .access = ACCESS_READ,           \
	       .text = function)
#define MIB_DERIVED_SOMETIMES(group, arc, name, function, there, kind, range)  \
	OBJECT(group, arc, name, kind, range, .access = ACCESS_READ,           \
	       .number = function, .exists = there)

const struct object objects[] = {
#include "mibs/objects.def"
};

const size_t object_count = sizeof(objects) / sizeof(objects[0]);

size_t object_arcs(const struct object *object, uint32_t arc[OBJECT_ARCS])
{
	const struct object_table *table = &object_tables[object->table];
	size_t count = 0;

	while (count < table->arc_count) {
		arc[count] = table->arc[count];
		count++;
	}
	arc[count++] = object->arc;
	return count;
}

bool object_is_scalar(const struct object *object)
{
	return object_tables[object->table].index_max == 0;
}
