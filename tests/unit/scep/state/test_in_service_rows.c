/* SPDX-License-Identifier: Apache-2.0 */
/* Which CAs and RAs are still needed, on rows made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/key_row.h"
#include "scep/use_row.h"
#include "scep/view.h"
#include "scep/base/rows.h"
#include "scep/state/in_service.h"

#define NOW INT64_C(1800000000)
#define DAY 86400

/* A profile with a root that ends soon, and a key whose certificate it issued.
 */
struct world {
	struct scep_view view;
	struct scep_key *key;
	struct scep_ca *old;
};

static void *add(struct scep_rows *rows, size_t size, uint32_t index)
{
	uint32_t *row = row_new(size);

	assert_non_null(row);
	*row = index;
	assert_true(rows_reserve(rows, 1));
	rows_put(rows, row);
	return row;
}

static void set_fingerprint(struct scep_octets32 *fingerprint, uint8_t value)
{
	fingerprint->length = 32;
	memset(fingerprint->data, value, 32);
}

/* Its fingerprint is made of its index. */
static struct scep_ca *add_ca(struct world *world, uint32_t index,
			      int64_t begins, int64_t ends)
{
	struct scep_ca *ca =
	    add(&world->view.cas, sizeof(struct scep_ca), index);

	ca->profile_index = 1;
	ca->role = SCEP_CA_ROOT;
	ca->trust = SCEP_CA_TRUSTED;
	ca->not_before = NOW + begins * DAY;
	ca->not_after = NOW + ends * DAY;
	strcpy(ca->subject, "CN=Root");
	strcpy(ca->issuer, "CN=Root");
	set_fingerprint(&ca->fingerprint, (uint8_t)index);
	return ca;
}

static int setup(void **state)
{
	static struct world world;

	world = (struct world){0};
	world.old = add_ca(&world, 1, -1000, 10);
	world.key = add(&world.view.keys, sizeof(struct scep_key), 1);
	world.key->profile_index = 1;
	world.key->not_before = NOW - 100 * DAY;
	world.key->not_after = NOW + 5 * DAY;
	set_fingerprint(&world.key->issuer_fingerprint, 1);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	rows_free(&world->view.keys);
	rows_free(&world->view.cas);
	rows_free(&world->view.uses);
	return 0;
}

static bool has_ended(struct world *world)
{
	return !in_service_has_ca(&world->view, world->old, NOW);
}

static void the_only_ca_is_needed(void **state)
{
	struct world *world = *state;

	set_fingerprint(&world->key->issuer_fingerprint, 77);
	assert_false(has_ended(world));
}

static void
the_old_ca_is_needed_until_its_last_certificate_is_renewed(void **state)
{
	struct world *world = *state;

	add_ca(world, 2, -1, 1000);
	assert_false(has_ended(world));
	set_fingerprint(&world->key->issuer_fingerprint, 2);
	assert_true(has_ended(world));
}

static void a_certificate_that_was_replaced_needs_no_ca(void **state)
{
	struct world *world = *state;
	struct scep_key *renewed;

	add_ca(world, 2, -1, 1000);
	renewed = add(&world->view.keys, sizeof(struct scep_key), 2);
	renewed->profile_index = 1;
	renewed->not_before = NOW - DAY;
	set_fingerprint(&renewed->issuer_fingerprint, 2);
	world->key->replaced_by = 2;
	assert_true(has_ended(world));
}

static void a_root_is_needed_for_what_a_ca_below_it_issued(void **state)
{
	struct world *world = *state;
	struct scep_ca *below;

	add_ca(world, 2, -1, 1000);
	below = add_ca(world, 3, -500, 9);
	below->role = SCEP_CA_INTERMEDIATE;
	below->trust = SCEP_CA_CHAINED;
	strcpy(below->subject, "CN=Below");
	set_fingerprint(&world->key->issuer_fingerprint, 3);
	assert_false(has_ended(world));
}

static void one_that_cannot_speak_takes_no_place(void **state)
{
	struct world *world = *state;
	struct scep_ca *other = add_ca(world, 2, -1, 1000);
	const struct scep_ca sound = *other;

	set_fingerprint(&world->key->issuer_fingerprint, 2);
	other->trust = SCEP_CA_PENDING;
	assert_false(has_ended(world));
	*other = sound;
	other->not_before = NOW + 1;
	assert_false(has_ended(world));
	*other = sound;
	other->is_revoked = 1;
	assert_false(has_ended(world));
	*other = sound;
	other->not_after = world->old->not_after;
	assert_false(has_ended(world));
	*other = sound;
	other->profile_index = 2;
	assert_false(has_ended(world));
	*other = sound;
	other->role = SCEP_CA_RA_SIGN;
	assert_false(has_ended(world));
	*other = sound;
	assert_true(has_ended(world));
}

static void an_ra_that_was_exchanged_is_not_needed(void **state)
{
	struct world *world = *state;
	struct scep_ca *ra = add_ca(world, 2, -1, 1000);

	world->old->role = SCEP_CA_RA_SIGN | SCEP_CA_RA_ENCRYPT;
	ra->role = SCEP_CA_RA_SIGN;
	ra->trust = SCEP_CA_CHAINED;
	set_fingerprint(&world->key->issuer_fingerprint, 77);
	assert_false(has_ended(world));
	ra->is_believed = 1;
	assert_false(has_ended(world));
	ra = add_ca(world, 3, -1, 1000);
	ra->role = SCEP_CA_RA_ENCRYPT;
	assert_true(has_ended(world));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_only_ca_is_needed),
	    TEST(the_old_ca_is_needed_until_its_last_certificate_is_renewed),
	    TEST(a_certificate_that_was_replaced_needs_no_ca),
	    TEST(a_root_is_needed_for_what_a_ca_below_it_issued),
	    TEST(one_that_cannot_speak_takes_no_place),
	    TEST(an_ra_that_was_exchanged_is_not_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
