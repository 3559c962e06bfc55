/* All that is counted, in Prometheus' text format 0.0.4. */
#pragma once
#include "server/engine.h"

/* Malloc'ed; NULL: no memory. */
char *metrics_print(struct engine *engine);
