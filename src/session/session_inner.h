/* What the files of struct session share: session.c its life, session_path.c the way of its packets. */
#pragma once
#include "session/session.h"

/* Turns what the link wants into actions of ours. Called after every step of the link. */
void session_pump(struct session *s, uint64_t now_ms);

/* A line of log that the peer can provoke as often as it likes. */
void session_report_limited(struct session *s, const uint8_t *text, size_t length, uint64_t now_ms);
