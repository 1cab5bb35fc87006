/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a successful row where several things are to be said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scep/status_row.h"
#include "scep/text.h"
#include "scep/base/error.h"
#include "scep/enroll/success_text.h"
#include "scep/state/task.h"
#include "scep/store/record.h"

static struct record record;
static struct scep_status status;

/* Fills a text with a name of that many octets and a reason. */
static void fill(char text[SCEP_TEXT255], const char *begin, size_t length,
		 const char *reason)
{
	char name[SCEP_TEXT255] = "";

	for (size_t at = 0; at + 2 <= length; at += 2)
		memcpy(name + at, "\xc3\xa9", 2);
	text_format(text, SCEP_TEXT255, "%s %s%s", begin, name, reason);
}

static const char *put(const char *failure, bool has_locations, int64_t begins)
{
	struct task task = {.record = &record};

	error_init(&task.work.error);
	if (failure != NULL)
		error_set(&task.work.error, SCEP_DEPLOY_FAILED, "%s", failure);
	strcpy(status.use_location, has_locations ? "web" : "");
	success_text_put(&task, &status, begins);
	assert_true(text_is_clean(status.text, strlen(status.text)));
	assert_null(strchr(status.text, '?'));
	return status.text;
}

static int set_up(void **state)
{
	(void)state;
	memset(&record, 0, sizeof(record));
	memset(&status, 0, sizeof(status));
	return 0;
}

static void assert_begins(const char *text, const char *with)
{
	assert_int_equal(strncmp(text, with, strlen(with)), 0);
}

static void assert_ends(const char *text, const char *with)
{
	assert_true(strlen(text) >= strlen(with));
	assert_string_equal(text + strlen(text) - strlen(with), with);
}

static void what_fits_is_whole(void **state)
{
	(void)state;
	assert_string_equal(put(NULL, true, 0), "");
	strcpy(record.note, "the RA x is ignored: it has expired");
	assert_string_equal(put(NULL, true, 0), record.note);
	strcpy(record.difference, "differs: keyUsage");
	assert_string_equal(put("web: no disk", true, 0),
			    "Deployment Error: web: no disk; the RA x is "
			    "ignored: it has expired; differs: keyUsage");
	assert_string_equal(put(NULL, true, 86400),
			    "the RA x is ignored: it has expired; begins at "
			    "1970-01-02 00:00:00 UTC, deployed then; differs: "
			    "keyUsage");
}

static void the_beginning_is_whole_whatever_is_noted(void **state)
{
	const char *text;

	(void)state;
	fill(record.note, "the RA", 220, " is ignored: it has expired");
	fill(record.difference, "differs: subject: asked", 200, "\"");
	text = put(NULL, true, 86400);
	assert_begins(text, "the RA \xc3\xa9\xc3\xa9");
	assert_non_null(strstr(text, ": it has expired; begins at 1970-01-02 "
				     "00:00:00 UTC, deployed then; differs: "));
	assert_in_range(strlen(text), 240, 255);
}

static void why_it_is_not_deployed_is_whole(void **state)
{
	char failure[SCEP_TEXT255], words[SCEP_TEXT255];
	const char *text;

	(void)state;
	fill(record.note, "the RA", 220, " is ignored: it has expired");
	for (size_t length = 0; length <= 220; length += 2) {
		fill(failure, "web:", length, " check ended with 1");
		text_format(words, sizeof(words), "Deployment Error: %s",
			    failure);
		text = put(failure, true, 0);
		assert_begins(text, words);
		if (strlen(words) < 200)
			assert_ends(text, " it has expired");
	}
	assert_int_equal(strlen(put(failure, true, 0)), strlen(words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_fits_is_whole, set_up),
	    cmocka_unit_test_setup(the_beginning_is_whole_whatever_is_noted,
				   set_up),
	    cmocka_unit_test_setup(why_it_is_not_deployed_is_whole, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
