/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which keys and which CAs the device still needs; nobody has to hear
 * that another one expires.  Keys by MIB, rule 19
 * (scep_view_key_is_in_service() of scep/view.h).  A CA or RA that was trusted
 * keeps its row when the server has another one since.  Knows the rows only,
 * and no health or notification.
 */
#ifndef SCEP_STATE_IN_SERVICE_H
#define SCEP_STATE_IN_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

struct scep_ca;
struct scep_view;

/*
 * False if another certificate has taken the place of the CA or RA: the profile
 * trusts one of the same kind that is valid now and ends later, and no key in
 * service has a certificate that was issued below this one.
 */
bool in_service_has_ca(const struct scep_view *view, const struct scep_ca *ca,
		       int64_t now);

#endif
