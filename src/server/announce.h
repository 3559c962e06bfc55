/* What the log says first: what is served, what PPTP does not protect, and how to dial in where nothing is configured. */
#pragma once
#include "config/settings.h"
#include "server/built_in.h"

/* `interface_index` is that of our TUN device, whose addresses nobody dials. */
void announce(const struct settings *settings, const struct built_in *built_in,
	      int interface_index);
