/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf_netsnmp.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The library's worst complaint about one line. */
struct complaint {
	int priority; /* LOG_DEBUG: there is none */
	char text[CONF_TEXT_MAX];
};

/* ------------------------------------------------ listening to the log -- */

static int note_complaint(int major, int minor, void *server, void *client)
{
	const struct snmp_log_message *message = server;
	struct complaint *complaint = client;
	const char *text = message->msg;
	const char *mark;

	(void)major;
	(void)minor;
	if (message->priority >= complaint->priority)
		return SNMPERR_SUCCESS;
	/* The library begins with a file and a line of its own. */
	mark = strstr(text, "Error: ");
	if (mark == NULL)
		mark = strstr(text, "Warning: ");
	if (mark != NULL)
		text = strchr(mark, ' ') + 1;
	complaint->priority = message->priority;
	snprintf(complaint->text, sizeof(complaint->text), "%.*s",
		 (int)strcspn(text, "\n"), text);
	return SNMPERR_SUCCESS;
}

#define HANDLERS_MAX 16

/* The log handlers that are disabled while the library speaks. */
struct muted_log {
	netsnmp_log_handler *handler[HANDLERS_MAX];
	size_t count;
};

static void mute_log(struct muted_log *muted)
{
	netsnmp_log_handler *handler = get_logh_head();

	muted->count = 0;
	for (; handler != NULL && muted->count < HANDLERS_MAX;
	     handler = handler->next) {
		if (!handler->enabled ||
		    handler->type == NETSNMP_LOGHANDLER_CALLBACK)
			continue;
		netsnmp_disable_this_loghandler(handler);
		muted->handler[muted->count++] = handler;
	}
}

static void unmute_log(const struct muted_log *muted)
{
	for (size_t i = 0; i < muted->count; i++)
		netsnmp_enable_this_loghandler(muted->handler[i]);
}

/* --------------------------------------------------------------- lines -- */

static const struct config_line *find_handler_in(const char *section,
						 const char *token)
{
	const struct config_line *line = read_config_get_handlers(section);

	for (; line != NULL; line = line->next)
		if (strcasecmp(line->config_token, token) == 0)
			return line;
	return NULL;
}

/* Finds the handler of a token, in the order in which the library itself looks
 * through its sections. */
static const struct config_line *find_handler(const struct conf_line *line)
{
	static const char *const sections[] = {
	    CONF_APPLICATION,
	    "snmp",
	    "agentx",
	};
	const struct config_line *found = NULL;

	if (line->section[0] != '\0')
		return find_handler_in(line->section, line->token);
	for (size_t i = 0;
	     found == NULL && i < sizeof(sections) / sizeof(sections[0]); i++)
		found = find_handler_in(sections[i], line->token);
	return found;
}

/* Has the library parse a value, which it may write to. */
static void parse(const struct config_line *known, const char *token,
		  char *value)
{
#ifdef HAVE_PARSE_LINE1
	if (known->parse_line1 != NULL)
		known->parse_line1(token, value);
	else
		known->parse_line2(token, value);
#else
	known->parse_line(token, value);
#endif
}

static bool check_line(const struct conf_line *line,
		       struct complaint *complaint,
		       const struct conf_reporter *reporter)
{
	const struct config_line *known = find_handler(line);
	struct muted_log muted;
	char value[STRINGMAX];

	if (known == NULL) {
		conf_report(reporter, CONF_ERROR, &line->at,
			    "%.100s: unknown token", line->token);
		return false;
	}
	if (line->value[0] == '\0') {
		conf_report(reporter, CONF_ERROR, &line->at,
			    "%.100s: wants a value", line->token);
		return false;
	}
	snprintf(value, sizeof(value), "%s", line->value);
	complaint->priority = LOG_DEBUG;
	mute_log(&muted);
	parse(known, line->token, value);
	unmute_log(&muted);
	if (complaint->priority <= LOG_ERR) {
		conf_report(reporter, CONF_ERROR, &line->at, "%.100s: %.400s",
			    line->token, complaint->text);
		return false;
	}
	if (complaint->priority <= LOG_WARNING)
		conf_report(reporter, CONF_WARNING, &line->at, "%.100s: %.400s",
			    line->token, complaint->text);
	return true;
}

/* Starts a subagent that finds no master, keeps nothing and reads no MIB. */
static void start_library(void)
{
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "/dev/null", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE,
			       1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
			       NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID,
			      NETSNMP_DS_AGENT_X_SOCKET, "unix:/dev/null");
	init_agent(CONF_APPLICATION);
	init_snmp(CONF_APPLICATION);
}

bool conf_netsnmp_check(const struct conf *conf,
			const struct conf_reporter *reporter)
{
	struct complaint complaint = {.priority = LOG_DEBUG};
	struct muted_log muted;
	bool is_good = true;

	if (conf->line_count == 0)
		return true;
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
			       note_complaint, &complaint);
	mute_log(&muted);
	start_library();
	unmute_log(&muted);
	for (size_t i = 0; i < conf->line_count; i++)
		if (!check_line(&conf->lines[i], &complaint, reporter))
			is_good = false;
	snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
				 note_complaint, &complaint, 1);
	return is_good;
}

void conf_netsnmp_give(const struct conf *conf, bool has_master)
{
	char text[STRINGMAX];

	for (size_t i = 0; i < conf->line_count; i++) {
		const struct conf_line *line = &conf->lines[i];

		if (has_master && strcasecmp(line->token, "agentXSocket") == 0)
			continue;
		if (line->section[0] != '\0')
			snprintf(text, sizeof(text), "[%s] %s %s",
				 line->section, line->token, line->value);
		else
			snprintf(text, sizeof(text), "%s %s", line->token,
				 line->value);
		netsnmp_config_remember(text);
	}
}

bool conf_netsnmp_has_times(const struct conf *conf)
{
	bool has_times = true;

	for (size_t i = 0; i < conf->line_count; i++)
		if (strcasecmp(conf->lines[i].token, "logTimestamp") == 0)
			has_times =
			    strchr("1yYtT", conf->lines[i].value[0]) != NULL;
	return has_times;
}
