/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short memory: one allocation of an operation fails.  The operation then
 * succeeds with the right result, or says that memory is short; it never puts
 * the blame on the server or on a setting.
 *
 * There are some 20,000 allocations.  Every 23rd fails here, which takes a few
 * seconds, and every one with SHORT_MEMORY_STEP=1 (tests/long memory).
 */
#include "tests/lib/open_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scep/protocol/ca_answer.h"
#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/profile_row.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/crl.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/key.h"
#include "scep/protocol/next_ca.h"
#include "scep/protocol/pki_message.h"
#include "tests/lib/believe.h"
#include "tests/lib/short_memory.h"

/* Messages from outside, as octets: OpenSSL remembers in its objects what it
 * could not work out, so that each try needs new ones. */
static struct {
	struct bytes ca_cert, cert_rep, next_ca, crl; /* answers */
	struct bytes trust, requester, issued, key;   /* PEM */
	struct ca_certs_pin pin;
	unsigned char nonce[RFC8894_NONCE_LENGTH];
} octets;

/* The objects of one try. */
struct kit {
	STACK_OF(X509) * stack;
	STACK_OF(X509) * signer;
	struct ca_certs trust; /* borrows from the stack */
	EVP_PKEY *key;
};

static enum scep_code kit_open(struct kit *kit, const struct bytes *signer,
			       struct scep_error *error)
{
	enum scep_code code = certs_from_pem(
	    octets.trust.data, octets.trust.length, &kit->stack, error);

	if (code == SCEP_OK)
		code = certs_from_pem(signer->data, signer->length,
				      &kit->signer, error);
	if (code == SCEP_OK)
		code = key_from_pem(octets.key.data, octets.key.length,
				    &kit->key, error);
	if (code == SCEP_OK)
		kit->trust = (struct ca_certs){
		    .anchor = sk_X509_value(kit->stack, 0),
		    .recipient = sk_X509_value(kit->stack, 1),
		    .chain = kit->stack,
		};
	return code;
}

static void kit_close(struct kit *kit)
{
	sk_X509_pop_free(kit->stack, X509_free);
	sk_X509_pop_free(kit->signer, X509_free);
	EVP_PKEY_free(kit->key);
}

static struct cert_rep_input kit_input(const struct kit *kit,
				       const struct bytes *message)
{
	struct cert_rep_input input = {
	    .message = message->data,
	    .message_length = message->length,
	    .transaction_id = TRANSACTION,
	    .trust = &kit->trust,
	    .key = kit->key,
	    .signer = sk_X509_value(kit->signer, 0),
	    .signer_key = kit->key,
	    .now = PKI_NOW,
	};

	memcpy(input.sender_nonce, octets.nonce, RFC8894_NONCE_LENGTH);
	return input;
}

/* ------------------------------------------------------ the operations -- */

#define RESULT 600

/*
 * One operation; `first` is the allocation in it that fails (0: none).  Puts
 * what has come out of it into `result` if it returns SCEP_OK.
 */
typedef enum scep_code (*operation_fn)(size_t first, char result[RESULT],
				       struct scep_error *error);

static enum scep_code read_credentials(size_t first, char result[RESULT],
				       struct scep_error *error)
{
	struct kit kit = {0};
	enum scep_code code;

	short_memory_begin(first, 1);
	code = kit_open(&kit, &octets.issued, error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%d %d %d", sk_X509_num(kit.stack),
			 sk_X509_num(kit.signer), EVP_PKEY_get_bits(kit.key));
	kit_close(&kit);
	return code;
}

static long serial_of(const X509 *certificate)
{
	return ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
}

static const struct certs_floor strict;

static enum scep_code read_ca_cert(size_t first, char result[RESULT],
				   struct scep_error *error)
{
	STACK_OF(X509) *certificates = NULL;
	struct ca_certs trust = {0};
	X509 *candidate = NULL;
	struct scep_ca row = {0};
	enum scep_code code;

	short_memory_begin(first, 1);
	code = ca_answer_read(octets.ca_cert.data, octets.ca_cert.length,
			      &certificates, error);
	if (code == SCEP_OK)
		code = ca_certs_candidate(certificates, &strict, &candidate,
					  error);
	if (code == SCEP_OK)
		code = certs_describe_ca(candidate, &row, error);
	if (code == SCEP_OK)
		code = believe(certificates, &octets.pin, 1, PKI_NOW, &trust,
			       error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%ld %ld %d %s %s %u %u",
			 serial_of(trust.anchor), serial_of(trust.recipient),
			 sk_X509_num(trust.chain), row.subject, row.issuer,
			 row.fingerprint.length, row.role);
	ca_certs_free(&trust);
	sk_X509_pop_free(certificates, X509_free);
	return code;
}

static enum scep_code open_cert_rep(size_t first, char result[RESULT],
				    struct scep_error *error)
{
	struct kit kit = {0};
	struct cert_rep reply;
	struct cert_rep_input input;
	struct scep_key row = {0};
	enum scep_code code;

	assert_int_equal(kit_open(&kit, &octets.requester, NULL), SCEP_OK);
	input = kit_input(&kit, &octets.cert_rep);
	short_memory_begin(first, 1);
	code = cert_rep_open(&input, &reply, error);
	if (code == SCEP_OK)
		code = certs_describe_leaf(sk_X509_value(reply.certificates, 0),
					   &row, error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%d %d %s %u %u", reply.pki_status,
			 sk_X509_num(reply.certificates), row.subject,
			 row.length, row.fingerprint.length);
	cert_rep_free(&reply);
	kit_close(&kit);
	return code;
}

static enum scep_code read_next_ca(size_t first, char result[RESULT],
				   struct scep_error *error)
{
	struct kit kit = {0};
	STACK_OF(X509) *certificates = NULL;
	struct next_ca_input input = {
	    .body = octets.next_ca.data,
	    .length = octets.next_ca.length,
	    .trust = &kit.trust,
	    .now = PKI_NOW,
	};
	uint32_t legacy_used = 0;
	enum scep_code code;

	assert_int_equal(kit_open(&kit, &octets.requester, NULL), SCEP_OK);
	short_memory_begin(first, 1);
	code = next_ca_read(&input, &certificates, &legacy_used, error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%d %ld", sk_X509_num(certificates),
			 serial_of(sk_X509_value(certificates, 0)));
	sk_X509_pop_free(certificates, X509_free);
	kit_close(&kit);
	return code;
}

static enum scep_code open_crl(size_t first, char result[RESULT],
			       struct scep_error *error)
{
	const struct scep_octets32 serial = {.length = 1, .data = {100}};
	struct kit kit = {0};
	struct cert_rep reply;
	struct cert_rep_input input;
	enum crl_verdict verdict = CRL_OF_ANOTHER_ISSUER;
	X509_CRL *crl = NULL;
	enum scep_code code;

	assert_int_equal(kit_open(&kit, &octets.issued, NULL), SCEP_OK);
	input = kit_input(&kit, &octets.crl);
	short_memory_begin(first, 1);
	code = crl_open(&input, &reply, &crl, error);
	if (code == SCEP_OK)
		code = crl_look_up(crl, "CN=CA", &serial, &verdict, error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%d %d", reply.pki_status, verdict);
	X509_CRL_free(crl);
	cert_rep_free(&reply);
	kit_close(&kit);
	return code;
}

static enum scep_code make_request(size_t first, char result[RESULT],
				   struct scep_error *error)
{
	static const struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .organization = "Example",
	    .common_name = "dev.example",
	    .subject_extra = "C=LV",
	    .subject_alt_name = "DNS:dev.example,UPN:dev@example",
	    .key_usage = 5,
	    .extended_key_usage = "serverAuth",
	    .challenge_password = {.length = 6, .data = "secret"},
	};
	struct kit kit = {0};
	X509 *certificate = NULL;
	X509_REQ *request = NULL;
	enum scep_code code;

	assert_int_equal(kit_open(&kit, &octets.requester, NULL), SCEP_OK);
	short_memory_begin(first, 1);
	code = csr_self_sign(&values, kit.key, PKI_NOW, &certificate, error);
	if (code == SCEP_OK)
		code = csr_make(&values, kit.key, &request, error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%d %d", i2d_X509(certificate, NULL),
			 i2d_X509_REQ(request, NULL));
	csr_free(request);
	X509_free(certificate);
	kit_close(&kit);
	return code;
}

static enum scep_code seal_message(size_t first, char result[RESULT],
				   struct scep_error *error)
{
	static const struct caps_choice choice = {.cipher = SCEP_CIPHER_AES128,
						  .digest = "SHA256"};
	struct kit kit = {0};
	struct bytes content = {NULL, 0}, message = {NULL, 0};
	struct pki_message_input input = {
	    .message_type = RFC8894_CERT_POLL,
	    .transaction_id = TRANSACTION,
	    .choice = &choice,
	};
	enum scep_code code;

	assert_int_equal(kit_open(&kit, &octets.requester, NULL), SCEP_OK);
	input.signer = sk_X509_value(kit.signer, 0);
	input.signer_key = kit.key;
	input.recipient = kit.trust.recipient;
	short_memory_begin(first, 1);
	code = pki_message_issuer_and_subject(
	    ca_certs_issuer_name(&kit.trust),
	    X509_get_subject_name(input.signer), &content, error);
	input.content = content.data;
	input.content_length = content.length;
	if (code == SCEP_OK)
		code = pki_message_seal(&input, &message, error);
	short_memory_end();
	if (code == SCEP_OK)
		snprintf(result, RESULT, "%zu", message.length);
	bytes_free(&content);
	bytes_free(&message);
	kit_close(&kit);
	return code;
}

/* ------------------------------------------------------------ the tries -- */

/* Returns true if the operation succeeds as it does with enough memory, or says
 * that memory is short. */
static bool ends_well(operation_fn run, size_t first, const char *expected)
{
	char result[RESULT] = "";
	struct scep_error error;
	enum scep_code code;

	error_init(&error);
	code = run(first, result, &error);
	if (code == SCEP_OK && error.code == SCEP_OK &&
	    strcmp(result, expected) == 0)
		return true;
	if (code == SCEP_NO_MEMORY && error.code == SCEP_NO_MEMORY)
		return true;
	fprintf(stderr, "allocation %zu: code %d \"%s\", \"%s\"\n", first,
		(int)code, error.text, result);
	return false;
}

/* Lets one allocation after another fail, from `*next` on, and keeps `*next` up
 * to date.  Returns the number of faults. */
static size_t count_faults(operation_fn run, size_t *next)
{
	const char *setting = getenv("SHORT_MEMORY_STEP");
	size_t step = setting == NULL ? 23 : strtoul(setting, NULL, 10);
	char expected[RESULT];
	size_t total, wrong = 0;

	/* The first run makes what OpenSSL keeps for good. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(run(0, expected, NULL), SCEP_OK);
	total = short_memory_seen();
	while (step > 0 && *next <= total) {
		size_t first = *next;

		*next += step;
		wrong += ends_well(run, first, expected) ? 0 : 1;
	}
	return step > 0 && total > 100 ? wrong : 1;
}

/* Lets AddressSanitizer end a crash of OpenSSL with a signal, as the C library
 * does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

/*
 * Runs in a process of its own: OpenSSL loses memory when it has none, of which
 * the leak checker would tell.  And OpenSSL 3.0 crashes where it frees what
 * X509_sign_ctx() has left behind: so many `crashes` are let pass.
 */
static void assert_never_blames(operation_fn run, int crashes)
{
	size_t *next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child;

	assert_ptr_not_equal(next, MAP_FAILED);
	*next = 1;
	do {
		child = fork();
		if (child == 0) {
			/* cmocka would go on after a crash. */
			signal(SIGSEGV, SIG_DFL);
			signal(SIGABRT, SIG_DFL);
			_exit(count_faults(run, next) == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
	} while (WIFSIGNALED(status) && crashes-- > 0);
	assert_int_equal(status, 0);
	munmap(next, sizeof(*next));
}

static void credentials_are_read_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(read_credentials, 0);
}

static void a_ca_is_trusted_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(read_ca_cert, 0);
}

static void a_cert_rep_is_opened_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(open_cert_rep, 0);
}

static void a_next_ca_is_read_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(read_next_ca, 0);
}

static void a_crl_is_opened_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(open_crl, 0);
}

static void a_request_is_made_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(make_request, 4);
}

static void a_message_is_sealed_or_memory_is_short(void **state)
{
	(void)state;
	assert_never_blames(seal_message, 0);
}

/* -------------------------------------------------------------- the set-up */

static void make_pem(X509 *first, X509 *second, struct bytes *pem)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	assert_int_equal(certs_push(stack, first, NULL), SCEP_OK);
	if (second != NULL)
		assert_int_equal(certs_push(stack, second, NULL), SCEP_OK);
	assert_int_equal(certs_to_pem(stack, pem, NULL), SCEP_OK);
	sk_X509_pop_free(stack, X509_free);
}

static void make_next_ca(struct world *world)
{
	struct pki_cert plan =
	    pki_ca_plan("Next CA", pki_key(PKI_KEY_DEVICE_OLD));
	struct bytes content = {NULL, 0};
	struct pki_reply reply = {
	    .signer = world->ca,
	    .signer_key = pki_key(PKI_KEY_CA),
	    .digest = "SHA256",
	    .raw_content = &content,
	};
	X509 *sent[2] = {world_certify(world, &plan), NULL};

	pki_degenerate(sent, &content);
	pki_reply_make(&reply, &octets.next_ca);
	bytes_free(&content);
}

/* Changes the world's reply. */
static void make_crl(struct world *world)
{
	struct pki_crl plan = pki_crl_plan(world->ca, pki_key(PKI_KEY_CA));
	struct bytes bag = {NULL, 0};
	X509_CRL *lists[2] = {NULL, NULL};

	plan.revoked[0] = 100;
	lists[0] = pki_revoke(&plan);
	pki_degenerate_crls(lists, &bag);
	world->reply.raw_inner = &bag;
	world->reply.recipient = world->issued;
	pki_reply_make(&world->reply, &octets.crl);
	X509_CRL_free(lists[0]);
	bytes_free(&bag);
}

static int set_up_octets(void **state)
{
	void *made = NULL;
	struct world *world;
	X509 *sent[3];

	(void)state;
	world_set_up(&made);
	world = made;
	sent[0] = world->ra;
	sent[1] = world->ca;
	sent[2] = NULL;
	pki_degenerate(sent, &octets.ca_cert);
	octets.pin.length =
	    (uint32_t)pki_digest(world->ca, "SHA256", octets.pin.digest);
	memcpy(octets.nonce, world->input.sender_nonce, RFC8894_NONCE_LENGTH);
	make_pem(world->ca, world->ra, &octets.trust);
	make_pem(world->requester, NULL, &octets.requester);
	make_pem(world->issued, NULL, &octets.issued);
	assert_int_equal(key_to_pem(pki_key(PKI_KEY_DEVICE), &octets.key, NULL),
			 SCEP_OK);
	pki_reply_make(&world->reply, &octets.cert_rep);
	make_next_ca(world);
	make_crl(world);
	world_tear_down(&made);
	return 0;
}

static int tear_down_octets(void **state)
{
	bytes_free(&octets.ca_cert);
	bytes_free(&octets.cert_rep);
	bytes_free(&octets.next_ca);
	bytes_free(&octets.crl);
	bytes_free(&octets.trust);
	bytes_free(&octets.requester);
	bytes_free(&octets.issued);
	bytes_free(&octets.key);
	return world_tear_down_group(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(credentials_are_read_or_memory_is_short),
	    cmocka_unit_test(a_ca_is_trusted_or_memory_is_short),
	    cmocka_unit_test(a_cert_rep_is_opened_or_memory_is_short),
	    cmocka_unit_test(a_next_ca_is_read_or_memory_is_short),
	    cmocka_unit_test(a_crl_is_opened_or_memory_is_short),
	    cmocka_unit_test(a_request_is_made_or_memory_is_short),
	    cmocka_unit_test(a_message_is_sealed_or_memory_is_short),
	};

	return cmocka_run_group_tests(tests, set_up_octets, tear_down_octets);
}
