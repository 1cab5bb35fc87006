/* SPDX-License-Identifier: Apache-2.0 */
/* Values in and out of rows, defaults, and changes as lists of items. */
#include "scep/settings/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/octets.h"
#include "scep/profile_row.h"
#include "scep/server.h"
#include "scep/values.h"

/* Where the state is unless the build or the configuration file says so. */
#ifndef SCEP_STATE_DIRECTORY
#define SCEP_STATE_DIRECTORY "/var/lib/scepagent"
#endif

/* scepAutoOperStatus of a timer that has never been enabled: disabled(1). */
#define OPER_STATUS_DISABLED 1

/* ------------------------------------------------------- members of rows -- */

/* The first members of all struct scep_octetsN. */
struct octets {
	uint32_t length;
	unsigned char data[];
};
_Static_assert(offsetof(struct octets, data) ==
		   offsetof(struct scep_octets64, data),
	       "octets of all sizes are laid out alike");

static void put_text(char *to, uint32_t longest, const void *text,
		     uint32_t length)
{
	memset(to, 0, longest + 1);
	memcpy(to, text, length);
}

static void put_octets(struct octets *to, uint32_t longest, const void *octets,
		       uint32_t length)
{
	/* It may be a secret that goes. */
	explicit_bzero(to->data, longest);
	memcpy(to->data, octets, length);
	to->length = length;
}

void settings_put(enum scep_field field, const struct scep_value *value,
		  void *home)
{
	const struct scep_field_info *info = scep_field_info(field);
	uint32_t max = scep_range_max(&info->range);
	void *member;

	if (info->offset == SCEP_NO_MEMBER)
		return;
	member = (char *)home + info->offset;
	switch (info->kind) {
	case SCEP_KIND_NUMBER:
	case SCEP_KIND_ENUM:
	case SCEP_KIND_TRUTH:
	case SCEP_KIND_BITS:
		*(uint32_t *)member = (uint32_t)value->number;
		return;
	case SCEP_KIND_TIME:
		*(int64_t *)member = value->number;
		return;
	case SCEP_KIND_TEXT:
		assert(value->length <= max);
		put_text(member, max, value->octets, value->length);
		return;
	case SCEP_KIND_OCTETS:
	case SCEP_KIND_SECRET:
		assert(value->length <= max);
		put_octets(member, max, value->octets, value->length);
		return;
	case SCEP_KIND_ACTION:
		return;
	}
}

bool settings_has(enum scep_field field, const struct scep_value *value,
		  const void *home)
{
	const struct scep_field_info *info = scep_field_info(field);
	const struct octets *octets;
	const void *member;

	if (info->offset == SCEP_NO_MEMBER)
		return false;
	member = (const char *)home + info->offset;
	switch (info->kind) {
	case SCEP_KIND_NUMBER:
	case SCEP_KIND_ENUM:
	case SCEP_KIND_TRUTH:
	case SCEP_KIND_BITS:
		return *(const uint32_t *)member == value->number;
	case SCEP_KIND_TIME:
		return *(const int64_t *)member == value->number;
	case SCEP_KIND_TEXT:
		return strlen(member) == value->length &&
		       !memcmp(member, value->octets, value->length);
	case SCEP_KIND_OCTETS:
		octets = member;
		return octets->length == value->length &&
		       !memcmp(octets->data, value->octets, value->length);
	case SCEP_KIND_SECRET:
	case SCEP_KIND_ACTION:
		return false;
	}
	return false;
}

bool settings_are_same(enum scep_field field, const void *home,
		       const void *other)
{
	const struct scep_field_info *info = scep_field_info(field);
	const struct octets *octets, *others;
	const void *member, *peer;

	if (info->offset == SCEP_NO_MEMBER)
		return true;
	member = (const char *)home + info->offset;
	peer = (const char *)other + info->offset;
	switch (info->kind) {
	case SCEP_KIND_NUMBER:
	case SCEP_KIND_ENUM:
	case SCEP_KIND_TRUTH:
	case SCEP_KIND_BITS:
		return *(const uint32_t *)member == *(const uint32_t *)peer;
	case SCEP_KIND_TIME:
		return *(const int64_t *)member == *(const int64_t *)peer;
	case SCEP_KIND_TEXT:
		return !strcmp(member, peer);
	case SCEP_KIND_OCTETS:
	case SCEP_KIND_SECRET:
		octets = member;
		others = peer;
		return octets->length == others->length &&
		       !memcmp(octets->data, others->data, octets->length);
	case SCEP_KIND_ACTION:
		return true;
	}
	return true;
}

/* -------------------------------------------------------------- defaults -- */

/*
 * Presets the settings of some groups, whose members begin at `base` of their
 * home where `part` is that part of it alone.  The part has been zeroed, and
 * texts, octets and times have no other default.
 */
static void preset(uint32_t groups, void *part, size_t base)
{
	SCEP_FIELDS_EACH (field) {
		const struct scep_field_info *info = scep_field_info(field);

		if (info->group & groups && info->preset)
			*(uint32_t *)((char *)part + info->offset - base) =
			    info->preset;
	}
}

void settings_preset_profile(struct scep_profile *profile)
{
	uint32_t index = profile->index;

	explicit_bzero(profile, sizeof(*profile));
	profile->index = index;
	profile->facts.check_result = SCEP_NONE;
	profile->timer.oper_status = OPER_STATUS_DISABLED;
	preset(SCEP_GROUP_PROFILE | SCEP_GROUP_SERVER | SCEP_GROUP_REQUEST |
		   SCEP_GROUP_AUTO_VALUES | SCEP_GROUP_AUTO,
	       profile, 0);
}

void settings_preset_server(struct scep_server *server)
{
	memset(server, 0, sizeof(*server));
	preset(SCEP_GROUP_SERVER, server,
	       offsetof(struct scep_profile, server));
}

void settings_preset_values(struct scep_values *values)
{
	explicit_bzero(values, sizeof(*values));
	preset(SCEP_GROUP_REQUEST, values,
	       offsetof(struct scep_profile, request));
}

void settings_preset_agent(struct scep_agent *agent)
{
	memset(agent, 0, sizeof(*agent));
	agent->health = SCEP_HEALTH_OK;
	preset(SCEP_GROUP_AGENT | SCEP_GROUP_STATUS_SCALARS | SCEP_GROUP_NOTIFY,
	       agent, 0);
}

uint32_t settings_request_bit(enum scep_field field)
{
	const struct scep_field_info *info = scep_field_info(field);

	_Static_assert(SCEP_REQUEST_TEMPLATE - SCEP_REQUEST_KEY_NAME < 32,
		       "each request value has its bit");
	if (info->group != SCEP_GROUP_REQUEST || info->kind == SCEP_KIND_ACTION)
		return 0;
	return UINT32_C(1) << (field - SCEP_REQUEST_KEY_NAME);
}

bool settings_redirect(const struct scep_profile *before,
		       const struct scep_profile *after)
{
	static const enum scep_field targets[] = {
	    SCEP_SERVER_URL,
	    SCEP_SERVER_PORT,
	    SCEP_SERVER_PROXY_URL,
	    SCEP_SERVER_CA_FINGERPRINT,
	    SCEP_SERVER_CA_TRUST_POLICY,
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
		if (!settings_are_same(targets[i], before, after))
			return true;
	return false;
}

void settings_preset_sent(struct scep_profile *profile)
{
	SCEP_FIELDS_EACH (field) {
		const struct scep_value value = {
		    .number = scep_field_info(field)->preset,
		};
		uint32_t bit = settings_request_bit(field);

		if (bit != 0 && (profile->request_written & bit) == 0)
			settings_put(field, &value, profile);
	}
}

void scep_config_init(struct scep_config *config)
{
	memset(config, 0, sizeof(*config));
	snprintf(config->state_directory, sizeof(config->state_directory), "%s",
		 SCEP_STATE_DIRECTORY);
	config->key_limit = 16;
	config->status_history = scep_field_info(SCEP_STATUS_MAX_ROWS)->preset;
	config->clock_skew_limit = 600;
}

/* --------------------------------------------------------------- changes -- */

void scep_change_init(struct scep_change *change)
{
	memset(change, 0, sizeof(*change));
}

bool scep_change_add(struct scep_change *change, const struct scep_item *item)
{
	if (change->count == change->capacity) {
		struct scep_change grown = {
		    .count = change->count,
		    .capacity = change->capacity ? 2 * change->capacity : 8,
		};

		/* No realloc(): it would leave a challenge behind. */
		grown.items = calloc(grown.capacity, sizeof(*grown.items));
		if (!grown.items)
			return false;
		if (change->count)
			memcpy(grown.items, change->items,
			       change->count * sizeof(*grown.items));
		scep_change_free(change);
		*change = grown;
	}
	change->items[change->count++] = *item;
	return true;
}

void scep_change_free(struct scep_change *change)
{
	if (change->items)
		explicit_bzero(change->items,
			       change->capacity * sizeof(*change->items));
	free(change->items);
	scep_change_init(change);
}
