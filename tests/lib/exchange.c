/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void client_open(struct client *client)
{
	memset(client, 0, sizeof(*client));
	assert_int_equal(uv_loop_init(&client->loop), 0);
	client->http = http_open(&client->loop, &client->config);
	assert_non_null(client->http);
}

void client_run(struct client *client)
{
	uv_run(&client->loop, UV_RUN_DEFAULT);
}

void client_close(struct client *client)
{
	http_close(client->http);
	client_run(client);
	assert_int_equal(uv_loop_close(&client->loop), 0);
}

void client_configure(struct client *client)
{
	http_configure(client->http, &client->config);
}

static void note(void *context, struct fetch_answer *answer,
		 const struct scep_error *error)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->code = error ? error->code : SCEP_OK;
	strcpy(outcome->text, error ? error->text : "");
	outcome->status = answer->http_status;
	outcome->date = answer->date;
	outcome->received = answer->received;
	outcome->retry_after = answer->retry_after;
	bytes_move(&outcome->body, &answer->body);
}

struct http_fetch *client_begin(struct client *client,
				const struct fetch_request *request,
				struct outcome *outcome)
{
	struct http_fetch *fetch;

	memset(outcome, 0, sizeof(*outcome));
	fetch = http_begin(client->http, request, note, outcome);
	assert_non_null(fetch);
	assert_int_equal(outcome->calls, 0);
	return fetch;
}

void client_get(struct client *client, const char *url, struct outcome *outcome)
{
	const struct fetch_request request = {
	    .url = url, .timeout = 10, .limit = 1000};

	client_begin(client, &request, outcome);
	client_run(client);
	assert_int_equal(outcome->calls, 1);
}

void outcome_free(struct outcome *outcome)
{
	bytes_free(&outcome->body);
}
