/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/store/record.h"

#include <stdlib.h>

#include <openssl/crypto.h>

struct record *record_new(void)
{
	return calloc(1, sizeof(struct record));
}

void record_free(struct record *record)
{
	if (record == NULL)
		return;
	bytes_free(&record->signer);
	bytes_free(&record->trust);
	bytes_free(&record->issued);
	/* The values hold a challenge password. */
	OPENSSL_cleanse(record, sizeof(*record));
	free(record);
}

static bool copy_bytes(struct bytes *to, const struct bytes *from)
{
	*to = (struct bytes){0};
	return from->length == 0 || bytes_set(to, from->data, from->length);
}

struct record *record_copy(const struct record *record)
{
	struct record *copy = record_new();
	bool is_whole;

	if (copy == NULL)
		return NULL;
	*copy = *record;
	/* All three are run, so that none still points into the original. */
	is_whole = copy_bytes(&copy->signer, &record->signer);
	is_whole = copy_bytes(&copy->trust, &record->trust) && is_whole;
	is_whole = copy_bytes(&copy->issued, &record->issued) && is_whole;
	if (is_whole)
		return copy;
	record_free(copy);
	return NULL;
}
