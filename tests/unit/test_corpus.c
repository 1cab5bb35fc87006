/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the seeds of the fuzz targets, among them every input that ever
 * broke a parser (regression-*).  Seeds whose name says so must be accepted
 * or refused, so that they do not go stale.
 *
 *   test_corpus PARSER FILE...   runs just these files
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/replay.h"

struct parser {
	const char *name;
	fuzz_fn run;
};

static struct parser parsers[] = {
    {"ca_cert", fuzz_ca_cert},
    {"caps", fuzz_caps},
    {"cert_rep", fuzz_cert_rep},
    {"conf", fuzz_conf},
    {"dateandtime", fuzz_dateandtime},
    {"document", fuzz_document},
    {"http_reply", fuzz_http_reply},
    {"names", fuzz_names},
    {"store", fuzz_store},
    {"url", fuzz_url},
};
#define PARSER_COUNT (sizeof(parsers) / sizeof(parsers[0]))

static void all_seeds_are_judged_as_their_names_say(void **state)
{
	const struct parser *parser = *state;
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/%s", FUZZ_CORPUS, parser->name);
	assert_in_range(replay_folder(parser->run, folder), 1, 100000);
}

static int replay_files(const char *name, int count, char **paths)
{
	int failures = 0;

	for (size_t i = 0; i < PARSER_COUNT; i++) {
		if (strcmp(parsers[i].name, name) != 0)
			continue;
		for (int j = 0; j < count; j++)
			failures += !replay_file(parsers[i].run, paths[j]);
		return failures > 0;
	}
	fprintf(stderr, "no parser is called %s\n", name);
	return 2;
}

int main(int count, char **words)
{
	struct CMUnitTest tests[PARSER_COUNT];
	char names[PARSER_COUNT][80];

	if (count > 2)
		return replay_files(words[1], count - 2, words + 2);
	for (size_t i = 0; i < PARSER_COUNT; i++) {
		snprintf(names[i], sizeof(names[i]),
			 "all_seeds_of_%s_are_judged_as_their_names_say",
			 parsers[i].name);
		tests[i] = (struct CMUnitTest){
		    .name = names[i],
		    .test_func = all_seeds_are_judged_as_their_names_say,
		    .initial_state = &parsers[i],
		};
	}
	return cmocka_run_group_tests_name("test_corpus", tests, NULL, NULL);
}
