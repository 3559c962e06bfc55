#include "server/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/clock.h"
#include "server/census.h"

static void put(FILE *to, const char *name, const char *type, const char *help, uint64_t value)
{
	fprintf(to, "# HELP poptun_%s %s\n# TYPE poptun_%s %s\npoptun_%s %" PRIu64 "\n", name, help,
		name, type, name, value);
}

static void put_counter(FILE *to, const char *prefix, const char *name, const char *help,
			uint64_t value)
{
	char whole[80];
	snprintf(whole, sizeof(whole), "%s%s_total", prefix, name);
	put(to, whole, "counter", help, value);
}

static void put_sessions(FILE *to, const struct census *census)
{
	fprintf(to, "# HELP poptun_sessions sessions by state\n# TYPE poptun_sessions gauge\n");
	for (unsigned state = SESSION_CALLING; state < SESSION_ENDED; state++)
		fprintf(to, "poptun_sessions{state=\"%s\"} %" PRIu32 "\n",
			session_state_name((enum session_state)state), census->sessions[state]);
}

static void put_workers(FILE *to, const struct census *census, size_t count)
{
	fprintf(to, "# HELP poptun_worker_sessions sessions by worker\n"
		    "# TYPE poptun_worker_sessions gauge\n");
	for (size_t i = 0; i < count; i++)
		fprintf(to, "poptun_worker_sessions{worker=\"%zu\"} %" PRIu32 "\n", i,
			census->workers[i].sessions);
}

static void put_all(FILE *to, const struct workers *workers, const struct census *census)
{
	fprintf(to,
		"# HELP poptun_info version of the program\n# TYPE poptun_info gauge\n"
		"poptun_info{version=\"%s\"} 1\n",
		POPTUN_VERSION);
	put(to, "up_seconds", "gauge", "seconds since the start",
	    (clock_now_ms() - workers->started_ms) / 1000);
	put_sessions(to, census);
	put(to, "sessions_max", "gauge", "sessions served at once, at most", workers->sessions_max);
	put(to, "control_connections", "gauge", "control connections that stand",
	    census->control_connections);
	for (size_t i = 0; i < COUNTERS; i++)
		put_counter(to, "", counters[i].name, counters[i].help,
			    counter_value(&counters[i], &census->totals));
	for (unsigned drop = DROP_NONE + 1; drop < DROP_COUNT; drop++)
		put_counter(to, "drop_", drop_name((enum drop)drop), drop_help((enum drop)drop),
			    census->totals.drops[drop]);
}

char *metrics_print(struct workers *workers)
{
	char *text = NULL;
	size_t length;
	struct census census;
	FILE *to = census_take(&census, workers) ? open_memstream(&text, &length) : NULL;
	if (!to)
		return NULL;
	put_all(to, workers, &census);
	put_workers(to, &census, workers->count);
	if (!fclose(to))
		return text;
	free(text);
	return NULL;
}
