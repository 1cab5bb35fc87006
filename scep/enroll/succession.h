/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CA that is to be replaced means for the certificates that it has
 * issued: they end with it, and are renewed under the next one.  Knows what
 * stands in scepCaTable, and no schedule.
 */
#ifndef SCEP_ENROLL_SUCCESSION_H
#define SCEP_ENROLL_SUCCESSION_H

#include "scep/scep.h"

struct succession {
	int64_t ends;	/* when the CA that issued the certificate does; 0: no
			 * other one is known to follow it */
	int64_t begins; /* when the next one does */
};

struct succession succession_of(const struct scep_view *view,
				const struct scep_key *key);

#endif
