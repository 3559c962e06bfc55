#include "server/authority.h"

#include <crypt.h>
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

static void send(struct authority *a, uint16_t kind, const void *value)
{
	uint8_t bytes[MESSAGE_LIMIT];
	size_t length = message_encode(server_messages, kind, value, bytes, sizeof(bytes));
	outbox_put(&a->out, AUTHORITY_SEND, bytes, length);
	secret_wipe(bytes, length);
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

static void login_free(struct authority *a, struct login *login)
{
	map_remove(&a->logins, &login->by_session);
	map_remove(&a->users, &login->by_user);
	free(login);
}

static struct login *login_new(struct authority *a, uint32_t session, const char *user)
{
	struct login *login = calloc(1, sizeof(*login));
	if (!login)
		return NULL;
	login->session = session;
	memcpy(login->user, user, strnlen(user, AUTH_NAME_LIMIT));
	map_insert(&a->logins, &login->by_session, map_hash_u64(session, 0));
	map_insert(&a->users, &login->by_user, user_hash(login->user));
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

/* PAP has a file of its own, and falls back on the other: an administrator who asks for PAP means
 * the users he has. */
static const struct secret *find_secret(const struct authority *a, const struct auth_proof *proof)
{
	const char *const servers[] = {a->settings->name, a->settings->other_name};
	const char *client =
		a->settings->strip_domain ? secrets_strip_domain(proof->name) : proof->name;
	const struct secret *found = NULL;
	if (proof->method == AUTH_PAP)
		found = secrets_find(&a->pap_secrets, client, servers, COUNT_OF(servers));
	return found ? found : secrets_find(&a->secrets, client, servers, COUNT_OF(servers));
}

/* PAP alone shows the password itself, so its secrets may be kept as crypt(3) makes them. */
static bool is_crypted_password(const struct auth_proof *proof, const char *secret)
{
	struct crypt_data data = {0};
	char password[AUTH_RESPONSE_LIMIT + 1] = {0};
	memcpy(password, proof->response.bytes, proof->response.length);
	const char *crypted = crypt_r(password, secret, &data);
	bool same = crypted && *crypted != '*' && !strcmp(crypted, secret);
	secret_wipe(password, sizeof(password));
	secret_wipe(&data, sizeof(data));
	return same;
}

/* Whether the caller proved what it must. Without a secret the same work is done, and the same
 * refusal comes. */
static bool verify(struct authority *a, const struct auth_proof *proof, const struct secret *secret,
		   struct auth_verdict *verdict)
{
	if (proof->method == AUTH_NONE) { /* noauth: only the configuration lets a caller ask so */
		verdict->result = AUTH_ACCEPT;
		return a->settings->demand == 0;
	}
	bool crypted = proof->method == AUTH_PAP && a->settings->pap_crypted;
	const char *text = secret && !crypted ? secret->text : NULL;
	auth_verify(proof, text, text ? strlen(text) : 0, verdict);
	if (verdict->result != AUTH_ACCEPT && proof->method == AUTH_PAP && secret &&
	    is_crypted_password(proof, secret->text)) {
		*verdict = (struct auth_verdict){.result = AUTH_ACCEPT};
	}
	return verdict->result == AUTH_ACCEPT;
}

static bool entry_allows(const void *context, uint32_t address, uint32_t slot)
{
	const struct secret *secret = context;
	return secret_allows(secret, address, slot);
}

/* Notes in the verdict that another session has to go. */
static void evict(struct login *other, struct auth_verdict *verdict)
{
	struct writer out = writer_of(verdict->evict.bytes, sizeof(verdict->evict.bytes));
	out.length = verdict->evict.length;
	if (other->evicted)
		return;
	write_u32(&out, other->session);
	if (out.failed)
		return;
	verdict->evict.length = (uint16_t)out.length;
	other->evicted = true;
}

static void evict_same_user(struct authority *a, const char *user, struct auth_verdict *verdict)
{
	struct map_node *node = map_first(&a->users, user_hash(user));
	for (; node; node = map_next(node)) {
		struct login *other = CONTAINER_OF(node, struct login, by_user);
		if (!strcmp(other->user, user))
			evict(other, verdict);
	}
}

/* Where noauth lets strangers in, or the entry says "*", any address of the pool will do. */
static bool choose_address(struct authority *a, uint32_t session, const struct secret *secret,
			   struct auth_verdict *verdict, struct pool_lease *lease)
{
	uint32_t fixed = secret ? secret_fixed_address(secret, 0) : 0;
	if (!fixed)
		return pool_take_any(&a->pool, session, secret ? entry_allows : NULL, secret,
				     lease);
	uint32_t holder = pool_holder(&a->pool, fixed);
	struct login *other = holder ? login_of(a, holder) : NULL;
	if (other)
		evict(other, verdict);
	return pool_take(&a->pool, fixed, session, lease);
}

static void refuse(struct auth_verdict *verdict, enum auth_error error)
{
	secret_wipe(verdict, sizeof(*verdict));
	verdict->result = AUTH_REJECT;
	verdict->error = (uint16_t)error;
}

/* The caller is who it says: it gets an address, and whatever it replaces has to go. */
static void admit(struct authority *a, const struct message_login *question,
		  const struct secret *secret, struct auth_verdict *verdict)
{
	struct login *login =
		login_of(a, question->session); /* proves itself again: chap-interval */
	const char *user = question->proof.name;
	if (!login) {
		struct pool_lease lease;
		if (a->settings->single_session && *user)
			evict_same_user(a, user, verdict);
		if (!choose_address(a, question->session, secret, verdict, &lease)) {
			say(a, LOG_LEVEL_WARNING,
			    "pool: no address is left that this user may have");
			refuse(verdict, AUTH_NO_DIALIN_PERMISSION);
			return;
		}
		login = login_new(a, question->session, user);
		if (!login) {
			pool_release(&a->pool, lease.remote, question->session);
			refuse(verdict, AUTH_NO_DIALIN_PERMISSION);
			return;
		}
		login->lease = lease;
	}
	memcpy(verdict->user, user, sizeof(verdict->user));
	verdict->local_address = login->lease.local;
	verdict->remote_address = login->lease.remote;
	memcpy(verdict->dns, a->dns, sizeof(verdict->dns));
	memcpy(verdict->nbns, a->settings->wins, sizeof(verdict->nbns));
}

static void on_login(struct authority *a, const struct message_login *question)
{
	struct message_verdict answer = {.session = question->session, .number = question->number};
	const struct secret *secret = find_secret(a, &question->proof);
	if (verify(a, &question->proof, secret, &answer.verdict))
		admit(a, question, secret, &answer.verdict);
	else
		refuse(&answer.verdict, answer.verdict.error ? answer.verdict.error : AUTH_FAILURE);
	answer.verdict.question = AUTH_VERIFY;
	send(a, MESSAGE_VERDICT, &answer);
	secret_wipe(&answer, sizeof(answer));
}

static void on_release(struct authority *a, const struct message_release *release)
{
	struct login *login = login_of(a, release->session);
	if (!login)
		return;
	pool_release(&a->pool, login->lease.remote, login->session);
	login_free(a, login);
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
			struct auth_proof proof = {.method = AUTH_PAP}; /* looks into both files */
			memcpy(proof.name, login->user, sizeof(proof.name));
			if (login->evicted || !*login->user || find_secret(a, &proof))
				continue;
			struct message_disconnect message = {.session = login->session,
							     .why = "the user was removed"};
			login->evicted = true;
			send(a, MESSAGE_DISCONNECT, &message);
		}
	}
}

static void on_secrets_end(struct authority *a, const struct message_secrets_end *end)
{
	struct secrets chap = {0}, pap = {0};
	struct complaints complaints = {0};
	bool good = (!*end->chap || intake_parse(&a->intake, end->chap, &chap, &complaints)) &&
		    (!*end->pap || intake_parse(&a->intake, end->pap, &pap, &complaints));
	report_complaints(a, &complaints);
	complaints_fini(&complaints);
	intake_clear(&a->intake);
	if (!good) {
		secrets_fini(&chap);
		secrets_fini(&pap);
		say(a, LOG_LEVEL_ERROR,
		    "secrets: the new file is not used; the old entries stay in force");
		return;
	}
	secrets_fini(&a->secrets);
	secrets_fini(&a->pap_secrets);
	a->secrets_read = true;
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
		if (!intake_add(&a->intake, value))
			say(a, LOG_LEVEL_ERROR, "secrets: more than can be held");
		break;
	case MESSAGE_SECRETS_END:
		on_secrets_end(a, value);
		break;
	default:
		break;
	}
}
