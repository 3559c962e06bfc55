/* All that is counted, in Prometheus' text format 0.0.4. */
#pragma once
#include "server/worker.h"

/* Malloc'ed; NULL: no memory, or a worker does not answer. */
char *metrics_print(struct workers *workers);
