/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/deployer.h"

#include "subagent/parent/command.h"
#include "subagent/parent/key_files.h"
#include "subagent/system/privilege.h"
#include "subagent/system/daemon_log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ----------------------------------------------------------- the word -- */

static bool is_text(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	if (length == room)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

bool deployer_is_word(const void *data, size_t length)
{
	const struct deployer_word *word = data;

	if (length != sizeof(*word) || word->what != DEPLOYER_ASKED ||
	    !is_text(word->use_name, sizeof(word->use_name)) ||
	    !is_text(word->key_name, sizeof(word->key_name)) ||
	    !is_text(word->file_id, sizeof(word->file_id)))
		return false;
	if (word->kind == DEPLOYER_PROBE && word->file_id[0] == '\0')
		return true;
	return (word->kind == DEPLOYER_PROBE || word->kind == DEPLOYER_GIVE) &&
	       key_files_is_id(word->file_id);
}

bool deployer_is_end(const void *data, size_t length)
{
	const struct deployer_end *end = data;

	return length == sizeof(*end) && end->what == DEPLOYER_ASKED &&
	       memchr(end->text, '\0', sizeof(end->text)) != NULL;
}

/* -------------------------------------------------------- the new process */

static void let_go(const int *inherited)
{
	sigset_t none;

	for (; *inherited >= 0; inherited++)
		close(*inherited);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Not by what is meant for the group of the parent. */
	setsid();
}

__attribute__((noreturn)) static void
be_process(const struct deployer *deployer, const int *inherited, int output)
{
	struct deployer_end end = {
	    .what = DEPLOYER_ASKED,
	    .use_index = deployer->word.use_index,
	};

	let_go(inherited);
	/* It will hold a private key. */
	privilege_hide_memory();
	deployer->run(deployer->context, &deployer->word, &end);
	fflush(NULL);
	_exit(write(output, &end, sizeof(end)) == (ssize_t)sizeof(end) ? 0 : 1);
}

/* --------------------------------------------------------- begin and end -- */

/* What is told unless the process says something else. */
static void expect_the_worst(struct deployer *deployer, const char *text)
{
	memset(&deployer->end, 0, sizeof(deployer->end));
	deployer->end.what = DEPLOYER_ASKED;
	deployer->end.is_enabled = true;
	deployer->end.use_index = deployer->word.use_index;
	snprintf(deployer->end.text, sizeof(deployer->end.text), "%s", text);
}

static void close_output(struct deployer *deployer)
{
	if (deployer->output >= 0)
		close(deployer->output);
	deployer->output = -1;
}

static bool start(struct deployer *deployer, const int *inherited)
{
	int ends[2];

	expect_the_worst(deployer, "it came to no end");
	if (deployer->run == NULL || pipe2(ends, O_CLOEXEC) != 0)
		return false;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fflush(NULL);
	deployer->pid = fork();
	if (deployer->pid == 0) {
		close(ends[0]);
		be_process(deployer, inherited, ends[1]);
	}
	close(ends[1]);
	if (deployer->pid < 0) {
		daemon_log(LOG_ERR, "no process for a use location: %s",
			   strerror(errno));
		close(ends[0]);
		deployer->pid = 0;
		return false;
	}
	deployer->output = ends[0];
	deployer->due = command_now() + deployer->limit;
	return true;
}

void deployer_init(struct deployer *deployer, deployer_run_fn run,
		   void *context, int64_t limit)
{
	memset(deployer, 0, sizeof(*deployer));
	deployer->run = run;
	deployer->context = context;
	deployer->limit = limit;
	deployer->due = -1;
	deployer->output = -1;
}

static void begin(struct deployer *deployer, const struct deployer_word *word,
		  const int *inherited)
{
	deployer->word = *word;
	deployer->is_for_worker = true;
	deployer->has_ended = !start(deployer, inherited);
}

void deployer_ask(struct deployer *deployer, const struct deployer_word *word,
		  const int *inherited)
{
	/* Only a new worker asks while something runs: for the last one, of
	 * which nobody wants to hear any more. */
	if (deployer->pid != 0 || deployer->has_ended) {
		deployer->next = *word;
		deployer->has_next = true;
		return;
	}
	begin(deployer, word, inherited);
}

void deployer_forget_worker(struct deployer *deployer)
{
	deployer->is_for_worker = false;
	deployer->has_next = false;
}

static void end_what_is_due(struct deployer *deployer)
{
	if (deployer->pid == 0 || deployer->due < 0 ||
	    deployer->due > command_now())
		return;
	daemon_log(LOG_ERR, "useLocation %s: takes too long and is ended",
		   deployer->word.use_name);
	kill(deployer->pid, SIGKILL);
	deployer->due = -1;
}

static void reap(struct deployer *deployer)
{
	struct deployer_end end;
	int status;

	if (deployer->pid == 0 ||
	    waitpid(deployer->pid, &status, WNOHANG) != deployer->pid)
		return;
	deployer->pid = 0;
	deployer->due = -1;
	deployer->has_ended = true;
	if (read(deployer->output, &end, sizeof(end)) == (ssize_t)sizeof(end) &&
	    deployer_is_end(&end, sizeof(end)))
		deployer->end = end;
	close_output(deployer);
}

bool deployer_turn(struct deployer *deployer, const int *inherited,
		   struct deployer_end *end)
{
	bool is_heard;

	end_what_is_due(deployer);
	reap(deployer);
	if (!deployer->has_ended)
		return false;
	*end = deployer->end;
	is_heard = deployer->is_for_worker;
	deployer->has_ended = false;
	if (deployer->has_next) {
		deployer->has_next = false;
		begin(deployer, &deployer->next, inherited);
	}
	return is_heard;
}

void deployer_leave(struct deployer *deployer)
{
	close_output(deployer);
	deployer->pid = 0;
	deployer->due = -1;
}
