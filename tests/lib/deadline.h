/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waits of unit tests in real time.  A limit is the time that a machine
 * with nothing else to do may need; it grows with the load of the machine.
 * tests/scepca/deadline.py does the same for the tests in Python.
 */
#ifndef TESTS_DEADLINE_H
#define TESTS_DEADLINE_H

/* Multiplies a limit by TEST_DEADLINE_FACTOR of the environment, or else by the
 * number of processes that want a processor, for each processor.  In any unit;
 * never less than `limit`.  The factor never falls within a process: a wait
 * for the end of another limit is as long as that limit needs. */
int deadline_scaled(int limit);

#endif
