/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/net/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "scep/base/error.h"
#include "scep/net/address_filter.h"

/* A stack for getaddrinfo() and the modules of the system's name service. */
#define STACK_SIZE ((size_t)256 * 1024)
/* Addresses of a name that are tried, at the most. */
#define ADDRESSES 16
/* The time that addresses are kept, and the time after which a name counts as
 * silent, in ms. */
#define KEPT   60000
#define SILENT 2000
/* Limits of the threads: those for names that did not answer the last time, and
 * those for names that did not answer or were never asked for. */
#define SILENT_THREADS	(RESOLVER_THREADS / 2)
#define UNKNOWN_THREADS (RESOLVER_THREADS - 2)
/* Names that are remembered, at the most. */
#define NAMES 256

enum name_place { NAME_IDLE, NAME_QUEUED, NAME_RUNNING };
enum name_kind { NAME_GOOD, NAME_UNKNOWN, NAME_SILENT };

struct name {
	TAILQ_ENTRY(name) entry; /* of all names, the latest at the end */
	TAILQ_ENTRY(name) place_in_queue;
	char *text;
	enum name_place place;
	enum name_kind kind;
	uint64_t began;	 /* of the lookup, on the loop's clock */
	char *addresses; /* or NULL */
	uint64_t until;	 /* when they are forgotten */
};

TAILQ_HEAD(names, name);

struct resolver_query {
	TAILQ_ENTRY(resolver_query) entry; /* of all queries */
	struct resolver *resolver;
	struct name *name; /* NULL: it has ended, and its end is as below */
	uint64_t deadline;
	resolver_done_fn done;
	void *context;
	enum resolver_end end;
	char *addresses;
	const char *reason;
};

/* One lookup; the thread's until it has ended. */
struct lookup {
	TAILQ_ENTRY(lookup) entry;
	struct resolver *resolver;
	char *name;
	char *addresses;
	int failure; /* of getaddrinfo() */
	int reason;  /* errno, where that is EAI_SYSTEM */
};

struct resolver {
	uv_loop_t *loop;
	uv_async_t door; /* lookups have ended */
	uv_timer_t timer;
	unsigned int open_handles;
	resolver_lookup_fn lookup;
	struct names names;
	struct names queue;
	size_t name_count;
	unsigned int running;
	unsigned int running_silent;
	TAILQ_HEAD(, resolver_query) queries;

	pthread_mutex_t lock; /* over all below */
	TAILQ_HEAD(, lookup) ended;
	unsigned int references; /* of the loop, and of each thread */
	bool is_closed;
};

/* ---------------------------------------------------------- the lookup -- */

static bool append_address(char *text, size_t size,
			   const struct sockaddr *address)
{
	unsigned char octets[16];
	char one[INET6_ADDRSTRLEN];
	size_t length = strlen(text);
	bool is_six;

	if (!address_from_socket(address, octets))
		return false;
	address_to_text(octets, one);
	is_six = strchr(one, ':') != NULL;
	snprintf(text + length, size - length, "%s%s%s%s", length ? "," : "",
		 is_six ? "[" : "", one, is_six ? "]" : "");
	return true;
}

int resolver_lookup(const char *name, char **addresses)
{
	const struct addrinfo hints = {
	    .ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	};
	char text[ADDRESSES * (INET6_ADDRSTRLEN + 3)] = "";
	struct addrinfo *found = NULL;
	int failure = getaddrinfo(name, NULL, &hints, &found);
	size_t count = 0;

	if (failure != 0)
		return failure;
	for (struct addrinfo *at = found; at && count < ADDRESSES;
	     at = at->ai_next)
		count += append_address(text, sizeof(text), at->ai_addr);
	freeaddrinfo(found);
	if (count == 0)
		return EAI_NONAME;
	*addresses = strdup(text);
	return *addresses ? 0 : EAI_MEMORY;
}

static void lookup_free(struct lookup *lookup)
{
	free(lookup->name);
	free(lookup->addresses);
	free(lookup);
}

/* Frees the struct with the last reference.  The lock is held, and released. */
static void resolver_release(struct resolver *resolver)
{
	bool is_last = --resolver->references == 0;

	pthread_mutex_unlock(&resolver->lock);
	if (!is_last)
		return;
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

static void *thread_main(void *context)
{
	struct lookup *lookup = context;
	struct resolver *resolver = lookup->resolver;

	pthread_setname_np(pthread_self(), "scep-name");
	lookup->failure = resolver->lookup(lookup->name, &lookup->addresses);
	lookup->reason = errno;
	pthread_mutex_lock(&resolver->lock);
	if (resolver->is_closed) {
		lookup_free(lookup);
	} else {
		TAILQ_INSERT_TAIL(&resolver->ended, lookup, entry);
		uv_async_send(&resolver->door);
	}
	resolver_release(resolver);
	return NULL;
}

/* Nobody waits for the thread: it may hang in a lookup for ever. */
static bool thread_start(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	pthread_attr_t attributes;
	pthread_t thread;
	int failure;

	pthread_mutex_lock(&resolver->lock);
	resolver->references++;
	pthread_mutex_unlock(&resolver->lock);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	failure = pthread_create(&thread, &attributes, thread_main, lookup);
	pthread_attr_destroy(&attributes);
	if (failure == 0)
		return true;
	pthread_mutex_lock(&resolver->lock);
	resolver_release(resolver);
	return false;
}

/* --------------------------------------------------------------- queries -- */

static void query_free(struct resolver_query *query)
{
	TAILQ_REMOVE(&query->resolver->queries, query, entry);
	free(query->addresses);
	free(query);
}

/* Notes the end of a query; resolver_report() calls back. */
static void query_end(struct resolver_query *query, enum resolver_end end,
		      const char *addresses, const char *reason)
{
	query->name = NULL;
	query->end = end;
	query->reason = reason;
	if (addresses)
		query->addresses = strdup(addresses);
	if (addresses && !query->addresses)
		query->end = RESOLVER_NO_MEMORY;
}

static void end_queries(struct name *name, struct resolver *resolver,
			enum resolver_end end, const char *reason)
{
	struct resolver_query *query;

	TAILQ_FOREACH(query, &resolver->queries, entry)
	if (query->name == name)
		query_end(query, end, name->addresses, reason);
}

/* Returns a query that has ended, or whose time is over. */
static struct resolver_query *next_ended(struct resolver *resolver,
					 uint64_t *next)
{
	uint64_t now = uv_now(resolver->loop);
	struct resolver_query *query;

	*next = 0;
	TAILQ_FOREACH(query, &resolver->queries, entry)
	{
		if (query->name && query->deadline <= now)
			query_end(query, RESOLVER_LATE, NULL, "");
		if (!query->name)
			return query;
		if (*next == 0 || query->deadline < *next)
			*next = query->deadline;
	}
	return NULL;
}

static void on_timer(uv_timer_t *timer);

/* Calls back for all queries that have ended, and sets the timer for the rest.
 * A callback may do anything here, close included. */
static void resolver_report(struct resolver *resolver)
{
	struct resolver_query *query;
	uint64_t now, next;

	pthread_mutex_lock(&resolver->lock);
	resolver->references++;
	pthread_mutex_unlock(&resolver->lock);
	while ((query = next_ended(resolver, &next)) != NULL) {
		struct resolver_query ended = *query;

		query->addresses = NULL;
		query_free(query);
		ended.done(ended.context, ended.end, ended.addresses,
			   ended.reason);
		free(ended.addresses);
	}
	now = uv_now(resolver->loop);
	if (next != 0)
		uv_timer_start(&resolver->timer, on_timer,
			       next > now ? next - now : 1, 0);
	pthread_mutex_lock(&resolver->lock);
	resolver_release(resolver);
}

static void on_timer(uv_timer_t *timer)
{
	resolver_report(timer->data);
}

/* ----------------------------------------------------------------- names -- */

static void name_free(struct resolver *resolver, struct name *name)
{
	TAILQ_REMOVE(&resolver->names, name, entry);
	resolver->name_count--;
	free(name->text);
	free(name->addresses);
	free(name);
}

/* Forgets names that nobody has asked for recently. */
static void forget_names(struct resolver *resolver)
{
	struct name *name = TAILQ_FIRST(&resolver->names);

	while (name && resolver->name_count > NAMES) {
		struct name *next = TAILQ_NEXT(name, entry);

		if (name->place == NAME_IDLE)
			name_free(resolver, name);
		name = next;
	}
}

static struct name *find_name(struct resolver *resolver, const char *text)
{
	struct name *name;

	TAILQ_FOREACH(name, &resolver->names, entry)
	if (strcmp(name->text, text) == 0)
		return name;
	return NULL;
}

/* Returns the name, which is then the latest; NULL if memory is short. */
static struct name *take_name(struct resolver *resolver, const char *text)
{
	struct name *name = find_name(resolver, text);

	if (name) {
		TAILQ_REMOVE(&resolver->names, name, entry);
		TAILQ_INSERT_TAIL(&resolver->names, name, entry);
		return name;
	}
	forget_names(resolver);
	name = calloc(1, sizeof(*name));
	if (!name)
		return NULL;
	name->kind = NAME_UNKNOWN;
	name->text = strdup(text);
	if (!name->text) {
		free(name);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&resolver->names, name, entry);
	resolver->name_count++;
	return name;
}

/* Returns the first of the queue for which there is a thread. */
static struct name *next_name(struct resolver *resolver)
{
	static const unsigned int threads[] = {
	    [NAME_GOOD] = RESOLVER_THREADS,
	    [NAME_UNKNOWN] = UNKNOWN_THREADS,
	    [NAME_SILENT] = UNKNOWN_THREADS,
	};
	struct name *name;

	for (int kind = NAME_GOOD; kind <= NAME_SILENT; kind++) {
		if (resolver->running >= threads[kind] ||
		    (kind == NAME_SILENT &&
		     resolver->running_silent >= SILENT_THREADS))
			return NULL;
		TAILQ_FOREACH(name, &resolver->queue, place_in_queue)
		if ((int)name->kind == kind)
			return name;
	}
	return NULL;
}

static bool name_start(struct resolver *resolver, struct name *name)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup)
		return false;
	lookup->resolver = resolver;
	lookup->name = strdup(name->text);
	if (!lookup->name || !thread_start(lookup)) {
		lookup_free(lookup);
		return false;
	}
	TAILQ_REMOVE(&resolver->queue, name, place_in_queue);
	name->place = NAME_RUNNING;
	name->began = uv_now(resolver->loop);
	resolver->running++;
	resolver->running_silent += name->kind == NAME_SILENT;
	return true;
}

static void start_names(struct resolver *resolver)
{
	struct name *name;

	while ((name = next_name(resolver)) != NULL) {
		if (name_start(resolver, name))
			continue;
		/* The end of another lookup tries again. */
		if (resolver->running > 0)
			return;
		TAILQ_REMOVE(&resolver->queue, name, place_in_queue);
		name->place = NAME_IDLE;
		end_queries(name, resolver, RESOLVER_NO_MEMORY, "");
	}
}

static const char *lookup_words(const struct lookup *lookup)
{
	if (lookup->failure == EAI_SYSTEM)
		return error_of_system(lookup->reason);
	return gai_strerror(lookup->failure);
}

/* Takes the result of a lookup over. */
static void name_end(struct resolver *resolver, struct lookup *lookup)
{
	struct name *name = find_name(resolver, lookup->name);
	uint64_t now = uv_now(resolver->loop);
	bool is_found = lookup->failure == 0;

	resolver->running--;
	resolver->running_silent -= name->kind == NAME_SILENT;
	name->place = NAME_IDLE;
	name->kind = now - name->began < SILENT ? NAME_GOOD : NAME_SILENT;
	free(name->addresses);
	name->addresses = lookup->addresses;
	lookup->addresses = NULL;
	name->until = now + KEPT;
	end_queries(name, resolver,
		    is_found			    ? RESOLVER_FOUND
		    : lookup->failure == EAI_MEMORY ? RESOLVER_NO_MEMORY
						    : RESOLVER_NONE,
		    is_found ? "" : lookup_words(lookup));
}

static void on_ended(uv_async_t *door)
{
	struct resolver *resolver = door->data;
	struct lookup *lookup;

	uv_update_time(resolver->loop);
	pthread_mutex_lock(&resolver->lock);
	while ((lookup = TAILQ_FIRST(&resolver->ended)) != NULL) {
		TAILQ_REMOVE(&resolver->ended, lookup, entry);
		name_end(resolver, lookup);
		lookup_free(lookup);
	}
	pthread_mutex_unlock(&resolver->lock);
	start_names(resolver);
	resolver_report(resolver);
}

/* ------------------------------------------------------------- the calls -- */

struct resolver *resolver_open(uv_loop_t *loop, resolver_lookup_fn lookup)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return NULL;
	if (uv_async_init(loop, &resolver->door, on_ended) != 0) {
		free(resolver);
		return NULL;
	}
	uv_timer_init(loop, &resolver->timer);
	resolver->door.data = resolver;
	resolver->timer.data = resolver;
	/* Nothing but a query keeps the loop running: its timer. */
	uv_unref((uv_handle_t *)&resolver->door);
	resolver->open_handles = 2;
	resolver->loop = loop;
	resolver->lookup = lookup;
	resolver->references = 1;
	pthread_mutex_init(&resolver->lock, NULL);
	TAILQ_INIT(&resolver->names);
	TAILQ_INIT(&resolver->queue);
	TAILQ_INIT(&resolver->queries);
	TAILQ_INIT(&resolver->ended);
	return resolver;
}

static void on_closed(uv_handle_t *handle)
{
	struct resolver *resolver = handle->data;

	if (--resolver->open_handles > 0)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver_release(resolver);
}

void resolver_close(struct resolver *resolver)
{
	struct resolver_query *query;
	struct lookup *lookup;
	struct name *name;

	while ((query = TAILQ_FIRST(&resolver->queries)) != NULL)
		query_free(query);
	while ((name = TAILQ_FIRST(&resolver->names)) != NULL)
		name_free(resolver, name);
	TAILQ_INIT(&resolver->queue);
	pthread_mutex_lock(&resolver->lock);
	resolver->is_closed = true;
	while ((lookup = TAILQ_FIRST(&resolver->ended)) != NULL) {
		TAILQ_REMOVE(&resolver->ended, lookup, entry);
		lookup_free(lookup);
	}
	pthread_mutex_unlock(&resolver->lock);
	uv_close((uv_handle_t *)&resolver->timer, on_closed);
	uv_close((uv_handle_t *)&resolver->door, on_closed);
}

struct resolver_query *resolver_ask(struct resolver *resolver, const char *text,
				    uint64_t patience, resolver_done_fn done,
				    void *context)
{
	struct resolver_query *query = calloc(1, sizeof(*query));
	struct name *name = query ? take_name(resolver, text) : NULL;
	uint64_t now;

	if (!name) {
		free(query);
		return NULL;
	}
	uv_update_time(resolver->loop);
	now = uv_now(resolver->loop);
	query->resolver = resolver;
	query->name = name;
	query->deadline = now + (patience > 0 ? patience : 1);
	query->done = done;
	query->context = context;
	TAILQ_INSERT_TAIL(&resolver->queries, query, entry);
	if (name->addresses && now < name->until) {
		query_end(query, RESOLVER_FOUND, name->addresses, "");
	} else if (name->place == NAME_IDLE) {
		name->place = NAME_QUEUED;
		TAILQ_INSERT_TAIL(&resolver->queue, name, place_in_queue);
		start_names(resolver);
	}
	/* It calls back from the loop. */
	uv_timer_start(&resolver->timer, on_timer, 0, 0);
	return query;
}

void resolver_cancel(struct resolver_query *query)
{
	query_free(query);
}
