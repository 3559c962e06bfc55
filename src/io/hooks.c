#include "io/hooks.h"

#include <arpa/inet.h>
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
#include "io/clock.h"

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

/* A list that is being made; one that could not grow stays as it is, and knows. */
struct texts {
	char **list;
	size_t count;
	bool failed;
};

static void put(struct texts *texts, char *text)
{
	char **list = NULL;
	if (text)
		list = realloc(texts->list, (texts->count + 2) * sizeof(*list));
	if (!list) {
		free(text);
		texts->failed = true;
		return;
	}
	texts->list = list;
	list[texts->count++] = text;
	list[texts->count] = NULL;
}

static void add(struct texts *texts, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct texts *texts, const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	put(texts, text);
}

static const char *text_of(uint32_t address, char text[static ADDRESS_TEXT])
{
	return address ? address_print(address, text) : "";
}

/* The link-local address of an interface identifier (RFC 5072, 5). */
static const char *link_local_of(const uint8_t id[8], char text[static INET6_ADDRSTRLEN])
{
	uint8_t address[16] = {0xfe, 0x80};
	memcpy(address + 8, id, 8);
	return inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

static const char *program_of(const struct settings *settings, enum hook_event event)
{
	const char *const programs[] = {settings->ip_up, settings->ip_down, settings->ipv6_up,
					settings->ipv6_down};
	return programs[event];
}

static bool is_ipv6(enum hook_event event)
{
	return event == HOOK_IPV6_UP || event == HOOK_IPV6_DOWN;
}

static void make_arguments(struct texts *to, const struct settings *settings, enum hook_event event,
			   const struct hook_facts *facts)
{
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN], caller[ADDRESS_TEXT];
	bool ipv6 = is_ipv6(event);
	add(to, "%s", program_of(settings, event));
	add(to, "%s", settings->interface);
	add(to, "%s", ""); /* there is no tty */
	add(to, "%" PRIu32, settings->speed);
	add(to, "%s", ipv6 ? link_local_of(facts->local_id, local) : text_of(facts->local, local));
	add(to, "%s",
	    ipv6 ? link_local_of(facts->remote_id, remote) : text_of(facts->remote, remote));
	add(to, "%s",
	    settings->ipparam      ? settings->ipparam
	    : settings->no_ipparam ? ""
				   : text_of(facts->caller, caller));
}

static void add_address(struct texts *to, const char *name, uint32_t address)
{
	char text[ADDRESS_TEXT];
	if (address)
		add(to, "%s=%s", name, address_print(address, text));
}

/* What `set` asked for: lines of NAME=VALUE, which take the place of what is there by that name. */
static void add_settings(struct texts *to, const char *lines)
{
	while (lines && *lines) {
		size_t length = strcspn(lines, "\n"), name = strcspn(lines, "=") + 1;
		size_t place = 0;
		while (place < to->count && strncmp(to->list[place], lines, name))
			place++;
		char *text = length ? strndup(lines, length) : NULL;
		if (text && place < to->count) {
			free(to->list[place]);
			to->list[place] = text;
		} else if (length) {
			put(to, text);
		}
		lines += length + (lines[length] == '\n');
	}
}

static void make_environment(struct texts *to, const struct settings *settings,
			     enum hook_event event, const struct hook_facts *facts)
{
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];
	add(to, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	add(to, "IFNAME=%s", settings->interface);
	add(to, "DEVICE=");
	add(to, "SPEED=%" PRIu32, settings->speed);
	add(to, "ORIG_UID=0");
	add(to, "PPPD_PID=%d", (int)getpid());
	add_address(to, "IPLOCAL", facts->local);
	add_address(to, "IPREMOTE", facts->remote);
	add_address(to, "REMOTENUMBER", facts->caller);
	add_address(to, "DNS1", facts->dns[0]);
	add_address(to, "DNS2", facts->dns[1]);
	add_address(to, "WINS1", facts->nbns[0]);
	add_address(to, "WINS2", facts->nbns[1]);
	if (is_ipv6(event)) {
		add(to, "LLLOCAL=%s", link_local_of(facts->local_id, local));
		add(to, "LLREMOTE=%s", link_local_of(facts->remote_id, remote));
	}
	if (*facts->user)
		add(to, "PEERNAME=%s", facts->user);
	if (event == HOOK_IP_DOWN || event == HOOK_IPV6_DOWN) {
		add(to, "CONNECT_TIME=%" PRIu64, facts->seconds);
		add(to, "BYTES_SENT=%" PRIu64, facts->octets_out);
		add(to, "BYTES_RCVD=%" PRIu64, facts->octets_in);
	}
	add_settings(to, settings->environment);
}

bool hook_words_make(struct hook_words *words, const struct settings *settings,
		     enum hook_event event, const struct hook_facts *facts)
{
	struct texts arguments = {0}, environment = {0};
	make_arguments(&arguments, settings, event, facts);
	make_environment(&environment, settings, event, facts);
	*words = (struct hook_words){arguments.list, environment.list};
	if (!arguments.failed && !environment.failed)
		return true;
	hook_words_free(words);
	return false;
}

static void list_free(char **list)
{
	for (char **text = list; text && *text; text++)
		free(*text);
	free(list);
}

void hook_words_free(struct hook_words *words)
{
	list_free(words->arguments);
	list_free(words->environment);
	*words = (struct hook_words){0};
}

/* ---- processes ---- */

void hooks_init(struct hooks *hooks, struct loop *loop)
{
	*hooks = (struct hooks){
		.loop = loop, .patience_ms = HOOK_PATIENCE_MS, .farewell_ms = HOOKS_FAREWELL_MS};
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

/* It leads a group of its own, with all that it started. */
static void kill_group(const struct hook *hook)
{
	kill(-hook->pid, SIGKILL);
}

static void on_patience(void *context, uint64_t now_ms)
{
	struct hook *hook = context;
	(void)now_ms;
	log_warning("session=%u hook=%s does not end and is killed", hook->session,
		    hook->words.arguments[0]);
	kill_group(hook); /* its pidfd tells of its end */
}

/* 0 or errno. The child keeps no descriptor of ours (all are close-on-exec), no blocked and no
 * ignored signal. */
static int spawn(struct hook *hook)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawn_file_actions_addchdir_np(&files, "/");
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
	loop_set_timer(hooks->loop, &hook->patience, hooks->loop->now_ms + hooks->patience_ms);
}

/* The oldest that may start now, or NULL. */
static struct hook *next_waiting(const struct hooks *hooks)
{
	if (hooks->running_count >= HOOKS_AT_ONCE)
		return NULL;
	/* One that was freed has left the list, which the analyser cannot follow. */
	LIST_EACH(node, following, &hooks->waiting) { /* NOLINT(clang-analyzer-unix.Malloc) */
		struct hook *hook = CONTAINER_OF(node, struct hook, node);
		if (!session_is_running(hooks, hook->session))
			return hook;
	}
	return NULL;
}

static void start_waiting(struct hooks *hooks)
{
	struct hook *hook;
	while ((hook = next_waiting(hooks))) { /* anew each time: one that ended may start others */
		hooks->waiting_count--;
		start(hook);
	}
}

void hooks_call(struct hooks *hooks, const struct settings *settings, enum hook_event event,
		const struct hook_facts *facts)
{
	const char *program = program_of(settings, event);
	if (!program || access(program, X_OK))
		return;
	struct hook *hook = hooks->waiting_count < HOOKS_WAITING ? calloc(1, sizeof(*hook)) : NULL;
	if (!hook || !hook_words_make(&hook->words, settings, event, facts)) {
		log_error("session=%u hook=%s is not called: too many are waiting, or no memory",
			  facts->session, program);
		free(hook);
		return;
	}
	hook->hooks = hooks;
	hook->session = facts->session;
	list_append(&hooks->waiting, &hook->node);
	hooks->waiting_count++;
	start_waiting(hooks);
}

void hooks_fini(struct hooks *hooks)
{
	enum { TURN_MS = 100 };
	if (!hooks->loop)
		return;
	/* The last ip-downs are owed to the administrator: they may run for a while, but not for
	 * ever. */
	uint64_t until_ms = clock_now_ms() + hooks->farewell_ms;
	while (hooks->running_count && clock_now_ms() < until_ms)
		loop_turn(hooks->loop, TURN_MS);
	if (hooks->running_count)
		log_warning("hooks=killed running=%zu waiting=%zu", hooks->running_count,
			    hooks->waiting_count);
	LIST_EACH(node, following, &hooks->waiting)
		hook_free(CONTAINER_OF(node, struct hook, node));
	LIST_EACH(other, after, &hooks->running) {
		struct hook *hook = CONTAINER_OF(other, struct hook, node);
		kill_group(hook);
		waitpid(hook->pid, NULL, 0);
		loop_cancel_timer(hooks->loop, &hook->patience);
		loop_unwatch(hooks->loop, &hook->watcher);
		close(hook->watcher.fd);
		hook_free(hook);
	}
}
