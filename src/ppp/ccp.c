#include "ppp/ccp.h"

#include <string.h>

#include "base/base.h"
#include "base/list.h"
#include "ppp/frame.h"
#include "ppp/link.h"

static struct ccp *ccp_of(struct options *o)
{
	return CONTAINER_OF(o, struct ccp, protocol.options);
}

/* Strongest first. */
static const struct {
	uint32_t bit;
	enum mppe_size size;
} sizes[] = {{CCP_128, MPPE_128}, {CCP_56, MPPE_56}, {CCP_40, MPPE_40}};

/* The bit of the strongest size that is both in `bits` and allowed; 0: none is. */
static uint32_t strongest(const struct ccp *c, uint32_t bits)
{
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		if (bits & sizes[i].bit && c->settings->mppe_sizes & sizes[i].size)
			return sizes[i].bit;
	return 0;
}

static uint32_t our_first(const struct ccp *c)
{
	uint32_t size = strongest(c, CCP_128 | CCP_56 | CCP_40);
	return size ? size | (c->settings->mppe_stateless ? CCP_STATELESS : 0) : 0;
}

/* The mode for a peer whose request has `theirs`: ours,
 * until it insists on another that is allowed. */
static uint32_t mode_for(struct ccp *c, uint32_t theirs, uint32_t ours)
{
	if (theirs == ours) {
		c->insisted = 0;
		return ours;
	}
	bool allowed = theirs ? c->settings->mppe_stateless : c->settings->mppe_stateful;
	bool give_in = allowed && (theirs || c->insisted >= CCP_PATIENCE);
	if (c->insisted < UINT8_MAX)
		c->insisted++;
	return give_in ? theirs : ours;
}

static enum option_answer judge_mppe(struct options *o, struct reader value, struct writer *better)
{
	struct ccp *c = ccp_of(o);
	struct option_value *ours = &o->ours[CCP_MPPE];
	if (!ours->present)
		return OPTION_REJECT;
	uint32_t asked = read_u32(&value), now = option_number(ours, 0);
	uint32_t size = strongest(c, asked);
	uint32_t target =
		size ? size | mode_for(c, asked & CCP_STATELESS, now & CCP_STATELESS) : now;
	if (asked != target) {
		write_u32(better, target);
		return OPTION_NAK;
	}
	option_set_u32(ours, target);
	c->agreed = target;
	return OPTION_ACK;
}

static void mppe_naked(struct options *o, struct option_value *ours, bool asked,
		       struct reader value)
{
	const struct ccp *c = ccp_of(o);
	uint32_t hint = read_u32(&value), now = option_number(ours, 0);
	uint32_t size = strongest(c, hint);
	if (!asked || !size)
		return;
	bool stateless = hint & CCP_STATELESS ? c->settings->mppe_stateless
					      : !c->settings->mppe_stateful && now & CCP_STATELESS;
	option_set_u32(ours, size | (stateless ? CCP_STATELESS : 0));
}

/* Cisco's IOS before 12.3(11.4) refuses the stateless mode by a Reject (CSCdu30944). */
static void mppe_rejected(struct options *o)
{
	const struct ccp *c = ccp_of(o);
	uint32_t sent = option_number(&o->sent[CCP_MPPE], 0);
	if (sent & CCP_STATELESS && c->settings->mppe_stateful)
		option_set_u32(&o->ours[CCP_MPPE], sent & ~(uint32_t)CCP_STATELESS);
}

/* A request that leaves option 18 out would encrypt one direction alone. */
static void append(struct options *o, unsigned seen, struct writer *nak)
{
	const struct option_value *ours = &o->ours[CCP_MPPE];
	if (seen & 1u << CCP_MPPE || !ours->present)
		return;
	write_u16(nak, 0x1206);
	write_bytes(nak, ours->bytes, 4);
}

static const struct option table[CCP_ROWS] = {
	[CCP_MPPE] = {18, "mppe", 4, judge_mppe, mppe_naked, mppe_rejected},
};

static void begin(struct protocol *p)
{
	struct ccp *c = CONTAINER_OF(p, struct ccp, protocol);
	uint32_t first = c->refused ? 0 : c->agreed ? c->agreed : our_first(c);
	p->options.ours[CCP_MPPE].present = false;
	if (first)
		option_set_u32(&p->options.ours[CCP_MPPE], first);
}

static bool extra(struct protocol *p, uint8_t code, uint8_t identifier, struct reader data)
{
	struct ccp *c = CONTAINER_OF(p, struct ccp, protocol);
	if (code == CODE_RESET_REQUEST && protocol_is_opened(p)) {
		c->reset_asked = true;
		c->reset_identifier = identifier;
	}
	return code == CODE_RESET_REQUEST || code == CODE_RESET_ACK;
}

static const struct protocol_kind kind = {PPP_CCP, "ccp", begin, extra};

void ccp_init(struct ccp *c, const struct link_settings *settings, struct outbox *out)
{
	*c = (struct ccp){.settings = settings};
	protocol_init(&c->protocol, &kind, table, COUNT_OF(table), &settings->ccp, out);
	c->protocol.options.append = append;
}

uint32_t ccp_result(const struct ccp *c, bool *differ)
{
	uint32_t receive = option_number(&c->protocol.options.sent[CCP_MPPE], 0);
	uint32_t send = option_number(&c->protocol.options.peers[CCP_MPPE], 0);
	*differ = receive != send;
	return *differ ? 0 : send;
}

void ccp_reconcile(struct ccp *c)
{
	const struct options *o = &c->protocol.options;
	c->refused = !o->sent[CCP_MPPE].present || !o->peers[CCP_MPPE].present;
	c->agreed = option_number(&o->peers[CCP_MPPE], 0);
}

bool ccp_repeat(struct ccp *c, const uint8_t *packet, size_t length, bool data_came)
{
	const struct option_value *peers = &c->protocol.options.peers[CCP_MPPE];
	static const uint8_t head[] = {0, 10, 18, 6}; /* the packet's length, the option's head */
	if (!protocol_is_opened(&c->protocol) || !peers->present || length < 10 ||
	    packet[0] != CODE_CONFIGURE_REQUEST || memcmp(packet + 2, head, sizeof(head)) ||
	    memcmp(packet + 6, peers->bytes, 4))
		return false;
	if (data_came && packet[1] != c->protocol.acked_identifier)
		return false;
	protocol_send(&c->protocol, CODE_CONFIGURE_ACK, packet[1], packet + 4, 6);
	return true;
}

void ccp_send_reset_request(struct ccp *c)
{
	protocol_send(&c->protocol, CODE_RESET_REQUEST, ++c->protocol.identifier, NULL, 0);
}

void ccp_send_reset_ack(struct ccp *c, uint8_t identifier)
{
	protocol_send(&c->protocol, CODE_RESET_ACK, identifier, NULL, 0);
}
