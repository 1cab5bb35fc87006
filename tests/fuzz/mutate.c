/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutator for libFuzzer that knows DER: it changes, removes, doubles and
 * exchanges single values and puts the lengths around them right again, as
 * libFuzzer's own changes rarely leave a structure that can be read at all.
 * Linked with targets whose input is FUZZ_PREFIX octets of settings and then
 * DER.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NODE_MAX   1024
#define DEPTH_MAX  40
#define SCRATCH	   (512 * 1024)
#define GROWTH_MAX 24

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

/* One value: its header begins at `start`, its content at `content`. */
struct node {
	size_t start, content, end;
	int parent; /* -1: none */
	bool is_leaf;
};

struct tree {
	struct node node[NODE_MAX];
	int count;
};

/* -------------------------------------------------------------- reading -- */

static bool read_header(const uint8_t *data, size_t at, size_t end,
			struct node *node)
{
	size_t length, octets;

	if (end - at < 2 || (data[at] & 0x1f) == 0x1f)
		return false;
	node->start = at++;
	length = data[at++];
	if (length >= 0x80) {
		octets = length & 0x7f;
		if (octets < 1 || octets > 3 || end - at < octets)
			return false;
		for (length = 0; octets > 0; octets--)
			length = length << 8 | data[at++];
	}
	if (length > end - at)
		return false;
	node->content = at;
	node->end = at + length;
	return true;
}

/* Where values lie in a value, or 0: in what is constructed, and in strings of
 * octets or bits that hold just one SEQUENCE. */
static size_t inner_start(const uint8_t *data, const struct node *node)
{
	struct node inner;
	size_t at = node->content + (data[node->start] == 0x03 ? 1 : 0);

	if (data[node->start] & 0x20)
		return node->content;
	if ((data[node->start] == 0x03 || data[node->start] == 0x04) &&
	    at < node->end && data[at] == 0x30 &&
	    read_header(data, at, node->end, &inner) && inner.end == node->end)
		return at;
	return 0;
}

static bool scan(struct tree *tree, const uint8_t *data, size_t at, size_t end,
		 int parent, int depth)
{
	while (at < end) {
		struct node *node = &tree->node[tree->count];
		int place = tree->count;
		size_t inner;

		if (tree->count == NODE_MAX || depth > DEPTH_MAX ||
		    !read_header(data, at, end, node))
			return false;
		tree->count++;
		node->parent = parent;
		inner = inner_start(data, node);
		node->is_leaf = inner == 0;
		at = node->end;
		if (inner != 0 &&
		    !scan(tree, data, inner, node->end, place, depth + 1))
			node->is_leaf = true;
	}
	return true;
}

/* -------------------------------------------------------------- writing -- */

static size_t put_header(uint8_t *to, uint8_t tag, size_t length)
{
	size_t at = 0;

	to[at++] = tag;
	if (length < 0x80) {
		to[at++] = (uint8_t)length;
	} else if (length < 0x100) {
		to[at++] = 0x81;
		to[at++] = (uint8_t)length;
	} else if (length < 0x10000) {
		to[at++] = 0x82;
		to[at++] = (uint8_t)(length >> 8);
		to[at++] = (uint8_t)length;
	} else {
		to[at++] = 0x83;
		to[at++] = (uint8_t)(length >> 16);
		to[at++] = (uint8_t)(length >> 8);
		to[at++] = (uint8_t)length;
	}
	return at;
}

/*
 * Puts other octets in the place of a node, and mends the lengths above it.
 * Returns the new size, or 0 if it would be beyond `max`.
 */
static size_t splice(uint8_t *data, size_t size, size_t max,
		     const struct tree *tree, int place, const uint8_t *octets,
		     size_t length)
{
	static uint8_t buffers[2][SCRATCH];
	const uint8_t *inner = octets;
	size_t start = tree->node[place].start, end = tree->node[place].end;
	int turn = 0;

	if (size + length > SCRATCH - 64)
		return 0;
	for (int up = tree->node[place].parent; up >= 0;
	     up = tree->node[up].parent) {
		const struct node *node = &tree->node[up];
		size_t before = start - node->content, after = node->end - end;
		uint8_t *to = buffers[turn];
		size_t at =
		    put_header(to, data[node->start], before + length + after);

		memcpy(to + at, data + node->content, before);
		if (length > 0)
			memcpy(to + at + before, inner, length);
		memcpy(to + at + before + length, data + end, after);
		length += at + before + after;
		start = node->start;
		end = node->end;
		inner = to;
		turn = 1 - turn;
	}
	if (start + length + (size - end) > max)
		return 0;
	memmove(data + start + length, data + end, size - end);
	if (length > 0)
		memcpy(data + start, inner, length);
	return start + length + (size - end);
}

/* ------------------------------------------------------------- mutating -- */

static uint64_t state;

static size_t pick(size_t count)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(state >> 33) % count;
}

static int pick_leaf(const struct tree *tree)
{
	for (int tries = 0; tries < 64; tries++) {
		int place = (int)pick((size_t)tree->count);

		if (tree->node[place].is_leaf)
			return place;
	}
	return 0;
}

/* Another content, with its length in front. */
static size_t change_content(const uint8_t *data, const struct node *node,
			     uint8_t *to)
{
	static uint8_t content[SCRATCH / 4];
	size_t length = node->end - node->content, at;

	if (length > sizeof(content) - GROWTH_MAX)
		return 0;
	memcpy(content, data + node->content, length);
	length = LLVMFuzzerMutate(content, length, length + GROWTH_MAX);
	at = put_header(to, data[node->start], length);
	memcpy(to + at, content, length);
	return at + length;
}

/* Writes what comes in the place of `*place`, which may be chosen anew. */
static size_t make_octets(const uint8_t *data, const struct tree *tree,
			  int *place, uint8_t *to)
{
	static const uint8_t tags[] = {
	    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x14, 0x16, 0x17,
	    0x18, 0x1c, 0x1e, 0x30, 0x31, 0x80, 0x81, 0x82, 0xa0, 0xa1};
	const struct node *node = &tree->node[*place];
	const struct node *other = &tree->node[pick((size_t)tree->count)];
	size_t own = node->end - node->start, more = other->end - other->start;

	if (own + more > SCRATCH / 2)
		return 0;
	switch (pick(8)) {
	case 0: /* removed */
		return 0;
	case 1: /* another in its place */
		memcpy(to, data + other->start, more);
		return more;
	case 2: /* another before it */
		memcpy(to, data + other->start, more);
		memcpy(to + more, data + node->start, own);
		return own + more;
	case 3: /* twice */
		memcpy(to, data + node->start, own);
		memcpy(to + own, data + node->start, own);
		return 2 * own;
	case 4: /* another type */
		memcpy(to, data + node->start, own);
		to[0] = tags[pick(sizeof(tags))];
		return own;
	default: /* another content */
		*place = pick_leaf(tree);
		return change_content(data, &tree->node[*place], to);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	static struct tree tree;
	static uint8_t octets[SCRATCH];
	size_t length, changed;
	int place;

	state = seed;
	pick(2);
	if (size > FUZZ_PREFIX && pick(16) == 0) {
		LLVMFuzzerMutate(data, FUZZ_PREFIX, FUZZ_PREFIX);
		return size;
	}
	tree.count = 0;
	if (size <= FUZZ_PREFIX || pick(10) == 0)
		return LLVMFuzzerMutate(data, size, max);
	/* Leaves what follows the last whole value as it is. */
	scan(&tree, data, FUZZ_PREFIX, size, -1, 0);
	if (tree.count == 0)
		return LLVMFuzzerMutate(data, size, max);
	place = (int)pick((size_t)tree.count);
	length = make_octets(data, &tree, &place, octets);
	changed = splice(data, size, max, &tree, place, octets, length);
	return changed > 0 ? changed : LLVMFuzzerMutate(data, size, max);
}
