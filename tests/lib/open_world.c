/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/open_world.h"

#include "tests/lib/believe.h"

#include <stdio.h>

static struct world the_world;

static X509 *make_ca(enum pki_key_name key)
{
	struct pki_cert plan = pki_ca_plan("CA", pki_key(key));

	return pki_certify(&plan);
}

static struct pki_cert ra_plan(const struct world *world)
{
	struct pki_cert plan = pki_leaf_plan("RA", pki_key(PKI_KEY_RA),
					     world->ca, pki_key(PKI_KEY_CA));

	plan.extended_key_usage = PKI_MARK_OF_RA;
	plan.serial = 10;
	return plan;
}

static void make_ras(struct world *world)
{
	struct pki_cert plan = ra_plan(world);

	world->ra = pki_certify(&plan);
	plan.serial = 11;
	plan.key = pki_key(PKI_KEY_RA_ENCRYPT);
	plan.key_usage = KU_KEY_ENCIPHERMENT;
	world->ra_encrypt = pki_certify(&plan);
	plan = ra_plan(world);
	plan.serial = 12;
	plan.not_after = PKI_NOW - 1;
	world->ra_expired = pki_certify(&plan);
	plan = ra_plan(world);
	plan.serial = 13;
	plan.not_before = PKI_NOW + PKI_DAY;
	world->ra_future = pki_certify(&plan);
	plan = ra_plan(world);
	plan.key = pki_key(PKI_KEY_STRANGER);
	plan.issuer = world->twin;
	plan.issuer_key = pki_key(PKI_KEY_STRANGER);
	world->twin_ra = pki_certify(&plan);
}

static void make_certificates(struct world *world)
{
	struct pki_cert plan;

	world->ca = make_ca(PKI_KEY_CA);
	world->twin = make_ca(PKI_KEY_STRANGER);
	make_ras(world);
	plan = pki_ca_plan("Sub CA", pki_key(PKI_KEY_ROOT));
	plan.issuer = world->ca;
	plan.issuer_key = pki_key(PKI_KEY_CA);
	plan.serial = 14;
	world->sub_ca = pki_certify(&plan);
	plan = pki_leaf_plan("dev", pki_key(PKI_KEY_DEVICE), NULL,
			     pki_key(PKI_KEY_DEVICE));
	world->requester = pki_certify(&plan);
	plan = world_leaf_plan(world);
	world->issued = pki_certify(&plan);
	plan.key = pki_key(PKI_KEY_DEVICE_OLD);
	plan.serial = 101;
	world->foreign = pki_certify(&plan);
}

static void make_trust(struct world *world)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	struct ca_certs_pin pin;

	sk_X509_push(list, world->ra);
	sk_X509_push(list, world->ra_encrypt);
	sk_X509_push(list, world->sub_ca);
	sk_X509_push(list, world->ca);
	pin.length = (uint32_t)pki_digest(world->ca, "SHA256", pin.digest);
	assert_int_equal(believe(list, &pin, 1, PKI_NOW, &world->trust, NULL),
			 SCEP_OK);
	/* They were valid when the transaction began. */
	certs_push(world->trust.chain, world->ra_expired, NULL);
	certs_push(world->trust.chain, world->ra_future, NULL);
	sk_X509_free(list);
}

static void make_input(struct world *world)
{
	world->input = (struct cert_rep_input){
	    .transaction_id = TRANSACTION,
	    .sender_nonce = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6},
	    .trust = &world->trust,
	    .key = pki_key(PKI_KEY_DEVICE),
	    .signer = world->requester,
	    .signer_key = pki_key(PKI_KEY_DEVICE),
	    .now = PKI_NOW,
	};
}

static void make_reply(struct world *world)
{
	world->reply = (struct pki_reply){
	    .message_type = "3",
	    .transaction_id = TRANSACTION,
	    .pki_status = "0",
	    .recipient_nonce_length = RFC8894_NONCE_LENGTH,
	    .recipient_nonce_type = V_ASN1_OCTET_STRING,
	    .signer = world->ra,
	    .signer_key = pki_key(PKI_KEY_RA),
	    .digest = "SHA256",
	    .has_envelope = true,
	    .cipher = "AES-128-CBC",
	    .recipient = world->requester,
	    .certificates = {world->issued, NULL},
	};
	memcpy(world->reply.recipient_nonce, world->input.sender_nonce,
	       RFC8894_NONCE_LENGTH);
}

int world_set_up(void **state)
{
	memset(&the_world, 0, sizeof(the_world));
	make_certificates(&the_world);
	make_trust(&the_world);
	make_input(&the_world);
	make_reply(&the_world);
	*state = &the_world;
	return 0;
}

int world_tear_down(void **state)
{
	struct world *world = *state;

	X509_free(world->ca);
	X509_free(world->ra);
	X509_free(world->ra_encrypt);
	X509_free(world->ra_expired);
	X509_free(world->ra_future);
	X509_free(world->sub_ca);
	X509_free(world->twin);
	X509_free(world->twin_ra);
	X509_free(world->requester);
	X509_free(world->issued);
	X509_free(world->foreign);
	for (size_t i = 0; i < 8; i++)
		X509_free(world->made[i]);
	EVP_PKEY_free(world->made_key);
	X509_NAME_free(world->subject);
	ca_certs_free(&world->trust);
	bytes_free(&world->garbage);
	return 0;
}

int world_tear_down_group(void **state)
{
	(void)state;
	pki_keys_free();
	return 0;
}

X509 *world_certify(struct world *world, const struct pki_cert *plan)
{
	for (size_t i = 0; i < 8; i++) {
		if (world->made[i] == NULL)
			return world->made[i] = pki_certify(plan);
	}
	fail_msg("the world is full");
	return NULL;
}

void world_use_ec(struct world *world)
{
	struct pki_cert plan = world_leaf_plan(world);

	EVP_PKEY_free(world->made_key);
	world->made_key = pki_key_ec(false);
	plan.key = world->made_key;
	plan.key_usage = KU_DIGITAL_SIGNATURE;
	world_send(world, world_certify(world, &plan), NULL);
	plan = pki_leaf_plan("dev", world->made_key, NULL, world->made_key);
	plan.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT;
	world->input.signer = world_certify(world, &plan);
	world->input.key = world->input.signer_key = world->made_key;
	world->challenge = (struct scep_secret){6, "secret"};
	world->input.challenge = &world->challenge;
	world->reply.recipient = world->input.signer;
}

struct pki_cert world_leaf_plan(const struct world *world)
{
	struct pki_cert plan = pki_leaf_plan("dev", pki_key(PKI_KEY_DEVICE),
					     world->ca, pki_key(PKI_KEY_CA));

	plan.serial = 100;
	return plan;
}

void world_send(struct world *world, X509 *first, X509 *second)
{
	world->reply.certificates[0] = first;
	world->reply.certificates[1] = second;
	world->reply.certificates[2] = NULL;
}

enum scep_code world_open(struct world *world, struct cert_rep *reply,
			  struct scep_error *error)
{
	struct bytes message = {NULL, 0};
	enum scep_code code;

	pki_reply_make(&world->reply, &message);
	world->input.message = message.data;
	world->input.message_length = message.length;
	code = cert_rep_open(&world->input, reply, error);
	bytes_free(&message);
	return code;
}

void world_open_well(struct world *world, struct cert_rep *reply)
{
	struct scep_error error = {.text = ""};

	if (world_open(world, reply, &error) != SCEP_OK)
		fail_msg("%s", error.text);
}

static bool is_empty(const struct cert_rep *reply)
{
	return reply->certificates == NULL &&
	       reply->pki_status == RFC8894_SUCCESS &&
	       reply->fail_info == SCEP_FAIL_NONE &&
	       reply->fail_info_text[0] == '\0' && reply->legacy_used == 0 &&
	       !reply->is_by_ca;
}

static bool is_refused(const struct world_row *row)
{
	struct scep_error error = {.text = ""};
	struct cert_rep reply;
	enum scep_code code;
	void *state = NULL;
	bool is_as_expected;

	world_set_up(&state);
	row->twist(state);
	code = world_open(state, &reply, &error);
	is_as_expected = code == row->code && error.code == row->code &&
			 strstr(error.text, row->text) != NULL &&
			 is_empty(&reply);
	if (!is_as_expected)
		fprintf(stderr, "%s: %d \"%s\"\n", row->name, (int)code,
			error.text);
	cert_rep_free(&reply);
	world_tear_down(&state);
	return is_as_expected;
}

void world_assert_refused(const struct world_row *rows, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += is_refused(&rows[i]) ? 0 : 1;
	assert_int_equal(wrong, 0);
}
