/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree editor for DER: reads an encoding into nodes, finds one by its path,
 * puts a fault into it, and writes all of it again with the lengths put right.
 * Aborts the test program where it is used wrongly.  Knows nothing of what the
 * nodes mean.
 */
#ifndef TESTS_LIB_DER_H
#define TESTS_LIB_DER_H

#include <stdbool.h>
#include <stddef.h>

#include "scep/base/bytes.h"

#define DER_CONSTRUCTED 0x20u

struct der {
	unsigned char tag;    /* of one octet, as it is encoded */
	struct bytes content; /* where it has no children */
	struct der *children; /* the first */
	struct der *next;     /* of its siblings */
	bool is_indefinite;   /* write it so: BER, and no DER */
	unsigned int overrun; /* how much more its length says than there is */
};

/* Reads one element that fills the octets.  Owned. */
struct der *der_read(const void *octets, size_t length);
/* Appends the encoding; NULL has none. */
void der_write(const struct der *node, struct bytes *to);
/* Frees a node and its siblings behind it. */
void der_free(struct der *node);

/*
 * The node at a path such as "1/0/@1.2.840.113549.1.9.4/1": a number is the
 * place of a child, and @OID the child that begins with that OBJECT
 * IDENTIFIER.  "" is the root itself.  Borrows; aborts if there is none.
 */
struct der *der_find(struct der *root, const char *path);
/* Puts a node in front of the child at the path.  Takes `node`. */
void der_insert(struct der *root, const char *path, struct der *node);
/* Puts a node behind the last child.  Takes `node`. */
void der_append(struct der *parent, struct der *node);
/* Gives a node other octets in place of what it had. */
void der_set(struct der *node, const void *content, size_t length);
/* Splits a string into two in a constructed one: BER, and no DER. */
void der_split(struct der *node, unsigned char tag);
/* Encodes an OBJECT IDENTIFIER, header and all, as a node.  Owned. */
struct der *der_oid(const char *dotted);

enum der_fault {
	DER_ABSENT,	/* it is not there */
	DER_EMPTY,	/* there, with nothing in it */
	DER_WRONG,	/* something else in it */
	DER_DUPLICATED, /* there twice */
	DER_OVERSIZED,	/* much more in it */
	DER_TRUNCATED,	/* its last octet is missing, and its length says so */
	DER_WRONG_TYPE, /* the same under another tag */
	DER_OVERRUN,	/* its length says one more than there is */
	DER_FAULT_COUNT
};

const char *der_fault_name(enum der_fault fault);

/*
 * Puts a fault into the node at the path.  `wrong` is what DER_WRONG puts in
 * it: "=text", a dotted OBJECT IDENTIFIER, or hexadecimal digits; NULL stands
 * for the same with its last bit flipped or, where there are children, for a
 * NULL in their place.  Returns the root, which is another one, or NULL, if
 * the fault is in the root.
 */
struct der *der_spoil(struct der *root, const char *path, enum der_fault fault,
		      const char *wrong);

#endif
