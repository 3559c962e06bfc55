#include "client/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

const char *stage_name(enum stage stage)
{
	static const char *const names[STAGES] = {"tcp",   "control",    "call",    "lcp",
						  "login", "encryption", "address", "up"};
	return names[stage];
}

enum stage stage_of(const struct session *session)
{
	const struct link *link = &session->link;
	if (session->state == SESSION_CALLING)
		return STAGE_CALL;
	if (session->ipv4_up || (session->ipv6_up && !session->settings->link.ipv4))
		return STAGE_UP;
	switch (link->phase) {
	case LINK_AUTHENTICATE:
		return STAGE_LOGIN;
	case LINK_NETWORK:
		return link->networks_started ? STAGE_ADDRESS : STAGE_ENCRYPTION;
	default:
		return STAGE_LCP;
	}
}

/* ---- what is done ---- */

static void print_lcp(const struct session *session, char *to, size_t size)
{
	const struct lcp *lcp = &session->link.lcp;
	snprintf(to, size, "LCP opened, MRU %u, the peer's %u",
		 option_number(&lcp->protocol.options.sent[LCP_MRU], LCP_MRU_DEFAULT),
		 lcp_peer_mru(lcp));
}

static void print_login(const struct session *session, char *to, size_t size)
{
	const struct auth *peer = &session->link.peer;
	char user[AUTH_NAME_LIMIT + 1];
	if (peer->state == AUTH_IDLE)
		snprintf(to, size, "the server asked for no login");
	else
		snprintf(to, size, "accepted as %s by %s",
			 text_quote(user, sizeof(user), session->settings->our_name,
				    strlen(session->settings->our_name)),
			 auth_method_name(peer->method));
}

static void print_encryption(const struct session *session, char *to, size_t size)
{
	const struct mppe_direction *send = &session->link.mppe.send;
	if (!session->link.mppe_on)
		snprintf(to, size, "none: everything is readable on the way");
	else
		snprintf(to, size, "MPPE %d bit, %s",
			 send->size == MPPE_128  ? 128
			 : send->size == MPPE_56 ? 56
						 : 40,
			 send->stateless ? "stateless" : "stateful");
}

static void print_address(const struct session *session, char *to, size_t size)
{
	const struct link_addresses *a = &session->addresses;
	char local[ADDRESS_TEXT], remote[ADDRESS_TEXT], dns[2][ADDRESS_TEXT];
	if (!session->ipv4_up) {
		snprintf(to, size, "IPv6 alone, link-local");
		return;
	}
	snprintf(to, size, "%s, the server is %s, MTU %u%s%s%s%s%s", address_print(a->local, local),
		 address_print(a->remote, remote), session_mtu(session),
		 a->dns[0] || a->dns[1] ? ", DNS" : "", a->dns[0] ? " " : "",
		 a->dns[0] ? address_print(a->dns[0], dns[0]) : "", a->dns[1] ? " " : "",
		 a->dns[1] ? address_print(a->dns[1], dns[1]) : "");
}

const char *stage_print(enum stage done, const struct session *session, char *to, size_t size)
{
	switch (done) {
	case STAGE_CALL:
		snprintf(to, size, "call %u stands, the server's is %u", session->call_id,
			 session->gre.peer_call_id);
		break;
	case STAGE_LCP:
		print_lcp(session, to, size);
		break;
	case STAGE_LOGIN:
		print_login(session, to, size);
		break;
	case STAGE_ENCRYPTION:
		print_encryption(session, to, size);
		break;
	case STAGE_ADDRESS:
		print_address(session, to, size);
		break;
	default:
		snprintf(to, size, "%s", stage_name(done));
	}
	return to;
}

/* ---- what failed ---- */

static bool is_login_refused(const struct failure *f)
{
	return f->stage > STAGE_CALL && f->end.reason == LINK_END_AUTH_FAILED;
}

static bool is_gre_missing(const struct failure *f)
{
	return f->stage == STAGE_LCP && !f->gre_arrived && !f->from_us &&
	       f->end.reason == LINK_END_LCP;
}

static const char *login_cause(uint16_t error)
{
	switch (error) {
	case AUTH_RESTRICTED_HOURS:
		return "this account may not log in at this hour (646)";
	case AUTH_ACCOUNT_DISABLED:
		return "this account is disabled (647)";
	case AUTH_PASSWORD_EXPIRED:
		return "the password has expired (648): set a new one at the server";
	case AUTH_NO_DIALIN_PERMISSION:
		return "this account has no permission to dial in (649)";
	default:
		return "wrong user name or password, as the server says (691): mind upper and lower "
		       "case, and whether it wants DOMAIN\\user";
	}
}

static void print_early(const struct failure *f, char *to, size_t size)
{
	char server[ADDRESS_TEXT];
	address_print(f->server.address, server);
	if (f->stage == STAGE_TCP)
		snprintf(to, size,
			 "TCP to %s (%s) port %u: %s; does a PPTP server run there, and does a "
			 "firewall let TCP %u pass?",
			 f->host, server, f->server.port, f->why, f->server.port);
	else if (f->stage == STAGE_CONTROL)
		snprintf(
			to, size,
			"TCP stands, the control connection does not: %s; is it a PPTP server that "
			"listens on %s port %u?",
			f->why, server, f->server.port);
	else
		snprintf(to, size,
			 "control connection stands, the call was not answered as wished: %s; the "
			 "server may be full: try again later",
			 f->why);
}

static void print_missing_gre(const struct failure *f, char *to, size_t size)
{
	if (f->gre_errno) {
		snprintf(to, size,
			 "control connection stands, but this host does not let GRE out (%s): a "
			 "firewall of its own drops protocol 47",
			 strerror(f->gre_errno));
	} else if (f->gre_came) {
		snprintf(to, size,
			 "control connection stands, GRE comes from the server, but none of ours "
			 "gets there: protocol 47 is blocked on the way from here to %s; look at "
			 "the firewalls of both ends and the routers between",
			 f->host);
	} else {
		snprintf(to, size,
			 "control connection stands, no GRE came back in %" PRIu32
			 " s: protocol 47 is blocked between here and %s; let it pass in the "
			 "firewalls of both ends, switch on PPTP pass-through in the routers, or "
			 "ask the provider",
			 f->waited_s, f->host);
	}
}

static void print_login_failure(const struct failure *f, char *to, size_t size)
{
	char user[AUTH_NAME_LIMIT + 1];
	const char *name = f->user ? f->user : "";
	snprintf(
		to, size, "login of %s: %s", text_quote(user, sizeof(user), name, strlen(name)),
		f->end.reason == LINK_END_AUTH_FAILED ? login_cause(f->end.auth_error)
		: f->end.reason == LINK_END_AUTH_TIMEOUT
			? "the server did not answer in time; its user database may be out of reach"
			: f->end.text);
}

static const char *print_methods(auth_methods set, char *to, size_t size)
{
	size_t length = 0;
	*to = 0;
	for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++)
		if (set & AUTH_BIT(m) && length < size)
			length += (size_t)snprintf(to + length, size - length, "%s%s",
						   length ? "," : "",
						   auth_method_name((enum auth_method)m));
	return to;
}

/* Most likely a server that wants another login method gave up. */
static void print_refused_lcp(const struct failure *f, char *to, size_t size)
{
	char methods[64];
	snprintf(
		to, size,
		"the server ended the negotiation of the link: %s; perhaps it wants a login method "
		"other than ours (%s): --auth names others that you agree to",
		f->end.text, print_methods(f->offer, methods, sizeof(methods)));
}

static void print_method_failure(const struct failure *f, char *to, size_t size)
{
	char methods[64];
	snprintf(to, size,
		 "the server takes no login method of ours (%s): %s; --auth names others that you "
		 "agree to",
		 print_methods(f->offer, methods, sizeof(methods)), f->end.text);
}

const char *failure_print(const struct failure *f, char *to, size_t size)
{
	if (f->stage <= STAGE_CALL)
		print_early(f, to, size);
	else if (is_gre_missing(f))
		print_missing_gre(f, to, size);
	else if (f->end.reason == LINK_END_AUTH_METHOD)
		print_method_failure(f, to, size);
	else if (f->stage == STAGE_LOGIN || is_login_refused(f))
		print_login_failure(f, to, size);
	else if (f->end.reason == LINK_END_MPPE)
		snprintf(to, size,
			 "no agreement on encryption: %s; see what the server offers, and --mppe",
			 f->end.text);
	else if (f->stage == STAGE_LCP && f->end.reason == LINK_END_PEER)
		print_refused_lcp(f, to, size);
	else if (f->stage == STAGE_UP)
		snprintf(to, size, "the link ended (%s): %s",
			 link_end_name((enum link_end_reason)f->end.reason), f->end.text);
	else
		snprintf(to, size, "%s failed (%s): %s", stage_name(f->stage),
			 link_end_name((enum link_end_reason)f->end.reason), f->end.text);
	return to;
}

int failure_status(const struct failure *f)
{
	enum { BY_SIGNAL = 5, NO_CONNECTION = 8, NEGOTIATION = 10, HANGUP = 16 };
	if (f->from_us)
		return BY_SIGNAL;
	if (f->stage < STAGE_CALL)
		return NO_CONNECTION;
	if (f->stage == STAGE_CALL)
		return HANGUP;
	/* A server that hangs up in the middle agreed to nothing, as pppd sees it. */
	if (f->stage < STAGE_UP && f->end.reason == LINK_END_PEER)
		return NEGOTIATION;
	return link_end_pppd_status((enum link_end_reason)f->end.reason, LINK_CLIENT);
}

bool failure_is_lasting(const struct failure *f)
{
	if (f->stage <= STAGE_CALL || f->from_us || f->came_up)
		return false;
	return f->end.reason == LINK_END_AUTH_FAILED || f->end.reason == LINK_END_AUTH_METHOD ||
	       f->end.reason == LINK_END_MPPE;
}
