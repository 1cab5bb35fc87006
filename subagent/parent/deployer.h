/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's part in giving keys to use locations: the word of the worker is
 * judged, since the worker speaks with the network and the parent may be root;
 * then a process is made that does the work, one at a time, and how it ended
 * is kept for the worker that asked.  All that comes from the worker is the
 * name of a location and of an entry of its registry.
 */
#ifndef SUBAGENT_PARENT_DEPLOYER_H
#define SUBAGENT_PARENT_DEPLOYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DEPLOYER_ASKED 'D'
#define DEPLOYER_TEXT  256

enum deployer_kind { DEPLOYER_GIVE = 1, DEPLOYER_PROBE = 2 };

/* What a worker sends; "" is for what does not apply. */
struct deployer_word {
	char what; /* DEPLOYER_ASKED */
	uint8_t kind;
	uint32_t use_index; /* only given back */
	char use_name[65];
	char key_name[65];
	char file_id[65];
};

/* What it is told in the end. */
struct deployer_end {
	char what; /* DEPLOYER_ASKED */
	bool is_good;
	bool is_enabled; /* the function of the location */
	uint32_t use_index;
	char text[DEPLOYER_TEXT];
};

/* Whether these octets are such a word: whole, NUL-terminated, without
 * control characters, and about an entry of the registry. */
bool deployer_is_word(const void *data, size_t length);
/* The same for what the parent tells. */
bool deployer_is_end(const void *data, size_t length);

/* Does it; runs in a process of its own, and may wait. */
typedef void (*deployer_run_fn)(void *context, const struct deployer_word *word,
				struct deployer_end *end);

struct deployer {
	deployer_run_fn run; /* NULL: nothing is ever done */
	void *context;
	int64_t limit;	/* ms for all of it */
	pid_t pid;	/* 0: none runs */
	int64_t due;	/* when it has taken too long, or -1 */
	int output;	/* where its end comes from, or -1 */
	bool has_ended; /* and it is not told yet */
	bool is_for_worker;
	bool has_next; /* one waits for the end of this one */
	struct deployer_word word, next;
	struct deployer_end end;
};

void deployer_init(struct deployer *deployer, deployer_run_fn run,
		   void *context, int64_t limit);

/* The worker asks; `word` was judged.  `inherited` are descriptors that the
 * new process is not to have, up to -1. */
void deployer_ask(struct deployer *deployer, const struct deployer_word *word,
		  const int *inherited);
/* The worker that asked is gone; what it asked for is done. */
void deployer_forget_worker(struct deployer *deployer);
/* To be called in each turn; true if there is an end to be told. */
bool deployer_turn(struct deployer *deployer, const int *inherited,
		   struct deployer_end *end);
/* Leaves a process that still runs to itself. */
void deployer_leave(struct deployer *deployer);

#endif
