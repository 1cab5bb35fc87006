/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says in words why scepAgentHealth is not ok.  Pure; judges nothing itself
 * (health.h).
 */
#ifndef SCEP_STATE_HEALTH_TEXT_H
#define SCEP_STATE_HEALTH_TEXT_H

struct health_facts;
struct scep_view;

/* Writes agent.health_text after health_judge(), with these facts: a few words
 * for each reason, the worst first, with semicolons between them; "ok" if there
 * is none. */
void health_text_write(struct scep_view *view,
		       const struct health_facts *facts);

#endif
