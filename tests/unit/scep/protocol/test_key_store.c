/* SPDX-License-Identifier: Apache-2.0 */
/* A key that never leaves its TPM: opened by its reference through OpenSSL's
 * STORE, it signs a request and decrypts the answer like any other.  Needs
 * swtpm, tpm2-tools and tpm2-openssl, and is skipped without them. */
#include "tests/lib/open_world.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/provider.h>

#include "scep/codes.h"
#include "scep/server.h"
#include "scep/values.h"
#include "scep/base/error.h"
#include "scep/protocol/key.h"
#include "scep/protocol/csr.h"
#include "scep/protocol/pki_message.h"

#define HANDLE	  "0x81000001"
#define REFERENCE "handle:" HANDLE

static char folder[64] = "/tmp/test_key_store_XXXXXX";
static char tcti[128];
static pid_t tpm;
static bool is_there; /* a TPM with a key, and OpenSSL's provider for it */

/* ------------------------------------------------------------- the TPM -- */

static bool run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && { %s; } >>log 2>&1", folder,
		 command);
	return system(line) == 0;
}

/* It ends with us, whatever becomes of us. */
static bool start_tpm(void)
{
	char server[128], control[128];

	snprintf(server, sizeof(server), "type=unixio,path=%s/tpm", folder);
	snprintf(control, sizeof(control), "type=unixio,path=%s/tpm.ctrl",
		 folder);
	tpm = fork();
	if (tpm != 0)
		return tpm > 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(folder) != 0 || freopen("swtpm.log", "w", stderr) == NULL)
		_exit(1);
	execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", "dir=.",
	       "--server", server, "--ctrl", control, "--flags",
	       "not-need-init,startup-clear", (char *)NULL);
	_exit(1);
}

static const char key_commands[] =
    "until [ -S tpm ] && [ -S tpm.ctrl ]; do kill -0 %d || exit 1; done; "
    "tpm2_createprimary -Q -C o -G rsa2048 -c primary && "
    "tpm2_create -Q -C primary -G rsa2048 -u public -r private -a '"
    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|decrypt' && "
    "tpm2_flushcontext -t && "
    "tpm2_load -Q -C primary -u public -r private -c key && "
    "tpm2_flushcontext -t && "
    "tpm2_evictcontrol -Q -C o -c key " HANDLE " && tpm2_flushcontext -t";

static bool make_key(void)
{
	char command[1024];

	snprintf(command, sizeof(command), key_commands, (int)tpm);
	if (run(command))
		return true;
	snprintf(command, sizeof(command), "tail %s/*log >&2", folder);
	if (system(command) != 0)
		fprintf(stderr, "there is no log\n");
	return false;
}

static void stop_tpm(void)
{
	char command[128];

	if (tpm > 0) {
		kill(tpm, SIGKILL);
		waitpid(tpm, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command) != 0)
		fprintf(stderr, "%s stays\n", folder);
}

static void need_tpm(void)
{
	if (!is_there)
		skip();
}

/* --------------------------------------------------------------- the key -- */

/* The CSR is signed by the key that is in it. */
static void request_with(EVP_PKEY *key, struct bytes *der)
{
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "tpm.example",
	};
	struct scep_error error = {.text = ""};
	unsigned char *data = NULL;
	X509_REQ *request = NULL;
	int length;

	if (csr_make(&values, key, &request, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	length = i2d_X509_REQ(request, &data);
	assert_true(length > 0);
	assert_true(bytes_set(der, data, (size_t)length));
	OPENSSL_free(data);
	csr_free(request);
}

/* A PKCSReq whose signature another key's holder can verify. */
static void seal_with(EVP_PKEY *key, X509 *signer, X509 *ca)
{
	static const struct caps_choice choice = {.cipher = SCEP_CIPHER_AES128,
						  .digest = "SHA256"};
	struct bytes request = {NULL, 0}, message = {NULL, 0};
	struct scep_error error = {.text = ""};
	struct pki_message_input input = {
	    .message_type = RFC8894_PKCS_REQ,
	    .transaction_id = TRANSACTION,
	    .signer = signer,
	    .signer_key = key,
	    .recipient = ca,
	    .choice = &choice,
	};
	const unsigned char *at;
	CMS_ContentInfo *read;

	request_with(key, &request);
	input.content = request.data;
	input.content_length = request.length;
	if (pki_message_seal(&input, &message, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	at = message.data;
	read = d2i_CMS_ContentInfo(NULL, &at, (long)message.length);
	assert_non_null(read);
	assert_int_equal(CMS_verify(read, NULL, NULL, NULL, NULL,
				    CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
			 1);
	CMS_ContentInfo_free(read);
	bytes_free(&message);
	bytes_free(&request);
}

/* A CA knows the certificate only as it is on the wire, without a key in it
 * that is an object of the TPM's provider. */
static X509 *read_again(X509 *certificate)
{
	unsigned char *data = NULL;
	int length = i2d_X509(certificate, &data);
	const unsigned char *at = data;
	X509 *read = d2i_X509(NULL, &at, length);

	assert_non_null(read);
	OPENSSL_free(data);
	return read;
}

/* The world's device has this key, and the CA has issued for it. */
static void give_to_device(struct world *world, EVP_PKEY *key, X509 *signer)
{
	struct pki_cert plan = world_leaf_plan(world);

	plan.key = key;
	world_send(world, world_certify(world, &plan), world->ca);
	world->reply.recipient = signer;
	world->input.key = key;
	world->input.signer = signer;
	world->input.signer_key = key;
}

static void a_key_in_a_tpm_signs_a_request_and_opens_its_answer(void **state)
{
	struct world *world = *state;
	struct scep_values values = {
	    .signature_algorithm = SCEP_SIGN_SHA256,
	    .common_name = "tpm.example",
	};
	struct scep_error error = {.text = ""};
	struct cert_rep reply = {0};
	char digest[65];
	EVP_PKEY *key = NULL;
	X509 *signer = NULL, *sent;

	need_tpm();
	if (key_open(REFERENCE, &key, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(key_digest(key, digest, &error), SCEP_OK);
	if (csr_self_sign(&values, key, PKI_NOW, &signer, &error))
		fail_msg("%s", error.text);
	seal_with(key, signer, world->ca);
	sent = read_again(signer);
	give_to_device(world, key, sent);
	if (world_open(world, &reply, &error) != SCEP_OK)
		fail_msg("%s", error.text);
	assert_int_equal(reply.pki_status, RFC8894_SUCCESS);
	assert_int_equal(
	    EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(reply.certificates, 0)),
			key),
	    1);
	cert_rep_free(&reply);
	X509_free(sent);
	X509_free(signer);
	EVP_PKEY_free(key);
}

/* A key in PEM that anybody can read. */
static bool is_plain(const struct bytes *pem)
{
	static const char mark[] = "BEGIN PRIVATE KEY";

	return memmem(pem->data, pem->length, mark, sizeof(mark) - 1) != NULL;
}

static void it_never_leaves_the_tpm(void **state)
{
	struct scep_error error = {.text = ""};
	struct bytes pem = {NULL, 0};
	BIGNUM *exponent = NULL;
	EVP_PKEY *key = NULL;

	need_tpm();
	(void)state;
	assert_int_equal(key_open(REFERENCE, &key, &error), SCEP_OK);
	assert_string_equal(
	    OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "tpm2");
	assert_int_equal(key_storage(key), SCEP_KEY_TPM);
	assert_int_equal(EVP_PKEY_get_bn_param(key, "d", &exponent), 0);
	if (key_to_pem(key, &pem, &error) == SCEP_OK)
		assert_false(is_plain(&pem));
	bytes_free(&pem);
	EVP_PKEY_free(key);
}

/* Made and used by OpenSSL itself, whatever its configuration prefers. */
static void a_key_in_a_file_is_no_matter_of_the_tpm(void **state)
{
	struct scep_error error = {.text = ""};
	struct bytes pem = {NULL, 0}, request = {NULL, 0};
	EVP_PKEY *key = NULL;

	need_tpm();
	(void)state;
	EVP_set_default_properties(NULL, "?provider=tpm2");
	assert_int_equal(key_make_rsa(2048, &key, &error), SCEP_OK);
	request_with(key, &request);
	EVP_set_default_properties(NULL, "");
	assert_int_equal(key_to_pem(key, &pem, &error), SCEP_OK);
	assert_true(is_plain(&pem));
	bytes_free(&request);
	bytes_free(&pem);
	EVP_PKEY_free(key);
}

static void a_reference_to_nothing_is_refused(void **state)
{
	static const char *const references[] = {
	    "handle:0x81000002",
	    "handle:nonsense",
	    "nobodys-scheme:1",
	};
	struct scep_error error;
	EVP_PKEY *key;

	need_tpm();
	(void)state;
	for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
		error_init(&error);
		assert_int_equal(key_open(references[i], &key, &error),
				 SCEP_KEY_ERROR);
		assert_null(key);
	}
}

/* The words of an administrator.  The first provider has all keys that are no
 * matter of the TPM. */
static const char configuration[] =
    "openssl_conf = begin\n[begin]\nproviders = providers\n"
    "[providers]\ndefault = on\ntpm2 = on\n[on]\nactivate = 1\n";

/* OpenSSL reads it when it is used first, which must not be before. */
static bool configure(void)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/openssl.cnf", folder);
	file = fopen(path, "w");
	if (file == NULL)
		return false;
	fputs(configuration, file);
	setenv("OPENSSL_CONF", path, 1);
	return fclose(file) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_key_in_a_tpm_signs_a_request_and_opens_its_answer,
		world_set_up, world_tear_down),
	    cmocka_unit_test(it_never_leaves_the_tpm),
	    cmocka_unit_test(a_key_in_a_file_is_no_matter_of_the_tpm),
	    cmocka_unit_test(a_reference_to_nothing_is_refused),
	};
	int failed;

	assert(mkdtemp(folder) != NULL);
	snprintf(tcti, sizeof(tcti), "swtpm:path=%s/tpm", folder);
	setenv("TPM2TOOLS_TCTI", tcti, 1);
	setenv("TPM2OPENSSL_TCTI", tcti, 1);
	is_there = run("command -v swtpm && command -v tpm2_evictcontrol") &&
		   start_tpm() && make_key() && configure() &&
		   OSSL_PROVIDER_available(NULL, "tpm2");
	failed = cmocka_run_group_tests(tests, NULL, world_tear_down_group);
	stop_tpm();
	return failed;
}
