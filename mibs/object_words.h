/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words in the rows of objects.def, for the C files that make something of
 * the members and ranges there.
 */
#ifndef MIBS_OBJECT_WORDS_H
#define MIBS_OBJECT_WORDS_H

/* The structs with the members of the groups. */
#define ROW_AGENT	   struct scep_agent
#define ROW_PROFILE	   struct scep_profile
#define ROW_SERVER	   struct scep_profile
#define ROW_REQUEST	   struct scep_profile
#define ROW_AUTO_VALUES	   struct scep_profile
#define ROW_AUTO	   struct scep_profile
#define ROW_STATUS_SCALARS struct scep_agent
#define ROW_STATUS	   struct scep_status
#define ROW_KEY_SCALARS	   struct scep_agent
#define ROW_KEY		   struct scep_key
#define ROW_CA_SCALARS	   struct scep_agent
#define ROW_CA		   struct scep_ca
#define ROW_USE		   struct scep_use
#define ROW_STATS	   struct scep_stats
#define ROW_NOTIFY	   struct scep_agent
#define ROW_SUMMARY	   struct scep_profile
#define ROW_REFUSAL	   struct refusal_row

/* The parts of them with the settings. */
#define PART_AGENT
#define PART_PROFILE
#define PART_SERVER	 server.
#define PART_REQUEST	 request.
#define PART_AUTO_VALUES timer.values.
#define PART_AUTO	 timer.
#define PART_STATUS_SCALARS
#define PART_KEY
#define PART_CA
#define PART_NOTIFY

/* clang-format off */
/* Ranges: struct scep_range. */

#define ANY	       {{{0, 0}}, 0}
#define SPAN(from, to) {{{from, to}}, 1}
#define S64	       SPAN(0, 64)
#define S255	       SPAN(0, 255)
#define TRUE_FALSE     SPAN(1, 2)
#define STATE	       SPAN(1, 4)
#define DETAIL	       SPAN(1, 18)
#define ROW_STATES     SPAN(1, 6)
#define DATE	       {{{0, 0}, {8, 8}, {11, 11}}, 3}
#define DIGEST	       {{{0, 0}, {20, 20}, {32, 32}, {48, 48}, {64, 64}}, 5}
#define DIGEST_OR_NONE {{{0, 0}, {32, 32}}, 2}
#define KEY_LENGTH     {{{SCEP_KEY_LENGTH_SHORT, SCEP_KEY_LENGTH_SHORT}, \
			 {2048, 2048}, {3072, 3072}, {4096, 4096}}, 4}
#define HTTP_STATUS    {{{0, 0}, {100, 599}}, 2}
#define FAIL_INFO      {{{0, 4}, {254, 255}}, 2}
#define REFUSAL_ERROR  {{{7, 8}, {10, 14}, {17, 18}}, 3}
/* clang-format on */

/* Bits of KeyUsage of RFC 5280. */
#define DIGITAL_SIGNATURE (1u << 0)
#define KEY_ENCIPHERMENT  (1u << 2)

#endif
