/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/state/health_text.h"

#include <stdio.h>
#include <string.h>

#include "scep/agent_row.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/status_row.h"
#include "scep/text.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/state/health.h"

#define DAY  86400
#define NAME 80
#define MORE "; and more"

/* The text that is being written, and what it is about. */
struct words {
	const struct scep_view *view;
	const struct health_facts *facts;
	char text[SCEP_TEXT255];
	bool is_full;
};

static void words_add(struct words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a reason.  The worst stands first: what does not fit is shortened, and
 * counted only where too little of it could be seen. */
static void words_add(struct words *words, const char *format, ...)
{
	size_t length = strlen(words->text);
	size_t room = sizeof(words->text) - length;
	char reason[SCEP_TEXT255];
	va_list arguments;

	if (words->is_full)
		return;
	va_start(arguments, format);
	text_format_list(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	words->is_full = strlen(reason) + sizeof("; ") + sizeof(MORE) > room;
	if (words->is_full && room < TEXT_SHORTEN + sizeof(MORE))
		text_format(words->text + length, room, "%s", MORE);
	else
		text_format(words->text + length, room, "%s%s",
			    length > 0 ? "; " : "", reason);
}

static void write_days(char text[NAME], int64_t seconds)
{
	long long days = seconds / DAY;

	if (days < 1)
		snprintf(text, NAME, "in less than a day");
	else
		snprintf(text, NAME, "in %lld day%s", days,
			 days == 1 ? "" : "s");
}

static void write_more(char text[NAME], size_t count)
{
	text[0] = '\0';
	if (count > 1)
		snprintf(text, NAME, ", and %zu more", count - 1);
}

/* ----------------------------------------------------------------- keys -- */

static void write_key_name(char name[NAME], const struct scep_key *key)
{
	if (key->name[0] != '\0')
		snprintf(name, NAME, "%s", key->name);
	else
		snprintf(name, NAME, "key %u", key->index);
}

/* Returns the first key in service with that state to expire, or NULL. */
static const struct scep_key *first_in_state(const struct words *words,
					     enum scep_key_state state,
					     size_t *count)
{
	const struct scep_view *view = words->view;
	const struct scep_key *first = NULL;
	int64_t now = words->facts->now;

	*count = 0;
	ROWS_EACH (i, &view->keys) {
		const struct scep_key *key = view->keys.row[i];

		if (scep_key_state_at(
			key, now, view->agent.notify_expiry_days) != state ||
		    !scep_view_key_is_in_service(view, key, now))
			continue;
		++*count;
		if (first == NULL || key->not_after < first->not_after)
			first = key;
	}
	return first;
}

static void add_keys(struct words *words, enum scep_key_state state)
{
	char name[NAME], days[NAME], more[NAME];
	size_t count;
	const struct scep_key *key = first_in_state(words, state, &count);

	if (key == NULL)
		return;
	write_key_name(name, key);
	write_more(more, count);
	write_days(days, key->not_after - words->facts->now);
	if (state == SCEP_KEY_EXPIRED)
		words_add(words, "certificate of %s has expired%s", name, more);
	else if (state == SCEP_KEY_EXPIRING)
		words_add(words, "certificate of %s expires %s%s", name, days,
			  more);
	else
		words_add(words, "key %u (%s) is corrupt%s", key->index, name,
			  more);
}

static void add_fault(struct words *words)
{
	const char *fault = words->facts->storage_fault;

	if (fault != NULL && fault[0] != '\0')
		words_add(words, "nothing is written: %s", fault);
	else
		words_add(words, "the state directory cannot be used");
}

static void add_storage(struct words *words)
{
	const struct scep_status *held = health_held_request(words->view);

	add_keys(words, SCEP_KEY_CORRUPT);
	if (words->view->agent.recovery[0] != '\0')
		words_add(words, "%s", words->view->agent.recovery);
	if (words->facts->storage_is_failing)
		add_fault(words);
	if (held != NULL)
		words_add(words, "request %u waits: %s", held->index,
			  held->text);
}

/* ------------------------------------------------------------- profiles -- */

static void add_failures(struct words *words)
{
	ROWS_EACH (i, &words->view->profiles) {
		const struct scep_profile *profile =
		    words->view->profiles.row[i];
		const char *text = profile->outcome.text;

		if (health_profile_has_failed(profile))
			words_add(words, "profile %u: %s", profile->index,
				  text[0] != '\0' ? text
						  : "the last request failed");
	}
}

static void add_challenges(struct words *words)
{
	ROWS_EACH (i, &words->view->profiles) {
		const struct scep_profile *profile =
		    words->view->profiles.row[i];

		if (profile->timer.enable && profile->timer.lacks_challenge)
			words_add(words,
				  "profile %u: the timer needs a challenge "
				  "password",
				  profile->index);
	}
}

static void add_polls(struct words *words)
{
	ROWS_EACH (i, &words->view->statuses) {
		const struct scep_status *status = words->view->statuses.row[i];

		if (health_poll_is_late(status, words->facts->now))
			words_add(words, "profile %u: a poll is late",
				  status->profile_index);
	}
}

static void add_clocks(struct words *words)
{
	int64_t limit = words->facts->clock_skew_limit;

	if (words->facts->now < words->facts->sane_from) {
		words_add(words, "the clock of the device is wrong");
		return;
	}
	ROWS_EACH (i, &words->view->profiles) {
		const struct scep_profile *profile =
		    words->view->profiles.row[i];
		int64_t skew = profile->facts.clock_skew;

		if (skew > limit || -skew > limit)
			words_add(words,
				  "profile %u: the clock of the server differs "
				  "by %lld s",
				  profile->index, (long long)skew);
	}
}

/* ------------------------------------------------- CAs and use locations -- */

static void add_untrusted_cas(struct words *words)
{
	ROWS_EACH (i, &words->view->cas) {
		const struct scep_ca *ca = words->view->cas.row[i];

		if (ca->trust == SCEP_CA_PENDING)
			words_add(words, "CA %u (%s) waits for trust",
				  ca->index, ca->subject);
	}
}

static void add_expiring_cas(struct words *words)
{
	const struct scep_view *view = words->view;
	int64_t now = words->facts->now;
	char days[NAME];

	ROWS_EACH (i, &view->cas) {
		const struct scep_ca *ca = view->cas.row[i];

		if (!health_ca_is_expiring(view, ca, now))
			continue;
		write_days(days, ca->not_after - now);
		if (ca->not_after < now)
			words_add(words, "CA %u (%s) has expired", ca->index,
				  ca->subject);
		else
			words_add(words, "CA %u (%s) expires %s", ca->index,
				  ca->subject, days);
	}
}

static void add_uses(struct words *words)
{
	ROWS_EACH (i, &words->view->uses) {
		const struct scep_use *use = words->view->uses.row[i];

		if (use->applied == SCEP_APPLIED_FAILED)
			words_add(words, "use location %s: %s", use->name,
				  use->text);
	}
}

/* ---------------------------------------------------------- all of them -- */

static void add_expired_keys(struct words *words)
{
	add_keys(words, SCEP_KEY_EXPIRED);
}

static void add_expiring_keys(struct words *words)
{
	add_keys(words, SCEP_KEY_EXPIRING);
}

static void add_limit(struct words *words)
{
	words_add(words, "the registry is full (%u keys)",
		  words->view->agent.key_limit);
}

static void add_restart(struct words *words)
{
	words_add(words, "a restart is pending");
}

/* The worst stands first. */
static const struct {
	uint32_t reason;
	void (*add)(struct words *words);
} reasons[] = {
    {HEALTH_CERT_EXPIRED, add_expired_keys},
    {HEALTH_STORAGE_ERROR, add_storage},
    {HEALTH_CERT_EXPIRING, add_expiring_keys},
    {HEALTH_LAST_REQUEST_FAILED, add_failures},
    {HEALTH_DEPLOY_FAILED, add_uses},
    {HEALTH_CHALLENGE_MISSING, add_challenges},
    {HEALTH_CA_UNTRUSTED, add_untrusted_cas},
    {HEALTH_CA_EXPIRING, add_expiring_cas},
    {HEALTH_KEY_LIMIT_REACHED, add_limit},
    {HEALTH_CLOCK_SUSPECT, add_clocks},
    {HEALTH_POLLING_LATE, add_polls},
    {HEALTH_RESTART_PENDING, add_restart},
};

void health_text_write(struct scep_view *view, const struct health_facts *facts)
{
	struct words words = {.view = view, .facts = facts};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (view->agent.health_reason & reasons[i].reason)
			reasons[i].add(&words);
	if (words.text[0] == '\0')
		words_add(&words, "ok");
	memcpy(view->agent.health_text, words.text, sizeof(words.text));
}
