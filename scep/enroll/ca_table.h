/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of scepCaTable (MIB, rule 15): the CA certificates of a profile, as
 * GetCACert and GetNextCACert delivered them, with the decision to trust them.
 * Knows a certificate only by its row, and neither a message nor a schedule.
 */
#ifndef SCEP_ENROLL_CA_TABLE_H
#define SCEP_ENROLL_CA_TABLE_H

#include "scep/ca_row.h"
#include "scep/state/task.h"
#include "scep/state/txn.h"

struct scep_key;
struct scep_view;

/* Fills work.pins with the fingerprints that the task trusts: its
 * CaFingerprint and the CAs that GetNextCACert announced under it, or, without
 * CaFingerprint, the trusted rows of its profile. */
void ca_table_collect_pins(struct task *task);

/*
 * Adds to `txn` the changes that make the profile's rows those of work.cas, and
 * sets their indexes there.  The candidate gets `trust`, and the others are
 * pending or chained as they were judged; a decision that was made before
 * stays.  Removes pending and chained rows of this source that the server no
 * longer delivers.  Fills work.notices.  Returns the index of the candidate's
 * row, or 0.
 */
uint32_t ca_table_merge(struct task *task, enum scep_ca_source source,
			enum scep_ca_trust trust, struct txn *txn);

/* Adds work.cas with what a manager has to decide about, the candidate or RAs,
 * and sets work.error, which says so. */
void ca_table_ask(struct task *task, struct txn *txn);
/* Adds to work.notices the rows that are asked for, new or not. */
void ca_table_remind(struct task *task);
/* When the transaction is committed: logs who is believed from now on, and
 * sends the notifications of work.notices. */
void ca_table_notify(const struct task *task);

/* Tells if a manager has decided something else than what work.cas was judged
 * by. */
bool ca_table_is_stale(struct task *task);
/* Tells if a row of the profile is pending: one of an RA, or one of a CA. */
bool ca_table_is_pending(const struct task *task, bool of_ras);

/* Returns the decision about the candidate of work.cas: pending if there is
 * none. */
enum scep_ca_trust ca_table_decided(struct task *task);

/* Adds the removal of all rows of a profile: it trusts no CA afterwards. */
void ca_table_forget(struct state *state, uint32_t profile_index,
		     struct txn *txn);

/* Times of the change from one CA to the next; both 0 if no other CA is known
 * to follow. */
struct ca_succession {
	int64_t ends;	/* of the CA that issued the certificate */
	int64_t begins; /* of the CA that follows it */
};

/* Returns when the CA of a key's certificate ends, and when the next one
 * begins. */
struct ca_succession ca_table_succession(const struct scep_view *view,
					 const struct scep_key *key);

#endif
