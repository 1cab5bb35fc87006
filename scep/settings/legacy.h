/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The weak algorithms that the configuration allows to one server
 * (allowLegacyAlgorithms).  Every question of that kind is answered here.
 * Pure; knows no request.
 */
#ifndef SCEP_SETTINGS_LEGACY_H
#define SCEP_SETTINGS_LEGACY_H

#include <stdint.h>

struct scep_config;
struct scep_server;

/* Returns what is allowed to all servers and to this one: enum scep_legacy.
 * The server is known by the host of its URL, also behind a proxy. */
uint32_t legacy_allowed(const struct scep_config *config,
			const struct scep_server *server);

#endif
