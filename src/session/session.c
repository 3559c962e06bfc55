#include "session/session_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"

struct session *session_new(struct session_host *host, struct session_settings *settings,
			    uint32_t id, uint16_t call_id, struct endpoint caller, uint32_t called)
{
	struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->host = host;
	s->settings = session_settings_ref(settings);
	s->id = id;
	s->call_id = call_id;
	s->caller = caller;
	s->called = called;
	s->outer_mtu = settings->outer_mtu;
	s->gre_by_ms = TIME_NEVER;
	random_fill(&host->random, &s->identification, sizeof(s->identification));
	return s;
}

void session_free(struct session *s)
{
	if (s->state != SESSION_CALLING)
		link_fini(&s->link);
	session_settings_unref(s->settings);
	secret_wipe(s, sizeof(*s));
	free(s);
}

static void report(struct session *s, enum log_level level, const char *text, size_t length)
{
	char user[AUTH_NAME_LIMIT + 1]; /* cut, so that a strange name leaves room for the rest */
	text_escape(user, sizeof(user), s->user, strlen(s->user));
	action_log(s->host, s->id, level, "session=%" PRIu32 "%s%s %.*s", s->id,
		   *user ? " user=" : "", user, (int)length, text);
}

void session_report_limited(struct session *s, const uint8_t *text, size_t length, uint64_t now_ms)
{
	char note[64];
	uint32_t left_out;
	if (!line_limit_allows(&s->reports, now_ms, &left_out))
		return;
	if (left_out) {
		int octets = snprintf(note, sizeof(note), "lines-left-out=%" PRIu32, left_out);
		report(s, LOG_LEVEL_INFO, note, (size_t)octets);
	}
	report(s, LOG_LEVEL_INFO, (const char *)text, length);
}

/* The account's line, for people and accountants, and the one that fail2ban matches where the login
 * failed. */
static void report_end(struct session *s, const struct link_end *end, uint64_t now_ms)
{
	char caller[ADDRESS_TEXT], inner[ADDRESS_TEXT], line[512];
	address_print(s->caller.address, caller);
	address_print(s->addresses.remote, inner);
	if (end->reason == LINK_END_AUTH_FAILED && s->settings->link.role == LINK_SERVER) {
		int length = snprintf(line, sizeof(line), "login=failed caller=%s error=%u", caller,
				      end->auth_error);
		report(s, LOG_LEVEL_WARNING, line, (size_t)length);
	}
	int length = snprintf(line, sizeof(line),
			      "ended caller=%s address=%s seconds=%" PRIu64 " octets_in=%" PRIu64
			      " octets_out=%" PRIu64 " reason=\"%s\" detail=\"%s\"",
			      caller, inner, s->up_ms ? (now_ms - s->up_ms) / 1000 : 0,
			      s->account.octets_in, s->account.octets_out,
			      link_end_name((enum link_end_reason)end->reason), end->text);
	report(s, LOG_LEVEL_INFO, line, MIN_OF((size_t)length, sizeof(line) - 1));
}

/* The session is over: what it held is free, the account is told. The call may stand a moment
 * longer. */
static void finish(struct session *s, const struct link_end *end, uint64_t now_ms)
{
	if (s->state >= SESSION_LINGERING)
		return;
	s->state = SESSION_LINGERING;
	s->end = *end;
	if (s->ipv4_up)
		action_put(s->host, ACTION_IPV4_DOWN, s->id, NULL, 0);
	if (s->ipv6_up)
		action_put(s->host, ACTION_IPV6_DOWN, s->id, NULL, 0);
	s->ipv4_up = s->ipv6_up = false;
	if (s->asked)
		action_put(s->host, ACTION_RELEASE, s->id, NULL, 0);
	report_end(s, end, now_ms);
}

static void leave(struct session *s)
{
	if (s->state == SESSION_ENDED)
		return;
	s->state = SESSION_ENDED;
	action_put(s->host, ACTION_SESSION_ENDED, s->id, &s->end, sizeof(s->end));
}

/*
 * The link took its leave. RFC 1661 §3.7: whoever answered a Terminate-Request waits a while before
 * it hangs up. A peer whose call is cleared before it has read the Ack reports a broken line in
 * place of, say, a wrong password (pppd: exit status 16 in place of 19).
 */
static void on_link_ended(struct session *s, const struct link_end *end, uint64_t now_ms)
{
	bool answered = end->reason == LINK_END_PEER || end->reason == LINK_END_AUTH_FAILED ||
			end->reason == LINK_END_AUTH_METHOD || end->reason == LINK_END_MPPE;
	finish(s, end, now_ms);
	if (answered && s->settings->link.role == LINK_SERVER)
		s->linger_ms = now_ms + s->settings->link.lcp.restart_ms;
	else
		leave(s);
}

static void send_frame(struct session *s, const uint8_t *frame, size_t length)
{
	struct packet p;
	packet_reset(&p);
	if (length > packet_room(&p))
		return; /* no control frame of ours is so long */
	memcpy(p.data, frame, length);
	p.length = length;
	gre_send(&s->gre, &p);
	action_put(s->host, ACTION_SEND_GRE, s->id, p.data, p.length);
}

static void ask(struct session *s, const uint8_t *proof, size_t length)
{
	struct action_question question = {.number = ++s->questions};
	memcpy(&question.proof, proof, MIN_OF(length, sizeof(question.proof)));
	s->open_questions[question.proof.question == AUTH_PROVE] = question.number;
	s->asked = true;
	if (!*s->user) /* so that a refused login names whom it claimed to be */
		memcpy(s->user, question.proof.name, sizeof(s->user));
	action_put(s->host, ACTION_ASK, s->id, &question, sizeof(question));
	secret_wipe(&question, sizeof(question));
}

static void on_authenticated(struct session *s, const uint8_t *bytes)
{
	struct auth_verdict verdict;
	memcpy(&verdict, bytes, sizeof(verdict));
	if (*verdict.user)
		memcpy(s->user, verdict.user, sizeof(s->user));
}

static void on_network(struct session *s, enum link_action kind, const uint8_t *bytes,
		       uint64_t now_ms)
{
	bool up = kind == LINK_IPV4_UP || kind == LINK_IPV6_UP;
	bool ipv4 = kind == LINK_IPV4_UP || kind == LINK_IPV4_DOWN;
	*(ipv4 ? &s->ipv4_up : &s->ipv6_up) = up;
	if (up) {
		memcpy(&s->addresses, bytes, sizeof(s->addresses));
		s->data_ms = now_ms;
		if (!s->up_ms)
			s->up_ms = now_ms;
	}
	if (s->state != SESSION_ENDING) /* what is on its way down never comes up again */
		s->state = s->ipv4_up || s->ipv6_up ? SESSION_UP : SESSION_NEGOTIATING;
	enum action_kind action = ipv4 ? (up ? ACTION_IPV4_UP : ACTION_IPV4_DOWN)
				       : (up ? ACTION_IPV6_UP : ACTION_IPV6_DOWN);
	action_put(s->host, action, s->id, bytes, up ? sizeof(s->addresses) : 0);
}

void session_pump(struct session *s, uint64_t now_ms)
{
	struct action action;
	while (outbox_take(&s->host->link_out, &action)) {
		if (s->state >= SESSION_LINGERING)
			continue; /* hung up in the middle: what was still wanted is not wanted any
				     more */
		switch ((enum link_action)action.kind) {
		case LINK_FRAME:
			send_frame(s, action.bytes, action.length);
			break;
		case LINK_ASK:
			ask(s, action.bytes, action.length);
			break;
		case LINK_AUTHENTICATED:
			on_authenticated(s, action.bytes);
			break;
		case LINK_IPV4_UP:
		case LINK_IPV4_DOWN:
		case LINK_IPV6_UP:
		case LINK_IPV6_DOWN:
			on_network(s, (enum link_action)action.kind, action.bytes, now_ms);
			break;
		case LINK_ENDED: {
			struct link_end end;
			memcpy(&end, action.bytes, sizeof(end));
			on_link_ended(s, &end, now_ms);
			break;
		}
		case LINK_REPORT:
			session_report_limited(s, action.bytes, action.length, now_ms);
			break;
		case LINK_TRACE:
			report(s, LOG_LEVEL_DEBUG, (const char *)action.bytes, action.length);
			break;
		}
	}
}

void session_start(struct session *s, uint16_t peer_call_id, uint64_t now_ms)
{
	if (s->state != SESSION_CALLING)
		return;
	char caller[ADDRESS_TEXT], line[160];
	int length =
		snprintf(line, sizeof(line), "call=opened caller=%s call_id=%u peer_call_id=%u",
			 address_print(s->caller.address, caller), s->call_id, peer_call_id);
	report(s, LOG_LEVEL_INFO, line, (size_t)length);
	s->state = SESSION_NEGOTIATING;
	s->started_ms = s->data_ms = now_ms;
	if (s->settings->first_gre_ms)
		s->gre_by_ms = now_ms + s->settings->first_gre_ms;
	gre_tunnel_init(&s->gre, peer_call_id);
	link_open(&s->link, &s->settings->link, &s->host->random, &s->host->link_out, now_ms);
	session_pump(s, now_ms);
}

void session_close(struct session *s, const char *why, uint64_t now_ms)
{
	if (s->state == SESSION_CALLING || s->state >= SESSION_LINGERING) {
		session_hang_up(s, LINK_END_LOCAL, why, now_ms);
		return;
	}
	s->state = SESSION_ENDING;
	link_close(&s->link, why, now_ms);
	session_pump(s, now_ms);
}

void session_hang_up(struct session *s, enum link_end_reason reason, const char *why,
		     uint64_t now_ms)
{
	struct link_end end = {.reason = (uint8_t)reason};
	snprintf(end.text, sizeof(end.text), "%s", why);
	/* A peer that was refused, or that heard our farewell, clears its call before LCP is done:
	 * the reason is what came first, or a refused login would leave no trace. */
	finish(s, s->link.ending ? &s->link.end : &end, now_ms);
	leave(s);
}

void session_refuse_ipv6(struct session *s, uint64_t now_ms)
{
	static const char line[] =
		"ipv6=refused: another session holds the peer's interface identifier";
	if (!s->ipv6_up)
		return;
	session_report_limited(s, (const uint8_t *)line, strlen(line), now_ms);
	link_close_ipv6(&s->link, now_ms);
	session_pump(s, now_ms);
}

void session_on_verdict(struct session *s, uint32_t number, const struct auth_verdict *verdict,
			uint64_t now_ms)
{
	uint32_t *open = &s->open_questions[verdict->question == AUTH_PROVE];
	if (!*open || number != *open || s->state >= SESSION_ENDING)
		return;
	*open = 0;
	link_on_verdict(&s->link, verdict, now_ms);
	session_pump(s, now_ms);
}

static uint64_t idle_deadline(const struct session *s)
{
	if (s->state != SESSION_UP || !s->settings->idle_ms)
		return TIME_NEVER;
	return s->data_ms + s->settings->idle_ms;
}

static uint64_t connect_deadline(const struct session *s)
{
	if (s->state != SESSION_UP || !s->settings->max_connect_ms)
		return TIME_NEVER;
	return s->up_ms + s->settings->max_connect_ms;
}

uint64_t session_deadline(const struct session *s)
{
	if (s->state == SESSION_LINGERING)
		return s->linger_ms;
	if (s->state == SESSION_CALLING || s->state == SESSION_ENDED)
		return TIME_NEVER;
	uint64_t earliest = MIN_OF(gre_deadline(&s->gre), link_deadline(&s->link));
	earliest = MIN_OF(earliest, s->gre_by_ms);
	earliest = MIN_OF(earliest, idle_deadline(s));
	return MIN_OF(earliest, connect_deadline(s));
}

static void send_acknowledgement(struct session *s)
{
	struct packet p;
	packet_reset(&p);
	if (gre_send_ack(&s->gre, &p))
		action_put(s->host, ACTION_SEND_GRE, s->id, p.data, p.length);
}

static void report_silence(struct session *s)
{
	char caller[ADDRESS_TEXT], line[320];
	int length = snprintf(
		line, sizeof(line),
		"gre=silent caller=%s the control connection stands, but no GRE packet came in "
		"%" PRIu32 " s: IP protocol 47 is blocked on the way (a firewall, or a router "
		"without PPTP pass-through)",
		address_print(s->caller.address, caller), s->settings->first_gre_ms / 1000);
	report(s, LOG_LEVEL_WARNING, line, (size_t)length);
	s->gre_by_ms = TIME_NEVER;
}

void session_on_time(struct session *s, uint64_t now_ms)
{
	if (s->state == SESSION_LINGERING && s->linger_ms <= now_ms)
		leave(s);
	if (s->state == SESSION_CALLING || s->state >= SESSION_LINGERING)
		return;
	if (gre_deadline(&s->gre) <= now_ms)
		send_acknowledgement(s);
	if (s->gre_by_ms <= now_ms)
		report_silence(s);
	if (link_deadline(&s->link) <= now_ms) {
		link_on_time(&s->link, now_ms);
		session_pump(s, now_ms);
	}
	if (idle_deadline(s) <= now_ms)
		session_close(s, "no data for the time that idle allows", now_ms);
	if (connect_deadline(s) <= now_ms)
		session_close(s, "the time that maxconnect allows is over", now_ms);
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = {"calling", "negotiating", "up",
					    "ending",  "lingering",   "ended"};
	return names[state];
}
