/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's part in a restart of the device: runs the command of the
 * configuration, one at a time, and keeps how it ended for the worker that
 * asked.  A worker contributes no more than that it asks, and three values for
 * the command's environment, which message.h has judged.  Knows no channel.
 */
#ifndef SUBAGENT_PARENT_RESTARTER_H
#define SUBAGENT_PARENT_RESTARTER_H

#include "subagent/conf/conf_words.h"
#include "subagent/parent/cert_copy.h"
#include "subagent/parent/command.h"
#include "subagent/parent/message.h"

/* Writes the command that is configured now into `text` (CONF_LINE_MAX octets),
 * and makes the copy of the certificate, which may be missing.  Returns false,
 * after having logged the reason, if there is no command. */
typedef bool (*restarter_choose_fn)(void *context,
				    const struct message_restart *request,
				    char *text, struct cert_copy *copy);

struct restarter {
	struct command command;
	struct cert_copy copy;	    /* for the command that runs */
	restarter_choose_fn choose; /* NULL: nothing is ever run */
	void *context;
	int64_t limit;	    /* ms */
	bool is_for_worker; /* the worker that asked is still there */
	bool has_next;	    /* a request waits for the end of this one */
	bool next_is_for_worker;
	bool has_failed_to_start;
	struct message_restart next;
};

void restarter_init(struct restarter *restarter, restarter_choose_fn choose,
		    void *context, int64_t limit);

/* Runs the command, or keeps the request until the present one has ended. */
void restarter_ask(struct restarter *restarter,
		   const struct message_restart *request);
/* The worker that asked is gone.  What it has asked for is still done. */
void restarter_forget_worker(struct restarter *restarter);
/* Looks whether a command has ended that the worker is to hear of; to be called
 * until it returns COMMAND_RUNS, whenever something has happened or is due. */
enum command_end restarter_poll(struct restarter *restarter);

#endif
