/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/options.h"

#include "mibs/scep_root.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static enum options_verdict
refuse(struct options *options, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(options->reason, sizeof(options->reason), format, list);
	va_end(list);
	return OPTIONS_BAD;
}

static enum options_verdict keep_text(struct options *options, char option,
				      char *room, const char *text)
{
	if (text[0] == '\0')
		return refuse(options, "-%c wants a value", option);
	if (strlen(text) >= PATH_MAX)
		return refuse(options, "the value of -%c is too long", option);
	memcpy(room, text, strlen(text) + 1);
	return OPTIONS_RUN;
}

/* In the background the working directory is another one. */
static enum options_verdict keep_path(struct options *options, char option,
				      char *room, const char *text)
{
	char here[PATH_MAX];
	int length;

	if (text[0] == '/' || text[0] == '\0')
		return keep_text(options, option, room, text);
	if (getcwd(here, sizeof(here)) == NULL)
		return refuse(options, "the working directory: %s",
			      strerror(errno));
	length = snprintf(room, PATH_MAX, "%s/%s",
			  strcmp(here, "/") == 0 ? "" : here, text);
	if (length < 0 || length >= PATH_MAX)
		return refuse(options, "the value of -%c is too long", option);
	return OPTIONS_RUN;
}

static enum options_verdict read_log(struct options *options, int argc,
				     char *argv[])
{
	options->has_log = true;
	if (snmp_log_options(optarg, argc, argv) < 0)
		return refuse(options, "-L%.100s is no way to log", optarg);
	return OPTIONS_RUN;
}

static enum options_verdict read_option(struct options *options, int option,
					int argc, char *argv[])
{
	switch (option) {
	case 'f':
		options->is_foreground = true;
		return OPTIONS_RUN;
	case 'c':
		return keep_path(options, 'c', options->file, optarg);
	case 'd':
		return keep_path(options, 'd', options->state_directory,
				 optarg);
	case 'x':
		return keep_text(options, 'x', options->address, optarg);
	case 'L':
		return read_log(options, argc, argv);
	case 'h':
		return OPTIONS_HELP;
	case 'V':
		return OPTIONS_VERSION;
	case ':':
		return refuse(options, "-%c wants a value", optopt);
	default:
		return refuse(options, "-%c is no option", optopt);
	}
}

enum options_verdict options_read(struct options *options, int argc,
				  char *argv[])
{
	enum options_verdict verdict = OPTIONS_RUN;
	int option;

	memset(options, 0, sizeof(*options));
	opterr = 0;
	while (verdict == OPTIONS_RUN &&
	       (option = getopt(argc, argv, ":fc:d:x:L:hV")) != -1)
		verdict = read_option(options, option, argc, argv);
	if (verdict == OPTIONS_RUN && optind < argc)
		return refuse(options, "'%.100s' is no option", argv[optind]);
	return verdict;
}

void options_print_usage(FILE *stream)
{
	fprintf(stream,
		"usage: scepagentd [-f] [-c FILE] [-d DIR] [-x ADDRESS] "
		"[-L LOGOPTS] [-h] [-V]\n"
		"  -f          stay in the foreground\n"
		"  -c FILE     read only this configuration file\n"
		"  -d DIR      the state directory\n"
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
