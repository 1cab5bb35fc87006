/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCEP-CLIENT-MIB as data: an array of all objects, in the order of their
 * object identifiers, and an array of the groups and tables that have them.  A
 * new object is a clause in the MIB file, a member of a struct and a row in
 * mibs/objects.def.  find.c, values.c and set.c work from the rows and know no
 * object by its name.
 *
 * Knows names, syntaxes, ranges and the places of members.  Knows no protocol:
 * arcs are relative to the root of the MIB (1.3.1.2 is scepServerPort).
 */
#ifndef SUBAGENT_SNMP_OBJECTS_H
#define SUBAGENT_SNMP_OBJECTS_H

#include <stdio.h>

#include "scep/change.h"

struct read_context;

/* The syntax of an object in the MIB, and the type of its member in C. */
enum object_syntax {
	SYNTAX_TEXT,	  /* SnmpAdminString; char[] */
	SYNTAX_OCTETS,	  /* OCTET STRING; struct scep_octetsN */
	SYNTAX_SECRET,	  /* OCTET STRING that always reads as empty */
	SYNTAX_UNSIGNED,  /* Unsigned32; uint32_t */
	SYNTAX_GAUGE,	  /* Gauge32; uint32_t */
	SYNTAX_COUNTER,	  /* Counter32; uint32_t */
	SYNTAX_INTEGER,	  /* Integer32; int32_t, or computed and saturated */
	SYNTAX_ENUM,	  /* INTEGER of a range, mostly named; uint32_t */
	SYNTAX_TRUTH,	  /* TruthValue; uint32_t, 0 or 1 */
	SYNTAX_BITS,	  /* BITS; uint32_t, bit n of the MIB is 1u << n */
	SYNTAX_TIME,	  /* DateAndTime, SIZE(0|8|11); int64_t seconds */
	SYNTAX_TIMESTAMP, /* TimeStamp; uint64_t ms of CLOCK_MONOTONIC */
	SYNTAX_COUNT
};

enum object_access { ACCESS_NONE, ACCESS_READ, ACCESS_WRITE, ACCESS_CREATE };

/* The structs that the instances of an object come from. */
enum object_home {
	HOME_AGENT, /* scalars of struct scep_agent */
	HOME_STATS, /* scalars of struct scep_stats */
	HOME_PROFILE,
	HOME_STATUS,
	HOME_KEY,
	HOME_CA,
	HOME_USE,
	HOME_REFUSAL,
	HOME_COUNT
};

enum object_table_id {
	TABLE_AGENT,
	TABLE_PROFILE,
	TABLE_SERVER,
	TABLE_REQUEST,
	TABLE_AUTO,
	TABLE_STATUS_SCALARS,
	TABLE_STATUS,
	TABLE_KEY_SCALARS,
	TABLE_KEY,
	TABLE_CA_SCALARS,
	TABLE_CA,
	TABLE_USE,
	TABLE_STATS,
	TABLE_NOTIFY,
	TABLE_SUMMARY,
	TABLE_REFUSAL,
	TABLE_COUNT
};

/* A group of scalars, or the entry of a table. */
struct object_table {
	uint32_t arc[4]; /* of the group or entry, below the root */
	size_t arc_count;
	enum object_home home;
	uint32_t index_max; /* 0: scalars; the smallest index is 1 */
};

/* Works out a number when it is read. */
typedef int64_t (*object_number_fn)(const struct read_context *context,
				    const void *row);
/* Writes a text that is not in the row. */
typedef void (*object_text_fn)(const struct read_context *context,
			       const void *row, char text[SCEP_TEXT255]);
/* Returns whether there is an instance; only scalars may lack theirs. */
typedef bool (*object_exists_fn)(const struct read_context *context);

struct object {
	const char *name;
	enum object_table_id table;
	uint32_t arc; /* within its table */
	enum object_syntax syntax;
	enum object_access access;
	struct scep_range range;
	bool has_default;
	uint32_t preset; /* DEFVAL of numbers; texts: empty */
	size_t offset;	 /* of the member in the row, unless worked out */
	object_number_fn number;
	object_text_fn text;
	object_exists_fn exists;
	enum scep_field field; /* that a Set writes, or SCEP_FIELD_NONE */
};

extern const struct object objects[];
extern const size_t object_count;
extern const struct object_table object_tables[TABLE_COUNT];

/* The deepest object has four arcs in front of its own (.1.6.5.1). */
#define OBJECT_ARCS 5

/* Writes the arcs of an object below the root; returns how many. */
size_t object_arcs(const struct object *object, uint32_t arc[OBJECT_ARCS]);
bool object_is_scalar(const struct object *object);

#endif
