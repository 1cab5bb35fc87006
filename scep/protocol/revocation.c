/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/revocation.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "scep/base/error.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/certs_tree.h"

/* ------------------------------------------------------------- the lists -- */

/* Reads the next block.  NULL: there is none, or it cannot be read. */
static X509_CRL *read_next(BIO *in)
{
	X509_CRL *crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);

	if (crl == NULL &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		ERR_clear_error();
	return crl;
}

enum scep_code revocation_read(const void *pem, size_t length,
			       STACK_OF(X509_CRL) * *lists,
			       struct scep_error *error)
{
	BIO *in = BIO_new_mem_buf(pem, length <= INT_MAX ? (int)length : 0);
	enum scep_code code = SCEP_OK;
	X509_CRL *each;

	*lists = sk_X509_CRL_new_null();
	if (in == NULL || *lists == NULL)
		code = error_set_memory(error);
	while (code == SCEP_OK && (each = read_next(in)) != NULL) {
		code = revocation_add(*lists, each, error);
		X509_CRL_free(each);
	}
	if (code == SCEP_OK && (ERR_peek_error() != 0 || length > INT_MAX))
		code = error_set_openssl(error, SCEP_STORAGE_ERROR,
					 "the kept CRLs cannot be read");
	BIO_free(in);
	if (code != SCEP_OK) {
		sk_X509_CRL_pop_free(*lists, X509_CRL_free);
		*lists = NULL;
	}
	return code;
}

enum scep_code revocation_write(STACK_OF(X509_CRL) * lists, struct bytes *pem,
				struct scep_error *error)
{
	BIO *out = BIO_new(BIO_s_mem());
	bool is_written = out != NULL;
	char *text = NULL;
	long length;

	for (int i = 0; is_written && i < sk_X509_CRL_num(lists); i++)
		is_written = PEM_write_bio_X509_CRL(
				 out, sk_X509_CRL_value(lists, i)) == 1;
	length = is_written ? BIO_get_mem_data(out, &text) : 0;
	is_written = is_written && bytes_set(pem, text, (size_t)length);
	BIO_free(out);
	return is_written ? SCEP_OK : error_set_memory(error);
}

enum scep_code revocation_add(STACK_OF(X509_CRL) * lists, X509_CRL *crl,
			      struct scep_error *error)
{
	int i = 0;

	/* Before the first reference: it may be the one that goes. */
	if (X509_CRL_up_ref(crl) != 1)
		return error_set_memory(error);
	while (i < sk_X509_CRL_num(lists)) {
		X509_CRL *each = sk_X509_CRL_value(lists, i);

		if (X509_NAME_cmp(X509_CRL_get_issuer(each),
				  X509_CRL_get_issuer(crl)) == 0)
			X509_CRL_free(sk_X509_CRL_delete(lists, i));
		else
			i++;
	}
	if (sk_X509_CRL_num(lists) == REVOCATION_LISTS)
		X509_CRL_free(sk_X509_CRL_shift(lists));
	if (sk_X509_CRL_push(lists, crl) > 0)
		return SCEP_OK;
	X509_CRL_free(crl);
	return error_set_memory(error);
}

/* -------------------------------------------------------- certificates -- */

bool revocation_tells(STACK_OF(X509_CRL) * lists, X509 *certificate,
		      X509 *issuer)
{
	X509_REVOKED *entry = NULL;

	for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
		X509_CRL *crl = sk_X509_CRL_value(lists, i);

		/* 2: the entry takes an earlier one back. */
		if (X509_NAME_cmp(X509_CRL_get_issuer(crl),
				  X509_get_issuer_name(certificate)) == 0 &&
		    X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1 &&
		    X509_CRL_get0_by_serial(
			crl, &entry,
			(ASN1_INTEGER *)X509_get0_serialNumber(certificate)) ==
			1)
			return true;
	}
	return false;
}

/* Tells if that certificate, or a CA between it and the anchor, is revoked. */
static bool is_revoked(STACK_OF(X509_CRL) * lists,
		       const struct certs_tree *tree, X509 *certificate)
{
	size_t at = 0;

	while (at < tree->count &&
	       X509_cmp(tree->certificate[at], certificate) != 0)
		at++;
	for (; at != 0 && at < tree->count; at = tree->issuer[at]) {
		if (revocation_tells(lists, tree->certificate[at],
				     tree->certificate[tree->issuer[at]]))
			return true;
	}
	return false;
}

enum scep_code revocation_filter(STACK_OF(X509_CRL) * lists, X509 *anchor,
				 STACK_OF(X509) * chain, STACK_OF(X509) * *kept,
				 struct scep_error *error)
{
	struct certs_tree tree;
	enum scep_code code = certs_tree_grow(&tree, anchor, chain, error);

	*kept = sk_X509_new_null();
	for (int i = 0; code == SCEP_OK && i < sk_X509_num(chain); i++) {
		X509 *each = sk_X509_value(chain, i);

		if (!is_revoked(lists, &tree, each))
			code = certs_push(*kept, each, error);
	}
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		sk_X509_pop_free(*kept, X509_free);
		*kept = NULL;
	}
	return code;
}
