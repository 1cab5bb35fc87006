/* SPDX-License-Identifier: Apache-2.0 */
/* The first tick after a step of the wall clock shows it (scepAgentHealth).
 */
#include "tests/unit/scep/enroll/timer_world.h"

#include "scep/agent_row.h"
#include "scep/key_row.h"
#include "scep/scep.h"
#include "scep/status_row.h"
#include "scep/view.h"

/* Sets the wall clock, and nothing else: no time passes. */
static void step(struct device *d, int64_t seconds)
{
	d->io.wall += seconds;
	device_tick(d);
}

static void assert_shown(struct device *d, uint32_t reason)
{
	assert_int_equal(device_view(d)->agent.health_reason, reason);
}

static void a_step_of_hours_is_seen_at_the_next_tick(void **state)
{
	struct device *d = *state;
	int64_t left;

	device_send(d, 1);
	device_run(d);
	device_assert_status(d, SCEP_STATE_SUCCESSFUL, SCEP_NONE);
	assert_shown(d, 0);
	left = device_only_key(d)->not_after - d->io.wall;
	step(d, left - 3 * HOUR);
	assert_shown(d, HEALTH_CERT_EXPIRING);
	step(d, 4 * HOUR);
	assert_shown(d, HEALTH_CERT_EXPIRED);
	step(d, -2 * HOUR);
	assert_shown(d, HEALTH_CERT_EXPIRING);
	step(d, 2 * HOUR - left);
	assert_shown(d, 0);
}

static void a_clock_that_goes_on_makes_no_view(void **state)
{
	struct device *d = *state;
	const struct scep_view *first = state_take(&d->state), *later;

	virtual_io_advance(&d->io, 5000);
	device_tick(d);
	later = state_take(&d->state);
	assert_ptr_equal(first, later);
	scep_view_release(first);
	scep_view_release(later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_step_of_hours_is_seen_at_the_next_tick),
	    TEST(a_clock_that_goes_on_makes_no_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
