/* poptun status: what the server is doing. */
#include <stdio.h>
#include <string.h>

#include "base/drop.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "crypto/rc4.h"
#include "io/gre_io.h"

static const struct synopsis synopsis = {
	.operands = "",
	.about = "What the server is doing: up since, sessions, traffic, what was dropped and why, "
		 "warnings.\n",
	.options = ASK_OPTIONS | 1 << OPTION_JSON | 1 << OPTION_CONFIG,
};

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void print_head(const json_t *status)
{
	char version[40], pid[24], since[40], listen[40], interface[40], duration[TEXT_DURATION];
	printf("poptun %s, process %s, since %s (%s)\n",
	       text_member(version, sizeof(version), status, "version"),
	       text_member(pid, sizeof(pid), status, "pid"),
	       text_member(since, sizeof(since), status, "since"),
	       text_duration(duration, (uint64_t)number(status, "seconds")));
	printf("listen       %s, interface %s\n",
	       text_member(listen, sizeof(listen), status, "listen"),
	       text_member(interface, sizeof(interface), status, "interface"));
}

static void print_sessions(const json_t *status)
{
	const json_t *sessions = json_object_get(status, "sessions");
	const json_t *counters = json_object_get(status, "counters");
	printf("sessions     %.0f up, %.0f negotiating, of %.0f; control connections %.0f\n",
	       number(sessions, "up"),
	       number(sessions, "calling") + number(sessions, "negotiating"),
	       number(sessions, "max"), number(status, "control_connections"));
	printf("calls        %.0f accepted, %.0f refused; logins %.0f accepted, %.0f refused\n",
	       number(counters, "calls_accepted"), number(counters, "calls_refused"),
	       number(counters, "logins_accepted"), number(counters, "logins_refused"));
}

/* One for each, and how many sessions it has. */
static void print_workers(const json_t *status)
{
	const json_t *workers = json_object_get(status, "workers");
	size_t count = json_array_size(workers);
	printf("workers      %zu, with", count);
	for (size_t i = 0; i < count; i++)
		printf("%s %.0f", i ? "," : "", number(json_array_get(workers, i), "sessions"));
	puts(" sessions");
}

static void print_traffic(const json_t *status)
{
	static const char *const ways[] = {"in", "out"};
	const json_t *rates = json_object_get(status, "rates");
	const json_t *counters = json_object_get(status, "counters");
	char kernels[RC4_PLAN_TEXT], supers[20], gre_io[GRE_IO_TEXT];
	for (int i = 0; i < 2; i++) {
		char octets[20], packets[20], amount[TEXT_AMOUNT], rate[TEXT_AMOUNT];
		char count[TEXT_AMOUNT], pace[TEXT_AMOUNT];
		snprintf(octets, sizeof(octets), "octets_%s", ways[i]);
		snprintf(packets, sizeof(packets), "packets_%s", ways[i]);
		printf("%-12s %s, %s; %s, %s over the last %.1f s\n", ways[i],
		       text_amount(amount, number(counters, octets), "B"),
		       text_amount(count, number(counters, packets), "packets"),
		       text_amount(rate, 8 * number(rates, octets), "bit/s"),
		       text_amount(pace, number(rates, packets), "packets/s"),
		       number(rates, "seconds"));
	}
	printf("batches      %.1f packets a receipt, in the mean; super-segments of the TUN device: %s\n",
	       number(status, "receive_batch_mean"),
	       text_member(supers, sizeof(supers), status, "super_segments"));
	if (json_object_get(status, "gre_io"))
		printf("gre-io       %s\n", text_member(gre_io, sizeof(gre_io), status, "gre_io"));
	printf("mppe         %s; %.0f keys, %.0f keystreams ahead\n",
	       text_member(kernels, sizeof(kernels), status, "mppe_kernels"),
	       number(counters, "keys_ahead"), number(counters, "keystreams_ahead"));
}

static const char *help_of(const char *name)
{
	for (unsigned drop = DROP_NONE + 1; drop < DROP_COUNT; drop++)
		if (!strcmp(drop_name((enum drop)drop), name))
			return drop_help((enum drop)drop);
	return "";
}

static void print_drops(const json_t *status)
{
	const char *name;
	json_t *count;
	json_t *drops = json_object_get(status, "drops");
	if (json_object_size(drops))
		puts("dropped");
	json_object_foreach(drops, name, count) {
		char text[40], shown[40];
		printf("  %-18s %10s  %s\n", text_printable(shown, sizeof(shown), name),
		       text_member(text, sizeof(text), drops, name), help_of(name));
	}
}

static void print_warnings(const json_t *status)
{
	const json_t *warnings = json_object_get(status, "warnings");
	for (size_t i = 0; i < json_array_size(warnings); i++) {
		char text[GRE_IO_WARNING]; /* the longest */
		const char *warning = json_string_value(json_array_get(warnings, i));
		printf("warning      %s\n",
		       text_printable(text, sizeof(text), warning ? warning : ""));
	}
}

static void print_config(const json_t *status)
{
	const char *keyword;
	json_t *value;
	json_t *config = json_object_get(status, "config");
	puts("configuration");
	json_object_foreach(config, keyword, value) {
		char text[1024];
		printf("  %-24s %s\n", keyword, text_member(text, sizeof(text), config, keyword));
	}
}

int status_command(int argc, char **argv)
{
	struct arguments arguments;
	struct answer answer;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	if (!ask(&arguments, "GET", "/v1/status", NULL, &answer))
		return EXIT_FAILED;
	if (arguments_have(&arguments, OPTION_JSON)) {
		puts(answer.body);
	} else {
		print_head(answer.json);
		print_sessions(answer.json);
		print_workers(answer.json);
		print_traffic(answer.json);
		print_drops(answer.json);
		print_warnings(answer.json);
		if (arguments_have(&arguments, OPTION_CONFIG))
			print_config(answer.json);
	}
	answer_fini(&answer);
	return EXIT_DONE;
}
