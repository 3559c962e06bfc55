#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_to_stderr(void *context, enum log_level level, const char *line)
{
	static const char *const prefixes[] = {"error: ", "warning: ", "", "debug: "};
	(void)context;
	char whole[2100]; /* one write for one line, so that two processes do not mix theirs */
	int length = snprintf(whole, sizeof(whole), "%s%s\n", prefixes[level], line);
	if (length > 0 && write(STDERR_FILENO, whole, (size_t)length) < 0)
		return; /* nowhere left to complain */
}

static struct {
	log_sink *sink;
	void *context;
	_Atomic(enum log_level) most; /* changes while other threads write lines */
} log_now = {write_to_stderr, NULL, LOG_LEVEL_INFO};

void log_set(log_sink *sink, void *context, enum log_level most)
{
	log_now.sink = sink ? sink : write_to_stderr;
	log_now.context = context;
	log_now.most = most;
}

void log_set_level(enum log_level most)
{
	log_now.most = most;
}

bool log_is_on(enum log_level level)
{
	return level <= log_now.most;
}

static void log_list(enum log_level level, const char *format, va_list arguments)
{
	char line[2048];
	if (!log_is_on(level))
		return;
	vsnprintf(line, sizeof(line), format, arguments);
	log_now.sink(log_now.context, level, line);
}

#define LOG_FUNCTION(name, level)                   \
	void name(const char *format, ...)          \
	{                                           \
		va_list arguments;                  \
		va_start(arguments, format);        \
		log_list(level, format, arguments); \
		va_end(arguments);                  \
	}
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_at(enum log_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_list(level, format, arguments);
	va_end(arguments);
}

static const char *escape(char *to, size_t size, const uint8_t *from, size_t length,
			  const char *also)
{
	size_t used = 0;
	for (size_t i = 0; i < length; i++) {
		bool plain = from[i] >= ' ' && from[i] < 127 && !strchr(also, from[i]);
		if (used + (plain ? 1 : 4) >= size)
			break;
		if (plain)
			to[used++] = (char)from[i];
		else
			used += (size_t)snprintf(to + used, size - used, "\\x%02x", from[i]);
	}
	if (size)
		to[used] = 0;
	return to;
}

const char *text_escape(char *to, size_t size, const void *bytes, size_t length)
{
	return escape(to, size, bytes, length, " \"=\\");
}

const char *text_quote(char *to, size_t size, const void *bytes, size_t length)
{
	return escape(to, size, bytes, length, "\"\\");
}
