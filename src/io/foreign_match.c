#include "io/foreign_match.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/base.h"

enum { SET_DEPTH = 8 }; /* sets in elements in sets */

/* The left side of a match, for the packet in hand. */
struct value {
	enum { UNKNOWN, ABSENT, NUMBER, WORD } kind; /* ABSENT: the packet has no such field */
	uint32_t number;
	const char *word;
};

static const struct value unknown = {UNKNOWN, 0, NULL}, absent = {ABSENT, 0, NULL};

static struct value number(uint32_t value)
{
	return (struct value){NUMBER, value, NULL};
}

static struct value word(const char *value)
{
	return value ? (struct value){WORD, 0, value} : absent;
}

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"icmp", 1},     {"igmp", 2},       {"tcp", 6},    {"udp", 17},
	{"dccp", 33},    {"ipv6", 41},      {"gre", 47},   {"esp", 50},
	{"ah", 51},      {"icmpv6", 58},    {"ospf", 89},  {"comp", 108},
	{"ipcomp", 108}, {"ipv6-icmp", 58}, {"sctp", 132}, {"udplite", 136},
};

/* 0 where it is none of those that rules speak of. */
static uint8_t protocol_of(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return protocols[i].number;
	return 0;
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static struct value meta_value(const char *key, const struct foreign_packet *packet)
{
	if (is(key, "l4proto"))
		return number(packet->protocol);
	if (is(key, "iifname") || is(key, "iif"))
		return word(packet->in);
	if (is(key, "oifname") || is(key, "oif"))
		return word(packet->out);
	if (is(key, "nfproto"))
		return word("ipv4");
	if (is(key, "protocol"))
		return word("ip");
	if (is(key, "pkttype"))
		return word("host");
	if (is(key, "mark"))
		return number(0); /* what no rule has marked */
	return unknown;
}

static struct value port_value(const char *field, const struct foreign_packet *packet)
{
	if (is(field, "dport"))
		return number(packet->destination_port);
	if (is(field, "sport"))
		return number(packet->source_port);
	return unknown;
}

static struct value payload_value(const json_t *payload, const struct foreign_packet *packet)
{
	const char *header = json_string_value(json_object_get(payload, "protocol"));
	const char *field = json_string_value(json_object_get(payload, "field"));
	if (!header || !field)
		return unknown; /* raw octets */
	if (is(header, "ip") && is(field, "saddr"))
		return packet->source_is_known ? number(packet->source) : unknown;
	if (is(header, "ip") && is(field, "daddr"))
		return packet->destination_is_known ? number(packet->destination) : unknown;
	if (is(header, "ip") && is(field, "protocol"))
		return number(packet->protocol);
	if (is(header, "ip6") || is(header, "arp") || is(header, "vlan"))
		return absent;
	if (is(header, "th"))
		return packet->destination_port ? port_value(field, packet) : unknown;
	if (protocol_of(header) && protocol_of(header) != packet->protocol)
		return absent;
	return protocol_of(header) ? port_value(field, packet) : unknown;
}

static struct value ct_value(const char *key, const struct foreign_packet *packet)
{
	if (is(key, "state"))
		return word(packet->state);
	if (is(key, "direction"))
		return word(packet->direction);
	if (is(key, "status"))
		return word("confirmed"); /* above all neither dnat nor snat */
	if (is(key, "mark"))
		return number(0);
	return unknown;
}

static struct value fib_value(const json_t *fib, const struct foreign_packet *packet)
{
	const json_t *flags = json_object_get(fib, "flags");
	const char *first =
		json_string_value(json_is_array(flags) ? json_array_get(flags, 0) : flags);
	if (is(json_string_value(json_object_get(fib, "result")), "type") && is(first, "daddr"))
		return word(packet->route);
	return unknown;
}

static struct value value_of(const json_t *left, const struct foreign_packet *packet)
{
	const json_t *of;
	if ((of = json_object_get(left, "meta")))
		return meta_value(json_string_value(json_object_get(of, "key")), packet);
	if ((of = json_object_get(left, "payload")))
		return payload_value(of, packet);
	if ((of = json_object_get(left, "ct")))
		return ct_value(json_string_value(json_object_get(of, "key")), packet);
	if ((of = json_object_get(left, "fib")))
		return fib_value(of, packet);
	if ((of = json_object_get(left, "&")) && json_is_integer(json_array_get(of, 1))) {
		struct value masked = value_of(json_array_get(of, 0), packet);
		if (masked.kind == NUMBER)
			masked.number &= (uint32_t)json_integer_value(json_array_get(of, 1));
		return masked;
	}
	return unknown;
}

/* A number, an address, a protocol or our own service by name. */
static bool number_of(const json_t *json, uint32_t *value)
{
	const char *text = json_string_value(json);
	if (json_is_integer(json)) {
		*value = (uint32_t)json_integer_value(json);
		return true;
	}
	if (!text)
		return false;
	if (is(text, "pptp")) {
		*value = 1723;
		return true;
	}
	*value = protocol_of(text);
	return *value || address_parse(text, value);
}

static enum truth yes_if(bool holds)
{
	return holds ? TRUTH_YES : TRUTH_NO;
}

static enum truth either(enum truth a, enum truth b)
{
	if (a == TRUTH_YES || b == TRUTH_YES)
		return TRUTH_YES;
	return a == TRUTH_PERHAPS ? a : b;
}

static enum truth opposite(enum truth truth)
{
	return truth == TRUTH_PERHAPS ? truth : yes_if(truth == TRUTH_NO);
}

static enum truth word_equals(const char *word, const json_t *right)
{
	const char *text = json_string_value(right);
	if (!text)
		return TRUTH_PERHAPS;
	size_t length = strlen(text);
	if (length && text[length - 1] == '*')
		return yes_if(strncmp(word, text, length - 1) == 0);
	return yes_if(is(text, word) || (is(word, "host") && is(text, "unicast")));
}

static enum truth in_range(uint32_t value, const json_t *range)
{
	uint32_t first, last;
	if (!number_of(json_array_get(range, 0), &first) ||
	    !number_of(json_array_get(range, 1), &last))
		return TRUTH_PERHAPS;
	return yes_if(value >= first && value <= last);
}

static enum truth in_prefix(uint32_t value, const json_t *prefix)
{
	uint32_t address;
	json_int_t length = json_integer_value(json_object_get(prefix, "len"));
	if (!number_of(json_object_get(prefix, "addr"), &address) || length < 0 || length > 32)
		return TRUTH_PERHAPS;
	return yes_if(((value ^ address) & address_mask((unsigned)length)) == 0);
}

static enum truth scalar_equals(struct value left, const json_t *right)
{
	uint32_t value;
	const json_t *of;
	if (left.kind == WORD)
		return word_equals(left.word, right);
	if ((of = json_object_get(right, "range")))
		return in_range(left.number, of);
	if ((of = json_object_get(right, "prefix")))
		return in_prefix(left.number, of);
	return number_of(right, &value) ? yes_if(left.number == value) : TRUTH_PERHAPS;
}

static enum truth equals(struct value left, const json_t *right, const struct foreign_sets *sets,
			 unsigned depth)
{
	const json_t *elements = json_is_array(right) ? right : json_object_get(right, "set");
	const json_t *inner = json_object_get(json_object_get(right, "elem"), "val");
	const char *text = json_string_value(right);
	if (depth == 0)
		return TRUTH_PERHAPS;
	if (text && text[0] == '@' && !(elements = sets->elements(sets->context, text + 1)))
		return TRUTH_PERHAPS;
	if (inner)
		return equals(left, inner, sets, depth - 1);
	if (!json_is_array(elements))
		return elements ? equals(left, elements, sets, depth - 1)
				: scalar_equals(left, right);
	enum truth result = TRUTH_NO;
	size_t i;
	json_t *element;
	json_array_foreach(elements, i, element)
		result = either(result, equals(left, element, sets, depth - 1));
	return result;
}

enum truth foreign_equals(const json_t *left, const json_t *right,
			  const struct foreign_packet *packet, const struct foreign_sets *sets)
{
	struct value value = value_of(left, packet);
	if (value.kind == UNKNOWN || value.kind == ABSENT)
		return value.kind == ABSENT ? TRUTH_NO : TRUTH_PERHAPS;
	return equals(value, right, sets, SET_DEPTH);
}

static enum truth compare(struct value left, const char *operator, const json_t * right)
{
	uint32_t value;
	if (left.kind != NUMBER || !number_of(right, &value))
		return TRUTH_PERHAPS;
	bool less = left.number<value, more = left.number> value;
	if (operator[0] == '<')
		return yes_if(less || (operator[1] && !more));
	return yes_if(more || (operator[1] && !less));
}

enum truth foreign_match(const json_t *match, const struct foreign_packet *packet,
			 const struct foreign_sets *sets)
{
	const char *operator= json_string_value(json_object_get(match, "op"));
	const json_t *left = json_object_get(match, "left"),
		     *right = json_object_get(match, "right");
	struct value value = value_of(left, packet);
	if (value.kind == ABSENT) /* then the whole rule passes by, "!=" too */
		return TRUTH_NO;
	if (value.kind == UNKNOWN || !operator)
		return TRUTH_PERHAPS;
	if (operator[0] == '<' || operator[0] == '>')
		return compare(value, operator, right);
	enum truth truth = equals(value, right, sets, SET_DEPTH);
	return operator[0] == '!' ? opposite(truth) : truth;
}
