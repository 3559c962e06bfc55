#include "server/drop_log.h"

#include "base/base.h"

uint64_t drop_log_look(struct drop_log *log, const uint64_t counts[static DROP_COUNT],
		       uint64_t now_ms, void (*say)(void *context, enum drop drop, uint64_t count),
		       void *context)
{
	uint64_t again_ms = TIME_NEVER;
	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++) {
		if (counts[i] == log->told[i])
			continue;
		if (now_ms < log->next_ms[i]) {
			again_ms = MIN_OF(again_ms, log->next_ms[i]);
			continue;
		}
		say(context, (enum drop)i, counts[i] - log->told[i]);
		log->told[i] = counts[i];
		log->next_ms[i] = now_ms + DROP_LOG_EVERY_MS;
	}
	return again_ms;
}
