/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values.  One struct scep_error travels from the place of the fault
 * to the status table.  This module fills it, and knows what each code means
 * for a request: if it is tried again, and its words in the manual.  It does
 * not know who sets it.
 */
#ifndef SCEP_BASE_ERROR_H
#define SCEP_BASE_ERROR_H

#include <stdbool.h>

#include "scep/codes.h"

void error_init(struct scep_error *error);

/*
 * Fills `error` (which may be NULL) and returns `code`, so that a function can
 * end with `return error_set(...)`.  Keeps no http_status or fail_info.
 */
enum scep_code error_set(struct scep_error *error, enum scep_code code,
			 const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets SCEP_HTTP_ERROR with an HTTP status that is not a success. */
enum scep_code error_set_http(struct scep_error *error, uint32_t http_status);

/* Tells if a server, or a proxy before it, answers so while it is overloaded or
 * away: 429, 502, 503 and 504.  All other statuses are its answer. */
bool error_http_is_passing(uint32_t http_status);

/*
 * The one error of short memory: code SCEP_NO_MEMORY, text "memory is short".
 * It is a fault of this device and never of the server (error_is_own()).
 * Rows of the MIB show it as storageError (error_detail()).  Empties OpenSSL's
 * error queue.
 */
enum scep_code error_set_memory(struct scep_error *error);

/* Returns the words of an errno, with what mends it where that is a limit of
 * the system.  Borrowed, until the next call in the same thread. */
const char *error_of_system(int number);

/* Puts "context: " before the text.  Returns the code, or SCEP_NONE for NULL,
 * which holds none: never success. */
enum scep_code error_wrap(struct scep_error *error, const char *context);

/*
 * Sets a code and a text with ": reason" of OpenSSL's error queue behind the
 * text.  Where an allocation of OpenSSL has failed, sets short memory in place
 * of `code`.  Empties the queue.
 */
enum scep_code error_set_openssl(struct scep_error *error, enum scep_code code,
				 const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Ends a function that has called OpenSSL: returns its `code`, SCEP_OK
 * included, unless an allocation of OpenSSL has failed.  Then it sets short
 * memory and returns that: nothing that OpenSSL has answered meanwhile can be
 * believed.  Empties the queue.
 */
enum scep_code error_end_openssl(enum scep_code code, struct scep_error *error);

/* Tells if this device itself is at fault: a disk that refuses, or short
 * memory. A request waits until that is over, whatever its timer says, and
 * keeps all that it has. */
bool error_is_own(enum scep_code code);
/* Tells if a request that met this code is tried again (MIB, rule 9). */
bool error_is_polled(enum scep_code code);
/* Tells if key and transactionID stay, so that pollNow can resume (rule 9). */
bool error_is_resumable(enum scep_code code);
/* Returns the ScepDetail that shows this code in a row of the MIB. */
enum scep_code error_detail(enum scep_code code);

/*
 * Writes scepStatusText: the words of the manual, then the cause.  `text` has
 * SCEP_TEXT255 octets; a cause that does not fit is shortened in its middle,
 * and what a server has said at its end.
 */
void error_words(const struct scep_error *error, char *text);

#endif
