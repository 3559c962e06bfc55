#include "client/password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/secrets.h"
#include "io/files.h"

#define VARIABLE "POPTUN_PASSWORD"

static bool take(struct password *p, const char *text, size_t length, const char *source)
{
	if (length >= sizeof(p->text))
		return false;
	memcpy(p->text, text, length);
	p->text[length] = 0;
	p->length = length;
	p->source = source;
	return true;
}

/* The first line, without its end. */
static bool from_file(struct password *p, const char *path, char *why)
{
	char *bytes;
	size_t length;
	int error = file_read(path, &bytes, &length);
	if (error) {
		snprintf(why, PASSWORD_WHY, "--password-file %s cannot be read: %s", path,
			 strerror(-error));
		return false;
	}
	size_t line = 0;
	while (line < length && bytes[line] != '\n' && bytes[line] != '\r')
		line++;
	bool good = line && take(p, bytes, line, "the password file");
	secret_wipe(bytes, length);
	free(bytes);
	if (!good)
		snprintf(
			why, PASSWORD_WHY,
			"--password-file %s: expected a password of 1 to %d octets in its first line",
			path, PASSWORD_LIMIT - 1);
	return good;
}

static bool from_environment(struct password *p)
{
	char *text = getenv(VARIABLE);
	bool good = text && *text && take(p, text, strlen(text), "$" VARIABLE);
	if (text)
		secret_wipe(text, strlen(text)); /* for hooks, and for /proc/PID/environ */
	unsetenv(VARIABLE);
	return good;
}

/* The entry that fits the user best, and our server: its name in --peer's file, or as it is called. */
static bool from_secrets(struct password *p, const struct connect_options *o)
{
	struct secrets secrets = {0};
	struct complaints complaints = {0};
	struct config_source source = files_source("");
	const char *servers[] = {*o->remote_name ? o->remote_name : NULL, o->host};
	char *bytes;
	size_t length;
	if (file_read(o->secrets, &bytes, &length))
		return false;
	secrets_parse(&secrets, &source, o->secrets, bytes, length, &complaints);
	const struct secret *secret = secrets_find(&secrets, o->user, servers, COUNT_OF(servers));
	bool good = secret && take(p, secret->text, strlen(secret->text), o->secrets);
	secrets_fini(&secrets);
	complaints_fini(&complaints);
	secret_wipe(bytes, length);
	free(bytes);
	return good;
}

static void ignore(int signal)
{
	(void)signal;
}

/* Reads a line that the terminal does not show. A signal ends it, and comes to its effect only when
 * the terminal shows again what is typed. */
static ssize_t read_unseen(int fd, char *line, size_t size)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction interrupt = {.sa_handler = ignore}, before[COUNT_OF(signals)];
	struct termios shown, quiet;
	if (tcgetattr(fd, &shown))
		return -1;
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i], &interrupt, &before[i]);
	quiet = shown;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	ssize_t got = read(fd, line, size);
	tcsetattr(fd, TCSAFLUSH, &shown);
	dprintf(fd, "\n");
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	if (got < 0) /* which signal it was is forgotten: it was most likely Ctrl-C */
		raise(SIGINT);
	return got;
}

static bool from_terminal(struct password *p, const struct connect_options *o)
{
	char line[PASSWORD_LIMIT + 1];
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	dprintf(fd, "Password of %s at %s: ", o->user, o->host);
	ssize_t got = read_unseen(fd, line, sizeof(line));
	bool good =
		got > 1 && line[got - 1] == '\n' && take(p, line, (size_t)got - 1, "the terminal");
	secret_wipe(line, sizeof(line));
	close(fd);
	return good;
}

bool password_find(struct password *p, const struct connect_options *o,
		   char why[static PASSWORD_WHY])
{
	*p = (struct password){0};
	bool has_variable = from_environment(p); /* taken out of the environment in any case */
	if (o->password_file)
		return from_file(p, o->password_file, why);
	if (has_variable)
		return true;
	if (o->password && take(p, o->password, strlen(o->password), "the peers file"))
		return true;
	if (from_secrets(p, o) || from_terminal(p, o))
		return true;
	snprintf(why, PASSWORD_WHY,
		 "no password for %.100s: none in %.200s, and no terminal to ask at; say "
		 "--password-file FILE or set $" VARIABLE,
		 o->user, o->secrets);
	return false;
}

bool password_provide(void *context, const char *user, const void **secret, size_t *length)
{
	const struct password *p = context;
	(void)user; /* one name, one password */
	*secret = p->text;
	*length = p->length;
	return true;
}

void password_forget(struct password *p)
{
	secret_wipe(p, sizeof(*p));
}
