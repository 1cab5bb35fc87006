/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/enroll/step.h"

#include "scep/protocol/rfc8894.h"

#define TO(id) STEP_BIT(STEP_##id)

static const struct step steps[] = {
    {STEP_GET_CA_CAPS, RFC8894_GET_CA_CAPS, "3.5", SCEP_MESSAGE_NONE,
     TO(GET_CA_CERT)},
    {STEP_GET_CA_CERT, RFC8894_GET_CA_CERT, "4.2", SCEP_MESSAGE_NONE,
     TO(WAIT_TRUST) | TO(GET_NEXT_CA) | TO(MAKE_KEY) | TO(REQUEST) | TO(RENEW) |
	 TO(POLL)},
    {STEP_GET_NEXT_CA, RFC8894_GET_NEXT_CA_CERT, "4.7", SCEP_MESSAGE_NONE,
     TO(MAKE_KEY) | TO(REQUEST) | TO(RENEW) | TO(POLL)},
    {STEP_WAIT_TRUST, "trust", "2.2", SCEP_MESSAGE_NONE, TO(GET_CA_CERT)},
    {STEP_MAKE_KEY, "keygen", "2.3", SCEP_MESSAGE_NONE,
     TO(REQUEST) | TO(RENEW)},
    {STEP_REQUEST, "PKCSReq", "3.3.1", SCEP_MESSAGE_PKCS_REQ,
     TO(POLL) | TO(REGISTER) | TO(GET_CA_CERT)},
    {STEP_RENEW, "RenewalReq", "3.3.1", SCEP_MESSAGE_RENEWAL_REQ,
     TO(POLL) | TO(REGISTER) | TO(REQUEST) | TO(GET_CA_CERT)},
    {STEP_POLL, "CertPoll", "3.3.3", SCEP_MESSAGE_CERT_POLL,
     TO(REGISTER) | TO(GET_CA_CERT)},
    {STEP_REGISTER, "register", "-", SCEP_MESSAGE_NONE, TO(DEPLOY)},
    {STEP_DEPLOY, "deploy", "-", SCEP_MESSAGE_NONE, 0},
};

const struct step *step_find(enum step_id id)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].id == id)
			return &steps[i];
	}
	return NULL;
}

bool step_may_lead_to(const struct step *from, enum step_id to)
{
	return from->id == to || (from->may_lead_to & STEP_BIT(to)) != 0;
}
