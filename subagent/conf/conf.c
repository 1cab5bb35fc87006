/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void conf_init(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	scep_config_init(&conf->engine);
	conf->engine.has_default_key = true;
	snprintf(conf->engine.state_directory,
		 sizeof(conf->engine.state_directory), "%s",
		 SCEP_STATE_DIRECTORY);
	snprintf(conf->user, sizeof(conf->user), "scepagent");
	snprintf(conf->group, sizeof(conf->group), "scepagent");
}

void conf_free(struct conf *conf)
{
	for (size_t i = 0; i < conf->line_count; i++) {
		free(conf->lines[i].at.file);
		free(conf->lines[i].section);
		free(conf->lines[i].token);
		free(conf->lines[i].value);
	}
	free(conf->lines);
	for (size_t i = 0; i < conf->location_count; i++)
		use_location_free(&conf->locations[i]);
	free(conf->locations);
	free(conf->run_as_at.file);
	free(conf->ca_file_at.file);
	memset(conf, 0, sizeof(*conf));
}

static struct conf_line *conf_new_line(struct conf *conf)
{
	struct conf_line *lines;
	size_t capacity;

	if (conf->line_count == conf->line_capacity) {
		capacity = conf->line_capacity ? 2 * conf->line_capacity : 16;
		lines = realloc(conf->lines, capacity * sizeof(*lines));
		if (lines == NULL)
			return NULL;
		conf->lines = lines;
		conf->line_capacity = capacity;
	}
	lines = &conf->lines[conf->line_count++];
	memset(lines, 0, sizeof(*lines));
	return lines;
}

int conf_add_line(struct conf *conf, const char *file, unsigned line,
		  const char *section, const char *token, const char *value)
{
	struct conf_line *added = conf_new_line(conf);

	if (added == NULL)
		return -1;
	added->at.line = line;
	added->at.file = strdup(file);
	added->section = strdup(section);
	added->token = strdup(token);
	added->value = strdup(value);
	return added->at.file != NULL && added->section != NULL &&
		       added->token != NULL && added->value != NULL
		   ? 0
		   : -1;
}

bool conf_has_same_lines(const struct conf *one, const struct conf *other)
{
	if (one->line_count != other->line_count)
		return false;
	for (size_t i = 0; i < one->line_count; i++)
		if (strcmp(one->lines[i].section, other->lines[i].section) ||
		    strcasecmp(one->lines[i].token, other->lines[i].token) ||
		    strcmp(one->lines[i].value, other->lines[i].value))
			return false;
	return true;
}

const struct use_location *conf_use_location(const struct conf *conf,
					     const char *name)
{
	for (size_t i = 0; i < conf->location_count; i++)
		if (strcmp(conf->locations[i].name, name) == 0)
			return &conf->locations[i];
	return NULL;
}

const char *conf_master(const struct conf *conf)
{
	const char *master = NULL;

	for (size_t i = 0; i < conf->line_count; i++)
		if (strcasecmp(conf->lines[i].token, "agentXSocket") == 0)
			master = conf->lines[i].value;
	return master;
}
