/* The JSON of the HTTP API. Each answer is the caller's, to be json_decref'ed; NULL: no memory. */
#pragma once
#include <jansson.h>

#include "server/api.h"

/* Peer text as a JSON string: as it is where it is UTF-8, else by text_escape. */
json_t *answer_text(const char *text);

/* NULL also where a worker does not answer. */
json_t *answer_status(struct api *api);

/* In the engine's thread. The row of the list: who, from where, since when, how much. */
json_t *answer_row(const struct engine *engine, const struct session *session);

/* The row, and all that was negotiated, counted and logged. */
json_t *answer_session(const struct engine *engine, const struct session *session);
