/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of scepCaTable (MIB, rule 15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scep/ca_row.h"
#include "scep/change.h"
#include "scep/codes.h"
#include "scep/rows.h"
#include "scep/enroll/ca_table.h"
#include "tests/lib/device.h"

/* Returns a request of profile 1 to which so many certificates came, each with
 * its number for a fingerprint; the first is the candidate. */
static struct open_request *bring(struct device *d, size_t count,
				  const unsigned char *numbers)
{
	struct open_request *e = d->state.open_requests;

	if (e == NULL) {
		device_octets(d, SCEP_SERVER_CA_FINGERPRINT, 1, NULL, 0);
		device_set(d);
		d->io.holds_work = true;
		device_send(d, 1);
		e = d->state.open_requests;
	}
	assert_non_null(e);
	free(e->task.work.cas);
	e->task.work.cas = calloc(count + 1, sizeof(*e->task.work.cas));
	assert_non_null(e->task.work.cas);
	for (size_t i = 0; i < count; i++) {
		e->task.work.cas[i].fingerprint.length = 32;
		e->task.work.cas[i].fingerprint.data[0] = numbers[i];
		e->task.work.cas[i].role = SCEP_CA_ROOT;
	}
	e->task.work.ca_count = count;
	e->task.work.candidate = 0;
	return e;
}

static uint32_t merge(struct device *d, struct open_request *e,
		      enum scep_ca_trust trust)
{
	struct txn txn;
	uint32_t candidate;

	txn_init(&txn);
	candidate = ca_table_merge(&e->task, SCEP_CA_GET, trust, &txn);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
	return candidate;
}

static const struct scep_ca *row_of(struct device *d, unsigned char number)
{
	const struct scep_rows *rows = &device_view(d)->cas;

	ROWS_EACH (i, rows) {
		const struct scep_ca *ca = rows->row[i];

		if (ca->fingerprint.data[0] == number)
			return ca;
	}
	return NULL;
}

static void put(struct device *d, struct scep_ca *row)
{
	struct txn txn;

	txn_init(&txn);
	txn_put(&txn, STORE_CA, row);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
}

/* As the manager decides. */
static void decide(struct device *d, unsigned char number,
		   enum scep_ca_trust trust)
{
	struct scep_ca *row = row_copy(row_of(d, number));

	row->trust = trust;
	put(d, row);
}

/* As a CRL says. */
static void revoke(struct device *d, unsigned char number)
{
	struct scep_ca *row = row_copy(row_of(d, number));

	row->is_revoked = true;
	put(d, row);
}

static void the_candidate_waits_and_the_others_are_chained(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 2, (unsigned char[]){1, 2});
	uint32_t candidate = merge(d, e, SCEP_CA_PENDING);

	assert_int_equal(device_view(d)->cas.count, 2);
	assert_int_equal(row_of(d, 1)->index, candidate);
	assert_int_equal(row_of(d, 1)->trust, SCEP_CA_PENDING);
	assert_int_equal(row_of(d, 2)->trust, SCEP_CA_CHAINED);
	assert_int_equal(row_of(d, 2)->profile_index, 1);
	assert_int_equal(row_of(d, 2)->source, SCEP_CA_GET);
	assert_int_equal(ca_table_decided(&e->task), SCEP_CA_PENDING);
}

static void the_same_certificates_make_no_new_rows(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 2, (unsigned char[]){1, 2});
	uint32_t first = merge(d, e, SCEP_CA_PENDING);
	uint32_t second = merge(d, e, SCEP_CA_PENDING);

	assert_int_equal(first, second);
	assert_int_equal(device_view(d)->cas.count, 2);
	assert_int_equal(d->state.counters.ca_last_index, 2);
}

static void a_decision_stands(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 1, (unsigned char[]){1});
	uint32_t candidate = merge(d, e, SCEP_CA_PENDING);

	decide(d, 1, SCEP_CA_REJECTED);
	assert_int_equal(ca_table_decided(&e->task), SCEP_CA_REJECTED);
	assert_int_equal(merge(d, e, SCEP_CA_PENDING), candidate);
	assert_int_equal(row_of(d, 1)->trust, SCEP_CA_REJECTED);
	decide(d, 1, SCEP_CA_TRUSTED);
	assert_int_equal(ca_table_decided(&e->task), SCEP_CA_TRUSTED);
	assert_int_equal(merge(d, e, SCEP_CA_PENDING), candidate);
	assert_int_equal(row_of(d, 1)->trust, SCEP_CA_TRUSTED);
}

static void what_is_gone_goes_unless_it_was_decided(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 3, (unsigned char[]){1, 2, 3});

	merge(d, e, SCEP_CA_PENDING);
	decide(d, 1, SCEP_CA_TRUSTED);
	e = bring(d, 2, (unsigned char[]){4, 3});
	merge(d, e, SCEP_CA_PENDING);
	assert_non_null(row_of(d, 1));
	assert_null(row_of(d, 2));
	assert_int_equal(row_of(d, 3)->trust, SCEP_CA_CHAINED);
	assert_int_equal(row_of(d, 4)->trust, SCEP_CA_PENDING);
	e = bring(d, 1, (unsigned char[]){5});
	merge(d, e, SCEP_CA_PENDING);
	assert_int_equal(device_view(d)->cas.count, 2);
	assert_null(row_of(d, 4));
	/* No index is given twice. */
	assert_int_equal(row_of(d, 5)->index, 5);
}

static void a_row_stays_revoked_as_its_trust_changes(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 2, (unsigned char[]){1, 2});

	merge(d, e, SCEP_CA_PENDING);
	revoke(d, 2);
	e->task.work.cas[1].trust = SCEP_CA_PENDING;
	merge(d, e, SCEP_CA_PENDING);
	assert_int_equal(row_of(d, 2)->trust, SCEP_CA_PENDING);
	assert_true(row_of(d, 2)->is_revoked);
	assert_false(row_of(d, 1)->is_revoked);
	/* And when it is left out meanwhile. */
	bring(d, 1, (unsigned char[]){1});
	merge(d, e, SCEP_CA_PENDING);
	assert_true(row_of(d, 2)->is_revoked);
}

static void a_fingerprint_of_the_manager_is_the_only_pin(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 1, (unsigned char[]){1});

	merge(d, e, SCEP_CA_TRUSTED);
	e->task.record->server.ca_fingerprint.length = 20;
	e->task.record->server.ca_fingerprint.data[0] = 9;
	ca_table_collect_pins(&e->task);
	assert_int_equal(e->task.work.pin_count, 1);
	assert_int_equal(e->task.work.pins[0].length, 20);
	assert_int_equal(e->task.work.pins[0].data[0], 9);
}

static void else_the_trusted_rows_of_the_profile_are_the_pins(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 3, (unsigned char[]){1, 2, 3});

	merge(d, e, SCEP_CA_PENDING);
	ca_table_collect_pins(&e->task);
	assert_int_equal(e->task.work.pin_count, 0);
	decide(d, 1, SCEP_CA_TRUSTED);
	ca_table_collect_pins(&e->task);
	assert_int_equal(e->task.work.pin_count, 1);
	assert_int_equal(e->task.work.pins[0].length, 32);
	assert_int_equal(e->task.work.pins[0].data[0], 1);
	/* A trusted row of another profile is no pin. */
	e->task.record->profile_index = 2;
	ca_table_collect_pins(&e->task);
	assert_int_equal(e->task.work.pin_count, 0);
	assert_int_equal(ca_table_decided(&e->task), SCEP_CA_PENDING);
	e->task.record->profile_index = 1;
}

static void an_ra_that_is_trusted_is_no_pin(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 2, (unsigned char[]){1, 2});

	e->task.work.cas[1].role = SCEP_CA_RA_SIGN;
	merge(d, e, SCEP_CA_PENDING);
	decide(d, 2, SCEP_CA_TRUSTED);
	ca_table_collect_pins(&e->task);
	assert_int_equal(e->task.work.pin_count, 0);
}

static void there_are_never_more_pins_than_places(void **state)
{
	struct device *d = *state;
	unsigned char numbers[TASK_PINS + 4];
	struct open_request *e;

	for (size_t i = 0; i < sizeof(numbers); i++)
		numbers[i] = (unsigned char)(i + 1);
	e = bring(d, sizeof(numbers), numbers);
	merge(d, e, SCEP_CA_PENDING);
	for (size_t i = 0; i < sizeof(numbers); i++)
		decide(d, numbers[i], SCEP_CA_TRUSTED);
	ca_table_collect_pins(&e->task);
	assert_int_equal(e->task.work.pin_count, TASK_PINS);
}

static void forgetting_takes_all_rows_of_that_profile(void **state)
{
	struct device *d = *state;
	struct open_request *e = bring(d, 2, (unsigned char[]){1, 2});
	struct txn txn;

	merge(d, e, SCEP_CA_TRUSTED);
	e->task.record->profile_index = 2;
	merge(d, e, SCEP_CA_TRUSTED);
	e->task.record->profile_index = 1;
	assert_int_equal(device_view(d)->cas.count, 4);
	txn_init(&txn);
	ca_table_forget(&d->state, 1, &txn);
	assert_int_equal(txn_commit(&d->state, &txn, NULL, &d->error), SCEP_OK);
	assert_int_equal(device_view(d)->cas.count, 2);
	assert_int_equal(row_of(d, 1)->profile_index, 2);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_candidate_waits_and_the_others_are_chained),
	    TEST(the_same_certificates_make_no_new_rows),
	    TEST(a_decision_stands),
	    TEST(what_is_gone_goes_unless_it_was_decided),
	    TEST(a_row_stays_revoked_as_its_trust_changes),
	    TEST(a_fingerprint_of_the_manager_is_the_only_pin),
	    TEST(else_the_trusted_rows_of_the_profile_are_the_pins),
	    TEST(an_ra_that_is_trusted_is_no_pin),
	    TEST(there_are_never_more_pins_than_places),
	    TEST(forgetting_takes_all_rows_of_that_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
