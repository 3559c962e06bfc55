#include "session/configure.h"

#include <string.h>

#include "base/base.h"

_Static_assert((int)ENCRYPTION_OFF == (int)MPPE_OFF &&
		       (int)ENCRYPTION_OPTIONAL == (int)MPPE_OPTIONAL &&
		       (int)ENCRYPTION_REQUIRED == (int)MPPE_REQUIRED,
	       "config and ppp mean the same by their policies");
_Static_assert((int)ENCRYPTION_40 == (int)MPPE_40 && (int)ENCRYPTION_56 == (int)MPPE_56 &&
		       (int)ENCRYPTION_128 == (int)MPPE_128,
	       "and by their key sizes");
_Static_assert((int)MSS_CLAMP_OFF == (int)MSS_CLAMP_NONE &&
		       (int)MSS_CLAMP_MTU == (int)MSS_CLAMP_TO_MTU,
	       "and by their clamps");

static struct fsm_settings automaton(const struct patience *patience)
{
	return (struct fsm_settings){
		.restart_ms = patience->restart_ms,
		.max_configure = (uint8_t)patience->max_configure,
		.max_terminate = (uint8_t)patience->max_terminate,
		.max_failure = (uint8_t)patience->max_failure,
	};
}

static void configure_auth(struct auth_settings *auth, const struct settings *from)
{
	auth->restart_ms = from->chap_restart_ms;
	auth->attempts = from->chap_max_challenge;
	auth->timeout_ms = from->chap_timeout_ms;
	auth->pap_timeout_ms = from->pap_timeout_ms;
	auth->rechallenge_ms = from->chap_interval_ms;
}

static void configure_link(struct link_settings *link, const struct settings *from)
{
	link->mru = (uint16_t)MIN_OF(from->mru, 1500);
	link->mtu = (uint16_t)MIN_OF(from->mtu, 1500);
	link->magic = from->magic;
	link->pfc = link->accept_pfc_acfc = from->pfc;
	link->acfc = from->acfc;
	link->demand = from->demand;
	configure_auth(&link->auth, from);
	link->mppe = (enum mppe_policy)from->mppe;
	link->mppe_sizes = (uint8_t)from->mppe_bits;
	link->mppe_stateless = from->mppe_stateless;
	link->mppe_stateful = from->mppe_stateful;
	link->ipv4 = from->ipv4;
	link->ipv6 = from->ipv6;
	memcpy(link->interface_id, from->interface_id, sizeof(link->interface_id));
	link->lcp = automaton(&from->lcp);
	link->ccp = automaton(&from->ccp);
	link->ipcp = automaton(&from->ipcp);
	link->ipv6cp = automaton(&from->ipv6cp);
	link->echo_interval_ms = from->echo_interval_ms;
	link->echo_failures = from->echo_failures;
	link->echo_adaptive = from->echo_adaptive;
}

struct session_settings *session_settings_configure(const struct settings *from)
{
	struct session_settings *settings = session_settings_new(LINK_SERVER);
	if (!settings)
		return NULL;
	memset(settings->our_name, 0, sizeof(settings->our_name));
	memcpy(settings->our_name, from->name, strnlen(from->name, AUTH_NAME_LIMIT));
	configure_link(&settings->link, from);
	settings->control.first_message_ms = from->stimeout_ms;
	settings->control.trace = from->debug || from->debug_link;
	settings->idle_ms = from->idle_ms;
	settings->max_connect_ms = from->max_connect_ms;
	settings->mss_clamp = (uint16_t)MIN_OF(from->mss_clamp, UINT16_MAX);
	settings->tos = (uint16_t)from->tos;
	settings->ecn = (enum ecn_policy)from->ecn;
	settings->fragment_dont_fragment = from->fragment_dont_fragment;
	return settings;
}
