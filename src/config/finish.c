/* What only the whole can tell: names, conflicts, and how many can be served. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/base.h"
#include "config/setting.h"

static const auth_methods with_keys = AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_MSCHAPV2);

/* Complains of the whole where something was said, or nowhere in particular. */
static bool complain_at(struct loading *loading, enum severity severity, struct place place,
			const char *text)
{
	complain(loading->complaints, severity, place.file, place.line, "%s", text);
	return severity != COMPLAINT_ERROR;
}

/* Later words of pppd are in settings->mppe already; pptpd.conf stands above them. */
static bool finish_encryption(struct loading *loading)
{
	struct settings *s = loading->settings;
	if (loading->said_conf_mppe.said) {
		if (loading->said_mppe.said && s->mppe != loading->conf_mppe)
			complain_at(loading, COMPLAINT_WARNING, loading->said_mppe,
				    "mppe in pptpd.conf says otherwise, and stands above this");
		s->mppe = loading->conf_mppe;
	}
	uint32_t bits = loading->bits ? loading->bits : ENCRYPTION_128;
	if (loading->said_bits.said)
		bits = loading->conf_bits;
	s->mppe_bits = bits & ~loading->no_bits;
	if (s->mppe != ENCRYPTION_OFF && !s->mppe_bits)
		return complain_at(loading, COMPLAINT_ERROR, loading->said_mppe,
				   "no key length is left that encryption could be agreed on with");
	if (s->mppe != ENCRYPTION_OFF && !s->mppe_stateless && !s->mppe_stateful)
		return complain_at(loading, COMPLAINT_ERROR, loading->said_mppe,
				   "mppe-stateless no and nomppe-stateful: expected one of both "
				   "modes to be left");
	return true;
}

static bool finish_noauth(struct loading *loading)
{
	struct settings *s = loading->settings;
	s->demand = 0;
	if (!s->allow_noauth)
		return complain_at(loading, COMPLAINT_ERROR, loading->said_noauth,
				   "noauth would let everybody in; where that is meant, say "
				   "allow-noauth in pptpd.conf as well");
	if (s->mppe == ENCRYPTION_REQUIRED)
		return complain_at(
			loading, COMPLAINT_ERROR, loading->said_noauth,
			"noauth gives no keys, and encryption is required: expected mppe "
			"off in pptpd.conf");
	if (s->delegate)
		return complain_at(loading, COMPLAINT_ERROR, loading->said_noauth,
				   "noauth and delegate: a caller without name has no address");
	return true;
}

/* Encryption that is required can only come from methods which give keys. */
static bool finish_keys(struct loading *loading)
{
	struct settings *s = loading->settings;
	if (s->mppe != ENCRYPTION_REQUIRED || !(s->demand & ~with_keys))
		return true;
	if (!(s->demand & with_keys))
		return complain_at(
			loading, COMPLAINT_ERROR, loading->said_demand,
			"PAP and CHAP with MD5 give no keys, and encryption is required: "
			"expected require-mschap-v2, or mppe optional in pptpd.conf");
	s->demand &= with_keys;
	return complain_at(loading, COMPLAINT_WARNING, loading->said_demand,
			   "PAP and CHAP with MD5 give no keys, and encryption is required: only "
			   "MS-CHAP is asked for");
}

static bool finish_authentication(struct loading *loading)
{
	struct settings *s = loading->settings;
	if (loading->said_noauth.said)
		return finish_noauth(loading);
	s->demand = loading->required ? loading->required : AUTH_BIT(AUTH_MSCHAPV2);
	s->demand &= (auth_methods)~loading->refused;
	if (s->demand & AUTH_BIT(AUTH_EAP)) {
		s->demand &= (auth_methods)~AUTH_BIT(AUTH_EAP);
		complain_at(loading, s->demand ? COMPLAINT_WARNING : COMPLAINT_ERROR,
			    loading->said_demand,
			    "no method of EAP is spoken yet: expected require-mschap-v2");
		return s->demand != 0 && finish_keys(loading);
	}
	if (!s->demand)
		return complain_at(
			loading, COMPLAINT_ERROR, loading->said_demand,
			"every method is refused: expected one that callers may use, such "
			"as require-mschap-v2");
	return finish_keys(loading);
}

/* The host's name, with the domain where one is given. */
static char *host_name(const struct loading *loading)
{
	const char *host = loading->source->host_name;
	char name[512];
	if (!host || !*host)
		host = "pptpd";
	snprintf(name, sizeof(name), "%s%s%s", host, loading->domain ? "." : "",
		 loading->domain ? loading->domain : "");
	return config_copy(name);
}

static void finish_name(struct loading *loading)
{
	struct settings *s = loading->settings;
	if (loading->use_host_name) {
		free(s->name);
		s->name = host_name(loading);
	} else if (!s->name) {
		s->name = host_name(loading);
		s->other_name = strcmp(s->name, "pptpd") ? config_copy("pptpd") : NULL;
	}
}

static void set_single(struct address_ranges *ranges, uint32_t address)
{
	char text[ADDRESS_TEXT], why[COMPLAINT_TEXT_LIMIT];
	address_ranges_fini(ranges);
	address_ranges_parse(ranges, address_print(address, text), NULL, NULL, why, sizeof(why));
}

/*
 * Nobody named this end's address. What pptpd takes then, 192.168.0.1, may be one of the callers';
 * the edge finds a better one where it can.
 */
static void choose_local(struct settings *s)
{
	static const uint32_t candidates[] = {
		0xc0a80001, /* 192.168.0.1 */
		0xc0a80a01, /* 192.168.10.1 */
		0x0afffffe, /* 10.255.255.254 */
	};
	s->local_unsaid = true;
	for (size_t i = 0; i < COUNT_OF(candidates); i++)
		if (!address_ranges_find(&s->remote, candidates[i], NULL)) {
			set_single(&s->local, candidates[i]);
			return;
		}
}

/* Addresses in pppd's options stand in where pptpd.conf has none. */
static void finish_lists(struct loading *loading)
{
	struct settings *s = loading->settings;
	if (loading->option_remote && !loading->said_remote.said)
		set_single(&s->remote, loading->option_remote);
	if (loading->option_local && !loading->said_local.said)
		set_single(&s->local, loading->option_local);
	else if (!loading->said_local.said)
		choose_local(s);
	if (!s->delegate)
		return;
	/* As pptpd, but one address this end must have, and the first of localip is at hand. */
	set_single(&s->local, address_ranges_nth(&s->local, 0));
	if (loading->said_remote.said)
		complain_at(loading, COMPLAINT_WARNING, loading->said_remote,
			    "delegate is said, so remoteip has no effect");
	address_ranges_fini(&s->remote);
}

static bool finish_addresses(struct loading *loading)
{
	struct settings *s = loading->settings;
	char text[ADDRESS_TEXT], said[COMPLAINT_TEXT_LIMIT];
	finish_lists(loading);
	uint32_t common = address_ranges_common(&s->local, &s->remote);
	if (common) {
		snprintf(said, sizeof(said), "%s is in localip and in remoteip%s",
			 address_print(common, text),
			 loading->said_remote.said || loading->option_remote
				 ? ""
				 : " (which is not said, and so 192.168.1.1-100)");
		return complain_at(loading, COMPLAINT_ERROR,
				   loading->said_remote.said ? loading->said_remote
							     : loading->said_local,
				   said);
	}
	if (loading->said_connections.said && loading->said_remote.said &&
	    s->remote.count > s->connections) {
		snprintf(said, sizeof(said),
			 "remoteip has %u addresses for %u connections: the surplus is not used",
			 s->remote.count, s->connections);
		complain_at(loading, COMPLAINT_WARNING, loading->said_remote, said);
	}
	if (!s->delegate)
		s->connections = MIN_OF(s->connections, s->remote.count);
	if (s->local.count > 1)
		s->connections = MIN_OF(s->connections, s->local.count);
	return true;
}

static bool finish_sizes(struct loading *loading)
{
	struct settings *s = loading->settings;
	s->mru = MIN_OF(s->mru, 1500u); /* larger packets do not come out of a TUN device */
	if (s->mtu > 1500)
		s->mtu = 1500;
	if (!s->ipv4 && !s->ipv6) {
		complain(loading->complaints, COMPLAINT_ERROR, NULL, 0,
			 "noip and noipv6 together leave nothing to carry");
		return false;
	}
	return true;
}

bool config_finish(struct loading *loading)
{
	finish_name(loading);
	bool fine = finish_encryption(loading);
	fine &= finish_authentication(loading);
	fine &= finish_addresses(loading);
	fine &= finish_sizes(loading);
	return fine;
}
