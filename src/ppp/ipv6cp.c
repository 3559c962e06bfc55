#include "ppp/ipv6cp.h"

#include <string.h>

#include "base/base.h"
#include "base/list.h"
#include "ppp/frame.h"
#include "ppp/link.h"

enum { IDENTIFIER = 8, NOT_UNIVERSAL = 0xfd /* RFC 5072 §4.1: the "u" bit is 0 */ };

static const uint8_t zero[IDENTIFIER];

static struct ipv6cp *ipv6cp_of(struct options *o)
{
	return CONTAINER_OF(o, struct ipv6cp, protocol.options);
}

static bool is_ours(const struct options *o, const uint8_t *identifier)
{
	const struct option_value *sent = &o->sent[IPV6CP_IDENTIFIER];
	const struct option_value *ours = &o->ours[IPV6CP_IDENTIFIER];
	return (sent->present && !memcmp(sent->bytes, identifier, IDENTIFIER)) ||
	       (ours->present && !memcmp(ours->bytes, identifier, IDENTIFIER));
}

/* By chance; neither zero nor ours. */
static void fresh_identifier(const struct ipv6cp *i, uint8_t to[static IDENTIFIER])
{
	do {
		random_fill(i->random, to, IDENTIFIER);
		to[0] &= NOT_UNIVERSAL;
	} while (!memcmp(to, zero, IDENTIFIER) || is_ours(&i->protocol.options, to));
}

/* RFC 5072 §4.1: zero asks for one, and the same as ours cannot be. */
static enum option_answer judge_identifier(struct options *o, struct reader value,
					   struct writer *better)
{
	const uint8_t *asked = value.next;
	uint8_t fresh[IDENTIFIER];
	if (memcmp(asked, zero, IDENTIFIER) && !is_ours(o, asked))
		return OPTION_ACK;
	fresh_identifier(ipv6cp_of(o), fresh);
	write_bytes(better, fresh, sizeof(fresh));
	return OPTION_NAK;
}

static void identifier_naked(struct options *o, struct option_value *ours, bool asked,
			     struct reader value)
{
	uint8_t fresh[IDENTIFIER];
	const uint8_t *wanted = value.next;
	const struct option_value *peers = &o->peers[IPV6CP_IDENTIFIER];
	if (!asked)
		return;
	if (memcmp(wanted, zero, IDENTIFIER) &&
	    !(peers->present && !memcmp(peers->bytes, wanted, IDENTIFIER))) {
		option_set(ours, wanted, IDENTIFIER);
		return;
	}
	fresh_identifier(ipv6cp_of(o), fresh);
	option_set(ours, fresh, IDENTIFIER);
}

static const struct option table[IPV6CP_ROWS] = {
	[IPV6CP_IDENTIFIER] = {1, "identifier", IDENTIFIER, judge_identifier, identifier_naked},
};

static void begin(struct protocol *p)
{
	const struct ipv6cp *i = CONTAINER_OF(p, struct ipv6cp, protocol);
	struct option_value *ours = &p->options.ours[IPV6CP_IDENTIFIER];
	uint8_t fresh[IDENTIFIER];
	ours->present = false;
	fresh_identifier(i, fresh);
	bool given = memcmp(i->settings->interface_id, zero, IDENTIFIER) != 0;
	option_set(ours, given ? i->settings->interface_id : fresh, IDENTIFIER);
}

static const struct protocol_kind kind = {PPP_IPV6CP, "ipv6cp", begin, NULL};

void ipv6cp_init(struct ipv6cp *i, const struct link_settings *settings,
		 const struct random *random, struct outbox *out)
{
	*i = (struct ipv6cp){.settings = settings, .random = random};
	protocol_init(&i->protocol, &kind, table, COUNT_OF(table), &settings->ipv6cp, out);
}

void ipv6cp_addresses(const struct ipv6cp *i, struct link_addresses *a)
{
	const struct option_value *sent = &i->protocol.options.sent[IPV6CP_IDENTIFIER];
	const struct option_value *peers = &i->protocol.options.peers[IPV6CP_IDENTIFIER];
	memcpy(a->local_id, sent->present ? sent->bytes : zero, IDENTIFIER);
	memcpy(a->remote_id, peers->present ? peers->bytes : zero, IDENTIFIER);
}
