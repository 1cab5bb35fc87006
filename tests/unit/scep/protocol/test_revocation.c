/* SPDX-License-Identifier: Apache-2.0 */
/* Kept CRLs, and the certificates of CAs and RAs. */
#include "tests/lib/open_world.h"

#include <stdio.h>

#include "scep/ca_row.h"
#include "scep/server.h"
#include "scep/base/bytes.h"
#include "scep/protocol/certs.h"
#include "scep/protocol/revocation.h"

#define SUB_CA 14
#define RA     10

static X509_CRL *make_list(X509 *issuer, enum pki_key_name key, long serial)
{
	struct pki_crl plan = pki_crl_plan(issuer, pki_key(key));

	plan.revoked[0] = serial;
	return pki_revoke(&plan);
}

static STACK_OF(X509_CRL) *
    one_list(X509 *issuer, enum pki_key_name key, long serial)
{
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();

	sk_X509_CRL_push(lists, make_list(issuer, key, serial));
	return lists;
}

static void free_lists(STACK_OF(X509_CRL) * lists)
{
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

/* --------------------------------------------------------------- a list -- */

static void a_list_tells_of_what_its_ca_has_issued(void **state)
{
	struct world *world = *state;
	STACK_OF(X509_CRL) *lists = one_list(world->ca, PKI_KEY_CA, RA);

	assert_true(revocation_tells(lists, world->ra, world->ca));
	assert_false(revocation_tells(lists, world->sub_ca, world->ca));
	assert_false(revocation_tells(NULL, world->ra, world->ca));
	/* The twin has the same name and serial numbers. */
	assert_false(revocation_tells(lists, world->twin_ra, world->twin));
	free_lists(lists);
	lists = one_list(world->twin, PKI_KEY_STRANGER, RA);
	assert_false(revocation_tells(lists, world->ra, world->ca));
	free_lists(lists);
	/* One by another CA with that serial number. */
	lists = one_list(world->sub_ca, PKI_KEY_ROOT, RA);
	assert_false(revocation_tells(lists, world->ra, world->sub_ca));
	free_lists(lists);
}

static void a_list_takes_the_place_of_the_one_before(void **state)
{
	struct world *world = *state;
	STACK_OF(X509_CRL) *lists = one_list(world->ca, PKI_KEY_CA, RA);
	X509_CRL *newer = make_list(world->ca, PKI_KEY_CA, SUB_CA);

	assert_int_equal(revocation_add(lists, newer, NULL), SCEP_OK);
	X509_CRL_free(newer);
	assert_int_equal(sk_X509_CRL_num(lists), 1);
	assert_false(revocation_tells(lists, world->ra, world->ca));
	assert_true(revocation_tells(lists, world->sub_ca, world->ca));
	/* Not that of another CA. */
	newer = make_list(world->sub_ca, PKI_KEY_ROOT, 1);
	assert_int_equal(revocation_add(lists, newer, NULL), SCEP_OK);
	X509_CRL_free(newer);
	assert_int_equal(sk_X509_CRL_num(lists), 2);
	assert_true(revocation_tells(lists, world->sub_ca, world->ca));
	free_lists(lists);
}

static void there_are_so_many_lists_and_no_more(void **state)
{
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();

	(void)state;
	for (int i = 0; i < REVOCATION_LISTS + 2; i++) {
		char name[16];
		struct pki_cert plan;
		X509 *issuer;
		X509_CRL *list;

		snprintf(name, sizeof(name), "CA %d", i);
		plan = pki_ca_plan(name, pki_key(PKI_KEY_CA));
		issuer = pki_certify(&plan);
		list = make_list(issuer, PKI_KEY_CA, 1);
		assert_int_equal(revocation_add(lists, list, NULL), SCEP_OK);
		assert_int_equal(
		    X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(
				      lists, sk_X509_CRL_num(lists) - 1)),
				  X509_get_subject_name(issuer)),
		    0);
		X509_CRL_free(list);
		X509_free(issuer);
	}
	assert_int_equal(sk_X509_CRL_num(lists), REVOCATION_LISTS);
	free_lists(lists);
}

static void lists_are_written_and_read(void **state)
{
	struct world *world = *state;
	STACK_OF(X509_CRL) *lists = one_list(world->ca, PKI_KEY_CA, RA);
	STACK_OF(X509_CRL) *read = NULL;
	struct scep_error error = {.text = ""};
	struct bytes pem = {NULL, 0};

	sk_X509_CRL_push(lists, make_list(world->sub_ca, PKI_KEY_ROOT, 1));
	assert_int_equal(revocation_write(lists, &pem, NULL), SCEP_OK);
	assert_int_equal(revocation_read(pem.data, pem.length, &read, NULL),
			 SCEP_OK);
	assert_int_equal(sk_X509_CRL_num(read), 2);
	assert_true(revocation_tells(read, world->ra, world->ca));
	free_lists(read);
	assert_int_equal(revocation_read("", 0, &read, NULL), SCEP_OK);
	assert_int_equal(sk_X509_CRL_num(read), 0);
	free_lists(read);
	pem.data[100] = '!';
	assert_int_equal(revocation_read(pem.data, pem.length, &read, &error),
			 SCEP_STORAGE_ERROR);
	assert_null(read);
	assert_memory_equal(error.text, "the kept CRLs cannot be read", 28);
	bytes_free(&pem);
	free_lists(lists);
}

/* ------------------------------------------------------------- the chain -- */

static void what_is_revoked_leaves_the_chain_with_what_is_below(void **state)
{
	struct world *world = *state;
	STACK_OF(X509_CRL) *lists = one_list(world->ca, PKI_KEY_CA, SUB_CA);
	STACK_OF(X509) *kept = NULL;
	struct pki_cert plan =
	    pki_leaf_plan("RA below", pki_key(PKI_KEY_RA), world->sub_ca,
			  pki_key(PKI_KEY_ROOT));
	X509 *below = world_certify(world, &plan);

	certs_push(world->trust.chain, below, NULL);
	assert_int_equal(
	    revocation_filter(NULL, world->ca, world->trust.chain, &kept, NULL),
	    SCEP_OK);
	assert_int_equal(sk_X509_num(kept), sk_X509_num(world->trust.chain));
	sk_X509_pop_free(kept, X509_free);
	assert_int_equal(revocation_filter(lists, world->ca, world->trust.chain,
					   &kept, NULL),
			 SCEP_OK);
	assert_true(certs_contain(kept, world->ca));
	assert_true(certs_contain(kept, world->ra));
	assert_false(certs_contain(kept, world->sub_ca));
	assert_false(certs_contain(kept, below));
	sk_X509_pop_free(kept, X509_free);
	free_lists(lists);
}

/* ------------------------------------------- GetCACert after the list -- */

/* Judges a CA, its RA and a CA below it, and returns the place of an entry. */
static enum scep_code judge(struct world *world, STACK_OF(X509_CRL) * lists,
			    struct ca_certs_entry entries[3],
			    struct scep_error *error)
{
	struct ca_certs trust;
	struct ca_certs_pin pin;
	STACK_OF(X509) *list = sk_X509_new_null();
	struct ca_certs_input input = {
	    .certificates = list,
	    .pins = &pin,
	    .pin_count = 1,
	    .ra_policy = SCEP_RA_MARKED,
	    .crls = lists,
	    .now = PKI_NOW,
	};
	enum scep_code code;

	memset(entries, 0, 3 * sizeof(*entries));
	sk_X509_push(list, world->ca);
	sk_X509_push(list, world->ra);
	sk_X509_push(list, world->sub_ca);
	pin.length = (uint32_t)pki_digest(world->ca, "SHA256", pin.digest);
	code = ca_certs_establish(&input, entries, &trust, error);
	if (code == SCEP_OK && trust.recipient == NULL)
		code = SCEP_DEFERRED;
	ca_certs_free(&trust);
	sk_X509_free(list);
	return code;
}

static void an_ra_is_refused_by_a_list_that_came_before_it(void **state)
{
	struct world *world = *state;
	STACK_OF(X509_CRL) *lists = one_list(world->ca, PKI_KEY_CA, RA);
	struct ca_certs_entry entries[3];

	assert_int_equal(judge(world, NULL, entries, NULL), SCEP_OK);
	assert_true(entries[1].is_believed);
	assert_int_equal(judge(world, lists, entries, NULL), SCEP_DEFERRED);
	assert_string_equal(entries[1].reason, "it is revoked");
	assert_true(entries[1].is_unfit);
	assert_true(entries[1].is_revoked);
	assert_false(entries[1].is_believed);
	assert_false(entries[2].is_revoked);
	assert_true(entries[2].is_believed);
	free_lists(lists);
}

static void a_sub_ca_is_refused_by_a_list_that_came_before_it(void **state)
{
	struct world *world = *state;
	STACK_OF(X509_CRL) *lists = one_list(world->ca, PKI_KEY_CA, SUB_CA);
	struct ca_certs_entry entries[3];

	assert_int_equal(judge(world, lists, entries, NULL), SCEP_OK);
	assert_string_equal(entries[2].reason, "it is revoked");
	assert_true(entries[2].is_revoked);
	assert_false(entries[2].is_believed);
	assert_true(entries[1].is_believed);
	free_lists(lists);
}

/* ---------------------------------------------- a CertRep after the list -- */

static void a_certificate_below_a_revoked_ca_is_refused(void **state)
{
	struct world *world = *state;
	struct scep_error error = {.text = ""};
	struct pki_cert plan = world_leaf_plan(world);
	struct cert_rep reply;

	plan.issuer = world->sub_ca;
	plan.issuer_key = pki_key(PKI_KEY_ROOT);
	world_send(world, world_certify(world, &plan), world->sub_ca);
	world->input.crls = one_list(world->ca, PKI_KEY_CA, RA);
	world_open_well(world, &reply);
	cert_rep_free(&reply);
	free_lists(world->input.crls);
	world->input.crls = one_list(world->ca, PKI_KEY_CA, SUB_CA);
	assert_int_equal(world_open(world, &reply, &error),
			 SCEP_CA_NOT_TRUSTED);
	assert_string_equal(error.text,
			    "a CA above the certificate is revoked");
	free_lists(world->input.crls);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_list_tells_of_what_its_ca_has_issued),
	    TEST(a_list_takes_the_place_of_the_one_before),
	    TEST(there_are_so_many_lists_and_no_more),
	    TEST(lists_are_written_and_read),
	    TEST(what_is_revoked_leaves_the_chain_with_what_is_below),
	    TEST(an_ra_is_refused_by_a_list_that_came_before_it),
	    TEST(a_sub_ca_is_refused_by_a_list_that_came_before_it),
	    TEST(a_certificate_below_a_revoked_ca_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, world_tear_down_group);
}
