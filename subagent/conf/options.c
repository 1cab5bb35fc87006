/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/options.h"

#include "mibs/scep_root.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

/* Each reader of an option returns 0, or -1 with the reason. */

static int read_text(char option, const char *text, char room[PATH_MAX],
		     struct fault *fault)
{
	if (text[0] == '\0')
		return fault_set(fault, "-%c wants a value", option);
	if (strlen(text) >= PATH_MAX)
		return fault_set(fault, "the value of -%c is too long", option);
	memcpy(room, text, strlen(text) + 1);
	return 0;
}

/* Makes the path absolute: in the background the working directory is another
 * one. */
static int read_path(char option, const char *text, char room[PATH_MAX],
		     struct fault *fault)
{
	char here[PATH_MAX];
	int length;

	if (text[0] == '/' || text[0] == '\0')
		return read_text(option, text, room, fault);
	if (getcwd(here, sizeof(here)) == NULL)
		return fault_set(fault, "the working directory: %s",
				 strerror(errno));
	length = snprintf(room, PATH_MAX, "%s/%s",
			  strcmp(here, "/") == 0 ? "" : here, text);
	if (length < 0 || length >= PATH_MAX)
		return fault_set(fault, "the value of -%c is too long", option);
	return 0;
}

static int read_log(struct options *options, int argc, char *argv[],
		    struct fault *fault)
{
	options->has_log = true;
	if (snmp_log_options(optarg, argc, argv) < 0)
		return fault_set(fault, "-L%.100s is no way to log", optarg);
	return 0;
}

/* Reads an option that has a value. */
static int read_value(struct options *options, int option, int argc,
		      char *argv[], struct fault *fault)
{
	switch (option) {
	case 'c':
		return read_path('c', optarg, options->file, fault);
	case 'd':
		return read_path('d', optarg, options->state_directory, fault);
	case 'x':
		return read_text('x', optarg, options->address, fault);
	case 'L':
		return read_log(options, argc, argv, fault);
	case ':':
		return fault_set(fault, "-%c wants a value", optopt);
	default:
		return fault_set(fault, "-%c is no option", optopt);
	}
}

static enum options_verdict read_option(struct options *options, int option,
					int argc, char *argv[],
					struct fault *fault)
{
	switch (option) {
	case 'f':
		options->is_foreground = true;
		return OPTIONS_RUN;
	case 't':
		options->is_test = true;
		return OPTIONS_RUN;
	case 'T':
		options->is_check = true;
		return OPTIONS_RUN;
	case 'h':
		return OPTIONS_HELP;
	case 'V':
		return OPTIONS_VERSION;
	default:
		return read_value(options, option, argc, argv, fault) == 0
			   ? OPTIONS_RUN
			   : OPTIONS_BAD;
	}
}

enum options_verdict options_read(struct options *options, int argc,
				  char *argv[], struct fault *fault)
{
	enum options_verdict verdict = OPTIONS_RUN;
	int option;

	memset(options, 0, sizeof(*options));
	opterr = 0;
	while (verdict == OPTIONS_RUN &&
	       (option = getopt(argc, argv, ":ftTc:d:x:L:hV")) != -1)
		verdict = read_option(options, option, argc, argv, fault);
	if (verdict == OPTIONS_RUN && optind < argc) {
		fault_set(fault, "'%.100s' is no option", argv[optind]);
		return OPTIONS_BAD;
	}
	return verdict;
}

void options_print_usage(FILE *stream)
{
	fprintf(stream,
		"usage: scepagentd [-f] [-t] [-T] [-c FILE] [-d DIR] "
		"[-x ADDRESS] [-L LOGOPTS] [-h] [-V]\n"
		"  -f          stay in the foreground\n"
		"  -t          test the configuration and exit\n"
		"  -T          test only what a reload reads, and exit\n"
		"  -c FILE     read only this configuration file; otherwise\n"
		"              scepagentd.conf in Net-SNMP's folders and in\n"
		"              " SCEP_CONF_DIRECTORY "\n"
		"  -d DIR      the state directory (" SCEP_STATE_DIRECTORY ")\n"
		"  -x ADDRESS  the AgentX master's address\n"
		"  -L LOGOPTS  where to log:\n");
	snmp_log_options_usage("                ", stream);
	fprintf(stream, "  -h          show this text\n"
			"  -V          show the version and the root OID\n");
}

void options_print_version(FILE *stream)
{
	fprintf(stream, "scepagentd %s\nroot OID %s\n", SCEP_VERSION,
		SCEP_ROOT_OID);
}
