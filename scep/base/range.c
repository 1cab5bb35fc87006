/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/range.h"

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
