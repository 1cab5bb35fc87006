/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes: the settings by name, a Set as a list of assignments, and the
 * verdict on it.  Knows no row.
 */
#ifndef SCEP_CHANGE_H
#define SCEP_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scep/octets.h"
#include "scep/range.h"

/*
 * The groups of objects in the MIB: scalars that stand together, and tables.
 * Macros, because mibs/objects.def asks for them with #if.
 */
#define SCEP_GROUP_AGENT	  (1u << 0)
#define SCEP_GROUP_PROFILE	  (1u << 1)
#define SCEP_GROUP_SERVER	  (1u << 2)
#define SCEP_GROUP_REQUEST	  (1u << 3)
#define SCEP_GROUP_AUTO_VALUES	  (1u << 4)
#define SCEP_GROUP_AUTO		  (1u << 5)
#define SCEP_GROUP_STATUS_SCALARS (1u << 6)
#define SCEP_GROUP_STATUS	  (1u << 7)
#define SCEP_GROUP_KEY_SCALARS	  (1u << 8)
#define SCEP_GROUP_KEY		  (1u << 9)
#define SCEP_GROUP_CA_SCALARS	  (1u << 10)
#define SCEP_GROUP_CA		  (1u << 11)
#define SCEP_GROUP_USE		  (1u << 12)
#define SCEP_GROUP_STATS	  (1u << 13)
#define SCEP_GROUP_NOTIFY	  (1u << 14)
#define SCEP_GROUP_SUMMARY	  (1u << 15)
#define SCEP_GROUP_REFUSAL	  (1u << 16)

/* All that a manager can write: the settings and actions of the MIB. */
enum scep_field {
	SCEP_FIELD_NONE = 0,
#define MIB_SETTING(group, arc, field, ...) field,
#define MIB_ACTION(group, arc, field, ...)  field,
#include "mibs/objects.def"
	SCEP_FIELD_COUNT
};

#define SCEP_FIELDS_EACH(field)                                                \
	for (enum scep_field field = SCEP_FIELD_NONE + 1;                      \
	     field < SCEP_FIELD_COUNT; field++)

enum scep_kind {
	SCEP_KIND_NUMBER, /* uint32_t */
	SCEP_KIND_ENUM,	  /* uint32_t */
	SCEP_KIND_TRUTH,  /* uint32_t, 0 or 1 */
	SCEP_KIND_BITS,	  /* uint32_t; the range is that of the bits */
	SCEP_KIND_TIME,	  /* int64_t */
	SCEP_KIND_TEXT,	  /* char[]; the range is that of the length */
	SCEP_KIND_OCTETS, /* struct scep_octetsN; as with texts */
	SCEP_KIND_SECRET, /* struct scep_secret, reads as empty */
	SCEP_KIND_ACTION, /* nothing stored */
};

/* The struct that a field's member is in. */
enum scep_home {
	SCEP_HOME_AGENT,
	SCEP_HOME_PROFILE,
	SCEP_HOME_KEY,
	SCEP_HOME_CA
};

/* The offset of what no row has a member for: an action. */
#define SCEP_NO_MEMBER SIZE_MAX

struct scep_field_info {
	const char *name; /* of the MIB: "scepServerUrl" */
	uint32_t group;	  /* SCEP_GROUP_... */
	enum scep_kind kind;
	enum scep_home home;
	size_t offset; /* of the member in the home's struct, or
			* SCEP_NO_MEMBER */
	/* Holds what SYNTAX allows.  scep_value_check() refuses more. */
	struct scep_range range;
	uint32_t preset;  /* the default of numbers; texts: empty */
	bool is_volatile; /* not kept over a restart */
};

/* Returns the description of a field; never NULL for a valid one. */
const struct scep_field_info *scep_field_info(enum scep_field field);

/* A new value.  Texts and octets are in `octets`, all else in `number`. */
struct scep_value {
	int64_t number;
	uint32_t length;
	unsigned char octets[SCEP_TEXT255];
};

/* One assignment: field of the row with that index (0 for a scalar). */
struct scep_item {
	enum scep_field field;
	uint32_t index;
	struct scep_value value;
};

/* One Set: all of it or nothing, judged on the values after the whole. */
struct scep_change {
	size_t count;
	size_t capacity;
	struct scep_item *items;
};

enum scep_refusal {
	SCEP_ACCEPTED = 0,
	SCEP_WRONG_LENGTH,
	SCEP_WRONG_VALUE,
	SCEP_INCONSISTENT_VALUE,
	SCEP_INCONSISTENT_NAME,
	SCEP_NO_CREATION,
	SCEP_RESOURCE_UNAVAILABLE,
	SCEP_COMMIT_FAILED,
};

/* The reason why a change was refused, and the item that is to blame. */
struct scep_verdict {
	enum scep_refusal refusal;
	size_t item;
	char reason[160]; /* for the log; holds no secret */
};

/* The values of RequestAction, AgentRestart and the like. */
enum scep_request_action {
	SCEP_ACTION_NOOP = 1,
	SCEP_ACTION_SEND = 2,
	SCEP_ACTION_CANCEL = 3,
	SCEP_ACTION_POLL_NOW = 4,
	SCEP_ACTION_CLEAR = 5,
};

/* The values of KeyAction. */
enum scep_key_action {
	SCEP_KEY_NOOP = 1,
	SCEP_KEY_RENEW = 2,
	SCEP_KEY_ASSIGN = 3,
	SCEP_KEY_ROLLBACK = 4,
	SCEP_KEY_VERIFY = 5,
};

/* The values of ServerCheck. */
enum scep_server_check {
	SCEP_CHECK_NOOP = 1,
	SCEP_CHECK_CA_CAPS = 2,
	SCEP_CHECK_CA_CERT = 3,
	SCEP_CHECK_NEXT_CA_CERT = 4,
	SCEP_CHECK_CRL = 5,
};

void scep_change_init(struct scep_change *change);
/* Copies the item.  Returns false if memory is short. */
bool scep_change_add(struct scep_change *change, const struct scep_item *item);
/* Cleanses and frees the items. */
void scep_change_free(struct scep_change *change);

/*
 * Judges one value by itself: length, range, UTF-8, control characters, URL
 * syntax.  The front end calls it once for each value of a change; the
 * functions that take a change do not repeat it.  `verdict->item` is left
 * alone.
 */
enum scep_refusal scep_value_check(enum scep_field field,
				   const struct scep_value *value,
				   struct scep_verdict *verdict);

#endif
