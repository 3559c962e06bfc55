/*
 * The log: one line for each change that an operator cares for, `key=value`, session first. Pure
 * rooms report through their outbox and only the edges write here. Peer text goes through
 * text_escape; secrets never appear.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Receives whole lines without their newline. The default
 * writes "LEVEL: line" (info: the line alone) to stderr. */
typedef void log_sink(void *context, enum log_level level, const char *line);

/* Sets the sink, which any thread may call, and the most talkative level that reaches it; NULL sink:
 * the default. Before other threads run. */
void log_set(log_sink *sink, void *context, enum log_level most);
void log_set_level(enum log_level most); /* the sink stays */
bool log_is_on(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_at(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Writes `length` octets of a peer's text into `to` so that a log line stays one line and a
 * terminal stays sane: printable ASCII as it is, but blank, '"', '=' and '\' and all else as \xhh.
 * Cut to fit, always ended by NUL. Returns `to`.
 */
const char *text_escape(char *to, size_t size, const void *bytes, size_t length);

/* The same for text that stands between quotes: blanks and '=' stay readable there. */
const char *text_quote(char *to, size_t size, const void *bytes, size_t length);
