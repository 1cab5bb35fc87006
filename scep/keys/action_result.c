/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/keys/action_result.h"

#include <string.h>

#include "scep/text.h"
#include "scep/base/error.h"

static void show(struct scep_key *key, enum scep_code code, const char *words)
{
	key->action_result = code;
	text_copy(key->action_text, sizeof(key->action_text), words,
		  strlen(words));
}

void action_result_run(struct scep_key *key, const char *words)
{
	key->action_fault[0] = '\0';
	show(key, SCEP_IN_PROGRESS, words);
}

void action_result_defer(struct scep_key *key)
{
	show(key, SCEP_DEFERRED, "waits until the certificate begins");
}

void action_result_succeed(struct scep_key *key)
{
	show(key, SCEP_NONE, "successful");
}

void action_result_note(struct scep_key *key, const struct scep_error *error)
{
	if (key->action_fault[0] == '\0')
		error_words(error, key->action_fault);
}

void action_result_end(struct scep_key *key)
{
	if (key->action_fault[0] != '\0')
		show(key, SCEP_DEPLOY_FAILED, key->action_fault);
	else
		action_result_succeed(key);
	key->action_fault[0] = '\0';
}

void action_result_fail(struct scep_key *key, const struct scep_error *error)
{
	char words[SCEP_TEXT255];

	error_words(error, words);
	show(key, error_detail(error->code), words);
}

void action_result_cancel(struct scep_key *key, const char *reason)
{
	struct scep_error error;

	error_set(&error, SCEP_CANCELLED, "%s", reason);
	action_result_fail(key, &error);
}
