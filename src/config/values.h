/* What the ways of reading and printing values share: the place that a row names, and what is said of a
 * value that is none. */
#pragma once
#include <string.h>

#include "config/setting.h"

static inline void *place(struct settings *settings, const struct setting *setting)
{
	return (char *)settings + setting->at;
}

static inline const void *place_of(const struct settings *settings, const struct setting *setting)
{
	return (const char *)settings + setting->at;
}

static inline uint32_t number_of(const struct setting *setting, const struct settings *settings)
{
	uint32_t value;
	memcpy(&value, place_of(settings, setting), sizeof(value));
	return value;
}

static inline void set_number(struct loading *loading, const struct setting *setting,
			      uint32_t value)
{
	memcpy(place(loading->settings, setting), &value, sizeof(value));
}

/* Complains; returns false. */
bool setting_unexpected(struct loading *loading, const struct setting *setting, const char *value);
