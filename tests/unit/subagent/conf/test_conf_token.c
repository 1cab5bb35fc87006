/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of the configuration file: what each takes, what is refused, in
 * which words and with which line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>

#include "scep/engine_config.h"
#include "scep/use_row.h"
#include "tests/lib/desk.h"

static void every_token_takes_good_values(void **state)
{
	static const char *const good[] = {
	    "stateDirectory /var/lib/x",
	    "stateDirectory \"/var/lib/with blank\"",
	    "STATEDIRECTORY /x",
	    "runAs nobody",
	    "runAs nobody:nogroup",
	    "runAs Domain.User-1$:g_1",
	    "keyLimit 1",
	    "keyLimit 10000",
	    "keyLimit 016",
	    "statusHistory 20",
	    "statusHistory 10000",
	    "caFile /etc/ca.pem",
	    "allowLegacyAlgorithms none",
	    "allowLegacyAlgorithms sha1",
	    "allowLegacyAlgorithms des,3des,sha1",
	    "allowShortKeys yes",
	    "allowShortKeys no",
	    "allowAddress 192.0.2.1",
	    "allowAddress 10.0.0.0/8 2001:db8::/32 ::1",
	    "denyAddress 0.0.0.0/0 ::/0",
	    "denyAddress fe80::/10",
	    "clockSkewLimit 1",
	    "clockSkewLimit 60 warn",
	    "clockSkewLimit 60 error",
	    "keyLimit 5 # a comment",
	    "\tkeyLimit\t\"5\"  ",
	    "[scepagentd] keyLimit 5",
	    "# keyLimit 0",
	    "",
	    "keyLimit 5\r",
	};
	struct desk *desk = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!desk_read(desk, good[i]) || desk->warnings > 0 ||
		    desk->conf.line_count > 0)
			fail_msg("%s: %s", good[i], desk->found);
}

struct bad_line {
	const char *line;
	const char *reason;
};

/* Each stands in line 3, and that is told. */
static void assert_refused(struct desk *desk, const struct bad_line *bad,
			   size_t count)
{
	char text[CONF_TEXT_MAX];
	char expected[CONF_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "keyLimit 3\n\n%s\nkeyLimit 4\n",
			 bad[i].line);
		if (desk_read(desk, text))
			fail_msg("taken: %s", bad[i].line);
		snprintf(expected, sizeof(expected),
			 "%s/scepagentd.conf: line 3: %s\n", desk->folder,
			 bad[i].reason);
		assert_string_equal(desk->found, expected);
		/* The reading goes on. */
		assert_int_equal(desk->conf.engine.key_limit, 4);
	}
}

static void every_token_refuses_bad_values(void **state)
{
	static const struct bad_line bad[] = {
	    {"stateDirectory", "stateDirectory: wants a directory"},
	    {"stateDirectory x", "stateDirectory: 'x' is no absolute path"},
	    {"stateDirectory /x y", "stateDirectory: 'y' is a word too many"},
	    {"stateDirectory \"/x", "stateDirectory: a quote is not closed"},
	    {"runAs", "runAs: wants USER[:GROUP]"},
	    {"runAs a b", "runAs: 'b' is a word too many"},
	    {"runAs :g", "runAs: '' is no name of a user"},
	    {"runAs u:", "runAs: '' is no name of a group"},
	    {"runAs u:g:h", "runAs: 'g:h' is no name of a group"},
	    {"runAs -u", "runAs: '-u' is no name of a user"},
	    {"runAs ../x", "runAs: '../x' is no name of a user"},
	    {"keyLimit", "keyLimit: wants a number"},
	    {"keyLimit #3", "keyLimit: wants a number"},
	    {"keyLimit 0", "keyLimit: '0' is no number from 1 to 10000"},
	    {"keyLimit 10001",
	     "keyLimit: '10001' is no number from 1 to 10000"},
	    {"keyLimit 4294967297",
	     "keyLimit: '4294967297' is no number from 1 to 10000"},
	    {"keyLimit -1", "keyLimit: '-1' is no number from 1 to 10000"},
	    {"keyLimit 3x", "keyLimit: '3x' is no number from 1 to 10000"},
	    {"keyLimit \"\"", "keyLimit: '' is no number from 1 to 10000"},
	    {"keyLimit 3 4", "keyLimit: '4' is a word too many"},
	    {"statusHistory 19",
	     "statusHistory: '19' is no number from 20 to 10000"},
	    {"statusHistory 10001",
	     "statusHistory: '10001' is no number from 20 to 10000"},
	    {"caFile ca.pem", "caFile: 'ca.pem' is no absolute path"},
	    {"allowLegacyAlgorithms",
	     "allowLegacyAlgorithms: wants none, or some of sha1,3des,des"},
	    {"allowLegacyAlgorithms md5",
	     "allowLegacyAlgorithms: 'md5' is none of sha1, 3des, des"},
	    {"allowLegacyAlgorithms sha1,",
	     "allowLegacyAlgorithms: '' is none of sha1, 3des, des"},
	    {"allowLegacyAlgorithms none,sha1",
	     "allowLegacyAlgorithms: 'none' is none of sha1, 3des, des"},
	    {"allowLegacyAlgorithms sha1 des",
	     "allowLegacyAlgorithms: 'des' is no host: the list has commas "
	     "and no blanks"},
	    {"allowLegacyAlgorithms none old.example",
	     "allowLegacyAlgorithms: none is for all servers: it takes no "
	     "host"},
	    {"allowLegacyAlgorithms md5 old.example",
	     "allowLegacyAlgorithms: 'md5' is none of sha1, 3des, des"},
	    {"allowLegacyAlgorithms sha1 http://old.example/",
	     "allowLegacyAlgorithms: 'http://old.example/' is no host: "
	     "a name or an address is wanted, without scheme and port"},
	    {"allowLegacyAlgorithms sha1 old.example:80",
	     "allowLegacyAlgorithms: 'old.example:80' is no host: "
	     "a name or an address is wanted, without scheme and port"},
	    {"allowLegacyAlgorithms sha1 a.example *.example",
	     "allowLegacyAlgorithms: '*.example' is no host: "
	     "a name or an address is wanted, without scheme and port"},
	    {"allowShortKeys maybe",
	     "allowShortKeys: 'maybe' is neither yes nor no"},
	    {"allowAddress", "allowAddress: wants ranges of addresses"},
	    {"allowAddress ca.example",
	     "allowAddress: 'ca.example' is no address"},
	    {"allowAddress 10.0.0.0/33",
	     "allowAddress: '10.0.0.0/33' has a bad prefix length"},
	    {"allowAddress 10.0.0.0/",
	     "allowAddress: '10.0.0.0/' has a bad prefix length"},
	    {"allowAddress 10.0.0.0/08",
	     "allowAddress: '10.0.0.0/08' has a bad prefix length"},
	    {"allowAddress 10.0.0.0/255.0.0.0",
	     "allowAddress: '10.0.0.0/255.0.0.0' has a bad prefix length"},
	    {"allowAddress 10.0.0.1/8",
	     "allowAddress: '10.0.0.1/8' has bits set behind its prefix"},
	    {"allowAddress 10.0.0.0/8 300.0.0.1",
	     "allowAddress: '300.0.0.1' is no address"},
	    {"denyAddress 2001:db8::/129",
	     "denyAddress: '2001:db8::/129' has a bad prefix length"},
	    {"denyAddress fe80::1%eth0",
	     "denyAddress: 'fe80::1%eth0' is no address"},
	    {"clockSkewLimit", "clockSkewLimit: wants seconds"},
	    {"clockSkewLimit 0",
	     "clockSkewLimit: '0' is no number from 1 to 31622400"},
	    {"clockSkewLimit 60 stop",
	     "clockSkewLimit: 'stop' is neither warn nor error"},
	    {"clockSkewLimit 60 warn error",
	     "clockSkewLimit: 'error' is a word too many"},
	    {"restartCommand", "restartCommand: wants a command in quotes"},
	    {"restartCommand \"\"", "restartCommand: wants a command"},
	    {"restartCommand true",
	     "restartCommand: the command 'true' does not begin with an "
	     "absolute path"},
	    {"restartCommand /bin/true -x",
	     "restartCommand: '-x' is a word too many"},
	    {"[scepagentd] keyLimit 0",
	     "keyLimit: '0' is no number from 1 to 10000"},
	    {"[snmp keyLimit 5", "'[snmp' is no section"},
	    {"keyLimit 5\a", "the line holds a control character"},
	};

	assert_refused(*state, bad, sizeof(bad) / sizeof(bad[0]));
}

static void every_word_of_a_use_location_is_checked(void **state)
{
	static const struct bad_line bad[] = {
	    {"spareKeys 2047",
	     "spareKeys: 2047 is no key length: 1024, 2048, 3072 or 4096"},
	    {"spareKeys", "spareKeys: wants key lengths"},
	    {"spareKeys 2048 2048", "spareKeys: 2048 stands twice"},
	    {"useLocation web tls key=/k/", "useLocation: '/k/' is no path of "
					    "a file"},
	    {"useLocation web tls key=/k/../l",
	     "useLocation: '/k/../l' is no path of a file"},
	    {"useLocation web tls key=/k cert=/k",
	     "useLocation: /k is named twice"},
	    {"useLocation", "useLocation: wants a name"},
	    {"useLocation a,b tls preset=nginx",
	     "useLocation: 'a,b' is no name: 1 to 64 letters, digits, dots, "
	     "hyphens or underlines"},
	    {"useLocation web", "useLocation: wants a type"},
	    {"useLocation web http preset=nginx",
	     "useLocation: 'http' is no type: tls, ipsec, ieee8021x, ipp, "
	     "snmp or other"},
	    {"useLocation web tls",
	     "useLocation: names no preset, file or command"},
	    {"useLocation web tls preset=iis",
	     "useLocation: 'iis' is no preset"},
	    {"useLocation web tls key=k",
	     "useLocation: 'k' is no absolute path"},
	    {"useLocation web tls key=/k key=/l",
	     "useLocation: 'key=' stands twice"},
	    {"useLocation web tls keys=/k",
	     "useLocation: 'keys=/k' is no word of a use location"},
	    {"useLocation web tls key",
	     "useLocation: 'key' is no word of a use location"},
	    {"useLocation web tls mode=888",
	     "useLocation: '888' is no mode: three octal digits"},
	    {"useLocation web tls mode=4755",
	     "useLocation: '4755' is no mode: three octal digits"},
	    {"useLocation web tls owner=a:b:c",
	     "useLocation: 'b:c' is no name of a group"},
	    {"useLocation web tls check=true",
	     "useLocation: the command 'true' does not begin with an absolute "
	     "path"},
	    {"useLocation web tls check=", "useLocation: wants a command"},
	    {"useLocation web tls check=\"/bin/a",
	     "useLocation: a quote is not closed"},
	    {"ipsecDestination vpn tls preset=swanctl",
	     "ipsecDestination: 'tls' is no word of a use location"},
	};

	assert_refused(*state, bad, sizeof(bad) / sizeof(bad[0]));
}

static void an_empty_file_leaves_the_defaults(void **state)
{
	struct desk *desk = *state;
	const struct scep_config *engine = &desk->conf.engine;

	assert_true(desk_read(desk, ""));
	assert_string_equal(engine->state_directory, SCEP_STATE_DIRECTORY);
	assert_string_equal(desk->conf.user, "scepagent");
	assert_string_equal(desk->conf.group, "scepagent");
	assert_int_equal(engine->key_limit, 16);
	assert_int_equal(engine->status_history, 20);
	assert_int_equal(engine->allow_legacy, 0);
	assert_false(engine->allow_short_keys);
	assert_false(engine->clock_skew_is_error);
	assert_int_equal(engine->clock_skew_limit, 600);
	assert_string_equal(engine->ca_file, "");
	assert_int_equal(engine->allow_count, 0);
	assert_int_equal(engine->deny_count, 0);
	assert_false(engine->has_restart_command);
	assert_string_equal(desk->conf.restart_command, "");
}

static void values_reach_the_configuration(void **state)
{
	struct desk *desk = *state;
	const struct scep_config *engine = &desk->conf.engine;

	assert_true(desk_read(desk, "stateDirectory \"/var/a b\"\n"
				    "runAs somebody\n"
				    "keyLimit 7\n"
				    "statusHistory 33\n"
				    "caFile /etc/ca.pem\n"
				    "allowLegacyAlgorithms sha1,des\n"
				    "allowShortKeys yes\n"
				    "clockSkewLimit 42 error\n"
				    "restartCommand \"/sbin/x 'a b'\"\n"));
	assert_string_equal(engine->state_directory, "/var/a b");
	assert_string_equal(desk->conf.user, "somebody");
	assert_string_equal(desk->conf.group, "");
	assert_int_equal(engine->key_limit, 7);
	assert_int_equal(engine->status_history, 33);
	assert_string_equal(engine->ca_file, "/etc/ca.pem");
	assert_int_equal(engine->allow_legacy,
			 SCEP_LEGACY_SHA1 | SCEP_LEGACY_DES);
	assert_true(engine->allow_short_keys);
	assert_true(engine->clock_skew_is_error);
	assert_int_equal(engine->clock_skew_limit, 42);
	assert_true(engine->has_restart_command);
	assert_string_equal(desk->conf.restart_command, "/sbin/x 'a b'");
}

static void the_last_of_two_lines_stands_and_ranges_add_up(void **state)
{
	struct desk *desk = *state;

	assert_true(desk_read(desk, "keyLimit 7\nkeyLimit 8\n"
				    "allowAddress ::1\nallowAddress ::2\n"));
	assert_int_equal(desk->conf.engine.key_limit, 8);
	assert_int_equal(desk->conf.engine.allow_count, 2);
}

static void weak_algorithms_add_up_and_may_be_of_one_server(void **state)
{
	struct desk *desk = *state;
	const struct scep_config *engine = &desk->conf.engine;

	assert_true(desk_read(desk,
			      "allowLegacyAlgorithms sha1\n"
			      "allowLegacyAlgorithms des Old.Example. ::1\n"
			      "allowLegacyAlgorithms 3des 192.0.2.1\n"
			      "allowLegacyAlgorithms 3des\n"));
	assert_int_equal(engine->allow_legacy,
			 SCEP_LEGACY_SHA1 | SCEP_LEGACY_3DES);
	assert_int_equal(engine->legacy_count, 3);
	assert_string_equal(engine->legacy[0].host, "old.example");
	assert_string_equal(engine->legacy[1].host, "::1");
	assert_int_equal(engine->legacy[1].allowed, SCEP_LEGACY_DES);
	assert_string_equal(engine->legacy[2].host, "192.0.2.1");
	assert_int_equal(engine->legacy[2].allowed, SCEP_LEGACY_3DES);
}

static void hosts_with_weak_algorithms_are_counted(void **state)
{
	struct desk *desk = *state;
	char line[1024] = "allowLegacyAlgorithms sha1";

	for (int i = 0; i <= SCEP_LEGACY_HOSTS; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 " h%d.example", i);
	assert_false(desk_read(desk, line));
	desk_assert_found(desk, "allowLegacyAlgorithms: more than 32 hosts");
}

static void ipv4_ranges_are_held_as_mapped(void **state)
{
	static const unsigned char four[16] = {0, 0, 0,	   0,	 0,  0, 0, 0,
					       0, 0, 0xff, 0xff, 10, 1, 0, 0};
	static const unsigned char six[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct desk *desk = *state;
	const struct scep_config *engine = &desk->conf.engine;

	assert_true(desk_read(desk,
			      "allowAddress 10.1.0.0/16 2001:db8::/32 ::1\n"
			      "denyAddress 10.1.0.0/16\n"));
	assert_int_equal(engine->allow_count, 3);
	assert_int_equal(engine->allow[0].prefix, 96 + 16);
	assert_memory_equal(engine->allow[0].address, four, 16);
	assert_int_equal(engine->allow[1].prefix, 32);
	assert_memory_equal(engine->allow[1].address, six, 16);
	assert_int_equal(engine->allow[2].prefix, 128);
	assert_int_equal(engine->deny_count, 1);
	assert_int_equal(engine->deny[0].prefix, 96 + 16);
}

static void there_is_room_for_a_certain_number_of_ranges(void **state)
{
	struct desk *desk = *state;
	char text[2048] = "";

	for (int i = 0; i < SCEP_CIDR_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "denyAddress 10.0.%d.0/24\n", i);
	assert_true(desk_read(desk, text));
	assert_int_equal(desk->conf.engine.deny_count, SCEP_CIDR_MAX);
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
		 "denyAddress 10.0.99.0/24\n");
	assert_false(desk_read(desk, text));
	desk_assert_found(desk, ": line 33: denyAddress: more than 32 ranges");
}

static void use_locations_reach_the_configuration(void **state)
{
	struct desk *desk = *state;
	const struct scep_use_config *uses = desk->conf.engine.uses;
	const struct use_location *location;

	assert_true(desk_read(
	    desk, "useLocation web other key=/k cert=/c chain=/h fullchain=/f "
		  "combined=/m owner=u:g mode=0644 check=\"/bin/a b\" "
		  "reload=\"/bin/c 'd e'\" enabled='/bin/f'\n"
		  "ipsecDestination vpn preset=swanctl\n"
		  "useLocation one tls cert=/one\n"));
	assert_int_equal(desk->conf.engine.use_count, 3);
	assert_string_equal(uses[0].name, "web");
	assert_int_equal(uses[0].type, SCEP_USE_OTHER);
	assert_true(uses[0].has_probe);
	assert_false(uses[0].needs_restart);
	assert_int_equal(uses[1].type, SCEP_USE_IPSEC);
	assert_true(uses[2].needs_restart);
	assert_false(uses[2].has_probe);
	location = conf_use_location(&desk->conf, "web");
	assert_string_equal(location->file[LOCATION_KEY], "/k");
	assert_string_equal(location->file[LOCATION_COMBINED], "/m");
	assert_string_equal(location->command[LOCATION_RELOAD], "/bin/c 'd e'");
	assert_string_equal(location->user, "u");
	assert_string_equal(location->group, "g");
	/* Nobody else reads a private key. */
	assert_int_equal(use_location_mode(location, LOCATION_KEY), 0640);
	assert_int_equal(use_location_mode(location, LOCATION_CERT), 0644);
	assert_null(conf_use_location(&desk->conf, "mail"));
}

static void two_use_locations_share_neither_name_nor_file(void **state)
{
	struct desk *desk = *state;

	assert_false(desk_read(desk, "useLocation web tls cert=/a\n"
				     "useLocation web tls cert=/b\n"));
	desk_assert_found(desk, "line 2: useLocation: 'web' is named twice");
	assert_false(desk_read(desk, "useLocation web tls cert=/a\n"
				     "useLocation vpn tls key=/a\n"));
	desk_assert_found(desk,
			  "line 2: useLocation: /a is a file of 'web', too");
}

static void own_words_replace_those_of_a_preset(void **state)
{
	struct desk *desk = *state;
	const struct use_location *location;

	assert_true(desk_read(
	    desk, "useLocation web tls preset=nginx key=/k fullchain=/f\n"
		  "useLocation two tls preset=nginx reload=/bin/true\n"));
	location = conf_use_location(&desk->conf, "web");
	assert_string_equal(location->file[LOCATION_KEY], "/k");
	assert_string_equal(location->command[LOCATION_CHECK],
			    "/usr/sbin/nginx -t -q");
	location = conf_use_location(&desk->conf, "two");
	assert_string_equal(location->file[LOCATION_KEY],
			    "/etc/nginx/scepagent/two.key");
	assert_string_equal(location->command[LOCATION_RELOAD], "/bin/true");
	assert_null(location->command[LOCATION_CHECK]);
	assert_null(location->command[LOCATION_ENABLED]);
}

static void every_preset_has_files(void **state)
{
	static const char *const presets[] = {
	    "nginx",	      "apache",	    "cups",  "stunnel", "swanctl",
	    "wpa_supplicant", "freeradius", "slapd", "snmpd",
	};
	struct desk *desk = *state;
	char text[200];

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		const struct use_location *location;

		snprintf(text, sizeof(text), "useLocation it tls preset=%s\n",
			 presets[i]);
		assert_true(desk_read(desk, text));
		location = conf_use_location(&desk->conf, "it");
		assert_true(location->file[LOCATION_FULLCHAIN] != NULL ||
			    location->file[LOCATION_CERT] != NULL ||
			    location->file[LOCATION_COMBINED] != NULL);
		assert_true(location->file[LOCATION_KEY] != NULL ||
			    location->file[LOCATION_COMBINED] != NULL);
		assert_non_null(location->command[LOCATION_ENABLED]);
		assert_int_equal(use_location_mode(location, LOCATION_KEY) & 07,
				 0);
		assert_false(use_location_needs_restart(location));
	}
}

/*
 * The example with its comment signs taken away where a token follows; each
 * token must be in it, and nothing may be wrong.
 */
static void read_example(struct desk *desk, char *text, size_t room)
{
	const char *folder = getenv("srcdir");
	char path[DESK_PATH];
	char line[1024];
	FILE *file;
	size_t length = 0;

	snprintf(path, sizeof(path), "%.400s/subagent/scepagentd.conf.example",
		 folder != NULL ? folder : ".");
	file = fopen(path, "r");
	assert_non_null(file);
	text[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		bool is_token = line[0] == '#' && isalpha(line[1]);

		length += (size_t)snprintf(text + length, room - length, "%s",
					   line + is_token);
		assert_true(length < room);
	}
	fclose(file);
	desk_read(desk, text);
}

static void the_example_shows_every_token(void **state)
{
	static const char *const names[] = {
	    "stateDirectory ",	 "runAs ",
	    "spareKeys ",	 "keyLimit ",
	    "statusHistory ",	 "useLocation ",
	    "ipsecDestination ", "restartCommand ",
	    "caFile ",		 "allowLegacyAlgorithms ",
	    "allowShortKeys ",	 "allowAddress ",
	    "denyAddress ",	 "clockSkewLimit ",
	    "agentXSocket ",
	};
	static char text[16384];
	struct desk *desk = *state;
	char start[64];

	read_example(desk, text, sizeof(text));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(start, sizeof(start), "\n%s", names[i]);
		if (strstr(text, start) == NULL)
			fail_msg("%s is missing", names[i]);
	}
	if (desk->errors > 0 || desk->warnings > 0)
		fail_msg("%s", desk->found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_token_takes_good_values),
	    TEST(every_token_refuses_bad_values),
	    TEST(every_word_of_a_use_location_is_checked),
	    TEST(an_empty_file_leaves_the_defaults),
	    TEST(values_reach_the_configuration),
	    TEST(the_last_of_two_lines_stands_and_ranges_add_up),
	    TEST(weak_algorithms_add_up_and_may_be_of_one_server),
	    TEST(hosts_with_weak_algorithms_are_counted),
	    TEST(ipv4_ranges_are_held_as_mapped),
	    TEST(there_is_room_for_a_certain_number_of_ranges),
	    TEST(use_locations_reach_the_configuration),
	    TEST(two_use_locations_share_neither_name_nor_file),
	    TEST(own_words_replace_those_of_a_preset),
	    TEST(every_preset_has_files),
	    TEST(the_example_shows_every_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
