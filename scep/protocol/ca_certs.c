/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/ca_certs.h"

#include <stdarg.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "scep/ca_row.h"
#include "scep/text.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/certs_tree.h"
#include "scep/base/error.h"
#include "scep/protocol/names.h"
#include "scep/protocol/revocation.h"

/* ------------------------------------------------------------ believing -- */

static const char *digest_of_length(uint32_t length)
{
	switch (length) {
	case 20:
		return "SHA1";
	case 32:
		return "SHA256";
	case 48:
		return "SHA384";
	case 64:
		return "SHA512";
	}
	return NULL;
}

/* Finds the certificate that a pin names; NULL if there is none. */
static enum scep_code find_pinned(STACK_OF(X509) * certificates,
				  const struct ca_certs_pin *pin, X509 **found,
				  struct scep_error *error)
{
	const char *name = digest_of_length(pin->length);
	EVP_MD *digest = name == NULL ? NULL : EVP_MD_fetch(NULL, name, NULL);
	enum scep_code code = SCEP_OK;

	*found = NULL;
	/* OpenSSL always has these digests. */
	if (name != NULL && digest == NULL)
		code = error_set_memory(error);
	for (int i = 0; code == SCEP_OK && digest != NULL && *found == NULL &&
			i < sk_X509_num(certificates);
	     i++) {
		X509 *each = sk_X509_value(certificates, i);
		unsigned char value[EVP_MAX_MD_SIZE];
		unsigned int length = 0;

		if (X509_digest(each, digest, value, &length) != 1)
			code = error_set_memory(error);
		else if (octets_equal(value, length, pin->digest, pin->length))
			*found = each;
	}
	EVP_MD_free(digest);
	return code;
}

static enum scep_code check_anchor(const struct ca_certs_input *input,
				   X509 *anchor, struct scep_error *error)
{
	struct scep_error weakness;
	const char *reason;
	enum scep_code code =
	    certs_check_floor(anchor, true, &input->floor, &weakness);

	if (code == SCEP_NO_MEMORY)
		return error_set_memory(error);
	if (code != SCEP_OK)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the pinned certificate: %s", weakness.text);
	if (!certs_is_ca(anchor))
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the pinned certificate is not that of a CA");
	if (!certs_is_valid_at(anchor, input->now, &reason))
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "the CA certificate %s", reason);
	return SCEP_OK;
}

/* Finds the first certificate that is pinned and fit to be the anchor. */
static enum scep_code find_anchor(const struct ca_certs_input *input,
				  X509 **anchor, struct scep_error *error)
{
	struct scep_error unfit;

	error_set(&unfit, SCEP_CA_NOT_TRUSTED,
		  "no certificate of the server has the fingerprint that is "
		  "trusted");
	for (size_t i = 0; i < input->pin_count; i++) {
		enum scep_code code = find_pinned(
		    input->certificates, &input->pins[i], anchor, error);

		if (code != SCEP_OK)
			return code;
		if (*anchor == NULL)
			continue;
		code = check_anchor(input, *anchor, &unfit);
		if (code == SCEP_NO_MEMORY)
			return error_set_memory(error);
		if (code == SCEP_OK)
			return code;
	}
	return error_set(error, unfit.code, "%s", unfit.text);
}

/* -------------------------------------------------------------- judging -- */

/* The certificates below an anchor, and what is found out about them. */
struct judgement {
	const struct ca_certs_input *input;
	X509 *anchor;
	struct certs_tree tree;
	struct ca_certs_entry *entries;
};

static X509 *judged(const struct judgement *judgement, int i)
{
	return sk_X509_value(judgement->input->certificates, i);
}

/* Tells if it is the anchor, a CA below one, or another root. */
static bool is_of_ca(const struct judgement *judgement, X509 *certificate)
{
	return X509_cmp(certificate, judgement->anchor) == 0 ||
	       certs_is_sub_ca(certificate) ||
	       (certs_is_ca(certificate) &&
		X509_self_signed(certificate, 1) == 1);
}

__attribute__((format(printf, 2, 3))) static void
refuse_entry(struct ca_certs_entry *entry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_format_list(entry->reason, sizeof(entry->reason), format,
			 arguments);
	va_end(arguments);
	entry->is_unfit = true;
}

/* Checks it and all CAs above it for time. */
static enum scep_code judge_times(STACK_OF(X509) * path, int64_t now,
				  struct ca_certs_entry *entry,
				  struct scep_error *error)
{
	char subject[SCEP_TEXT255];
	const char *fault;
	enum scep_code code;

	for (int i = 0; i < sk_X509_num(path); i++) {
		X509 *each = sk_X509_value(path, i);

		if (certs_is_valid_at(each, now, &fault))
			continue;
		code = names_text(X509_get_subject_name(each), subject, error);
		if (code != SCEP_OK)
			return code;
		if (i == 0)
			refuse_entry(entry, "it %s", fault);
		else
			refuse_entry(entry, "the CA %s above it %s", subject,
				     fault);
		return SCEP_OK;
	}
	return SCEP_OK;
}

static const struct ca_certs_entry *entry_of(const struct judgement *judgement,
					     X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(judgement->input->certificates); i++) {
		if (X509_cmp(judged(judgement, i), certificate) == 0)
			return &judgement->entries[i];
	}
	return NULL;
}

static bool is_said_revoked(const struct judgement *judgement,
			    X509 *certificate)
{
	const struct ca_certs_entry *entry = entry_of(judgement, certificate);

	return entry != NULL && entry->is_revoked;
}

/* Checks that neither it nor a CA above it has been revoked. */
static enum scep_code judge_revocation(const struct judgement *judgement,
				       STACK_OF(X509) * path,
				       struct ca_certs_entry *entry,
				       struct scep_error *error)
{
	char subject[SCEP_TEXT255];

	for (int i = 0; i < sk_X509_num(path); i++) {
		X509 *each = sk_X509_value(path, i);

		if (!is_said_revoked(judgement, each) &&
		    (i + 1 == sk_X509_num(path) ||
		     !revocation_tells(judgement->input->crls, each,
				       sk_X509_value(path, i + 1))))
			continue;
		entry->is_revoked |= i == 0;
		if (names_text(X509_get_subject_name(each), subject, error) !=
		    SCEP_OK)
			return SCEP_NO_MEMORY;
		if (i == 0)
			refuse_entry(entry, "it is revoked");
		else
			refuse_entry(entry, "the CA %s above it is revoked",
				     subject);
		return SCEP_CA_NOT_TRUSTED;
	}
	return SCEP_OK;
}

/* Finds out if it is unfit: its path, its strength and its time. */
static enum scep_code judge_fitness(const struct judgement *judgement,
				    X509 *certificate,
				    struct ca_certs_entry *entry,
				    struct scep_error *error)
{
	STACK_OF(X509) *path = NULL;
	struct scep_error fault;
	enum scep_code code =
	    certs_tree_path(&judgement->tree, certificate,
			    &judgement->input->floor, &path, &fault);

	if (code == SCEP_NO_MEMORY)
		return error_set_memory(error);
	if (code != SCEP_OK)
		refuse_entry(entry, "%s", fault.text);
	else
		code = judge_revocation(judgement, path, entry, error);
	/* A CA that has expired issues nothing, but what it has signed may
	 * still have to be explained. */
	entry->is_believed = code == SCEP_OK && !entry->is_ra;
	if (code == SCEP_OK)
		code = judge_times(path, judgement->input->now, entry, error);
	sk_X509_pop_free(path, X509_free);
	return code == SCEP_NO_MEMORY ? code : SCEP_OK;
}

/* MIB, rule 15: an RA that is fit is believed if a manager says so, if its mark
 * does and that is enough, or if all are. */
static void judge_ra(const struct ca_certs_input *input,
		     struct ca_certs_entry *entry)
{
	if (entry->is_unfit)
		return;
	if (entry->decision == SCEP_CA_REJECTED) {
		text_format(entry->reason, sizeof(entry->reason),
			    "a manager has rejected it");
		return;
	}
	switch (input->ra_policy) {
	case SCEP_RA_ANY:
		entry->is_believed = true;
		break;
	case SCEP_RA_CONFIRMED:
		entry->is_believed = entry->decision == SCEP_CA_TRUSTED;
		break;
	case SCEP_RA_MARKED:
		entry->is_believed =
		    entry->is_marked || entry->decision == SCEP_CA_TRUSTED;
		break;
	}
	if (!entry->is_believed)
		text_format(entry->reason, sizeof(entry->reason), "%s",
			    entry->is_marked
				? "scepServerRaPolicy is confirmed"
				: "its extendedKeyUsage is not that of an RA");
}

static enum scep_code judge_all(struct judgement *judgement,
				struct scep_error *error)
{
	const struct ca_certs_input *input = judgement->input;
	enum scep_code code = certs_tree_grow(
	    &judgement->tree, judgement->anchor, input->certificates, error);

	for (int i = 0; code == SCEP_OK && i < sk_X509_num(input->certificates);
	     i++) {
		X509 *certificate = judged(judgement, i);
		struct ca_certs_entry *entry = &judgement->entries[i];

		*entry = (struct ca_certs_entry){
		    .decision = entry->decision,
		    .is_revoked = entry->is_revoked,
		};
		entry->is_ra = !is_of_ca(judgement, certificate);
		entry->is_marked = certs_is_marked_ra(certificate);
		code = judge_fitness(judgement, certificate, entry, error);
		if (code == SCEP_OK && entry->is_ra)
			judge_ra(input, entry);
	}
	return code;
}

enum scep_code ca_certs_judge(const struct ca_certs_input *input, X509 *anchor,
			      struct ca_certs_entry *entries,
			      struct scep_error *error)
{
	struct judgement judgement = {input, anchor, .entries = entries};

	return error_end_openssl(judge_all(&judgement, error), error);
}

/* ------------------------------------------------------------- choosing -- */

static bool has_issued_cas(const struct certs_tree *tree, X509 *certificate)
{
	for (size_t i = 1; i < tree->count; i++) {
		if (tree->certificate[tree->issuer[i]] == certificate &&
		    certs_is_sub_ca(tree->certificate[i]))
			return true;
	}
	return false;
}

/*
 * Says how well a certificate suits as the recipient: an RA that says it may,
 * an RA that does not say, an RA, the CA that issues (no CA below it), a CA.
 * Below them all are those with an EC key.
 */
static int suitability(const struct judgement *judgement, int i)
{
	X509 *certificate = judged(judgement, i);
	bool is_ra = judgement->entries[i].is_ra;
	bool has_issued = has_issued_cas(&judgement->tree, certificate);

	/* The request is encrypted with its challenge then. */
	if (EVP_PKEY_is_a(X509_get0_pubkey(certificate), "EC"))
		return is_ra ? 3 : has_issued ? 1 : 2;
	if (!EVP_PKEY_is_a(X509_get0_pubkey(certificate), "RSA"))
		return 0;
	if (!is_ra)
		return has_issued ? 4 : 5;
	if (!certs_may_encipher(certificate))
		return 6;
	return (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0 ? 7
									    : 8;
}

/* Tells if one is better suited, or as well suited and younger: RA certificates
 * roll over. */
static bool is_better(int suits, X509 *certificate, int best_suits, X509 *best)
{
	if (suits != best_suits)
		return suits > best_suits;
	return suits > 0 && certs_time(X509_get0_notBefore(certificate)) >
				certs_time(X509_get0_notBefore(best));
}

/* Returns the place of the best recipient among those that `may` be one, or
 * -1. */
static int find_best(const struct judgement *judgement,
		     bool (*may)(const struct ca_certs_entry *entry))
{
	int best = -1, best_suits = 0;

	for (int i = 0; i < sk_X509_num(judgement->input->certificates); i++) {
		int suits;

		if (!may(&judgement->entries[i]))
			continue;
		suits = suitability(judgement, i);
		if (is_better(suits, judged(judgement, i), best_suits,
			      best < 0 ? NULL : judged(judgement, best))) {
			best = i;
			best_suits = suits;
		}
	}
	return best;
}

static bool may_receive(const struct ca_certs_entry *entry)
{
	return entry->is_believed && !entry->is_unfit;
}

/* Tells if it is a CA below the anchor that is not believed: too weak. */
static bool is_refused_ca(const struct ca_certs_entry *entry)
{
	return !entry->is_ra && !entry->is_believed;
}

/* Names the certificate at that place in an error. */
static enum scep_code blame_certificate(const struct judgement *judgement,
					int i, struct scep_error *error)
{
	const struct ca_certs_entry *entry = &judgement->entries[i];
	char subject[SCEP_TEXT255];
	enum scep_code code = names_text(
	    X509_get_subject_name(judged(judgement, i)), subject, error);

	if (code != SCEP_OK)
		return code;
	return error_set(error, SCEP_CA_NOT_TRUSTED, "the %s %s: %s",
			 entry->is_ra ? "RA" : "CA", subject, entry->reason);
}

/* Counts the RAs of the answer by what has been said of them. */
struct ra_count {
	size_t believed;
	size_t undecided;
	int unfit; /* place of one that a manager trusts in vain, or -1 */
};

static struct ra_count count_ras(const struct judgement *judgement)
{
	struct ra_count count = {.unfit = -1};

	for (int i = 0; i < sk_X509_num(judgement->input->certificates); i++) {
		const struct ca_certs_entry *entry = &judgement->entries[i];

		if (!entry->is_ra || entry->decision == SCEP_CA_REJECTED)
			continue;
		if (entry->is_believed)
			count.believed++;
		else if (entry->decision != SCEP_CA_TRUSTED)
			count.undecided++;
		else
			count.unfit = i;
	}
	return count;
}

/* Refuses to pass over the CA that would issue because it is too weak. */
static enum scep_code check_refused_cas(const struct judgement *judgement,
					int best, struct scep_error *error)
{
	int refused = -1;

	for (int i = 0; i < sk_X509_num(judgement->input->certificates); i++) {
		X509 *each = judged(judgement, i);

		if (is_refused_ca(&judgement->entries[i]) &&
		    certs_tree_has(&judgement->tree, each) &&
		    (best < 0 ||
		     suitability(judgement, i) >= suitability(judgement, best)))
			refused = i;
	}
	return refused < 0 ? SCEP_OK
			   : blame_certificate(judgement, refused, error);
}

/* Chooses the recipient, unless a manager first has to decide. */
static enum scep_code choose_recipient(const struct judgement *judgement,
				       struct ca_certs *trust,
				       struct scep_error *error)
{
	struct ra_count ras = count_ras(judgement);
	int best = find_best(judgement, may_receive);
	enum scep_code code = SCEP_OK;

	if (ras.believed == 0 && ras.undecided > 0)
		return SCEP_OK;
	if (ras.believed == 0 && ras.unfit >= 0)
		return blame_certificate(judgement, ras.unfit, error);
	if (best < 0 || !judgement->entries[best].is_ra)
		code = check_refused_cas(judgement, best, error);
	if (code != SCEP_OK)
		return code;
	if (best < 0)
		return error_set(error, SCEP_CA_NOT_TRUSTED,
				 "neither CA nor RA has a valid key to which "
				 "requests can be encrypted");
	trust->recipient = judged(judgement, best);
	X509_up_ref(trust->recipient);
	return SCEP_OK;
}

/* Keeps those that are believed. */
static enum scep_code fill_chain(const struct judgement *judgement,
				 struct ca_certs *trust,
				 struct scep_error *error)
{
	enum scep_code code = SCEP_OK;

	trust->chain = sk_X509_new_null();
	for (int i = 0;
	     code == SCEP_OK && i < sk_X509_num(judgement->input->certificates);
	     i++) {
		if (judgement->entries[i].is_believed)
			code = certs_push(trust->chain, judged(judgement, i),
					  error);
	}
	return code;
}

enum scep_code ca_certs_establish(const struct ca_certs_input *input,
				  struct ca_certs_entry *entries,
				  struct ca_certs *trust,
				  struct scep_error *error)
{
	struct judgement judgement = {.input = input, .entries = entries};
	enum scep_code code;

	memset(trust, 0, sizeof(*trust));
	code = find_anchor(input, &judgement.anchor, error);
	if (code == SCEP_OK)
		code = judge_all(&judgement, error);
	if (code == SCEP_OK &&
	    !entry_of(&judgement, judgement.anchor)->is_believed)
		code = error_set(
		    error, SCEP_CA_NOT_TRUSTED, "the CA certificate: %s",
		    entry_of(&judgement, judgement.anchor)->reason);
	if (code == SCEP_OK) {
		X509_up_ref(judgement.anchor);
		trust->anchor = judgement.anchor;
		code = fill_chain(&judgement, trust, error);
	}
	if (code == SCEP_OK)
		code = choose_recipient(&judgement, trust, error);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK)
		ca_certs_free(trust);
	return code;
}

const X509_NAME *ca_certs_issuer_name(const struct ca_certs *trust)
{
	return certs_is_ca(trust->recipient)
		   ? X509_get_subject_name(trust->recipient)
		   : X509_get_issuer_name(trust->recipient);
}

bool ca_certs_is_ca(const struct ca_certs *trust, X509 *certificate)
{
	return X509_cmp(certificate, trust->anchor) == 0 ||
	       (certs_is_ca(certificate) &&
		X509_NAME_cmp(X509_get_subject_name(certificate),
			      ca_certs_issuer_name(trust)) == 0);
}

void ca_certs_free(struct ca_certs *trust)
{
	X509_free(trust->anchor);
	sk_X509_pop_free(trust->chain, X509_free);
	X509_free(trust->recipient);
	memset(trust, 0, sizeof(*trust));
}

enum scep_code ca_certs_candidate(STACK_OF(X509) * certificates,
				  const struct certs_floor *floor,
				  X509 **candidate, struct scep_error *error)
{
	struct certs_tree tree;
	struct scep_error weakness;
	char subject[SCEP_TEXT255];
	X509 *weak = NULL;
	size_t best_count = 0;

	*candidate = NULL;
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *each = sk_X509_value(certificates, i);
		enum scep_code code;

		if (!certs_is_ca(each))
			continue;
		code = certs_check_floor(each, true, floor, &weakness);
		if (code == SCEP_OK)
			code = certs_tree_grow(&tree, each, certificates, NULL);
		if (code == SCEP_NO_MEMORY)
			return error_set_memory(error);
		if (code != SCEP_OK)
			weak = each;
		else if (tree.count > best_count) {
			*candidate = each;
			best_count = tree.count;
		}
	}
	if (*candidate != NULL || weak == NULL)
		return SCEP_OK;
	if (names_text(X509_get_subject_name(weak), subject, error) != SCEP_OK)
		return SCEP_NO_MEMORY;
	return error_set(error, SCEP_CA_NOT_TRUSTED, "the CA %s: %s", subject,
			 weakness.text);
}
