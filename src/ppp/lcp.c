#include "ppp/lcp.h"

#include <string.h>

#include "base/base.h"
#include "base/list.h"
#include "base/log.h"
#include "ppp/frame.h"
#include "ppp/link.h"

enum { REPORTS_MAX = 4, CHAP_MD5 = 0x05, CHAP_MSCHAP = 0x80, CHAP_MSCHAPV2 = 0x81 };

static struct lcp *lcp_of(struct options *o)
{
	return CONTAINER_OF(o, struct lcp, protocol.options);
}

/* The value of Authentication-Protocol: two octets of protocol, for CHAP one of algorithm. */
static const struct {
	enum auth_method method;
	uint8_t length, bytes[3];
} auth_values[] = {
	/* strongest first */
	{AUTH_MSCHAPV2, 3, {0xc2, 0x23, CHAP_MSCHAPV2}},
	{AUTH_MSCHAP, 3, {0xc2, 0x23, CHAP_MSCHAP}},
	{AUTH_CHAP_MD5, 3, {0xc2, 0x23, CHAP_MD5}},
	{AUTH_PAP, 2, {0xc0, 0x23}},
};

static enum auth_method auth_decode(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(auth_values); i++)
		if (auth_values[i].length == length && !memcmp(auth_values[i].bytes, bytes, length))
			return auth_values[i].method;
	return AUTH_NONE;
}

/* The row of the strongest method in `set`; COUNT_OF(auth_values) where it holds none. */
static size_t strongest(auth_methods set)
{
	size_t i = 0;
	while (i < COUNT_OF(auth_values) && !(set & AUTH_BIT(auth_values[i].method)))
		i++;
	return i;
}

static enum option_answer judge_mru(struct options *o, struct reader value, struct writer *better)
{
	if (read_u16(&value) >= LCP_MRU_MIN)
		return OPTION_ACK;
	write_u16(better, LCP_MRU_MIN);
	return OPTION_NAK;
}

static void mru_naked(struct options *o, struct option_value *ours, bool asked, struct reader value)
{
	uint16_t wanted = read_u16(&value);
	uint32_t now = option_number(ours, LCP_MRU_DEFAULT);
	/* Windows 2000 naks an MRU with the very same one: it wants none.
	 * And more than the default is nothing that we need say. */
	if (wanted >= LCP_MRU_DEFAULT || (asked && wanted == now))
		ours->present = false;
	else if (wanted >= LCP_MRU_MIN)
		option_set_u16(ours, wanted);
}

static enum option_answer judge_any(struct options *o, struct reader value, struct writer *better)
{
	return OPTION_ACK;
}

static enum option_answer judge_auth(struct options *o, struct reader value, struct writer *better)
{
	const struct link_settings *settings = lcp_of(o)->settings;
	size_t best = strongest(settings->offer);
	if (best == COUNT_OF(auth_values))
		return OPTION_REJECT;
	enum auth_method method = auth_decode(value.next, value.left);
	if (method != AUTH_NONE && settings->offer & AUTH_BIT(method))
		return OPTION_ACK;
	write_bytes(better, auth_values[best].bytes, auth_values[best].length);
	return OPTION_NAK;
}

static void demand_row(struct lcp *l, struct option_value *ours, size_t row)
{
	if (row < COUNT_OF(auth_values))
		option_set(ours, auth_values[row].bytes, auth_values[row].length);
	else
		l->auth_refused = true;
}

/* The peer refuses the method that we asked; it may have named
 * another, which is taken where it is one of ours. */
static void auth_naked(struct options *o, struct option_value *ours, bool asked,
		       struct reader value)
{
	struct lcp *l = lcp_of(o);
	enum auth_method hint = auth_decode(value.next, value.left);
	if (!asked)
		return;
	enum auth_method refused = auth_decode(ours->bytes, ours->length);
	l->left &= (auth_methods)~AUTH_BIT(refused);
	if (hint != AUTH_NONE && l->left & AUTH_BIT(hint))
		demand_row(l, ours, strongest(AUTH_BIT(hint)));
	else
		demand_row(l, ours, strongest(l->left));
}

static void auth_rejected(struct options *o)
{
	lcp_of(o)->auth_refused = true;
}

static uint32_t fresh_magic(const struct lcp *l)
{
	uint32_t magic;
	do
		magic = random_u32(l->random);
	while (!magic);
	return magic;
}

/* RFC 1661 §6.4: our own number in the peer's request
 * means a loop, or chance; time and again, a loop. */
static enum option_answer judge_magic(struct options *o, struct reader value, struct writer *better)
{
	struct lcp *l = lcp_of(o);
	uint32_t magic = read_u32(&value);
	bool same = o->sent[LCP_MAGIC].present && magic == option_number(&o->sent[LCP_MAGIC], 0);
	if (!same)
		l->magic_seen = 0;
	else if (++l->magic_seen >= LCP_LOOP_LIMIT)
		l->looped = true;
	if (magic && !same)
		return OPTION_ACK;
	write_u32(better, fresh_magic(l));
	return OPTION_NAK;
}

static void magic_naked(struct options *o, struct option_value *ours, bool asked,
			struct reader value)
{
	if (asked)
		option_set_u32(ours, fresh_magic(lcp_of(o)));
}

static enum option_answer judge_compression(struct options *o, struct reader value,
					    struct writer *better)
{
	return lcp_of(o)->settings->accept_pfc_acfc ? OPTION_ACK : OPTION_REJECT;
}

static const struct option table[LCP_ROWS] = {
	[LCP_MRU] = {1, "mru", 2, judge_mru, mru_naked},
	[LCP_ACCM] = {2, "accm", 4, judge_any},
	[LCP_AUTHENTICATION] = {3, "auth", OPTION_WIDTH_ANY, judge_auth, auth_naked, auth_rejected},
	[LCP_MAGIC] = {5, "magic", 4, judge_magic, magic_naked},
	[LCP_PFC] = {7, "pfc", 0, judge_compression},
	[LCP_ACFC] = {8, "acfc", 0, judge_compression},
};

static void begin(struct protocol *p)
{
	struct lcp *l = CONTAINER_OF(p, struct lcp, protocol);
	const struct link_settings *settings = l->settings;
	struct option_value *ours = p->options.ours;
	memset(ours, 0, sizeof(p->options.ours));
	p->peer_mru = LCP_MRU_DEFAULT;
	if (settings->mru && settings->mru != LCP_MRU_DEFAULT)
		option_set_u16(&ours[LCP_MRU], settings->mru);
	l->left = settings->demand;
	if (l->left) /* a set of methods that cannot be asked for is no licence to ask for none */
		demand_row(l, &ours[LCP_AUTHENTICATION], strongest(l->left));
	if (settings->magic)
		option_set_u32(&ours[LCP_MAGIC], fresh_magic(l));
	ours[LCP_PFC].present = settings->pfc;
	ours[LCP_ACFC].present = settings->acfc;
}

static uint32_t our_magic(const struct lcp *l)
{
	return option_number(&l->protocol.options.sent[LCP_MAGIC], 0);
}

static void on_echo_request(struct lcp *l, uint8_t identifier, struct reader data)
{
	uint8_t reply[LCP_MRU_DEFAULT];
	struct writer out = writer_of(reply, sizeof(reply));
	uint32_t magic = read_u32(&data);
	if (data.failed)
		return;
	if (magic && magic == our_magic(l))
		l->looped = true;
	write_u32(&out, our_magic(l));
	write_bytes(&out, data.next, MIN_OF(data.left, sizeof(reply) - 4));
	protocol_send(&l->protocol, CODE_ECHO_REPLY, identifier, reply, out.length);
}

/* Identification, Time-Remaining: for the log, a few times a link. */
static void tell(struct lcp *l, const char *what, struct reader text)
{
	char escaped[200];
	if (l->told >= REPORTS_MAX)
		return;
	l->told++;
	outbox_print(l->protocol.out, LINK_REPORT, "lcp=%s text=%s", what,
		     text_escape(escaped, sizeof(escaped), text.next, text.left));
}

static void on_information(struct lcp *l, uint8_t code, struct reader data)
{
	read_u32(&data); /* magic number */
	if (code == CODE_TIME_REMAINING && l->told < REPORTS_MAX)
		outbox_print(l->protocol.out, LINK_REPORT, "lcp=time-remaining seconds=%u",
			     read_u32(&data));
	if (!data.failed)
		tell(l, code == CODE_IDENTIFICATION ? "identification" : "message", data);
}

static bool extra(struct protocol *p, uint8_t code, uint8_t identifier, struct reader data)
{
	struct lcp *l = CONTAINER_OF(p, struct lcp, protocol);
	bool opened = protocol_is_opened(p);
	switch (code) {
	case CODE_PROTOCOL_REJECT:
		l->peer_rejected = opened ? read_u16(&data) : 0;
		return true;
	case CODE_ECHO_REQUEST:
		if (opened)
			on_echo_request(l, identifier, data);
		return true;
	case CODE_ECHO_REPLY:
		if (opened && identifier == l->echo_identifier)
			l->echo_answered = true;
		return true;
	case CODE_DISCARD_REQUEST:
		return true;
	case CODE_IDENTIFICATION:
	case CODE_TIME_REMAINING:
		on_information(l, code, data);
		return true;
	default:
		return false;
	}
}

static const struct protocol_kind kind = {PPP_LCP, "lcp", begin, extra};

void lcp_init(struct lcp *l, const struct link_settings *settings, const struct random *random,
	      struct outbox *out)
{
	*l = (struct lcp){.settings = settings, .random = random};
	protocol_init(&l->protocol, &kind, table, COUNT_OF(table), &settings->lcp, out);
}

uint16_t lcp_peer_mru(const struct lcp *l)
{
	return (uint16_t)option_number(&l->protocol.options.peers[LCP_MRU], LCP_MRU_DEFAULT);
}

enum auth_method lcp_demanded(const struct lcp *l)
{
	const struct option_value *v = &l->protocol.options.sent[LCP_AUTHENTICATION];
	return v->present ? auth_decode(v->bytes, v->length) : AUTH_NONE;
}

enum auth_method lcp_asked(const struct lcp *l)
{
	const struct option_value *v = &l->protocol.options.peers[LCP_AUTHENTICATION];
	return v->present ? auth_decode(v->bytes, v->length) : AUTH_NONE;
}

void lcp_send_echo(struct lcp *l)
{
	uint8_t magic[4];
	struct writer out = writer_of(magic, sizeof(magic));
	write_u32(&out, our_magic(l));
	l->echo_identifier = ++l->protocol.identifier;
	protocol_send(&l->protocol, CODE_ECHO_REQUEST, l->echo_identifier, magic, sizeof(magic));
}

void lcp_send_identification(struct lcp *l, const char *text)
{
	uint8_t bytes[4 + 128];
	struct writer out = writer_of(bytes, sizeof(bytes));
	size_t length = strlen(text);
	write_u32(&out, our_magic(l));
	write_bytes(&out, text, MIN_OF(length, 128));
	protocol_send(&l->protocol, CODE_IDENTIFICATION, ++l->protocol.identifier, bytes,
		      out.length);
}

void lcp_send_protocol_reject(struct lcp *l, uint16_t protocol, const uint8_t *packet,
			      size_t length)
{
	uint8_t bytes[LCP_MRU_DEFAULT];
	struct writer out = writer_of(bytes, sizeof(bytes));
	write_u16(&out, protocol);
	write_bytes(&out, packet, MIN_OF(length, sizeof(bytes) - 2));
	protocol_send(&l->protocol, CODE_PROTOCOL_REJECT, ++l->protocol.identifier, bytes,
		      out.length);
}

void lcp_report(struct lcp *l)
{
	const struct options *o = &l->protocol.options;
	outbox_print(l->protocol.out, LINK_REPORT,
		     "lcp=opened mru=%u peer_mru=%u auth=%s prove=%s magic=%s",
		     option_number(&o->sent[LCP_MRU], LCP_MRU_DEFAULT), lcp_peer_mru(l),
		     auth_method_name(lcp_demanded(l)), auth_method_name(lcp_asked(l)),
		     o->sent[LCP_MAGIC].present ? "yes" : "no");
}
