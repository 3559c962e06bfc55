#include "server/authority.h"

#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"
#include "base/address.h"
#include "base/base.h"
#include "base/log.h"
#include "config/testing.h"

/* The registrar, told everything by encoded messages and answering by them. */
struct fixture {
	struct authority a;
	uint64_t seed;
	uint32_t number;            /* of the latest question */
	struct message_verdict got; /* the latest verdict */
	bool has_verdict;
	uint32_t disconnected[32];
	size_t disconnects;
	uint32_t evicted[32]; /* by the latest question, before its verdict */
	size_t evictions;
	struct message_address given, freed; /* the latest of each, as the keeper hears */
	char log[4096];                      /* all lines since the last look, each ended by '\n' */
};

static const uint32_t dns[2] = {0x08080808, 0x01010101};

static struct settings *settings_of(const char *conf, const char *options)
{
	struct complaints complaints;
	struct settings *settings = test_load_texts(conf, options, &complaints);
	complaints_fini(&complaints);
	assert_non_null(settings);
	return settings;
}

static void drain(struct fixture *f)
{
	struct action action;
	while (outbox_take(&f->a.out, &action)) {
		union server_message_any m;
		if (action.kind == AUTHORITY_LOG) {
			size_t used = strlen(f->log);
			snprintf(f->log + used, sizeof(f->log) - used, "%.*s\n",
				 (int)action.length - 1, (const char *)action.bytes + 1);
			continue;
		}
		const struct message_type *type =
			message_decode(server_messages, action.bytes, action.length, &m, sizeof(m));
		assert_non_null(type);
		bool for_keeper =
			type->kind == MESSAGE_ADDRESS_GIVEN || type->kind == MESSAGE_ADDRESS_FREED;
		assert_int_equal(action.kind, for_keeper ? AUTHORITY_TELL_KEEPER : AUTHORITY_SEND);
		if (for_keeper) {
			assert_false(f->has_verdict && type->kind == MESSAGE_ADDRESS_GIVEN);
			*(type->kind == MESSAGE_ADDRESS_GIVEN ? &f->given : &f->freed) = m.address;
		} else if (type->kind == MESSAGE_EVICT) {
			assert_false(f->has_verdict);
			assert_true(f->evictions < COUNT_OF(f->evicted));
			f->evicted[f->evictions++] = m.evict.session;
		} else if (type->kind == MESSAGE_VERDICT) {
			assert_false(f->has_verdict); /* one question, one answer */
			f->got = m.verdict;
			f->has_verdict = true;
		} else {
			assert_int_equal(type->kind, MESSAGE_DISCONNECT);
			assert_true(f->disconnects < COUNT_OF(f->disconnected));
			f->disconnected[f->disconnects++] = m.disconnect.session;
		}
	}
}

/* Through the encoding, as it comes over a seam. */
static void tell(struct fixture *f, uint16_t kind, const void *value)
{
	union server_message_any m;
	uint8_t bytes[MESSAGE_LIMIT];
	size_t length = message_encode(server_messages, kind, value, bytes, sizeof(bytes));
	const struct message_type *type =
		message_decode(server_messages, bytes, length, &m, sizeof(m));
	assert_non_null(type);
	authority_on_message(&f->a, type, &m);
	drain(f);
}

static void bring(struct fixture *f, const char *name, const char *text, bool first)
{
	struct message_secrets_file file = {.first = first};
	strcpy(file.name, name);
	file.part.length = (uint16_t)strlen(text);
	memcpy(file.part.bytes, text, file.part.length);
	tell(f, MESSAGE_SECRETS_FILE, &file);
}

static void end_secrets(struct fixture *f, bool pap)
{
	struct message_secrets_end end = {.chap = "chap"};
	if (pap)
		strcpy(end.pap, "pap");
	tell(f, MESSAGE_SECRETS_END, &end);
}

/* NULL: there is no such file. */
static void read_secrets(struct fixture *f, const char *chap, const char *pap)
{
	bring(f, "chap", chap, true);
	if (pap)
		bring(f, "pap", pap, false);
	end_secrets(f, pap != NULL);
}

static void start(struct fixture *f, const char *conf, const char *options, const char *chap)
{
	struct settings *settings = settings_of(conf, options);
	memset(f, 0, sizeof(*f));
	assert_true(authority_init(&f->a, settings, dns));
	settings_unref(settings);
	read_secrets(f, chap, NULL);
	f->log[0] = 0;
}

static void stop(struct fixture *f)
{
	authority_fini(&f->a);
}

static const char conf_plain[] = "localip 10.0.0.1\nremoteip 10.0.0.100-103\n";

/* A login as a client with this password makes it. */
static struct message_login proof_of(struct fixture *f, uint32_t session, enum auth_method method,
				     const char *user, const char *password)
{
	struct message_login login = {.session = session, .number = ++f->number};
	struct auth_proof *proof = &login.proof;
	struct auth_verdict proved;
	struct random random = test_random(&f->seed);
	*proof = (struct auth_proof){.question = AUTH_PROVE, .method = (uint8_t)method};
	snprintf(proof->name, sizeof(proof->name), "%s", user);
	proof->identifier = (uint8_t)f->number;
	proof->challenge.length = method == AUTH_MSCHAP ? 8 : method == AUTH_PAP ? 0 : 16;
	random_fill(&random, proof->challenge.bytes, proof->challenge.length);
	assert_true(auth_prove(proof, password, strlen(password), &random, &proved));
	proof->question = AUTH_VERIFY;
	proof->response.length = proved.message.length;
	memcpy(proof->response.bytes, proved.message.bytes, proved.message.length);
	return login;
}

static const struct auth_verdict *send_login(struct fixture *f, const struct message_login *login)
{
	f->has_verdict = false;
	f->evictions = 0;
	tell(f, MESSAGE_LOGIN, login);
	assert_true(f->has_verdict);
	assert_int_equal(f->got.session, login->session);
	assert_int_equal(f->got.number, login->number);
	assert_int_equal(f->got.verdict.question, login->proof.question);
	return &f->got.verdict;
}

static const struct auth_verdict *ask(struct fixture *f, uint32_t session, const char *user,
				      const char *password)
{
	struct message_login login = proof_of(f, session, AUTH_MSCHAPV2, user, password);
	return send_login(f, &login);
}

/* "10.0.0.100", or the error: "691". */
static const char *outcome(const struct auth_verdict *v)
{
	static char text[ADDRESS_TEXT];
	if (v->result == AUTH_ACCEPT)
		return address_print(v->remote_address, text);
	snprintf(text, sizeof(text), "%u", v->error);
	return text;
}

static const char *ask_outcome(struct fixture *f, uint32_t session, const char *user,
			       const char *password)
{
	return outcome(ask(f, session, user, password));
}

static void leave(struct fixture *f, uint32_t session)
{
	struct message_release release = {.session = session};
	tell(f, MESSAGE_RELEASE, &release);
}

TEST(authority_accepts_the_right_password_by_each_method_and_no_other)
{
	static const enum auth_method methods[] = {AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP,
						   AUTH_MSCHAPV2};
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct fixture f;
		start(&f, conf_plain, "ms-wins 10.0.0.9", "anna * secret *\n");
		struct message_login right = proof_of(&f, 1, methods[i], "anna", "secret");
		const struct auth_verdict *v = send_login(&f, &right);
		assert_int_equal(v->result, AUTH_ACCEPT);
		assert_string_equal(v->user, "anna");
		assert_int_equal(v->local_address, 0x0a000001);
		assert_int_equal(v->remote_address, 0x0a000064);
		assert_memory_equal(v->dns, dns, sizeof(dns));
		assert_int_equal(v->nbns[0], 0x0a000009);
		assert_int_equal(v->keys.present, methods[i] >= AUTH_MSCHAP);
		assert_int_equal(v->message.length, methods[i] == AUTH_MSCHAPV2 ? 42 : 0);
		assert_int_equal(f.evictions, 0);
		struct message_login wrong = proof_of(&f, 2, methods[i], "anna", "Secret");
		v = send_login(&f, &wrong);
		assert_int_equal(v->result, AUTH_REJECT);
		assert_int_equal(v->error, AUTH_FAILURE);
		stop(&f);
	}
}

/* RFC 2759 §9.2's user, and the call of scott: exchanges that others made. */
TEST(authority_accepts_what_others_published)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "User * clientPass *\n");
	struct message_login login = {.session = 1, .number = 1};
	login.proof = (struct auth_proof){.method = AUTH_MSCHAPV2, .name = "User"};
	login.proof.challenge.length = 16;
	test_unhex("5B5D7C7D7B3F2F3E3C2C602132262628", login.proof.challenge.bytes, 16);
	login.proof.response.length = 49;
	test_unhex("21402324255E262A28295F2B3A337C7E 0000000000000000"
		   "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF 00",
		   login.proof.response.bytes, 49);
	const struct auth_verdict *v = send_login(&f, &login);
	assert_int_equal(v->result, AUTH_ACCEPT);
	assert_memory_equal(v->message.bytes, "S=407A5589115FD0D6209F510FE9C04566932CDA56", 42);
	stop(&f);
}

TEST(authority_tells_an_unknown_user_exactly_what_a_wrong_password_is_told)
{
	static const enum auth_method methods[] = {AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP,
						   AUTH_MSCHAPV2};
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct fixture f;
		start(&f, conf_plain, NULL, "anna * secret *\n");
		struct message_login wrong = proof_of(&f, 1, methods[i], "anna", "wrong");
		struct auth_verdict first = *send_login(&f, &wrong);
		struct message_login unknown = proof_of(&f, 1, methods[i], "nobody", "wrong");
		assert_memory_equal(send_login(&f, &unknown), &first, sizeof(first));
		assert_int_equal(first.error, AUTH_FAILURE);
		assert_string_equal(f.log, "");
		stop(&f);
	}
}

TEST(authority_takes_the_domain_off_only_where_it_is_told_to)
{
	struct fixture f;
	start(&f, conf_plain, "chapms-strip-domain", "anna * secret *\n");
	assert_string_equal(ask_outcome(&f, 1, "CORP\\anna", "secret"), "10.0.0.100");
	assert_string_equal(f.got.verdict.user, "anna");
	stop(&f);
	start(&f, conf_plain, NULL, "anna * secret *\nCORP\\\\bob * secret *\n");
	assert_string_equal(ask_outcome(&f, 1, "CORP\\anna", "secret"), "691");
	assert_string_equal(ask_outcome(&f, 2, "CORP\\bob", "secret"), "10.0.0.100");
	assert_string_equal(f.got.verdict.user, "CORP\\bob");
	stop(&f);
}

TEST(authority_obeys_the_server_column_and_wildcards)
{
	static const struct {
		const char *options, *secrets, *expected;
	} rows[] = {
		{NULL, "anna pptpd secret *\n", "10.0.0.100"}, /* no name: the host's, and pptpd */
		{NULL, "anna gate secret *\n", "10.0.0.100"},
		{NULL, "anna other secret *\n", "691"},
		{"name vpn", "anna vpn secret *\n", "10.0.0.100"},
		{"name vpn", "anna pptpd secret *\n", "691"},
		{"name vpn", "anna gate secret *\n", "691"},
		{NULL, "* * secret *\n", "10.0.0.100"},
		{NULL, "* pptpd secret *\n", "10.0.0.100"},
		{NULL, "* * wrong *\nanna * secret *\n", "10.0.0.100"}, /* the exact one wins */
		{NULL, "* * secret *\nanna * wrong *\n", "691"},
		{NULL, "Anna * secret *\n", "691"}, /* case counts */
		{NULL, "", "691"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture f;
		start(&f, conf_plain, rows[i].options, rows[i].secrets);
		assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), rows[i].expected);
		stop(&f);
	}
}

TEST(authority_obeys_the_lists_of_addresses)
{
	static const struct {
		const char *list, *first, *second; /* of two sessions of one user */
	} rows[] = {
		{"*", "10.0.0.100", "10.0.0.101"},
		{"", "649", "649"}, /* no address: none may be used, as pppd has it */
		{"-", "649", "649"},
		{"10.0.0.102", "10.0.0.102", "10.0.0.102"},
		{"172.16.5.5", "172.16.5.5", "172.16.5.5"}, /* outside of the pool */
		{"10.0.0.101/32", "10.0.0.101", "10.0.0.101"},
		{"10.0.0.102/31", "10.0.0.102", "10.0.0.103"},
		{"!10.0.0.100 *", "10.0.0.101", "10.0.0.102"},
		{"!10.0.0.100/31 10.0.0.0/24", "10.0.0.102", "10.0.0.103"},
		{"192.168.0.0/16", "649", "649"}, /* nothing of the pool */
		{"172.16.0.0/24+", "172.16.0.1", "172.16.0.2"},
		{"10.0.0.1", "649", "649"}, /* our own end's */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture f;
		char secrets[128];
		snprintf(secrets, sizeof(secrets), "anna * secret %s\n", rows[i].list);
		start(&f, conf_plain, NULL, secrets);
		assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), rows[i].first);
		assert_string_equal(ask_outcome(&f, 2, "anna", "secret"), rows[i].second);
		stop(&f);
	}
}

TEST(authority_gives_a_fixed_address_to_the_latest_and_sends_the_earlier_away)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "anna * secret 10.0.0.101\nbob * secret *\n");
	assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), "10.0.0.101");
	assert_int_equal(f.evictions, 0);
	assert_string_equal(ask_outcome(&f, 2, "anna", "secret"), "10.0.0.101");
	assert_int_equal(f.evictions, 1);
	assert_int_equal(f.evicted[0], 1);
	assert_int_equal(f.given.session, 2);
	assert_int_equal(f.given.address, 0x0a000065);
	leave(&f, 1); /* the evicted one's end frees nothing of its successor's */
	leave(&f, 1);
	assert_int_equal(f.freed.session, 1);
	assert_int_equal(f.freed.address, 0x0a000065);
	assert_int_equal(pool_holder(&f.a.pool, 0x0a000065), 2);
	assert_string_equal(ask_outcome(&f, 3, "bob", "secret"), "10.0.0.100");
	assert_string_equal(ask_outcome(&f, 4, "bob", "secret"), "10.0.0.102");
	leave(&f, 2);
	assert_string_equal(ask_outcome(&f, 5, "bob", "secret"), "10.0.0.101");
	/* An address of the pool that another one has by chance goes to its owner. */
	assert_string_equal(ask_outcome(&f, 6, "anna", "secret"), "10.0.0.101");
	assert_int_equal(f.evicted[0], 5);
	assert_int_equal(f.disconnects, 0);
	stop(&f);
}

TEST(authority_ends_a_users_earlier_session_only_where_one_is_allowed)
{
	struct fixture f;
	char conf[256];
	start(&f, conf_plain, NULL, "anna * secret *\n");
	ask(&f, 1, "anna", "secret");
	ask(&f, 2, "anna", "secret");
	assert_int_equal(f.evictions, 0);
	stop(&f);
	snprintf(conf, sizeof(conf), "%ssingle-session yes\n", conf_plain);
	start(&f, conf, "chapms-strip-domain", "anna * secret *\nbob * secret *\n");
	ask(&f, 1, "anna", "secret");
	ask(&f, 2, "bob", "secret");
	ask(&f, 3, "CORP\\anna", "secret"); /* the same one, for its domain does not count */
	assert_int_equal(f.evictions, 1);
	assert_int_equal(f.evicted[0], 1);
	ask(&f, 4, "anna", "wrong"); /* who is not let in ends nobody */
	assert_int_equal(f.evictions, 0);
	ask(&f, 5, "anna", "secret");
	assert_int_equal(f.evictions, 1); /* session 1 was told already */
	assert_int_equal(f.evicted[0], 3);
	stop(&f);
}

TEST(authority_ends_all_sessions_of_a_user_however_many)
{
	enum { MANY = 12 };
	struct fixture f;
	start(&f, "localip 10.0.0.1\nremoteip 10.0.0.100-200\n", NULL, "anna * secret *\n");
	for (uint32_t i = 1; i <= MANY; i++)
		ask(&f, i, "anna", "secret");
	struct settings *single = settings_of(
		"localip 10.0.0.1\nremoteip 10.0.0.100-200\nsingle-session yes\n", NULL);
	assert_true(authority_configure(&f.a, single, dns));
	settings_unref(single);
	ask(&f, MANY + 1, "anna", "secret");
	assert_int_equal(f.evictions, MANY);
	assert_int_equal(f.disconnects, 0);
	bool gone[MANY + 1] = {false};
	for (size_t i = 0; i < f.evictions; i++)
		gone[f.evicted[i]] = true;
	for (uint32_t i = 1; i <= MANY; i++)
		assert_true(gone[i]);
	stop(&f);
}

TEST(authority_lets_the_nameless_in_only_where_it_is_configured)
{
	struct fixture f;
	struct message_login login = {.session = 1, .number = 1};
	login.proof.method = AUTH_NONE;
	start(&f, conf_plain, NULL, "* * secret 172.16.0.1\n");
	assert_string_equal(outcome(send_login(&f, &login)), "691");
	stop(&f);
	start(&f, "localip 10.0.0.1\nremoteip 10.0.0.100-101\nallow-noauth\nmppe off\n", "noauth",
	      "* * secret 172.16.0.1\n");
	/* Entries are not for those who show no name, wildcards neither. */
	assert_string_equal(outcome(send_login(&f, &login)), "10.0.0.100");
	assert_string_equal(f.got.verdict.user, "");
	login.session = 2;
	assert_string_equal(outcome(send_login(&f, &login)), "10.0.0.101");
	for (login.session = 3; login.session < 100; login.session++)
		assert_string_equal(outcome(send_login(&f, &login)), "649");
	assert_int_equal(f.evictions, 0);
	/* Strangers do not fill the log. */
	assert_non_null(strstr(f.log, "no address is left"));
	assert_ptr_equal(strchr(f.log, '\n'), strrchr(f.log, '\n'));
	stop(&f);
}

TEST(authority_says_who_found_the_pool_empty)
{
	struct fixture f;
	start(&f, "localip 10.0.0.1\nremoteip 10.0.0.100\n", NULL, "\"an na\" * secret *\n");
	ask(&f, 1, "an na", "secret");
	assert_string_equal(ask_outcome(&f, 2, "an na", "secret"), "649");
	assert_non_null(strstr(f.log, "session=2 user=an\\x20na pool: no address is left"));
	leave(&f, 1);
	assert_string_equal(ask_outcome(&f, 3, "an na", "secret"), "10.0.0.100");
	stop(&f);
}

TEST(authority_lets_a_session_prove_itself_again_and_keep_its_address)
{
	struct fixture f;
	char conf[256];
	snprintf(conf, sizeof(conf), "%ssingle-session yes\n", conf_plain);
	start(&f, conf, NULL, "anna * secret *\nbob * secret *\nfix * secret 10.0.0.103\n");
	ask(&f, 1, "bob", "secret");
	ask(&f, 2, "anna", "secret");
	leave(&f, 1);
	struct message_login again = proof_of(&f, 2, AUTH_MSCHAPV2, "anna", "secret");
	again.proof.again = 1;
	const struct auth_verdict *v = send_login(&f, &again);
	assert_string_equal(outcome(v), "10.0.0.101");
	assert_int_equal(f.evictions, 0);
	assert_true(v->keys.present);
	again = proof_of(&f, 2, AUTH_MSCHAPV2, "anna", "wrong");
	again.proof.again = 1;
	assert_string_equal(outcome(send_login(&f, &again)), "691");
	assert_int_equal(pool_holder(&f.a.pool, 0x0a000065), 2); /* until its release */
	again = proof_of(&f, 2, AUTH_MSCHAPV2, "bob", "secret"); /* nobody changes his name */
	again.proof.again = 1;
	assert_string_equal(outcome(send_login(&f, &again)), "691");
	again = proof_of(&f, 9, AUTH_MSCHAPV2, "bob", "secret"); /* was never here */
	again.proof.again = 1;
	assert_string_equal(outcome(send_login(&f, &again)), "691");
	/* With a fixed address, neither itself nor anybody else is sent away. */
	ask(&f, 3, "fix", "secret");
	again = proof_of(&f, 3, AUTH_MSCHAPV2, "fix", "secret");
	again.proof.again = 1;
	v = send_login(&f, &again);
	assert_string_equal(outcome(v), "10.0.0.103");
	assert_int_equal(f.evictions, 0);
	/* Who was sent away does not come back by it: its address is another's. */
	ask(&f, 4, "fix", "secret");
	again = proof_of(&f, 3, AUTH_MSCHAPV2, "fix", "secret");
	again.proof.again = 1;
	assert_string_equal(outcome(send_login(&f, &again)), "691");
	assert_string_equal(ask_outcome(&f, 3, "fix", "secret"), "691");
	stop(&f);
}

/* LCP may start anew, and another name may be shown then. */
TEST(authority_gives_a_session_that_becomes_another_user_what_is_his)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "anna * secret *\nbob * secret 172.16.0.7\n");
	assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), "10.0.0.100");
	assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), "10.0.0.100");
	assert_string_equal(ask_outcome(&f, 1, "bob", "secret"), "172.16.0.7");
	assert_int_equal(f.evictions, 0);
	assert_int_equal(pool_holder(&f.a.pool, 0x0a000064), 0);
	leave(&f, 1);
	assert_int_equal(pool_holder(&f.a.pool, 0xac100007), 0);
	assert_int_equal(f.a.logins.count, 0);
	assert_int_equal(f.a.users.count, 0);
	stop(&f);
}

TEST(authority_forgets_a_session_at_its_release_and_ignores_the_rest)
{
	struct fixture f;
	start(&f, "localip 10.0.0.1\nremoteip 10.0.0.100\n", NULL, "anna * secret *\n");
	leave(&f, 77); /* never here */
	ask(&f, 1, "anna", "wrong");
	leave(&f, 1); /* was not let in */
	for (uint32_t i = 1; i < 1000; i++) {
		assert_string_equal(ask_outcome(&f, i, "anna", "secret"), "10.0.0.100");
		leave(&f, i);
		leave(&f, i);
	}
	assert_int_equal(f.a.logins.count, 0);
	stop(&f);
}

TEST(authority_proves_nothing_to_anybody)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "anna * secret *\n");
	struct message_login login = proof_of(&f, 1, AUTH_PAP, "anna", "secret");
	login.proof.question = AUTH_PROVE;
	const struct auth_verdict *v = send_login(&f, &login); /* the question is echoed */
	assert_int_equal(v->result, AUTH_REJECT);
	assert_int_equal(v->message.length, 0);
	stop(&f);
}

TEST(authority_knows_paps_own_file_and_falls_back_on_the_other)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "");
	read_secrets(&f, "anna * chapword *\nbob * secret *\n", "anna * papword *\n");
	assert_non_null(strstr(f.log, "secrets=read users=3"));
	const struct {
		enum auth_method method;
		const char *user, *password;
		bool accepted;
	} rows[] = {
		{AUTH_PAP, "anna", "papword", true},
		{AUTH_PAP, "anna", "chapword", false},
		{AUTH_PAP, "bob", "secret", true},
		{AUTH_MSCHAPV2, "anna", "papword", false},
		{AUTH_MSCHAPV2, "anna", "chapword", true},
		{AUTH_PAP, "bob", "", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message_login login =
			proof_of(&f, 1, rows[i].method, rows[i].user, rows[i].password);
		assert_int_equal(send_login(&f, &login)->result == AUTH_ACCEPT, rows[i].accepted);
		leave(&f, 1);
	}
	stop(&f);
}

/* Made by `openssl passwd -5`. */
TEST(authority_compares_crypted_pap_passwords)
{
	static const char crypted[] =
		"new * \"$5$abcdefgh$pLnwisw5uVOlso3ziEwUgurjC0sQ8SADkf.lNLKyV/5\" *\n"
		"plain * secret *\n";
	struct fixture f;
	const struct {
		bool papcrypt;
		const char *user, *password;
		bool accepted;
	} rows[] = {
		{false, "plain", "secret", true},
		{true, "plain", "secret", false}, /* as it stands it is no password then */
		{true, "chap", "secret", true},   /* of the other file, which is not crypted */
		{false, "new", "wrong", false},
		{true, "new", "wrong", false},
		/* Who read the file has no password by it, where all are said to be crypted. */
		{true, "new", "$5$abcdefgh$pLnwisw5uVOlso3ziEwUgurjC0sQ8SADkf.lNLKyV/5", false},
		{true, "new", "test123", true},
		{false, "new", "test123", true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		start(&f, "mppe off\n", rows[i].papcrypt ? "require-pap\npapcrypt" : "require-pap",
		      "");
		read_secrets(&f, "chap * secret *\n", crypted);
		struct message_login login =
			proof_of(&f, 1, AUTH_PAP, rows[i].user, rows[i].password);
		if ((send_login(&f, &login)->result == AUTH_ACCEPT) != rows[i].accepted)
			fail_msg("row %zu", i);
		leave(&f, 1);
		/* crypt(3) looks only as far as a NUL. */
		login = proof_of(&f, 1, AUTH_PAP, rows[i].user, rows[i].password);
		login.proof.response.length += 3;
		assert_int_equal(send_login(&f, &login)->result, AUTH_REJECT);
		stop(&f);
	}
}

TEST(authority_reads_secrets_in_portions_however_they_are_cut)
{
	static const char text[] = "anna * secret *\nbob * \"other secret\" 10.0.0.102\n";
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct fixture f;
		char head[128];
		start(&f, conf_plain, NULL, "old * old *\n");
		snprintf(head, sizeof(head), "%.*s", (int)cut, text);
		bring(&f, "chap", head, true);
		bring(&f, "chap", text + cut, false);
		assert_string_equal(ask_outcome(&f, 9, "old", "old"), "10.0.0.100"); /* not yet */
		leave(&f, 9);
		end_secrets(&f, false);
		assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), "10.0.0.100");
		assert_string_equal(ask_outcome(&f, 2, "bob", "other secret"), "10.0.0.102");
		assert_string_equal(ask_outcome(&f, 3, "old", "old"), "691");
		stop(&f);
	}
}

TEST(authority_begins_anew_where_a_reading_was_broken_off)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "old * old *\n");
	bring(&f, "chap", "anna * sec", true);
	bring(&f, "chap", "ret *\nbob * ", true); /* the keeper began again */
	bring(&f, "chap", "secret *\n", false);
	end_secrets(&f, false);
	read_secrets(&f, "carl * secret *\n", NULL);
	assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), "691");
	assert_string_equal(ask_outcome(&f, 2, "carl", "secret"), "10.0.0.100");
	stop(&f);
}

TEST(authority_finds_a_secret_in_the_file_that_stands_in_its_place)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "");
	bring(&f, "chap", "anna * @/etc/ppp/anna *\n", true);
	bring(&f, "/etc/ppp/anna", "from-file\nand a second line\n", false);
	end_secrets(&f, false);
	assert_string_equal(ask_outcome(&f, 1, "anna", "from-file"), "10.0.0.100");
	assert_string_equal(ask_outcome(&f, 2, "anna", "@/etc/ppp/anna"), "691");
	/* One that did not come lets nobody in, whatever he shows. */
	bring(&f, "chap", "anna * @/etc/ppp/none *\n", true);
	end_secrets(&f, false);
	assert_string_equal(ask_outcome(&f, 3, "anna", "from-file"), "691");
	assert_string_equal(ask_outcome(&f, 3, "anna", "@/etc/ppp/none"), "691");
	stop(&f);
}

TEST(authority_keeps_the_old_entries_where_the_new_file_is_none)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "anna * secret *\n");
	ask(&f, 1, "anna", "secret");
	bring(&f, "chap", "carl * \"secret *\n", true); /* the quote is never closed */
	end_secrets(&f, false);
	assert_non_null(strstr(f.log, "the old entries stay in force"));
	assert_string_equal(ask_outcome(&f, 2, "anna", "secret"), "10.0.0.101");
	end_secrets(&f, false); /* the file did not come at all */
	assert_string_equal(ask_outcome(&f, 3, "anna", "secret"), "10.0.0.102");
	assert_int_equal(f.disconnects, 0);
	stop(&f);
}

TEST(authority_sends_away_who_was_removed_and_nobody_else)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "anna * secret *\nbob * secret *\ncarl * secret *\n");
	ask(&f, 1, "anna", "secret");
	ask(&f, 2, "bob", "secret");
	ask(&f, 3, "bob", "secret");
	ask(&f, 4, "carl", "secret");
	read_secrets(&f, "anna * changed *\n", "carl * secret *\n");
	assert_int_equal(f.disconnects, 2);
	assert_int_equal(f.disconnected[0] + f.disconnected[1], 2 + 3);
	read_secrets(&f, "anna * changed *\n", "carl * secret *\n");
	assert_int_equal(f.disconnects, 2); /* once is enough */
	stop(&f);
}

TEST(authority_keeps_addresses_over_a_reload)
{
	struct fixture f;
	start(&f, conf_plain, NULL, "anna * secret *\nbob * secret 10.0.0.102\n");
	ask(&f, 1, "anna", "secret");
	ask(&f, 2, "bob", "secret");
	ask(&f, 3, "bob", "secret"); /* and 2 is on its way out */
	struct settings *moved =
		settings_of("localip 10.0.0.1\nremoteip 10.0.0.100-101,10.0.0.102-103\n", NULL);
	const uint32_t other[2] = {0x09090909, 0};
	assert_true(authority_configure(&f.a, moved, other));
	settings_unref(moved);
	leave(&f, 2);
	assert_int_equal(pool_holder(&f.a.pool, 0x0a000064), 1);
	assert_int_equal(pool_holder(&f.a.pool, 0x0a000066), 3);
	assert_string_equal(ask_outcome(&f, 4, "anna", "secret"), "10.0.0.101");
	assert_int_equal(f.got.verdict.dns[0], 0x09090909);
	assert_string_equal(ask_outcome(&f, 5, "anna", "secret"), "10.0.0.103");
	assert_string_equal(ask_outcome(&f, 6, "anna", "secret"), "649");
	stop(&f);
}

TEST(authority_delegates_addresses_to_the_secrets)
{
	struct fixture f;
	start(&f, "localip 10.0.0.1\ndelegate\n", NULL,
	      "anna * secret 172.16.0.5\nbob * secret *\n");
	assert_string_equal(ask_outcome(&f, 1, "anna", "secret"), "172.16.0.5");
	assert_int_equal(f.got.verdict.local_address, 0x0a000001);
	assert_string_equal(ask_outcome(&f, 2, "bob", "secret"), "649");
	stop(&f);
}
