/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The range of an object, as SYNTAX in the MIB has it.  Knows no object.
 */
#ifndef SCEP_RANGE_H
#define SCEP_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scep_span {
	uint32_t min;
	uint32_t max;
};

/* Spans in ascending order.  No span is no limit. */
#define SCEP_SPANS 5
struct scep_range {
	struct scep_span span[SCEP_SPANS];
	size_t count;
};

/* Returns whether `number` is in a span of the range, or the range has none. */
bool scep_range_has(const struct scep_range *range, uint64_t number);
/* Returns the smallest and the largest number; 0 if the range has no span. */
uint32_t scep_range_min(const struct scep_range *range);
uint32_t scep_range_max(const struct scep_range *range);

#define SCEP_RANGE_WORDS (SCEP_SPANS * 24)
/* Writes the range as SYNTAX has it: "1..600", "0|8|11". */
void scep_range_words(const struct scep_range *range,
		      char words[SCEP_RANGE_WORDS]);

#endif
