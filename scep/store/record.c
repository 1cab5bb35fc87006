/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/record.h"

#include "scep/base/rows.h"

static bool own_bytes(struct bytes *bytes)
{
	const struct bytes shared = *bytes;

	*bytes = (struct bytes){0};
	return shared.length == 0 ||
	       bytes_set(bytes, shared.data, shared.length);
}

static bool record_copy_parts(void *row)
{
	struct record *record = row;
	bool is_whole;

	/* All three are run, so that none still belongs to the original. */
	is_whole = own_bytes(&record->signer);
	is_whole = own_bytes(&record->trust) && is_whole;
	return own_bytes(&record->issued) && is_whole;
}

static void record_free_parts(void *row)
{
	struct record *record = row;

	bytes_free(&record->signer);
	bytes_free(&record->trust);
	bytes_free(&record->issued);
}

struct record *record_new(void)
{
	static const struct row_type type = {
	    .size = sizeof(struct record),
	    .copy_parts = record_copy_parts,
	    .free_parts = record_free_parts,
	};

	return row_new_typed(&type);
}
