/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/kept_crls.h"

#include <stdio.h>

#include "scep/ca_row.h"
#include "scep/base/error.h"
#include "scep/base/log.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/revocation.h"
#include "scep/store/files.h"

#define FILE_LIMIT (REVOCATION_LISTS * 512 * 1024)
#define FILE_NAME  32

static void make_name(const struct task *task, char name[FILE_NAME])
{
	snprintf(name, FILE_NAME, "profile-%u.pem",
		 task->record->profile_index);
}

enum scep_code kept_crls_load(const struct task *task,
			      STACK_OF(X509_CRL) * *crls,
			      struct scep_error *error)
{
	const char *folder = task->state->crls_folder;
	struct bytes pem = {NULL, 0};
	struct scep_error unreadable;
	char name[FILE_NAME];
	enum scep_code code = SCEP_OK;

	*crls = NULL;
	make_name(task, name);
	if (!files_exist(folder, name))
		return SCEP_OK;
	code = files_read(folder, name, FILE_LIMIT, &pem, error);
	if (code == SCEP_OK) {
		code = revocation_read(pem.data, pem.length, crls, &unreadable);
		if (code == SCEP_NO_MEMORY)
			error_set_memory(error);
	}
	bytes_free(&pem);
	if (code != SCEP_STORAGE_ERROR || error->code != SCEP_OK)
		return code;
	log_warning("%s: crls/%s is ignored: %s", task->name, name,
		    unreadable.text);
	return SCEP_OK;
}

enum scep_code kept_crls_add(const struct task *task, X509_CRL *crl,
			     struct scep_error *error)
{
	STACK_OF(X509_CRL) *crls = NULL;
	struct bytes pem = {NULL, 0};
	char name[FILE_NAME];
	enum scep_code code = kept_crls_load(task, &crls, error);

	make_name(task, name);
	if (code == SCEP_OK && crls == NULL)
		crls = sk_X509_CRL_new_null();
	if (code == SCEP_OK)
		code = revocation_add(crls, crl, error);
	if (code == SCEP_OK)
		code = revocation_write(crls, &pem, error);
	if (code == SCEP_OK)
		code = files_write(task->state->crls_folder, name, pem.data,
				   pem.length, error);
	bytes_free(&pem);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return code;
}

static enum scep_code blame_recipient(X509 *recipient, struct scep_error *error)
{
	struct scep_ca row = {0};

	if (certs_describe_ca(recipient, &row, error) != SCEP_OK)
		return error->code;
	return error_set(error, SCEP_CA_NOT_TRUSTED,
			 "the %s %s, or a CA above it, is revoked",
			 (row.role & SCEP_CA_IS_CA) != 0 ? "CA" : "RA",
			 row.subject);
}

enum scep_code kept_crls_apply(STACK_OF(X509_CRL) * crls,
			       STACK_OF(X509) * *stack, struct ca_certs *trust,
			       struct scep_error *error)
{
	STACK_OF(X509) *kept = NULL;
	enum scep_code code;

	if (crls == NULL)
		return SCEP_OK;
	code = revocation_filter(crls, trust->anchor, *stack, &kept, error);
	if (code != SCEP_OK)
		return code;
	if (certs_contain(kept, trust->recipient)) {
		/* The first two stay: anchor and recipient borrow from them. */
		sk_X509_pop_free(*stack, X509_free);
		*stack = kept;
		trust->chain = kept;
		return SCEP_OK;
	}
	sk_X509_pop_free(kept, X509_free);
	return blame_recipient(trust->recipient, error);
}
