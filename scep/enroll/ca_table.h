/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of scepCaTable: what GetCACert and GetNextCACert brought for a
 * profile, and which of it is trusted (MIB, rule 15).  Knows no certificate but
 * by its row.
 */
#ifndef SCEP_ENROLL_CA_TABLE_H
#define SCEP_ENROLL_CA_TABLE_H

#include "scep/state/txn.h"
#include "scep/state/open_request.h"
#include "scep/state/state.h"

/* Fills run->pins: CaFingerprint of the request if it has one, with the CAs
 * that GetNextCACert has pinned with it, else the trusted rows of its
 * profile. */
void ca_table_collect_pins(struct open_request *enrolment);

/*
 * Adds to `batch` what makes the rows of the profile those that run->cas
 * describes: new ones are put, pending and chained ones of that source that
 * are gone are removed.  The candidate gets `trust`, the others are chained;
 * what somebody has decided before is kept.  Returns the index of the
 * candidate's row, or 0.
 */
uint32_t ca_table_merge(struct open_request *enrolment,
			enum scep_ca_source source, enum scep_ca_trust trust,
			struct txn *txn);

/* What has been decided about the run's candidate: pending if nothing. */
enum scep_ca_trust ca_table_decided(struct open_request *enrolment);

/* Adds the removal of all rows of a profile: its pins are forgotten. */
void ca_table_forget(struct state *state, uint32_t profile_index,
		     struct txn *txn);

#endif
