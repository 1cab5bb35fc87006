/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An io (io.h) that can hold back the ends of exchanges and of work.  While the
 * gate is closed, both run as before, and their callbacks wait until it is
 * opened.  Knows neither who closes it nor why.
 */
#ifndef SCEP_NET_IO_GATE_H
#define SCEP_NET_IO_GATE_H

#include "scep/net/io.h"

struct io_gate_job;

struct io_gate {
	struct io io;	  /* the gate itself, as others use it */
	struct io *inner; /* does everything */
	bool is_closed;
	struct io_gate_job *first, **last; /* ended while it was closed */
};

/* Begins open.  Borrows `inner`. */
void io_gate_init(struct io_gate *gate, struct io *inner);
void io_gate_close(struct io_gate *gate);
/* Calls back, in the order in which the ends came. */
void io_gate_open(struct io_gate *gate);

#endif
