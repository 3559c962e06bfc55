/* From the configuration, as it was read, to what sessions go by:
 * the one place where the two meet. */
#pragma once
#include "config/settings.h"
#include "session/settings.h"

/* Of a server. One reference, the caller's; NULL without memory. Nothing of `from` is kept. */
struct session_settings *session_settings_configure(const struct settings *from);
