/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the MIB as the program has it, for test_mib.py to compare with the MIB
 * file.  The test compiles it with the build that is tested.
 *
 * One line for each object, six words parted by one space:
 *
 *   relative OID  1.3.1.2
 *   name          scepServerPort
 *   access        not-accessible, read-only, read-write or read-create
 *   syntax        the type of RFC 2578 under the textual conventions, with "-"
 *                 for a blank: INTEGER, Integer32, Unsigned32, Gauge32,
 *                 Counter32, TimeTicks, BITS, OCTET-STRING
 *   range         spans "0..64" and single numbers, ascending, parted by "|":
 *                 octets of a string, numbers of an enumeration, bits of BITS
 *                 (0|1|2 is 0..2); - if there is no limit
 *   default       a number (of an enumeration or a truth too), the bits of
 *                 BITS as {0,2}, "" for no octets; - if there is no DEFVAL
 */
#include "subagent/snmp/objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The types of RFC 2578 under all the textual conventions. */
static const char *const syntax_words[SYNTAX_COUNT] = {
    [SYNTAX_TEXT] = "OCTET-STRING",   [SYNTAX_OCTETS] = "OCTET-STRING",
    [SYNTAX_SECRET] = "OCTET-STRING", [SYNTAX_UNSIGNED] = "Unsigned32",
    [SYNTAX_GAUGE] = "Gauge32",	      [SYNTAX_COUNTER] = "Counter32",
    [SYNTAX_INTEGER] = "Integer32",   [SYNTAX_ENUM] = "INTEGER",
    [SYNTAX_TRUTH] = "INTEGER",	      [SYNTAX_BITS] = "BITS",
    [SYNTAX_TIME] = "OCTET-STRING",   [SYNTAX_TIMESTAMP] = "TimeTicks",
};

static const char *const access_words[] = {
    [ACCESS_NONE] = "not-accessible",
    [ACCESS_READ] = "read-only",
    [ACCESS_WRITE] = "read-write",
    [ACCESS_CREATE] = "read-create",
};

static void print_range(const struct scep_range *range)
{
	if (range->count == 0)
		fputs("-", stdout);
	for (size_t i = 0; i < range->count; i++) {
		const struct scep_span *span = &range->span[i];

		printf("%s%" PRIu32, i ? "|" : "", span->min);
		if (span->max != span->min)
			printf("..%" PRIu32, span->max);
	}
}

static void print_bits(uint32_t bits)
{
	const char *comma = "";

	putchar('{');
	for (uint32_t bit = 0; bit < 32; bit++) {
		if (!(bits & 1u << bit))
			continue;
		printf("%s%" PRIu32, comma, bit);
		comma = ",";
	}
	putchar('}');
}

static void print_default(const struct object *object)
{
	putchar(' ');
	if (!object->has_default)
		putchar('-');
	else if (object->syntax == SYNTAX_BITS)
		print_bits(object->preset);
	else if (object->syntax == SYNTAX_TRUTH)
		printf("%d", object->preset ? 1 : 2);
	else if (strcmp(syntax_words[object->syntax], "OCTET-STRING") == 0)
		fputs("\"\"", stdout);
	else
		printf("%" PRIu32, object->preset);
	putchar('\n');
}

int main(void)
{
	for (size_t i = 0; i < object_count; i++) {
		const struct object *object = &objects[i];
		uint32_t arc[OBJECT_ARCS];
		size_t count = object_arcs(object, arc);

		for (size_t k = 0; k < count; k++)
			printf("%s%" PRIu32, k ? "." : "", arc[k]);
		printf(" %s %s %s ", object->name, access_words[object->access],
		       syntax_words[object->syntax]);
		print_range(&object->range);
		print_default(object);
	}
	return 0;
}
