/* SPDX-License-Identifier: Apache-2.0 */
/* https: the server's certificate is always verified, against caFile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "scep/codes.h"
#include "tests/lib/exchange.h"
#include "tests/lib/server.h"

struct tls_server {
	SSL_CTX *context;
	int listener;
	int port;
	pthread_t thread;
	char ca_file[64];
};

/* A server, with one fault at most. */
struct kind {
	const char *host;  /* an address */
	long begin, end;   /* of its certificate, in seconds from now */
	const char *usage; /* the extended one; NULL: none */
	int version;	   /* the highest; 0: any */
};

#define HOST "127.0.0.1"
static const struct kind good = {HOST, -3600, 3600, NULL, 0};

static void add_extension(X509 *certificate, int type, const char *value)
{
	X509_EXTENSION *extension =
	    X509V3_EXT_conf_nid(NULL, NULL, type, value);

	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* A self-signed certificate over `key`. */
static X509 *make_certificate(EVP_PKEY *key, const struct kind *kind)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	char value[64];

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), kind->begin);
	X509_gmtime_adj(X509_getm_notAfter(certificate), kind->end);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
				   (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	snprintf(value, sizeof(value), "IP:%s", kind->host);
	add_extension(certificate, NID_subject_alt_name, value);
	if (kind->usage != NULL)
		add_extension(certificate, NID_ext_key_usage, kind->usage);
	assert_int_not_equal(X509_sign(certificate, key, EVP_sha256()), 0);
	return certificate;
}

/* One connection after the other, one request each, until shut down. */
static void *serve(void *context)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\n"
				     "Content-Length: 2\r\n\r\nok";
	struct tls_server *server = context;
	char asked[4096];
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		SSL *ssl = SSL_new(server->context);

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 &&
		    SSL_read(ssl, asked, sizeof(asked)) > 0)
			SSL_write(ssl, answer, sizeof(answer) - 1);
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static void tls_listen(struct tls_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(server->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server->listener, 8), 0);
	getsockname(server->listener, (struct sockaddr *)&address, &length);
	server->port = ntohs(address.sin_port);
}

static void tls_open(struct tls_server *server, const struct kind *kind)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, kind);
	int fd;
	FILE *file;

	server->context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_max_proto_version(server->context, kind->version);
	assert_int_equal(SSL_CTX_use_certificate(server->context, certificate),
			 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server->context, key), 1);
	strcpy(server->ca_file, "/tmp/test_https.XXXXXX");
	fd = mkstemp(server->ca_file);
	file = fdopen(fd, "w");
	assert_non_null(file);
	PEM_write_X509(file, certificate);
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
	tls_listen(server);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server),
			 0);
}

static void tls_close(struct tls_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	SSL_CTX_free(server->context);
	unlink(server->ca_file);
}

static void get(int port, const char *ca_file, struct outcome *outcome)
{
	struct client client;
	char url[64];

	client_open(&client);
	strcpy(client.config.ca_file, ca_file);
	client_configure(&client);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	client_get(&client, url, outcome);
	client_close(&client);
}

static void a_server_that_the_ca_file_knows_is_accepted(void **state)
{
	struct tls_server server;
	struct outcome outcome;

	(void)state;
	tls_open(&server, &good);
	get(server.port, server.ca_file, &outcome);
	tls_close(&server);
	assert_string_equal(outcome.text, "");
	assert_int_equal(outcome.status, 200);
	assert_int_equal(outcome.body.length, 2);
	outcome_free(&outcome);
}

/* Uses the server as a proxy. */
static void get_through(int port, const char *ca_file, struct outcome *outcome)
{
	char url[64];
	const struct fetch_request request = {.url = "http://ca.example/",
					      .proxy_url = url,
					      .timeout = 10,
					      .limit = 1000};
	struct client client;

	client_open(&client);
	strcpy(client.config.ca_file, ca_file);
	client_configure(&client);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	client_begin(&client, &request, outcome);
	client_run(&client);
	client_close(&client);
}

/* As a server, and as a proxy. */
static void try(const struct kind *kind, enum scep_code code, const char *text)
{
	for (int is_proxy = 0; is_proxy < 2; is_proxy++) {
		struct tls_server server;
		struct outcome outcome;

		tls_open(&server, kind);
		if (is_proxy)
			get_through(server.port, server.ca_file, &outcome);
		else
			get(server.port, server.ca_file, &outcome);
		tls_close(&server);
		if (outcome.code != code || !strstr(outcome.text, text))
			fail_msg("code %d, \"%s\"", (int)outcome.code,
				 outcome.text);
		outcome_free(&outcome);
	}
}

static void assert_accepts(const struct kind *kind)
{
	try(kind, SCEP_OK, "");
}

static void assert_refuses(const struct kind *kind, const char *text)
{
	try(kind, SCEP_COMM_ERROR, text);
}

static void a_certificate_is_in_its_time(void **state)
{
	struct kind kind = good;

	(void)state;
	kind.end = -60;
	assert_refuses(&kind, "not accepted: ");
	kind = good;
	kind.begin = 600;
	assert_refuses(&kind, "not accepted: ");
}

static void a_certificate_is_that_of_a_server(void **state)
{
	struct kind kind = good;

	(void)state;
	kind.usage = "serverAuth";
	assert_accepts(&kind);
	kind.usage = "clientAuth,emailProtection";
	assert_refuses(&kind, "not accepted: ");
}

static void tls_is_1_2_at_least(void **state)
{
	struct kind kind = good;

	(void)state;
	kind.version = TLS1_2_VERSION;
	assert_accepts(&kind);
	kind.version = TLS1_1_VERSION;
	assert_refuses(&kind, "protocol version");
}

/* Lets OpenSSL speak old versions of TLS, as some systems do: what refuses them
 * is the program. */
static void permit_old_tls(void)
{
	static const char text[] = "openssl_conf = all\n"
				   "[all]\nssl_conf = ssl\n"
				   "[ssl]\nsystem_default = old\n"
				   "[old]\nMinProtocol = None\n"
				   "CipherString = DEFAULT:@SECLEVEL=0\n";
	static char path[] = "/tmp/test_https.conf.XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	setenv("OPENSSL_CONF", path, 1);
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL);
	unlink(path);
}

static void a_stranger_and_another_hosts_certificate_are_not(void **state)
{
	struct kind kind = good;
	struct tls_server server;
	struct outcome outcome;

	(void)state;
	tls_open(&server, &good);
	get(server.port, "", &outcome);
	tls_close(&server);
	assert_int_equal(outcome.code, SCEP_COMM_ERROR);
	assert_non_null(strstr(outcome.text, "not accepted: "));
	kind.host = "127.0.0.2";
	assert_refuses(&kind, "not accepted: ");
}

static void assert_ca_file(const char *ca_file, const char *text)
{
	struct tls_server server;
	struct outcome outcome;

	tls_open(&server, &good);
	get(server.port, ca_file, &outcome);
	tls_close(&server);
	assert_int_equal(outcome.code, SCEP_CONFIG_ERROR);
	assert_string_equal(outcome.text, text);
}

static void a_ca_file_that_cannot_be_used_is_named_with_the_reason(void **state)
{
	char folder[] = "/tmp/test_https.XXXXXX";
	char path[64];
	char text[160];
	FILE *file;

	(void)state;
	assert_ca_file("/nowhere/ca.pem", "caFile /nowhere/ca.pem cannot be "
					  "used: No such file or directory");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ca.pem", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("no certificate\n", file);
	fclose(file);
	snprintf(text, sizeof(text),
		 "caFile %s cannot be used: no certificate in PEM is in it",
		 path);
	assert_ca_file(path, text);
	unlink(path);
	rmdir(folder);
}

static void a_server_without_tls_is_a_communication_error(void **state)
{
	const struct reply replies[] = {{NULL, REPLY_KEEP, 0}};
	struct server *server = server_open(replies);
	struct client client;
	struct outcome outcome;
	char url[64];
	const struct fetch_request request = {
	    .url = url, .timeout = 1, .limit = 10};

	(void)state;
	client_open(&client);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/",
		 server_port(server));
	client_begin(&client, &request, &outcome);
	client_run(&client);
	assert_int_equal(outcome.code, SCEP_COMM_ERROR);
	client_close(&client);
	server_close(server);
}

static void a_proxy_that_refuses_is_quoted(void **state)
{
	const struct reply replies[] = {
	    {"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", REPLY_CLOSE, 0},
	    {NULL, REPLY_KEEP, 0}};
	struct server *server = server_open(replies);
	struct client client;
	struct outcome outcome;
	char proxy[64];
	const struct fetch_request request = {.url = "https://ca.example/",
					      .proxy_url = proxy,
					      .timeout = 10,
					      .limit = 10};

	(void)state;
	client_open(&client);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
		 server_port(server));
	client_begin(&client, &request, &outcome);
	client_run(&client);
	assert_int_equal(outcome.code, SCEP_COMM_ERROR);
	assert_non_null(strstr(outcome.text, "no connection to proxy 127."));
	assert_non_null(strstr(outcome.text, "407"));
	client_close(&client);
	server_close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_that_the_ca_file_knows_is_accepted),
	    cmocka_unit_test(a_stranger_and_another_hosts_certificate_are_not),
	    cmocka_unit_test(a_certificate_is_in_its_time),
	    cmocka_unit_test(a_certificate_is_that_of_a_server),
	    cmocka_unit_test(tls_is_1_2_at_least),
	    cmocka_unit_test(
		a_ca_file_that_cannot_be_used_is_named_with_the_reason),
	    cmocka_unit_test(a_server_without_tls_is_a_communication_error),
	    cmocka_unit_test(a_proxy_that_refuses_is_quoted),
	};

	signal(SIGPIPE, SIG_IGN);
	permit_old_tls();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
