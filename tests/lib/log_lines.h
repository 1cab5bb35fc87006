/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the log lines of a test, each with the first letter of its level: "N
 * request 1 ...".
 */
#ifndef TESTS_LIB_LOG_LINES_H
#define TESTS_LIB_LOG_LINES_H

#define LOG_LINES_MAX 65536

/* The lines since the last log_lines_forget(), each with a newline. */
extern char log_lines[LOG_LINES_MAX];

/* Keeps the lines from now on; device_teardown() ends that. */
void log_lines_begin(void);
void log_lines_forget(void);

#endif
