/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/der.h"
#include "tests/lib/octets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#define MUST(condition)	 must((condition), #condition, __LINE__)

#define TAG_OCTET_STRING 0x04
#define TAG_OID		 0x06
#define TAG_SEQUENCE	 0x30
#define TAG_SET		 0x31
#define TAG_OTHER	 0x87 /* [7], which none of our structures has */

/* Beyond what any field of a message has, below what a message may have. */
#define OVERSIZE  20000
#define WRITE_CAP ((size_t)1 << 24)

static void must(bool is_true, const char *what, int line)
{
	if (is_true)
		return;
	fprintf(stderr, "der.c:%d: %s\n", line, what);
	abort();
}

static struct der *node_new(unsigned char tag)
{
	struct der *node = calloc(1, sizeof(*node));

	MUST(node != NULL);
	node->tag = tag;
	return node;
}

static void free_children(struct der *node)
{
	while (node->children != NULL) {
		struct der *child = node->children;

		node->children = child->next;
		child->next = NULL;
		der_free(child);
	}
}

void der_free(struct der *node)
{
	while (node != NULL) {
		struct der *next = node->next;

		free_children(node);
		bytes_free(&node->content);
		free(node);
		node = next;
	}
}

/* -------------------------------------------------------------- reading -- */

static struct der *read_one(const unsigned char **at, const unsigned char *end)
{
	const unsigned char *begin = *at, *inner = *at;
	long length = 0;
	int tag = 0, class = 0;
	int flags =
	    ASN1_get_object(&inner, &length, &tag, &class, (long)(end - *at));
	struct der *node = node_new(*begin);
	struct der **tail = &node->children;

	MUST((flags & 0x81) == 0 && tag < 31);
	*at = inner + length;
	if ((flags & V_ASN1_CONSTRUCTED) == 0) {
		der_set(node, inner, (size_t)length);
		return node;
	}
	while (inner < *at) {
		*tail = read_one(&inner, *at);
		tail = &(*tail)->next;
	}
	return node;
}

struct der *der_read(const void *octets, size_t length)
{
	const unsigned char *at = octets, *end = at + length;
	struct der *node = read_one(&at, end);

	MUST(at == end);
	return node;
}

/* -------------------------------------------------------------- writing -- */

static void append(struct bytes *to, const void *data, size_t length)
{
	MUST(to->length + length <= WRITE_CAP);
	octets_append(to, data, length);
}

static void write_header(struct bytes *to, unsigned char tag, size_t length)
{
	unsigned char header[5] = {tag};
	size_t count = 1;

	for (size_t rest = length; length > 127 && rest > 0; rest >>= 8)
		count++;
	MUST(count <= 4);
	if (length <= 127)
		header[1] = (unsigned char)length;
	else
		header[1] = (unsigned char)(0x80 | (count - 1));
	for (size_t i = 1; i < count; i++)
		header[1 + i] = (unsigned char)(length >> 8 * (count - 1 - i));
	append(to, header, length <= 127 ? 2 : 1 + count);
}

void der_write(const struct der *node, struct bytes *to)
{
	struct bytes inner = {NULL, 0};

	if (node == NULL)
		return;
	append(&inner, node->content.data, node->content.length);
	for (const struct der *child = node->children; child != NULL;
	     child = child->next)
		der_write(child, &inner);
	if (node->is_indefinite) {
		append(to, &node->tag, 1);
		append(to, "\x80", 1);
	} else {
		write_header(to, node->tag, inner.length + node->overrun);
	}
	append(to, inner.data, inner.length);
	if (node->is_indefinite)
		append(to, "\0", 2);
	bytes_free(&inner);
}

/* -------------------------------------------------------------- finding -- */

struct der *der_oid(const char *dotted)
{
	ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);
	struct der *node = node_new(TAG_OID);

	MUST(object != NULL);
	der_set(node, OBJ_get0_data(object), OBJ_length(object));
	ASN1_OBJECT_free(object);
	return node;
}

static bool begins_with(const struct der *node, const struct der *oid)
{
	const struct der *first = node->children;

	return first != NULL && first->tag == TAG_OID &&
	       first->content.length == oid->content.length &&
	       memcmp(first->content.data, oid->content.data,
		      oid->content.length) == 0;
}

/* The link that leads to the child that a step of a path names. */
static struct der **step_link(struct der *node, const char *step, size_t length)
{
	struct der **link = &node->children;
	char name[64];
	struct der *oid;

	MUST(length > 0 && length < sizeof(name));
	memcpy(name, step, length);
	name[length] = '\0';
	if (name[0] != '@') {
		for (long count = atol(name); count > 0; count--) {
			MUST(*link != NULL);
			link = &(*link)->next;
		}
		return link;
	}
	oid = der_oid(name + 1);
	while (*link != NULL && !begins_with(*link, oid))
		link = &(*link)->next;
	der_free(oid);
	return link;
}

/* The link to what is at the path, which need not be there yet. */
static struct der **find_link(struct der **root, const char *path)
{
	struct der **link = root;

	while (*path != '\0') {
		size_t length = strcspn(path, "/");

		MUST(*link != NULL);
		link = step_link(*link, path, length);
		path += length;
		path += *path == '/';
	}
	return link;
}

struct der *der_find(struct der *root, const char *path)
{
	struct der *found = *find_link(&root, path);

	if (found == NULL)
		fprintf(stderr, "there is nothing at %s\n", path);
	MUST(found != NULL);
	return found;
}

/* -------------------------------------------------------------- editing -- */

static void insert_at(struct der **link, struct der *node)
{
	node->next = *link;
	*link = node;
}

void der_insert(struct der *root, const char *path, struct der *node)
{
	insert_at(find_link(&root, path), node);
}

void der_append(struct der *parent, struct der *node)
{
	struct der **link = &parent->children;

	while (*link != NULL)
		link = &(*link)->next;
	insert_at(link, node);
}

void der_set(struct der *node, const void *content, size_t length)
{
	free_children(node);
	MUST(bytes_set(&node->content, content, length));
}

void der_split(struct der *node, unsigned char tag)
{
	struct bytes whole = {NULL, 0};
	size_t half = node->content.length / 2;
	struct der *first = node_new(tag), *second = node_new(tag);

	bytes_move(&whole, &node->content);
	der_set(first, whole.data, half);
	der_set(second, whole.data + half, whole.length - half);
	node->tag |= DER_CONSTRUCTED;
	der_append(node, first);
	der_append(node, second);
	bytes_free(&whole);
}

static struct der *copy(const struct der *node)
{
	struct bytes octets = {NULL, 0};
	struct der *twin;

	der_write(node, &octets);
	twin = der_read(octets.data, octets.length);
	bytes_free(&octets);
	return twin;
}

/* The octets in a node, children and all. */
static void flatten(struct der *node)
{
	struct bytes inner = {NULL, 0};

	for (const struct der *child = node->children; child != NULL;
	     child = child->next)
		der_write(child, &inner);
	free_children(node);
	if (inner.length > 0)
		bytes_move(&node->content, &inner);
	bytes_free(&inner);
}

static void set_wrong(struct der *node, const char *wrong)
{
	unsigned char octets[256];
	size_t length;

	if (wrong == NULL && (node->tag & DER_CONSTRUCTED) != 0) {
		der_set(node, "\x05\0", 2);
	} else if (wrong == NULL && node->content.length == 0) {
		der_set(node, "", 1);
	} else if (wrong == NULL) {
		node->content.data[node->content.length - 1] ^= 1;
	} else if (wrong[0] == '=') {
		der_set(node, wrong + 1, strlen(wrong + 1));
	} else if (strchr(wrong, '.') != NULL) {
		struct der *oid = der_oid(wrong);

		der_set(node, oid->content.data, oid->content.length);
		der_free(oid);
	} else {
		length = strlen(wrong) / 2;
		MUST(length <= sizeof(octets) &&
		     octets_unhex(wrong, octets, length));
		der_set(node, octets, length);
	}
}

static void set_oversized(struct der *node)
{
	unsigned char filler[OVERSIZE];
	struct der *more;

	memset(filler, 'A', sizeof(filler));
	if ((node->tag & DER_CONSTRUCTED) == 0) {
		append(&node->content, filler, sizeof(filler));
		return;
	}
	more = node_new(TAG_OCTET_STRING);
	der_set(more, filler, sizeof(filler));
	/* DER sorts a SET OF, and a signature over one that is not sorted does
	 * not verify. */
	if (node->tag == TAG_SET && node->children != NULL &&
	    node->children->tag > TAG_OCTET_STRING)
		insert_at(&node->children, more);
	else
		der_append(node, more);
}

static void set_wrong_type(struct der *node)
{
	if (node->tag == TAG_SEQUENCE)
		node->tag = TAG_SET;
	else if (node->tag == TAG_SET)
		node->tag = TAG_SEQUENCE;
	else if ((node->tag & 0xc0) != 0)
		node->tag = TAG_OTHER | (node->tag & DER_CONSTRUCTED);
	else if (node->tag == TAG_OCTET_STRING)
		node->tag = V_ASN1_INTEGER;
	else
		node->tag = TAG_OCTET_STRING;
}

const char *der_fault_name(enum der_fault fault)
{
	static const char *const names[DER_FAULT_COUNT] = {
	    [DER_ABSENT] = "absent",	     [DER_EMPTY] = "empty",
	    [DER_WRONG] = "wrong",	     [DER_DUPLICATED] = "duplicated",
	    [DER_OVERSIZED] = "oversized",   [DER_TRUNCATED] = "truncated",
	    [DER_WRONG_TYPE] = "wrong type", [DER_OVERRUN] = "overrun",
	};

	return names[fault];
}

struct der *der_spoil(struct der *root, const char *path, enum der_fault fault,
		      const char *wrong)
{
	struct der **link = find_link(&root, path);
	struct der *node = *link;

	MUST(node != NULL);
	switch (fault) {
	case DER_ABSENT:
		*link = node->next;
		node->next = NULL;
		der_free(node);
		break;
	case DER_EMPTY:
		free_children(node);
		bytes_free(&node->content);
		break;
	case DER_WRONG:
		set_wrong(node, wrong);
		break;
	case DER_DUPLICATED:
		insert_at(&node->next, copy(node));
		break;
	case DER_OVERSIZED:
		set_oversized(node);
		break;
	case DER_TRUNCATED:
		flatten(node);
		if (node->content.length > 0)
			node->content.length--;
		break;
	case DER_WRONG_TYPE:
		set_wrong_type(node);
		break;
	case DER_OVERRUN:
		node->overrun = 1;
		break;
	case DER_FAULT_COUNT:
		break;
	}
	return root;
}
