/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/virtual_io.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "scep/base/error.h"

struct fetch {
	struct fetch_request request; /* its strings are owned */
	fetch_done_fn done;
};

struct virtual_task {
	struct virtual_task *next;
	void *context;
	struct fetch *fetch; /* NULL: work */
	work_fn work;	     /* NULL once it has been done */
	work_done_fn done;
};

static struct virtual_io *self(struct io *io)
{
	return (struct virtual_io *)io;
}

/* --------------------------------------------------------------- clocks -- */

static int64_t on_now(struct io *io)
{
	return self(io)->wall;
}

static uint64_t on_mono(struct io *io)
{
	return self(io)->mono;
}

static void on_wake_at(struct io *io, uint64_t mono)
{
	self(io)->wake = mono;
}

void virtual_io_advance(struct virtual_io *io, uint64_t milliseconds)
{
	io->wall += (int64_t)((io->mono % 1000 + milliseconds) / 1000);
	io->mono += milliseconds;
}

/* ---------------------------------------------------------------- tasks -- */

static bool is_refused(struct virtual_io *io)
{
	if (io->refusals == 0)
		return false;
	io->refusals--;
	return true;
}

static struct virtual_task *task_add(struct virtual_io *io, void *context)
{
	struct virtual_task *task = calloc(1, sizeof(*task));
	struct virtual_task **link = &io->tasks;

	assert(task != NULL);
	while (*link != NULL)
		link = &(*link)->next;
	*link = task;
	task->context = context;
	return task;
}

static void task_unlink(struct virtual_io *io, struct virtual_task *task)
{
	struct virtual_task **link = &io->tasks;

	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
}

static char *copy_text(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

static struct fetch *fetch_new(const struct fetch_request *request,
			       fetch_done_fn done)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	assert(fetch != NULL);
	fetch->request = *request;
	fetch->request.url = copy_text(request->url);
	fetch->request.proxy_url = copy_text(request->proxy_url);
	fetch->request.content_type = copy_text(request->content_type);
	fetch->request.body = NULL;
	if (request->body_length > 0) {
		unsigned char *body = malloc(request->body_length);

		assert(body != NULL);
		memcpy(body, request->body, request->body_length);
		fetch->request.body = body;
	}
	fetch->done = done;
	return fetch;
}

static void task_free(struct virtual_task *task)
{
	if (task->fetch != NULL) {
		free((char *)task->fetch->request.url);
		free((char *)task->fetch->request.proxy_url);
		free((char *)task->fetch->request.content_type);
		free((unsigned char *)task->fetch->request.body);
		free(task->fetch);
	}
	free(task);
}

static struct fetch *on_fetch(struct io *io,
			      const struct fetch_request *request,
			      fetch_done_fn done, void *context)
{
	struct virtual_task *task;

	if (is_refused(self(io)))
		return NULL;
	task = task_add(self(io), context);
	task->fetch = fetch_new(request, done);
	self(io)->fetches++;
	return task->fetch;
}

static void on_fetch_cancel(struct io *io, struct fetch *fetch)
{
	struct virtual_task *task = self(io)->tasks;

	while (task != NULL && task->fetch != fetch)
		task = task->next;
	/* To cancel what has been answered is a mistake of the caller. */
	assert(task != NULL);
	task_unlink(self(io), task);
	task_free(task);
	self(io)->cancelled++;
}

static bool on_work(struct io *io, work_fn work, work_done_fn done,
		    void *context)
{
	struct virtual_task *task;

	if (is_refused(self(io)))
		return false;
	task = task_add(self(io), context);
	task->work = work;
	task->done = done;
	return true;
}

size_t virtual_io_pending(const struct virtual_io *io)
{
	size_t count = 0;

	for (struct virtual_task *task = io->tasks; task; task = task->next)
		count++;
	return count;
}

/* ---------------------------------------------------------------- steps -- */

static struct virtual_task *next_task(struct virtual_io *io)
{
	struct virtual_task *found = NULL;

	for (struct virtual_task *task = io->tasks; task; task = task->next) {
		if (task->fetch != NULL ? io->holds_fetches : io->holds_work)
			continue;
		if (!io->is_newest_first)
			return task;
		found = task;
	}
	return found;
}

static void deliver(struct virtual_io *io, struct virtual_task *task)
{
	struct virtual_answer said = {.http_status = 200};
	struct fetch_answer answer = {0};

	error_init(&said.error);
	io->server(io->context, &task->fetch->request, &said);
	if (said.error.code == SCEP_OK &&
	    said.body.length > task->fetch->request.limit)
		error_set(&said.error, SCEP_BAD_RESPONSE, "beyond the cap");
	answer.http_status = said.http_status;
	answer.date = said.date;
	answer.retry_after = said.retry_after;
	answer.received = io->wall;
	bytes_move(&answer.body, &said.body);
	task->fetch->done(task->context, &answer,
			  said.error.code == SCEP_OK ? NULL : &said.error);
	bytes_free(&answer.body);
}

bool virtual_io_step(struct virtual_io *io)
{
	struct virtual_task *task = next_task(io);

	if (task == NULL)
		return false;
	if (task->work != NULL) {
		task->work(task->context);
		task->work = NULL;
		return true;
	}
	task_unlink(io, task);
	if (task->fetch != NULL)
		deliver(io, task);
	else
		task->done(task->context);
	task_free(task);
	return true;
}

void virtual_io_close(struct virtual_io *io)
{
	struct virtual_task *task;

	while ((task = io->tasks) != NULL) {
		io->tasks = task->next;
		assert(task->fetch == NULL);
		task->done(task->context);
		task_free(task);
	}
	io->wake = 0;
}

void virtual_io_init(struct virtual_io *io, int64_t wall,
		     virtual_server_fn server, void *context)
{
	static const struct io_ops ops = {
	    .now = on_now,
	    .mono = on_mono,
	    .wake_at = on_wake_at,
	    .fetch = on_fetch,
	    .fetch_cancel = on_fetch_cancel,
	    .work = on_work,
	};

	memset(io, 0, sizeof(*io));
	io->io.ops = &ops;
	io->wall = wall;
	/* A machine has been up for a while. */
	io->mono = 60000;
	io->server = server;
	io->context = context;
}
