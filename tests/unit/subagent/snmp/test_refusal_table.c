/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of scepRefusalTable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "subagent/snmp/refusal_table.h"

static void add(struct refusal_table *table, const char *object,
		const char *reason, int64_t now)
{
	refusal_table_add(table, object, SNMP_ERR_WRONGVALUE, reason, now);
}

static const struct refusal_row *row_at(struct refusal_table *table,
					uint32_t index)
{
	struct scep_rows rows = refusal_table_rows(table);

	return scep_rows_find(&rows, index);
}

static void a_new_table_is_empty(void **state)
{
	struct refusal_table table = {0};

	(void)state;
	assert_int_equal(refusal_table_rows(&table).count, 0);
	assert_null(row_at(&table, 1));
}

static void a_row_has_time_object_error_and_reason(void **state)
{
	struct refusal_table table = {0};
	const struct refusal_row *row;

	(void)state;
	add(&table, "scepServerUrl.1", "no URL", 1000);
	row = row_at(&table, 1);
	assert_non_null(row);
	assert_int_equal(row->index, 1);
	assert_int_equal(row->time, 1000);
	assert_string_equal(row->object, "scepServerUrl.1");
	assert_int_equal(row->error, SNMP_ERR_WRONGVALUE);
	assert_string_equal(row->reason, "no URL");
}

static void the_last_sixteen_stay_in_their_order(void **state)
{
	struct refusal_table table = {0};
	struct scep_rows rows;

	(void)state;
	for (int64_t now = 1; now <= 50; now++)
		add(&table, "scepServerUrl.1", "no URL", now);
	rows = refusal_table_rows(&table);
	assert_int_equal(rows.count, REFUSAL_ROWS);
	for (size_t i = 0; i < rows.count; i++) {
		const struct refusal_row *row = rows.row[i];

		assert_int_equal(row->index, 35 + i);
		assert_int_equal(row->time, 35 + i);
	}
	assert_null(row_at(&table, 34));
	assert_null(scep_rows_next(&rows, 50));
}

static void long_texts_are_cut(void **state)
{
	struct refusal_table table = {0};
	char longer[SCEP_TEXT64 + 100];
	char longest[SCEP_TEXT255 + 100];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	memset(longest, 'y', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	add(&table, longer, longest, 1);
	assert_int_equal(strlen(row_at(&table, 1)->object), 64);
	assert_int_equal(strlen(row_at(&table, 1)->reason), 255);
}

static void after_the_last_index_the_table_begins_anew(void **state)
{
	struct refusal_table table = {0};

	(void)state;
	add(&table, "scepServerUrl.1", "no URL", 1);
	table.slots[0].index = UINT32_MAX;
	add(&table, "scepServerUrl.2", "no URL", 2);
	assert_int_equal(refusal_table_rows(&table).count, 1);
	assert_string_equal(row_at(&table, 1)->object, "scepServerUrl.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_table_is_empty),
	    cmocka_unit_test(a_row_has_time_object_error_and_reason),
	    cmocka_unit_test(the_last_sixteen_stay_in_their_order),
	    cmocka_unit_test(long_texts_are_cut),
	    cmocka_unit_test(after_the_last_index_the_table_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
