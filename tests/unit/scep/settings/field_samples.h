/* SPDX-License-Identifier: Apache-2.0 */
/* A good value for each setting, and what kind of a setting it is. */
#ifndef TESTS_UNIT_SCEP_SETTINGS_FIELD_SAMPLES_H
#define TESTS_UNIT_SCEP_SETTINGS_FIELD_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/profile_row.h"
#include "scep/settings/settings.h"

static inline enum scep_kind kind_of(enum scep_field field)
{
	return scep_field_info(field)->kind;
}

static inline bool is_text(enum scep_field field)
{
	return kind_of(field) == SCEP_KIND_TEXT;
}

static inline bool is_octets(enum scep_field field)
{
	return kind_of(field) == SCEP_KIND_OCTETS ||
	       kind_of(field) == SCEP_KIND_SECRET;
}

static inline bool is_number(enum scep_field field)
{
	return kind_of(field) == SCEP_KIND_NUMBER ||
	       kind_of(field) == SCEP_KIND_ENUM ||
	       kind_of(field) == SCEP_KIND_ACTION;
}

static inline struct scep_value of_number(int64_t number)
{
	return (struct scep_value){.number = number};
}

static inline struct scep_value of_octets(const void *octets, size_t length)
{
	struct scep_value value = {.length = (uint32_t)length};

	memcpy(value.octets, octets, length);
	return value;
}

static inline struct scep_value of_text(const char *text)
{
	return of_octets(text, strlen(text));
}

/* A good value that is no default. */
static inline struct scep_value sample(enum scep_field field)
{
	const struct scep_field_info *info = scep_field_info(field);

	switch (field) {
	case SCEP_SERVER_URL:
	case SCEP_SERVER_PROXY_URL:
		return of_text("https://ca.example/scep");
	case SCEP_REQUEST_SUBJECT_EXTRA:
	case SCEP_AUTO_SUBJECT_EXTRA:
		return of_text("OU=Print,L=Riga,C=LV");
	case SCEP_REQUEST_SUBJECT_ALT_NAME:
	case SCEP_AUTO_SUBJECT_ALT_NAME:
		return of_text("DNS:a.example,IP:192.0.2.1");
	case SCEP_REQUEST_EXTENDED_KEY_USAGE:
	case SCEP_AUTO_EXTENDED_KEY_USAGE:
		return of_text("serverAuth,clientAuth");
	case SCEP_PROFILE_STORAGE_TYPE:
		return of_number(SCEP_STORAGE_VOLATILE);
	case SCEP_PROFILE_ROW_STATUS:
		return of_number(SCEP_ROW_NOT_IN_SERVICE);
	case SCEP_CA_TRUST:
		return of_number(SCEP_CA_REJECTED);
	case SCEP_AUTO_PERIODIC_UNIT:
		return of_number(2);
	case SCEP_AUTO_ADJUST_MAX:
		return of_number(5);
	default:
		break;
	}
	if (is_text(field))
		return of_text("R\xc4\xabga"); /* two octets of UTF-8 */
	if (is_octets(field))
		return of_octets("01234567890123456789012345678901", 32);
	if (info->kind == SCEP_KIND_TIME)
		return of_number(1700000000);
	if (info->kind == SCEP_KIND_BITS)
		return of_number(2);
	return of_number(
	    info->kind == SCEP_KIND_TRUTH ? 1 : scep_range_max(&info->range));
}

#endif
