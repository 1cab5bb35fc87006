/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/challenge.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void note(int number)
{
	caught = number;
}

/* Reads up to the end of the line, or of the file. */
static bool read_line(int file, struct scep_value *value, struct reason *reason)
{
	unsigned char octet;
	ssize_t count;

	while ((count = read(file, &octet, 1)) == 1 && octet != '\n') {
		if (value->length == sizeof(value->octets) - 1)
			return reason_set(reason,
					  "the challenge password has more "
					  "than %zu octets",
					  sizeof(value->octets) - 1);
		value->octets[value->length++] = octet;
	}
	if (count < 0)
		return reason_set(reason,
				  "cannot read the challenge password: %s",
				  strerror(errno));
	if (value->length > 0 && value->octets[value->length - 1] == '\r')
		value->length--;
	return true;
}

static bool is_there(const struct scep_value *value, struct reason *reason)
{
	return value->length > 0 ||
	       reason_set(reason, "the challenge password is empty");
}

/* Asks without an echo, which a signal brings back before it ends the program.
 */
static bool ask(const char *prompt, struct scep_value *value,
		struct reason *reason)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = note}, kept[4];
	struct termios usual, silent;
	bool is_good;

	if (tcgetattr(STDIN_FILENO, &usual) != 0)
		return reason_set(reason, "no terminal: %s", strerror(errno));
	silent = usual;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	for (size_t i = 0; i < 4; i++)
		sigaction(numbers[i], &action, &kept[i]);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fputs(prompt, stderr);
	is_good = read_line(STDIN_FILENO, value, reason);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
	fputs("\n", stderr);
	for (size_t i = 0; i < 4; i++)
		sigaction(numbers[i], &kept[i], NULL);
	if (caught)
		raise(caught);
	return is_good;
}

bool challenge_read(const char *path, struct scep_value *value,
		    struct reason *reason)
{
	bool is_good;
	int file;

	memset(value, 0, sizeof(*value));
	if (strcmp(path, "-") == 0)
		return isatty(STDIN_FILENO)
			   ? ask("Challenge password: ", value, reason) &&
				 is_there(value, reason)
			   : read_line(STDIN_FILENO, value, reason) &&
				 is_there(value, reason);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return reason_set(reason, "cannot open %.200s: %s", path,
				  strerror(errno));
	is_good = read_line(file, value, reason) && is_there(value, reason);
	close(file);
	return is_good;
}

bool challenge_offer(struct scep_value *value, struct reason *reason)
{
	memset(value, 0, sizeof(*value));
	return ask("Challenge password (empty: none): ", value, reason);
}
