/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which certificates of scepCaTable the device still needs.  A row that
 * was trusted stays when the server has another CA or RA since; nobody has to
 * hear that it expires.  Knows the rows only, and no health or notification.
 */
#ifndef SCEP_STATE_CA_SERVICE_H
#define SCEP_STATE_CA_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

struct scep_ca;
struct scep_view;

/*
 * True if another certificate has taken the place of the CA or RA: the profile
 * trusts one of the same kind that is valid now and ends later, and no key in
 * service has a certificate that was issued below this one.
 */
bool ca_service_has_ended(const struct scep_view *view,
			  const struct scep_ca *ca, int64_t now);

#endif
