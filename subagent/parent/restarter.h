/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's part in a restart of the device: the word of the worker is
 * judged, since the worker speaks with the network and the parent may be
 * root; then the command of the configuration is run, one at a time, and how
 * it ended is kept for the worker that asked.  All that comes from the worker
 * is that it asks, and three values for the command's environment.
 */
#ifndef SUBAGENT_PARENT_RESTARTER_H
#define SUBAGENT_PARENT_RESTARTER_H

#include "subagent/parent/command.h"
#include "subagent/conf/conf_words.h"

#define RESTARTER_ASKED 'C'

/* What a worker sends; "" is for what does not apply. */
struct restarter_word {
	char what; /* RESTARTER_ASKED */
	char key_name[65];
	char use_location[256];
	char cert_file[4352];
};

/* Whether these octets are such a word: whole, NUL-terminated, without
 * control characters, and with an absolute path that leads nowhere else. */
bool restarter_is_word(const void *data, size_t length);

/* Writes the command of now into `text` (CONF_LINE_MAX octets).  Returns false
 * if there is none or the word is not to be followed; has logged why. */
typedef bool (*restarter_choose_fn)(void *context,
				    const struct restarter_word *word,
				    char *text);

struct restarter {
	struct command command;
	restarter_choose_fn choose; /* NULL: nothing is ever run */
	void *context;
	int64_t limit;	    /* ms */
	bool is_for_worker; /* who is there to hear of its end */
	bool has_next;	    /* one waits for the end of this one */
	bool next_is_for_worker;
	bool has_failed_to_start;
	struct restarter_word next;
};

void restarter_init(struct restarter *restarter, restarter_choose_fn choose,
		    void *context, int64_t limit);

/* The worker asks; `word` was judged. */
void restarter_ask(struct restarter *restarter,
		   const struct restarter_word *word);
/* The worker that asked is gone; what it asked for is done. */
void restarter_forget_worker(struct restarter *restarter);
/* To be called in each turn, until COMMAND_RUNS; else what the worker is to be
 * told. */
enum command_end restarter_turn(struct restarter *restarter);

#endif
