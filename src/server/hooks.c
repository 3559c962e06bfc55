#include "server/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/address.h"
#include "base/base.h"
#include "base/log.h"

struct hook {
	struct list node;
	struct hooks *hooks;
	struct hook_words words;
	uint32_t session;
	pid_t pid;
	struct watcher watcher; /* of its pidfd */
	struct timer patience;
};

/* ---- words ---- */

static bool add(char **list, size_t *count, size_t capacity, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool add(char **list, size_t *count, size_t capacity, const char *format, ...)
{
	va_list arguments;
	if (*count + 1 >= capacity)
		return false;
	va_start(arguments, format);
	int length = vasprintf(&list[*count], format, arguments);
	va_end(arguments);
	if (length < 0) {
		list[*count] = NULL;
		return false;
	}
	++*count;
	return true;
}

static const char *text_of(uint32_t address, char text[static ADDRESS_TEXT])
{
	return address ? address_print(address, text) : "";
}

static bool make_arguments(struct hook_words *w, const struct settings *settings, bool up,
			   const struct message_network *network)
{
	char local[ADDRESS_TEXT], remote[ADDRESS_TEXT], caller[ADDRESS_TEXT];
	const char *parameter = settings->ipparam      ? settings->ipparam
				: settings->no_ipparam ? ""
						       : text_of(network->caller, caller);
	size_t n = 0;
	return add(w->arguments, &n, COUNT_OF(w->arguments), "%s",
		   up ? settings->ip_up : settings->ip_down) &&
	       add(w->arguments, &n, COUNT_OF(w->arguments), "%s", settings->interface) &&
	       add(w->arguments, &n, COUNT_OF(w->arguments), "%s", "") && /* there is no tty */
	       add(w->arguments, &n, COUNT_OF(w->arguments), "%" PRIu32, settings->speed) &&
	       add(w->arguments, &n, COUNT_OF(w->arguments), "%s",
		   text_of(network->local, local)) &&
	       add(w->arguments, &n, COUNT_OF(w->arguments), "%s",
		   text_of(network->remote, remote)) &&
	       add(w->arguments, &n, COUNT_OF(w->arguments), "%s", parameter);
}

static bool add_address(struct hook_words *w, size_t *n, const char *name, uint32_t address)
{
	char text[ADDRESS_TEXT];
	return !address || add(w->environment, n, COUNT_OF(w->environment), "%s=%s", name,
			       address_print(address, text));
}

/* What `set` asked for: lines of NAME=VALUE. */
static bool add_settings(struct hook_words *w, size_t *n, const char *lines)
{
	while (lines && *lines) {
		size_t length = strcspn(lines, "\n");
		if (length &&
		    !add(w->environment, n, COUNT_OF(w->environment), "%.*s", (int)length, lines))
			return false;
		lines += length + (lines[length] == '\n');
	}
	return true;
}

static bool make_environment(struct hook_words *w, const struct settings *settings, bool up,
			     const struct message_network *network)
{
	size_t n = 0, most = COUNT_OF(w->environment);
	char **env = w->environment;
	bool good = add(env, &n, most,
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") &&
		    add(env, &n, most, "IFNAME=%s", settings->interface) &&
		    add(env, &n, most, "DEVICE=") &&
		    add(env, &n, most, "SPEED=%" PRIu32, settings->speed) &&
		    add(env, &n, most, "ORIG_UID=0") &&
		    add(env, &n, most, "PPPD_PID=%d", (int)getpid()) &&
		    add_address(w, &n, "IPLOCAL", network->local) &&
		    add_address(w, &n, "IPREMOTE", network->remote) &&
		    add_address(w, &n, "REMOTENUMBER", network->caller) &&
		    add_address(w, &n, "DNS1", network->dns[0]) &&
		    add_address(w, &n, "DNS2", network->dns[1]) &&
		    add_address(w, &n, "WINS1", network->nbns[0]) &&
		    add_address(w, &n, "WINS2", network->nbns[1]);
	if (good && *network->user)
		good = add(env, &n, most, "PEERNAME=%s", network->user);
	if (good && !up)
		good = add(env, &n, most, "CONNECT_TIME=%" PRIu64, network->seconds) &&
		       add(env, &n, most, "BYTES_SENT=%" PRIu64, network->octets_out) &&
		       add(env, &n, most, "BYTES_RCVD=%" PRIu64, network->octets_in);
	return good && add_settings(w, &n, settings->environment);
}

bool hook_words_make(struct hook_words *words, const struct settings *settings, bool up,
		     const struct message_network *network)
{
	*words = (struct hook_words){0};
	if (make_arguments(words, settings, up, network) &&
	    make_environment(words, settings, up, network))
		return true;
	hook_words_free(words);
	return false;
}

void hook_words_free(struct hook_words *words)
{
	for (char **word = words->arguments; *word; word++)
		free(*word);
	for (char **word = words->environment; *word; word++)
		free(*word);
	*words = (struct hook_words){0};
}

/* ---- processes ---- */

void hooks_init(struct hooks *hooks, struct loop *loop)
{
	*hooks = (struct hooks){.loop = loop};
	list_init(&hooks->waiting);
	list_init(&hooks->running);
}

static void hook_free(struct hook *hook)
{
	list_remove(&hook->node);
	hook_words_free(&hook->words);
	free(hook);
}

static bool session_is_running(const struct hooks *hooks, uint32_t session)
{
	LIST_EACH(node, following, &hooks->running)
		if (CONTAINER_OF(node, struct hook, node)->session == session)
			return true;
	return false;
}

static void start_waiting(struct hooks *hooks);

static void end_hook(struct hook *hook)
{
	struct hooks *hooks = hook->hooks;
	int status = 0;
	waitpid(hook->pid, &status, 0);
	loop_cancel_timer(hooks->loop, &hook->patience);
	loop_unwatch(hooks->loop, &hook->watcher);
	close(hook->watcher.fd);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		log_warning("session=%u hook=%s %s %d", hook->session, hook->words.arguments[0],
			    WIFEXITED(status) ? "exit status" : "killed by signal",
			    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	hooks->running_count--;
	hook_free(hook);
	start_waiting(hooks);
}

static void on_exit_of(void *context, uint32_t events)
{
	(void)events;
	end_hook(context);
}

static void on_patience(void *context, uint64_t now_ms)
{
	struct hook *hook = context;
	(void)now_ms;
	kill(hook->pid, SIGKILL); /* its pidfd tells of its end */
}

/* 0 or errno. The child keeps no descriptor of ours (all are close-on-exec) and no blocked signal.
 */
static int spawn(struct hook *hook)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int error = posix_spawn(&hook->pid, hook->words.arguments[0], &files, &attributes,
				hook->words.arguments, hook->words.environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

static void start(struct hook *hook)
{
	struct hooks *hooks = hook->hooks;
	int error = spawn(hook);
	if (error) {
		log_warning("session=%u hook=%s cannot be started: %s", hook->session,
			    hook->words.arguments[0], strerror(error));
		hook_free(hook);
		return;
	}
	int pidfd = (int)syscall(SYS_pidfd_open, hook->pid, 0);
	list_remove(&hook->node);
	list_append(&hooks->running, &hook->node);
	hooks->running_count++;
	hook->watcher = (struct watcher){.on_ready = on_exit_of, .context = hook, .fd = pidfd};
	hook->patience = (struct timer){.on_time = on_patience, .context = hook};
	if (pidfd < 0 || loop_watch(hooks->loop, &hook->watcher, EPOLLIN)) {
		end_hook(hook); /* without a way to be told, its end is awaited here */
		return;
	}
	loop_set_timer(hooks->loop, &hook->patience, hooks->loop->now_ms + HOOK_PATIENCE_MS);
}

static void start_waiting(struct hooks *hooks)
{
	LIST_EACH(node, following, &hooks->waiting) {
		struct hook *hook = CONTAINER_OF(node, struct hook, node);
		if (hooks->running_count >= HOOKS_AT_ONCE)
			return;
		if (session_is_running(hooks, hook->session))
			continue;
		hooks->waiting_count--;
		start(hook);
	}
}

void hooks_call(struct hooks *hooks, const struct settings *settings, bool up,
		const struct message_network *network)
{
	const char *program = up ? settings->ip_up : settings->ip_down;
	if (!program || access(program, X_OK))
		return;
	struct hook *hook = hooks->waiting_count < HOOKS_WAITING ? calloc(1, sizeof(*hook)) : NULL;
	if (!hook || !hook_words_make(&hook->words, settings, up, network)) {
		log_error("session=%u hook=%s is not called: too many are waiting, or no memory",
			  network->session, program);
		free(hook);
		return;
	}
	hook->hooks = hooks;
	hook->session = network->session;
	list_append(&hooks->waiting, &hook->node);
	hooks->waiting_count++;
	start_waiting(hooks);
}

void hooks_fini(struct hooks *hooks)
{
	enum { TURN_MS = 100, TURNS = 50 };
	if (!hooks->loop)
		return;
	/* The last ip-downs are owed to the administrator: they may run for a while, but not for
	 * ever. */
	for (int turn = 0; turn < TURNS && hooks->running_count; turn++)
		loop_turn(hooks->loop, TURN_MS);
	LIST_EACH(node, following, &hooks->waiting)
		hook_free(CONTAINER_OF(node, struct hook, node));
	LIST_EACH(other, after, &hooks->running) {
		struct hook *hook = CONTAINER_OF(other, struct hook, node);
		kill(hook->pid, SIGKILL);
		waitpid(hook->pid, NULL, 0);
		loop_cancel_timer(hooks->loop, &hook->patience);
		loop_unwatch(hooks->loop, &hook->watcher);
		close(hook->watcher.fd);
		hook_free(hook);
	}
}
