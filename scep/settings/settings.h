/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings by name: what each field is, its range and its default, and how a
 * value gets into a row.  Judges values one by one; what must hold between
 * them is the draft's affair.  Pure.
 */
#ifndef SCEP_SETTINGS_SETTINGS_H
#define SCEP_SETTINGS_SETTINGS_H

#include "scep/change.h"

struct scep_agent;
struct scep_profile;
struct scep_server;
struct scep_values;

/*
 * Sets every setting of a row to its default; secrets are cleansed.  The index
 * stays.  What is shown says that nothing is known yet: all zero, but the
 * check's result is none, the timer's state disabled(1) and the health ok,
 * because zero is no value of theirs.
 */
void settings_preset_profile(struct scep_profile *profile);
void settings_preset_server(struct scep_server *server);
void settings_preset_values(struct scep_values *values);
void settings_preset_agent(struct scep_agent *agent);

/* Returns the bit of a request value in request_written of its profile; 0 for
 * any other field. */
uint32_t settings_request_bit(enum scep_field field);
/* Sets the request values to their defaults, but not those that were written
 * since the last send. */
void settings_preset_sent(struct scep_profile *profile);

/* Tells if a challenge password may go elsewhere after the change, or to
 * another CA, than when it was set (MIB, rule 4). */
bool settings_redirect(const struct scep_profile *before,
		       const struct scep_profile *after);

/* Writes a checked value into its home (struct scep_agent, scep_profile,
 * scep_key or scep_ca); actions have no place and are left alone. */
void settings_put(enum scep_field field, const struct scep_value *value,
		  void *home);
/* Tells whether the home has just this value; false for actions and secrets. */
bool settings_has(enum scep_field field, const struct scep_value *value,
		  const void *home);
/* Tells whether two homes have the same value, secrets included; true for what
 * has no place. */
bool settings_are_same(enum scep_field field, const void *home,
		       const void *other);

#endif
