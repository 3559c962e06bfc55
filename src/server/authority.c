#include "server/authority.h"

#include <crypt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"
#include "base/address.h"
#include "base/base.h"
#include "base/list.h"
#include "base/log.h"
#include "base/secret.h"

/* A session that was let in and holds an address. */
struct login {
	struct map_node by_session, by_user;
	uint32_t session;
	struct pool_lease lease;
	bool evicted; /* its end was asked for; it does not count any more */
	char user[AUTH_NAME_LIMIT + 1];
};

static void say(struct authority *a, enum log_level level, const char *text)
{
	char line[1024] = {(char)level};
	size_t length = MIN_OF(strlen(text), sizeof(line) - 1);
	memcpy(line + 1, text, length);
	outbox_put(&a->out, AUTHORITY_LOG, line, 1 + length);
}

static void put(struct authority *a, enum authority_action to, uint16_t kind, const void *value)
{
	uint8_t bytes[MESSAGE_LIMIT];
	size_t length = message_encode(server_messages, kind, value, bytes, sizeof(bytes));
	outbox_put(&a->out, (uint16_t)to, bytes, length);
	secret_wipe(bytes, length);
}

static void send(struct authority *a, uint16_t kind, const void *value)
{
	put(a, AUTHORITY_SEND, kind, value);
}

static void tell_address(struct authority *a, uint16_t kind, const struct login *login)
{
	const struct message_address message = {.session = login->session,
						.address = login->lease.remote};
	put(a, AUTHORITY_TELL_KEEPER, kind, &message);
}

static uint64_t user_hash(const char *user)
{
	return map_hash_bytes(user, strlen(user), 1);
}

static struct login *login_of(const struct authority *a, uint32_t session)
{
	struct map_node *node = map_first(&a->logins, map_hash_u64(session, 0));
	for (; node; node = map_next(node))
		if (CONTAINER_OF(node, struct login, by_session)->session == session)
			return CONTAINER_OF(node, struct login, by_session);
	return NULL;
}

/* Its address is free from here on, unless a successor has it already. */
static void login_free(struct authority *a, struct login *login)
{
	pool_release(&a->pool, login->lease.remote, login->session);
	map_remove(&a->logins, &login->by_session);
	map_remove(&a->users, &login->by_user);
	free(login);
}

static void login_end(struct authority *a, struct login *login)
{
	tell_address(a, MESSAGE_ADDRESS_FREED, login);
	login_free(a, login);
}

static struct login *login_new(struct authority *a, const struct pool_lease *lease,
			       const char *user)
{
	struct login *login = calloc(1, sizeof(*login));
	if (!login)
		return NULL;
	login->session = lease->session;
	login->lease = *lease;
	memcpy(login->user, user, strnlen(user, AUTH_NAME_LIMIT));
	map_insert(&a->logins, &login->by_session, map_hash_u64(lease->session, 0));
	map_insert(&a->users, &login->by_user, user_hash(login->user));
	tell_address(a, MESSAGE_ADDRESS_GIVEN, login);
	return login;
}

bool authority_init(struct authority *a, struct settings *settings, const uint32_t dns[2])
{
	*a = (struct authority){.settings = settings_ref(settings), .dns = {dns[0], dns[1]}};
	if (pool_init(&a->pool, settings))
		return true;
	settings_unref(settings);
	return false;
}

void authority_fini(struct authority *a)
{
	for (size_t i = 0; i < a->logins.size; i++)
		while (a->logins.chains[i])
			login_free(a, CONTAINER_OF(a->logins.chains[i], struct login, by_session));
	map_fini(&a->logins);
	map_fini(&a->users);
	pool_fini(&a->pool);
	secrets_fini(&a->secrets);
	secrets_fini(&a->pap_secrets);
	intake_clear(&a->intake);
	settings_unref(a->settings);
	outbox_fini(&a->out);
}

bool authority_configure(struct authority *a, struct settings *settings, const uint32_t dns[2])
{
	struct pool fresh;
	if (!pool_init(&fresh, settings))
		return false;
	for (size_t i = 0; i < a->logins.size; i++) {
		for (struct map_node *node = a->logins.chains[i]; node; node = node->next) {
			struct login *login = CONTAINER_OF(node, struct login, by_session);
			struct pool_lease kept;
			if (pool_holder(&a->pool, login->lease.remote) == login->session)
				pool_take(&fresh, login->lease.remote, login->session, &kept);
		}
	}
	pool_fini(&a->pool);
	a->pool = fresh;
	settings_ref(settings);
	settings_unref(a->settings);
	a->settings = settings;
	a->dns[0] = dns[0];
	a->dns[1] = dns[1];
	return true;
}

/* What the files say about a name. */
struct known {
	const struct secret *secret; /* NULL: nothing */
	bool crypted;                /* it is a crypt(3)ed password, and as it stands no password */
};

/* The name that it is looked up by, and that it goes by from here on. */
static const char *user_of(const struct authority *a, const char *name)
{
	return a->settings->strip_domain ? secrets_strip_domain(name) : name;
}

/* PAP has a file of its own, and falls back on the other:
 * an administrator who asks for PAP means the users he has. */
static struct known find_secret(const struct authority *a, enum auth_method method,
				const char *user)
{
	const char *const servers[] = {a->settings->name, a->settings->other_name};
	struct known known = {0};
	if (method == AUTH_NONE)
		return known;
	if (method == AUTH_PAP)
		known.secret = secrets_find(&a->pap_secrets, user, servers, COUNT_OF(servers));
	known.crypted = known.secret && a->settings->pap_crypted;
	if (!known.secret)
		known.secret = secrets_find(&a->secrets, user, servers, COUNT_OF(servers));
	return known;
}

/* PAP alone shows the password itself, so its secrets may be kept as crypt(3) makes them. */
static bool is_crypted_password(const struct auth_proof *proof, const char *secret)
{
	struct crypt_data data = {0};
	char password[AUTH_RESPONSE_LIMIT + 1] = {0};
	memcpy(password, proof->response.bytes, proof->response.length);
	const char *crypted = crypt_rn(password, secret, &data, sizeof(data));
	bool same = crypted && *crypted != '*' && !strcmp(crypted, secret) &&
		    strlen(password) == proof->response.length; /* crypt ends at a NUL */
	secret_wipe(password, sizeof(password));
	secret_wipe(&data, sizeof(data));
	return same;
}

/* Whether the caller proved what it must. Without a secret
 * the same work is done, and the same refusal comes. */
static bool verify(const struct authority *a, const struct auth_proof *proof,
		   const struct known *known, struct auth_verdict *verdict)
{
	if (proof->question != AUTH_VERIFY)
		return false;
	if (proof->method == AUTH_NONE) { /* noauth: only the configuration lets a caller ask so */
		verdict->result = AUTH_ACCEPT;
		return a->settings->demand == 0;
	}
	const char *text = known->secret ? known->secret->text : NULL;
	const char *password = known->crypted ? NULL : text;
	if (auth_verify(proof, password, password ? strlen(password) : 0, verdict))
		return true;
	if (proof->method != AUTH_PAP || !text || !is_crypted_password(proof, text))
		return false;
	*verdict = (struct auth_verdict){.result = AUTH_ACCEPT};
	return true;
}

static bool entry_allows(const void *context, uint32_t address, uint32_t slot)
{
	const struct secret *secret = context;
	return secret_allows(secret, address, slot);
}

static void disconnect(struct authority *a, struct login *login, const char *why)
{
	struct message_disconnect message = {.session = login->session};
	memcpy(message.why, why, strnlen(why, sizeof(message.why) - 1));
	login->evicted = true;
	send(a, MESSAGE_DISCONNECT, &message);
}

/* Another session has to go. It is told before the one that takes its place. */
static void evict(struct authority *a, struct login *other)
{
	const struct message_evict message = {.session = other->session};
	if (other->evicted)
		return;
	send(a, MESSAGE_EVICT, &message);
	other->evicted = true;
}

static void evict_same_user(struct authority *a, const char *user)
{
	struct map_node *node = map_first(&a->users, user_hash(user));
	for (; node; node = map_next(node)) {
		struct login *other = CONTAINER_OF(node, struct login, by_user);
		if (!strcmp(other->user, user))
			evict(a, other);
	}
}

/* The first of the entry's own addresses that nobody holds ("/n+" has one for each unit), or the
 * first at all; 0 where it has none. */
static uint32_t own_address(const struct authority *a, const struct secret *secret)
{
	uint32_t first = secret ? secret_fixed_address(secret, 0) : 0, address = first;
	for (uint32_t unit = 1; address && pool_holder(&a->pool, address); unit++) {
		uint32_t next = secret_fixed_address(secret, unit);
		if (next == address || unit == a->settings->connections)
			return first;
		address = next;
	}
	return address ? address : first;
}

/* Where noauth lets strangers in, or the entry says "*", any address of the pool will do. */
static bool choose_address(struct authority *a, uint32_t session, const struct secret *secret,
			   struct pool_lease *lease)
{
	uint32_t fixed = own_address(a, secret);
	if (!fixed)
		return pool_take_any(&a->pool, session, secret ? entry_allows : NULL, secret,
				     lease);
	if (address_ranges_find(&a->settings->local, fixed, NULL))
		return false; /* ours; two ends with one address could not speak */
	uint32_t holder = pool_holder(&a->pool, fixed);
	struct login *other = holder ? login_of(a, holder) : NULL;
	if (other)
		evict(a, other);
	return pool_take(&a->pool, fixed, session, lease);
}

static void refuse(struct auth_verdict *verdict, enum auth_error error)
{
	secret_wipe(verdict, sizeof(*verdict));
	verdict->result = AUTH_REJECT;
	verdict->error = (uint16_t)error;
}

/* Who proved a password may fill the log; strangers, whom noauth
 * lets in, get one line until an address is free again. */
static void say_exhausted(struct authority *a, uint32_t session, const char *user)
{
	char name[AUTH_NAME_LIMIT + 1], line[512];
	if (!*user && a->said_exhausted)
		return;
	a->said_exhausted |= !*user;
	text_escape(name, sizeof(name), user, strlen(user));
	snprintf(line, sizeof(line),
		 "session=%" PRIu32 " user=%s pool: no address is left that this user may have",
		 session, name);
	say(a, LOG_LEVEL_WARNING, line);
}

/* A newcomer gets an address, and whatever it replaces has to go. NULL: it does not come in. */
static struct login *take_in(struct authority *a, uint32_t session, const char *user,
			     const struct secret *secret)
{
	struct pool_lease lease;
	if (!choose_address(a, session, secret, &lease)) {
		say_exhausted(a, session, user);
		return NULL;
	}
	if (a->settings->single_session && *user)
		evict_same_user(a, user);
	struct login *login = login_new(a, &lease, user);
	if (!login)
		pool_release(&a->pool, lease.remote, session);
	return login;
}

/* The caller is who it says. One that proves itself again (chap-interval, or LCP from the start)
 * keeps what it has, as long as it is still the same user and was not told to go. */
static void admit(struct authority *a, const struct message_login *question, const char *user,
		  const struct secret *secret, struct auth_verdict *verdict)
{
	struct login *login = login_of(a, question->session);
	bool same = login && !login->evicted && !strcmp(login->user, user);
	if (question->proof.again ? !same : login && login->evicted) {
		refuse(verdict, AUTH_FAILURE);
		return;
	}
	if (login && !same) {
		login_end(a, login);
		login = NULL;
	}
	if (!login)
		login = take_in(a, question->session, user, secret);
	if (!login) {
		refuse(verdict, AUTH_NO_DIALIN_PERMISSION);
		return;
	}
	memcpy(verdict->user, login->user, sizeof(verdict->user));
	verdict->local_address = login->lease.local;
	verdict->remote_address = login->lease.remote;
	memcpy(verdict->dns, a->dns, sizeof(verdict->dns));
	memcpy(verdict->nbns, a->settings->wins, sizeof(verdict->nbns));
}

static void on_login(struct authority *a, const struct message_login *question)
{
	struct message_verdict answer = {.session = question->session, .number = question->number};
	const struct auth_proof *proof = &question->proof;
	const char *user = user_of(a, proof->name);
	struct known known = find_secret(a, proof->method, user);
	if (verify(a, proof, &known, &answer.verdict))
		admit(a, question, user, known.secret, &answer.verdict);
	else
		refuse(&answer.verdict, AUTH_FAILURE);
	answer.verdict.question = proof->question;
	send(a, MESSAGE_VERDICT, &answer);
	secret_wipe(&answer, sizeof(answer));
}

static void on_release(struct authority *a, const struct message_release *release)
{
	struct login *login = login_of(a, release->session);
	if (!login)
		return;
	a->said_exhausted = false;
	login_end(a, login);
}

static void report_complaints(struct authority *a, const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		char line[1024];
		complaint_print(&complaints->list[i], line, sizeof(line));
		say(a,
		    complaints->list[i].severity == COMPLAINT_ERROR ? LOG_LEVEL_ERROR
								    : LOG_LEVEL_WARNING,
		    line);
	}
}

/* Who was removed from the file has to go; whose password changed may stay. */
static void disconnect_removed(struct authority *a)
{
	for (size_t i = 0; i < a->logins.size; i++) {
		for (struct map_node *node = a->logins.chains[i]; node; node = node->next) {
			struct login *login = CONTAINER_OF(node, struct login, by_session);
			/* PAP: looks into both files */
			if (!login->evicted && *login->user &&
			    !find_secret(a, AUTH_PAP, login->user).secret)
				disconnect(a, login, "the user was removed");
		}
	}
}

static void on_secrets_file(struct authority *a, const struct message_secrets_file *portion)
{
	bool failed = a->intake.failed && !portion->first;
	if (!intake_add(&a->intake, portion) && !failed)
		say(a, LOG_LEVEL_ERROR, "secrets: more than can be held");
}

static void on_secrets_end(struct authority *a, const struct message_secrets_end *end)
{
	struct secrets chap = {0}, pap = {0};
	struct complaints complaints = {0};
	bool good = !a->intake.failed &&
		    (!*end->chap || intake_parse(&a->intake, end->chap, &chap, &complaints)) &&
		    (!*end->pap || intake_parse(&a->intake, end->pap, &pap, &complaints));
	report_complaints(a, &complaints);
	complaints_fini(&complaints);
	intake_clear(&a->intake);
	if (!good) {
		if (a->secrets_state == SECRETS_AWAITED)
			a->secrets_state = SECRETS_REFUSED;
		secrets_fini(&chap);
		secrets_fini(&pap);
		say(a, LOG_LEVEL_ERROR,
		    "secrets: the new file is not used; the old entries stay in force");
		return;
	}
	secrets_fini(&a->secrets);
	secrets_fini(&a->pap_secrets);
	a->secrets_state = SECRETS_READ;
	a->secrets = chap;
	a->pap_secrets = pap;
	char line[64];
	snprintf(line, sizeof(line), "secrets=read users=%zu", chap.count + pap.count);
	say(a, LOG_LEVEL_INFO, line);
	disconnect_removed(a);
}

void authority_on_message(struct authority *a, const struct message_type *type, const void *value)
{
	switch (type->kind) {
	case MESSAGE_LOGIN:
		on_login(a, value);
		break;
	case MESSAGE_RELEASE:
		on_release(a, value);
		break;
	case MESSAGE_SECRETS_FILE:
		on_secrets_file(a, value);
		break;
	case MESSAGE_SECRETS_END:
		on_secrets_end(a, value);
		break;
	default:
		break;
	}
}
