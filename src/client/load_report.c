/* What is said of a load: one line while it runs, the figures at its end, the same as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "client/load.h"
#include "io/clock.h"

static const unsigned percents[] = {50, 90, 99, 100};
static const char *const percent_names[] = {"p50", "p90", "p99", "max"};

static uint64_t packets_lost(const struct load *load)
{
	return load->sent > load->received ? load->sent - load->received : 0;
}

static double per_second(uint64_t count, uint64_t us)
{
	return us ? (double)count * 1e6 / (double)us : 0;
}

static void wipe_line(struct load *load)
{
	if (load->drawn)
		fputs("\r\033[K", stderr);
	load->drawn = false;
}

void load_progress(struct load *load)
{
	static const char *const phases[] = {"calling",  "settling", "standing",
					     "standing", "leaving",  "done"};
	enum { PLAIN_EVERY_S = 5 };
	bool terminal = isatty(STDERR_FILENO);
	uint64_t seconds = (clock_now_us() - load->phase_us) / 1000000;
	if (!terminal && (!seconds || seconds % PLAIN_EVERY_S))
		return;
	wipe_line(load);
	fprintf(stderr, "%s %" PRIu64 " s: %" PRIu32 " of %" PRIu32 " up, %" PRIu32 " failed",
		phases[load->phase], seconds, load->up_count, load->options->sessions,
		load->failed + load->lost);
	if (load->sent)
		fprintf(stderr, ", packets %" PRIu64 " sent, %" PRIu64 " back", load->sent,
			load->received);
	if (!terminal)
		fputc('\n', stderr);
	load->drawn = terminal;
	fflush(stderr);
}

static void print_durations(const char *name, const struct durations *d)
{
	printf("%-12s", name);
	for (size_t i = 0; i < COUNT_OF(percents); i++)
		printf(" %10.2f", (double)durations_percentile(d, percents[i]) / 1000);
	printf(" %10" PRIu64 "\n", d->count);
}

static void print_stages(const struct load *load)
{
	printf("\n%-12s %10s %10s %10s %10s %10s\n", "ms", "p50", "p90", "p99", "max", "of");
	for (unsigned stage = 0; stage < STAGE_UP; stage++)
		print_durations(stage_name((enum stage)stage), &load->stages[stage]);
	print_durations("all of it", &load->stages[STAGE_UP]);
	if (load->received)
		print_durations("echo", &load->echoes);
}

static void print_packets(const struct load *load)
{
	printf("\npackets: %" PRIu64 " sent (%.0f a second, %" PRIu32 " octets each), %" PRIu64
	       " came back, %" PRIu64 " lost (%.3f %%)\n",
	       load->sent, per_second(load->sent, load->standing_us), load->options->size,
	       load->received, packets_lost(load),
	       (double)packets_lost(load) * 100 / (double)load->sent);
	if (load->gre.unsent)
		printf("%" PRIu64 " GRE packets did not leave this host: %s\n", load->gre.unsent,
		       strerror(load->gre.unsent_errno));
}

void load_report(struct load *load)
{
	const char *json = load->options->json;
	wipe_line(load);
	if (json && !strcmp(json, "-")) /* that place is taken */
		return;
	printf("sessions: %" PRIu32 " of %" PRIu32 " came up in %.2f s (%.0f a second), %" PRIu32
	       " failed, %" PRIu32 " lost later\n",
	       load->came_up, load->options->sessions, (double)load->calling_us / 1e6,
	       per_second(load->came_up, load->calling_us), load->failed, load->lost);
	for (size_t i = 0; i < load->failures.count; i++)
		printf("  %6" PRIu32 "  %s: %s\n", load->failures.rows[i].count,
		       stage_name(load->failures.rows[i].stage), load->failures.rows[i].cause);
	print_stages(load);
	if (load->sent)
		print_packets(load);
	fflush(stdout);
}

/* ---- JSON ---- */

static json_t *json_durations(const struct durations *d)
{
	json_t *object = json_pack("{sI}", "count", (json_int_t)d->count);
	for (size_t i = 0; i < COUNT_OF(percents); i++) {
		char key[16];
		snprintf(key, sizeof(key), "%s_ms", percent_names[i]);
		json_object_set_new(object, key,
				    json_real((double)durations_percentile(d, percents[i]) / 1000));
	}
	return object;
}

static json_t *json_of(const struct load *load)
{
	json_t *stages = json_object(), *failures = json_array();
	for (unsigned stage = 0; stage < STAGE_UP; stage++)
		json_object_set_new(stages, stage_name((enum stage)stage),
				    json_durations(&load->stages[stage]));
	json_object_set_new(stages, "all", json_durations(&load->stages[STAGE_UP]));
	for (size_t i = 0; i < load->failures.count; i++) {
		const struct failure_row *row = &load->failures.rows[i];
		json_array_append_new(
			failures, json_pack("{sssssI}", "stage", stage_name(row->stage), "cause",
					    row->cause, "count", (json_int_t)row->count));
	}
	json_t *packets = json_pack(
		"{sIsIsIsIsIsf}", "sent", (json_int_t)load->sent, "received",
		(json_int_t)load->received, "lost", (json_int_t)packets_lost(load), "unsent",
		(json_int_t)load->gre.unsent, "size", (json_int_t)load->options->size, "per_second",
		per_second(load->sent, load->standing_us));
	json_object_set_new(packets, "echo", json_durations(&load->echoes));
	return json_pack("{sIsIsIsIsbsfsfsososo}", "sessions", (json_int_t)load->options->sessions,
			 "up", (json_int_t)load->came_up, "failed", (json_int_t)load->failed,
			 "lost", (json_int_t)load->lost, "interrupted", load->interrupted,
			 "seconds", (double)load->calling_us / 1e6, "per_second",
			 per_second(load->came_up, load->calling_us), "stages", stages, "failures",
			 failures, "packets", packets);
}

int load_write_json(const struct load *load, const char *path)
{
	FILE *to = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (!to)
		return -errno;
	json_t *json = json_of(load);
	int error = !json || json_dumpf(json, to, JSON_INDENT(2)) ? -EIO : 0;
	json_decref(json);
	fputc('\n', to);
	if (to == stdout)
		fflush(to);
	else if (fclose(to) && !error)
		error = -EIO;
	return error;
}
