/* poptun check: the doctor's visit. */
#include <stdarg.h>
#include <stdio.h>

#include "base/base.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/configuration.h"
#include "cli/doctor.h"

static const struct synopsis synopsis = {
	.operands = "",
	.about = "Looks at the configuration, the TUN device, TCP port 1723, protocol 47, "
		 "forwarding, addresses,\nfirewalls and MTU, with or without a running server, and "
		 "says what is wrong and the remedy.\nThe exit status is 1 where something is an "
		 "error.\n",
	.options = ASK_OPTIONS | 1 << OPTION_FIX,
};

void doctor_say(struct doctor *doctor, enum health health, const char *remedy, const char *format,
		...)
{
	static const char *const words[] = {"ok", "warning", "error"};
	va_list arguments;
	doctor->counts[health]++;
	printf("%-8s ", words[health]);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	if (remedy && *remedy)
		printf("         remedy: %s\n", remedy);
}

static void check_configuration(struct doctor *doctor)
{
	struct complaints complaints = {0};
	doctor->settings = configuration_read(doctor->conf, &complaints);
	for (size_t i = 0; i < complaints.count; i++) {
		char text[COMPLAINT_TEXT_LIMIT + 512];
		bool error = complaints.list[i].severity == COMPLAINT_ERROR;
		doctor_say(doctor, error ? HEALTH_ERROR : HEALTH_WARNING, NULL, "%s",
			   complaint_print(&complaints.list[i], text, sizeof(text)));
	}
	const char *conf = doctor->conf ? doctor->conf : CONFIG_PPTPD_CONF;
	if (doctor->settings && doctor->settings->built_in)
		doctor_say(doctor, HEALTH_OK, NULL,
			   "configuration: there is no %s, so the built-in one serves", conf);
	else if (doctor->settings)
		doctor_say(doctor, HEALTH_OK, NULL, "configuration: %s can be used", conf);
	complaints_fini(&complaints);
}

static void check_server(struct doctor *doctor)
{
	struct answer answer;
	char why[512];
	if (!doctor->socket)
		doctor->socket =
			doctor->settings ? doctor->settings->control_socket : CONFIGURATION_SOCKET;
	doctor->server_runs =
		ask_quietly(doctor->socket, "GET", "/v1/status", NULL, &answer, why, sizeof(why));
	if (doctor->server_runs)
		doctor_say(doctor, HEALTH_OK, NULL,
			   "server: process %" JSON_INTEGER_FORMAT " answers on %s",
			   json_integer_value(json_object_get(answer.json, "pid")), doctor->socket);
	else
		doctor_say(doctor, HEALTH_OK, NULL, "server: none answers on %s", doctor->socket);
	answer_fini(&answer);
}

static void (*const always[])(struct doctor *doctor) = {
	check_configuration,
	check_server,
	check_privileges,
	check_tun,
};
static void (*const with_settings[])(struct doctor *doctor) = {
	check_port, check_protocol_47, check_forwarding, check_pool,
	check_dns,  check_uplink,      check_firewalls,
};

int check_command(int argc, char **argv)
{
	struct arguments arguments;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	struct doctor doctor = {.conf = arguments.values[OPTION_CONF],
				.socket = arguments.values[OPTION_SOCKET],
				.fix = arguments_have(&arguments, OPTION_FIX)};
	for (size_t i = 0; i < COUNT_OF(always); i++)
		always[i](&doctor);
	for (size_t i = 0; doctor.settings && i < COUNT_OF(with_settings); i++)
		with_settings[i](&doctor);
	printf("errors %u, warnings %u\n", doctor.counts[HEALTH_ERROR],
	       doctor.counts[HEALTH_WARNING]);
	settings_unref(doctor.settings);
	return doctor.counts[HEALTH_ERROR] ? EXIT_FAILED : EXIT_DONE;
}
