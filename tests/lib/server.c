/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS  16
#define REQUESTS     16
#define REQUEST_SIZE 8192
#define DRIP_WAIT    20 /* milliseconds */

struct sqlite {
	int fd; /* -1: none */
	int number;
	char request[REQUEST_SIZE];
	size_t length;
	const char *dripping; /* what is left of a reply */
};

struct server {
	const struct reply *next;
	int listener;
	int stop; /* an eventfd */
	int port;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	int sqlite_count;
	size_t request_count;
	char requests[REQUESTS][REQUEST_SIZE];
	int numbers[REQUESTS];
	struct sqlite connections[CONNECTIONS];
};

static void hang_up(struct sqlite *connection, bool is_reset)
{
	struct linger linger = {.l_onoff = 1};

	if (is_reset)
		setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger));
	close(connection->fd);
	connection->fd = -1;
	connection->dripping = NULL;
}

static bool say(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t count = send(fd, text, length, MSG_NOSIGNAL);

		if (count <= 0)
			return false;
		text += count;
		length -= (size_t)count;
	}
	return true;
}

static void reply(struct server *server, struct sqlite *connection)
{
	const struct reply *now = server->next;
	char filler[4096];

	memset(filler, 'x', sizeof(filler));
	if (!now->text && now->end == REPLY_KEEP)
		return; /* the list is at its end: silence */
	server->next++;
	if (now->end == REPLY_DRIP) {
		connection->dripping = now->text;
		return;
	}
	if (now->text)
		say(connection->fd, now->text, strlen(now->text));
	for (size_t left = now->filler; left > 0;) {
		size_t part = left < sizeof(filler) ? left : sizeof(filler);

		if (!say(connection->fd, filler, part))
			break;
		left -= part;
	}
	if (now->end != REPLY_KEEP)
		hang_up(connection, now->end == REPLY_RESET);
}

/* Tells whether header and body of a request are there. */
static bool is_whole(const struct sqlite *connection)
{
	const char *end = strstr(connection->request, "\r\n\r\n");
	const char *length =
	    strcasestr(connection->request, "\r\nContent-Length:");
	size_t body = length ? strtoul(length + 17, NULL, 10) : 0;

	return end && connection->length >=
			  (size_t)(end + 4 - connection->request) + body;
}

static void note(struct server *server, const struct sqlite *connection)
{
	pthread_mutex_lock(&server->lock);
	if (server->request_count < REQUESTS) {
		memcpy(server->requests[server->request_count],
		       connection->request, REQUEST_SIZE);
		server->numbers[server->request_count] = connection->number;
		server->request_count++;
	}
	pthread_mutex_unlock(&server->lock);
}

static void hear(struct server *server, struct sqlite *connection)
{
	size_t room = sizeof(connection->request) - 1 - connection->length;
	ssize_t count = recv(connection->fd,
			     connection->request + connection->length, room, 0);

	if (count <= 0) {
		hang_up(connection, false);
		return;
	}
	connection->length += (size_t)count;
	connection->request[connection->length] = '\0';
	if (!is_whole(connection))
		return;
	note(server, connection);
	connection->length = 0;
	reply(server, connection);
}

static void greet(struct server *server)
{
	int fd = accept(server->listener, NULL, NULL);
	struct sqlite *connection = server->connections;

	while (connection->fd >= 0)
		connection++;
	connection->fd = fd;
	connection->number = server->sqlite_count++;
	connection->length = 0;
}

static void drip(struct sqlite *connection)
{
	if (!connection->dripping)
		return;
	if (*connection->dripping == '\0' ||
	    !say(connection->fd, connection->dripping++, 1))
		hang_up(connection, false);
}

static void *serve(void *context)
{
	struct server *server = context;
	struct pollfd polls[CONNECTIONS + 2];

	for (;;) {
		bool is_dripping = false;

		polls[0] = (struct pollfd){server->stop, POLLIN, 0};
		polls[1] = (struct pollfd){server->listener, POLLIN, 0};
		for (int i = 0; i < CONNECTIONS; i++) {
			struct sqlite *one = &server->connections[i];

			polls[i + 2] = (struct pollfd){one->fd, POLLIN, 0};
			is_dripping = is_dripping || one->dripping;
		}
		poll(polls, CONNECTIONS + 2, is_dripping ? DRIP_WAIT : -1);
		if (polls[0].revents)
			return NULL;
		for (int i = 0; i < CONNECTIONS; i++) {
			if (polls[i + 2].revents)
				hear(server, &server->connections[i]);
			drip(&server->connections[i]);
		}
		if (polls[1].revents)
			greet(server);
	}
}

static void listen_locally(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(server->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server->listener, CONNECTIONS), 0);
	assert_int_equal(
	    getsockname(server->listener, (struct sockaddr *)&address, &length),
	    0);
	server->port = ntohs(address.sin_port);
}

struct server *server_open(const struct reply *replies)
{
	struct server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	server->next = replies;
	for (int i = 0; i < CONNECTIONS; i++)
		server->connections[i].fd = -1;
	pthread_mutex_init(&server->lock, NULL);
	listen_locally(server);
	server->stop = eventfd(0, EFD_CLOEXEC);
	assert_true(server->stop >= 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server),
			 0);
	return server;
}

void server_close(struct server *server)
{
	uint64_t one = 1;

	assert_int_equal(write(server->stop, &one, sizeof(one)), sizeof(one));
	pthread_join(server->thread, NULL);
	for (int i = 0; i < CONNECTIONS; i++)
		if (server->connections[i].fd >= 0)
			close(server->connections[i].fd);
	close(server->listener);
	close(server->stop);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

int server_port(const struct server *server)
{
	return server->port;
}

size_t server_request_count(const struct server *server)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&server->lock;
	size_t count;

	pthread_mutex_lock(lock);
	count = server->request_count;
	pthread_mutex_unlock(lock);
	return count;
}

const char *server_request(const struct server *server, size_t n)
{
	return n < server_request_count(server) ? server->requests[n] : "";
}

int server_connection(const struct server *server, size_t n)
{
	return n < server_request_count(server) ? server->numbers[n] : -1;
}
