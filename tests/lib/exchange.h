/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange, run to its end on a loop of its own or of the test, and
 * what came of it.
 */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include <uv.h>

#include "scep/codes.h"
#include "scep/engine_config.h"
#include "scep/octets.h"
#include "scep/net/http.h"

struct client {
	uv_loop_t loop;
	struct http *http;
	struct scep_config config;
};

struct outcome {
	int calls; /* of done */
	enum scep_code code;
	char text[SCEP_TEXT255];
	uint32_t status;
	struct bytes body;
	int64_t date;
	int64_t received;
	uint32_t retry_after;
};

void client_open(struct client *client);
void client_close(struct client *client);
/* Takes over client->config. */
void client_configure(struct client *client);
void client_run(struct client *client);

/* Begins an exchange whose end is noted in `outcome`, cleared before. */
struct http_fetch *client_begin(struct client *client,
				const struct fetch_request *request,
				struct outcome *outcome);
/* A GET of `url` with a time-out of 10 s and 1000 octets, to its end. */
void client_get(struct client *client, const char *url,
		struct outcome *outcome);
void outcome_free(struct outcome *outcome);

#endif
