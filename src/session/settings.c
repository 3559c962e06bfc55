#include "session/settings.h"

#include <stdlib.h>
#include <string.h>

/* Packets that we say we take before an acknowledgement, which leaves after GRE_ACK_DELAY_MS at the
 * latest: so many that the peers which obey it (accel-ppp, Cisco, old Macs) are not slowed by it.
 * Windows servers announce the same. */
enum { WINDOW = 16384 };

const char session_vendor[] = "poptun";

struct session_settings *session_settings_new(enum link_role role)
{
	static const struct fsm_settings automaton = {
		.restart_ms = 3000, .max_configure = 10, .max_terminate = 3, .max_failure = 10};
	struct session_settings *settings = calloc(1, sizeof(*settings));
	if (!settings)
		return NULL;
	bool server = role == LINK_SERVER;
	strcpy(settings->our_name, "pptpd");
	settings->references = 1;
	settings->link = (struct link_settings){
		.role = role,
		.mru = 1500,
		.magic = true,
		.pfc = true,
		.acfc = true,
		.accept_pfc_acfc = true,
		.demand = server ? AUTH_BIT(AUTH_MSCHAPV2) : 0,
		.offer = server ? 0 : AUTH_BIT(AUTH_MSCHAPV2),
		.auth = {.our_name = settings->our_name,
			 .restart_ms = 3000,
			 .attempts = 10,
			 .timeout_ms = 60000,
			 .pap_timeout_ms = 30000},
		.mppe = MPPE_REQUIRED,
		.mppe_sizes = MPPE_128,
		.mppe_stateless = true,
		.mppe_stateful = true,
		.ipv4 = true,
		.ipv6 = true,
		.lcp = automaton,
		.ccp = automaton,
		.ipcp = automaton,
		.ipv6cp = automaton,
		.echo_interval_ms = 30000,
		.echo_failures = 4,
		.network_timeout_ms = 60000,
	};
	settings->control = (struct control_settings){
		.role = server ? CONTROL_PAC : CONTROL_PNS,
		.host_name = settings->our_name,
		.vendor = session_vendor,
		.first_message_ms = 10000,
		.echo_ms = CONTROL_ECHO_MS,
		.window = WINDOW,
		.connect_speed = 100000000,
		.calls_max = 16,
	};
	settings->first_gre_ms = 10000;
	settings->mss_clamp = MSS_CLAMP_TO_MTU;
	settings->fragment_dont_fragment = true;
	settings->outer_mtu = 1500;
	return settings;
}

struct session_settings *session_settings_ref(struct session_settings *settings)
{
	atomic_fetch_add(&settings->references, 1);
	return settings;
}

void session_settings_unref(struct session_settings *settings)
{
	if (settings && atomic_fetch_sub(&settings->references, 1) == 1)
		free(settings);
}
