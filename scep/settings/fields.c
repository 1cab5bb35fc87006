/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all that a manager can write, and the judging of values one by
 * one.  What the rows of the table mean together is not known here.
 */
#include "scep/change.h"
#include "mibs/object_words.h"

#include <assert.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/octets.h"
#include "scep/text.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/csr.h"
#include "scep/base/url.h"
#include "scep/settings/verdict.h"

/* DateAndTime has two octets for the year: the last second of 65535. */
#define LAST_SECOND INT64_C(2005949145599)

/* Judges a text beyond its length. */
typedef enum scep_code judge_fn(const char *text, struct scep_error *error);

static enum scep_code judge_server_url(const char *text,
				       struct scep_error *error)
{
	const char *fault = "must be a URL";

	if (url_is_server(text, &fault))
		return SCEP_OK;
	return error_set(error, SCEP_CONFIG_ERROR, "%s", fault);
}

static enum scep_code judge_url(const char *text, struct scep_error *error)
{
	const char *fault = "must be a URL";

	if (url_is_valid(text, &fault))
		return SCEP_OK;
	return error_set(error, SCEP_CONFIG_ERROR, "%s", fault);
}

/* ------------------------------------------------------------- the table -- */

#define HOME_AGENT	    SCEP_HOME_AGENT
#define HOME_PROFILE	    SCEP_HOME_PROFILE
#define HOME_SERVER	    SCEP_HOME_PROFILE
#define HOME_REQUEST	    SCEP_HOME_PROFILE
#define HOME_AUTO_VALUES    SCEP_HOME_PROFILE
#define HOME_AUTO	    SCEP_HOME_PROFILE
#define HOME_STATUS_SCALARS SCEP_HOME_AGENT
#define HOME_KEY	    SCEP_HOME_KEY
#define HOME_CA		    SCEP_HOME_CA
#define HOME_NOTIFY	    SCEP_HOME_AGENT

#define DEFVAL(number)	    (number)
#define EMPTY		    0
#define NO_DEFVAL(number)   (number)
#define KEPT		    false
#define VOLATILE	    true

#define MIB_SETTING(id, arc, field, words, member, type, span, number,         \
		    keeping)                                                   \
	[field] = {                                                            \
	    .name = words,                                                     \
	    .group = SCEP_GROUP_##id,                                          \
	    .kind = SCEP_KIND_##type,                                          \
	    .home = HOME_##id,                                                 \
	    .offset = offsetof(ROW_##id, PART_##id member),                    \
	    .range = span,                                                     \
	    .preset = number,                                                  \
	    .is_volatile = keeping,                                            \
	},
#define MIB_ACTION(id, arc, field, words, span)                                \
	[field] = {                                                            \
	    .name = words,                                                     \
	    .group = SCEP_GROUP_##id,                                          \
	    .kind = SCEP_KIND_ACTION,                                          \
	    .home = HOME_##id,                                                 \
	    .offset = SCEP_NO_MEMBER,                                          \
	    .range = span,                                                     \
	    .is_volatile = true,                                               \
	},

static const struct scep_field_info fields[SCEP_FIELD_COUNT] = {
#include "mibs/objects.def"
};

/*
 * The numbers that a Set may write, where SYNTAX has others that an agent only
 * shows: notReady(3) and what a row of keys or CAs is (RFC 2579, RowStatus),
 * the storage types that no row of ours has, and a trust that the engine finds
 * out.
 */
static const struct {
	struct scep_range range;
	const char *words;
} writable[SCEP_FIELD_COUNT] = {
    [SCEP_PROFILE_STORAGE_TYPE] =
	{{{{SCEP_STORAGE_VOLATILE, SCEP_STORAGE_NONVOLATILE}}, 1},
	 "volatile(2) or nonVolatile(3)"},
    [SCEP_PROFILE_ROW_STATUS] = {{{{SCEP_ROW_ACTIVE, SCEP_ROW_NOT_IN_SERVICE},
				   {SCEP_ROW_CREATE_AND_GO, SCEP_ROW_DESTROY}},
				  2},
				 "active(1), notInService(2), createAndGo(4), "
				 "createAndWait(5) or destroy(6)"},
    [SCEP_KEY_ROW_STATUS] = {{{{SCEP_ROW_DESTROY, SCEP_ROW_DESTROY}}, 1},
			     "destroy(6)"},
    [SCEP_CA_TRUST] = {{{{SCEP_CA_TRUSTED, SCEP_CA_REJECTED}}, 1},
		       "trusted(2) or rejected(3)"},
    [SCEP_CA_ROW_STATUS] = {{{{SCEP_ROW_DESTROY, SCEP_ROW_DESTROY}}, 1},
			    "destroy(6)"},
};

/* Judges a text beyond its length and clean UTF-8. */
static judge_fn *const judges[SCEP_FIELD_COUNT] = {
    [SCEP_SERVER_URL] = judge_server_url,
    [SCEP_SERVER_PROXY_URL] = judge_url,
    [SCEP_REQUEST_SUBJECT_EXTRA] = csr_check_subject_extra,
    [SCEP_AUTO_SUBJECT_EXTRA] = csr_check_subject_extra,
    [SCEP_REQUEST_SUBJECT_ALT_NAME] = csr_check_subject_alt_name,
    [SCEP_AUTO_SUBJECT_ALT_NAME] = csr_check_subject_alt_name,
    [SCEP_REQUEST_EXTENDED_KEY_USAGE] = csr_check_extended_key_usage,
    [SCEP_AUTO_EXTENDED_KEY_USAGE] = csr_check_extended_key_usage,
    [SCEP_REQUEST_TEMPLATE] = csr_check_template,
    [SCEP_AUTO_TEMPLATE] = csr_check_template,
};

const struct scep_field_info *scep_field_info(enum scep_field field)
{
	if (field <= SCEP_FIELD_NONE || field >= SCEP_FIELD_COUNT)
		return NULL;
	return &fields[field];
}

/* -------------------------------------------------------------- judging -- */

static enum scep_refusal check_number(enum scep_field field, int64_t number,
				      struct scep_verdict *verdict)
{
	const struct scep_field_info *info = &fields[field];
	const bool is_partly = writable[field].words != NULL;
	const struct scep_range *range =
	    is_partly ? &writable[field].range : &info->range;
	char words[SCEP_RANGE_WORDS];

	if (number >= 0 && scep_range_has(range, (uint64_t)number))
		return SCEP_ACCEPTED;
	scep_range_words(range, words);
	return verdict_refuse(verdict, SCEP_WRONG_VALUE, "%s: must be %s",
			      info->name,
			      is_partly ? writable[field].words : words);
}

static enum scep_refusal check_truth(const struct scep_field_info *info,
				     int64_t number,
				     struct scep_verdict *verdict)
{
	if (number != 0 && number != 1)
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: must be true or false", info->name);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_bits(const struct scep_field_info *info,
				    int64_t number,
				    struct scep_verdict *verdict)
{
	int64_t known = (INT64_C(2) << scep_range_max(&info->range)) - 1;

	if (number < 0 || (number & ~known))
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: has a bit without a name",
				      info->name);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_time(const struct scep_field_info *info,
				    int64_t number,
				    struct scep_verdict *verdict)
{
	if (number < 0 || number > LAST_SECOND)
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: must be a time since 1970",
				      info->name);
	return SCEP_ACCEPTED;
}

static enum scep_refusal check_length(const struct scep_field_info *info,
				      uint32_t length,
				      struct scep_verdict *verdict)
{
	char words[SCEP_RANGE_WORDS];

	if (scep_range_has(&info->range, length))
		return SCEP_ACCEPTED;
	scep_range_words(&info->range, words);
	return verdict_refuse(verdict, SCEP_WRONG_LENGTH,
			      "%s: must have %s octets", info->name, words);
}

static enum scep_refusal check_text(enum scep_field field,
				    const struct scep_value *value,
				    struct scep_verdict *verdict)
{
	const char *name = fields[field].name;
	enum scep_refusal refusal;
	struct scep_error fault;
	char text[SCEP_TEXT255];

	refusal = check_length(&fields[field], value->length, verdict);
	if (refusal)
		return refusal;
	if (!text_is_clean(value->octets, value->length))
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "%s: must be UTF-8 without control or "
				      "invisible characters",
				      name);
	memcpy(text, value->octets, value->length);
	text[value->length] = '\0';
	if (!value->length || !judges[field] ||
	    judges[field](text, &fault) == SCEP_OK)
		return SCEP_ACCEPTED;
	return verdict_refuse(verdict,
			      fault.code == SCEP_NO_MEMORY
				  ? SCEP_RESOURCE_UNAVAILABLE
				  : SCEP_WRONG_VALUE,
			      "%s: %s", name, fault.text);
}

/* RFC 2985, 5.4.1: a challenge password is a directory string. */
static enum scep_refusal check_secret(const struct scep_field_info *info,
				      const struct scep_value *value,
				      struct scep_verdict *verdict)
{
	enum scep_refusal refusal = check_length(info, value->length, verdict);

	if (refusal || text_is_plain(value->octets, value->length))
		return refusal;
	return verdict_refuse(verdict, SCEP_WRONG_VALUE,
			      "%s: must be UTF-8 without control characters",
			      info->name);
}

enum scep_refusal scep_value_check(enum scep_field field,
				   const struct scep_value *value,
				   struct scep_verdict *verdict)
{
	const struct scep_field_info *info = scep_field_info(field);

	verdict->refusal = SCEP_ACCEPTED;
	verdict->reason[0] = '\0';
	if (!info)
		return verdict_refuse(verdict, SCEP_WRONG_VALUE,
				      "no object of this agent");
	switch (info->kind) {
	case SCEP_KIND_NUMBER:
	case SCEP_KIND_ENUM:
	case SCEP_KIND_ACTION:
		return check_number(field, value->number, verdict);
	case SCEP_KIND_TRUTH:
		return check_truth(info, value->number, verdict);
	case SCEP_KIND_BITS:
		return check_bits(info, value->number, verdict);
	case SCEP_KIND_TIME:
		return check_time(info, value->number, verdict);
	case SCEP_KIND_TEXT:
		return check_text(field, value, verdict);
	case SCEP_KIND_OCTETS:
		return check_length(info, value->length, verdict);
	case SCEP_KIND_SECRET:
		return check_secret(info, value, verdict);
	}
	assert(!"a kind that scep.h does not have");
	return SCEP_WRONG_VALUE;
}
