/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/range.h"

#include <inttypes.h>
#include <stdio.h>

bool scep_range_has(const struct scep_range *range, uint64_t number)
{
	for (size_t i = 0; i < range->count; i++) {
		if (number >= range->span[i].min &&
		    number <= range->span[i].max)
			return true;
	}
	return range->count == 0;
}

uint32_t scep_range_min(const struct scep_range *range)
{
	return range->count ? range->span[0].min : 0;
}

uint32_t scep_range_max(const struct scep_range *range)
{
	return range->count ? range->span[range->count - 1].max : 0;
}

void scep_range_words(const struct scep_range *range,
		      char words[SCEP_RANGE_WORDS])
{
	size_t used = 0;

	words[0] = '\0';
	for (size_t i = 0; i < range->count; i++) {
		const struct scep_span *span = &range->span[i];

		used +=
		    (size_t)snprintf(words + used, SCEP_RANGE_WORDS - used,
				     "%s%" PRIu32, i > 0 ? "|" : "", span->min);
		if (span->max != span->min)
			used += (size_t)snprintf(words + used,
						 SCEP_RANGE_WORDS - used,
						 "..%" PRIu32, span->max);
	}
}
