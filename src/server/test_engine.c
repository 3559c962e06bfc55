#include "server/test_engine.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/tun.h"

static void set_interface(unsigned long request, const char *name, uint32_t value)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(r.ifr_name, name, strlen(name));
	if (request == SIOCSIFFLAGS)
		r.ifr_flags = (short)value;
	else
		memcpy(&r.ifr_addr,
		       &(struct sockaddr_in){.sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(value)},
		       sizeof(struct sockaddr_in));
	assert_int_equal(ioctl(fd, request, &r), 0);
	close(fd);
}

/* Enters the namespace, before the first test. */
const char *test_lacks(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return "no right to make a network namespace";
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return "no TUN device that may be opened";
	close(fd);
	set_interface(SIOCSIFFLAGS, "lo", IFF_UP);
	return NULL;
}

static void note(void *context, enum log_level level, const char *line)
{
	struct fixture *f = context;
	char *all;
	(void)level;
	assert_true(asprintf(&all, "%s%s\n", f->logged ? f->logged : "", line) >= 0);
	free(f->logged);
	f->logged = all;
	f->lines++;
}

bool fixture_has_logged(const struct fixture *f, const char *text)
{
	return f->logged && strstr(f->logged, text);
}

/* Lets everybody in, with one address. */
static void authority_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	if (type->kind == MESSAGE_RELEASE) {
		f->releases++;
		return;
	}
	assert_int_equal(type->kind, MESSAGE_LOGIN);
	memcpy(&f->login, value, sizeof(f->login));
	f->logins++;
	struct message_verdict answer = {.session = f->login.session, .number = f->login.number};
	answer.verdict = (struct auth_verdict){
		.result = AUTH_ACCEPT, .local_address = INNER_US, .remote_address = INNER_CALLER};
	assert_int_equal(seam_end_send(&f->authority, MESSAGE_VERDICT, &answer), 0);
}

static void keeper_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	f->networks[type->kind]++;
	memcpy(&f->network, value, sizeof(f->network));
}

static void engine_hears(void *context, const struct message_type *type, const void *value)
{
	engine_on_message(&((struct fixture *)context)->engine, type, value);
}

static void take_caller(void *context, const struct caller *caller)
{
	struct fixture *f = context;
	engine_expect(&f->engine);
	engine_take(&f->engine, caller);
}

static void on_callers(void *context, uint32_t events)
{
	struct fixture *f = context;
	(void)events;
	listener_accept(&f->listener, take_caller, f);
}

void fixture_start(struct fixture *f, uint32_t sessions_max)
{
	char why[WHY_SIZE];
	memset(f, 0, sizeof(*f));
	log_set(note, f, LOG_LEVEL_INFO);
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(seam_ends_open(&f->engine_authority, &f->loop, &f->authority, &f->loop),
			 0);
	assert_int_equal(seam_ends_open(&f->engine_keeper, &f->loop, &f->keeper, &f->loop), 0);
	assert_int_equal(listener_open(&f->listener, (struct endpoint){US, 0}, NULL, why), 0);
	assert_int_equal(gre_port_init(&f->gre, gre_socket_open(US, NULL, why)), 0);
	f->tun = tun_open_super("eng0", why);
	assert_true(f->tun >= 0);
	set_interface(SIOCSIFADDR, "eng0", INNER_US);
	set_interface(SIOCSIFNETMASK, "eng0", 0xffffff00);
	set_interface(SIOCSIFFLAGS, "eng0", IFF_UP);
	f->settings = session_settings_new(LINK_SERVER);
	f->settings->link.demand = 0; /* the registrar of this test asks nobody who he is */
	f->settings->link.mppe = MPPE_OFF;
	const struct engine_parts parts = {.loop = &f->loop,
					   .settings = f->settings,
					   .sessions_max = sessions_max,
					   .places = &f->places,
					   .gre = &f->gre,
					   .tun_fd = f->tun,
					   .authority = &f->engine_authority,
					   .keeper = &f->engine_keeper};
	assert_int_equal(engine_init(&f->engine, &parts), 0);
	f->callers = (struct watcher){.on_ready = on_callers, .context = f, .fd = f->listener.fd};
	assert_int_equal(loop_watch(&f->loop, &f->callers, EPOLLIN), 0);
	assert_int_equal(seam_end_hear(&f->authority, authority_hears, f), 0);
	assert_int_equal(seam_end_hear(&f->keeper, keeper_hears, f), 0);
	assert_int_equal(seam_end_hear(&f->engine_authority, engine_hears, f), 0);
}

void fixture_stop(struct fixture *f)
{
	engine_fini(&f->engine);
	seam_end_close(&f->engine_authority);
	seam_end_close(&f->authority);
	seam_end_close(&f->engine_keeper);
	seam_end_close(&f->keeper);
	loop_unwatch(&f->loop, &f->callers);
	listener_close(&f->listener);
	gre_port_fini(&f->gre);
	close(f->tun);
	session_settings_unref(f->settings);
	assert_int_equal(f->loop.timers.count, 0);
	loop_fini(&f->loop);
	log_set(NULL, NULL, LOG_LEVEL_INFO);
	free(f->logged);
}

int fixture_dial(struct fixture *f, uint32_t from)
{
	return client_dial(listener_endpoint(&f->listener).port, from);
}

void fixture_call_from(struct client *c, struct fixture *f, uint32_t address)
{
	client_start(c, &f->loop, listener_endpoint(&f->listener).port, address);
}

void fixture_client_up(struct fixture *f, struct client *c)
{
	RUN_UNTIL(f, c, c->connected);
	client_call(c);
	RUN_UNTIL(f, c, c->ipv4_up && c->ipv6_up);
}
