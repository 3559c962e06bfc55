/* What the log says first: what is served, what PPTP does not protect, and how to dial in where nothing is configured. */
#pragma once
#include "config/settings.h"
#include "server/built_in.h"
#include "server/site.h"

void announce(const struct settings *settings, const struct built_in *built_in,
	      const struct site *site);
