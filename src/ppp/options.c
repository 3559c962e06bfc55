#include "ppp/options.h"

#include <assert.h>
#include <string.h>

enum {
	NAKS_BELIEVED = 2
}; /* times max_failure: a peer that naks on and on is not heard any more */

void options_init(struct options *o, const struct option *table, size_t count, uint8_t max_failure)
{
	assert(count <= OPTIONS_MAX);
	*o = (struct options){.table = table, .count = (uint8_t)count, .max_failure = max_failure};
}

void option_set(struct option_value *v, const void *bytes, size_t length)
{
	assert(length <= OPTION_VALUE_MAX);
	*v = (struct option_value){.present = true, .length = (uint8_t)length};
	if (length)
		memcpy(v->bytes, bytes, length);
}

void option_set_u16(struct option_value *v, uint16_t value)
{
	option_set(v, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

void option_set_u32(struct option_value *v, uint32_t value)
{
	struct writer out = writer_of(v->bytes, 4);
	*v = (struct option_value){.present = true, .length = 4};
	write_u32(&out, value);
}

uint32_t option_number(const struct option_value *v, uint32_t missing)
{
	struct reader in = reader_of(v->bytes, v->length);
	if (!v->present)
		return missing;
	return v->length == 2 ? read_u16(&in) : read_u32(&in);
}

/* One option taken from a packet. */
struct wire_option {
	const uint8_t *start; /* of its type octet */
	uint8_t type, length; /* the whole option's octets */
	struct reader value;
};

static bool next_option(struct reader *in, struct wire_option *option)
{
	*option = (struct wire_option){.start = in->next};
	option->type = read_u8(in);
	option->length = read_u8(in);
	if (in->failed || option->length < 2) {
		in->failed = true;
		return false;
	}
	option->value = read_part(in, option->length - 2u);
	return !in->failed;
}

static bool all_well_formed(struct reader in)
{
	struct wire_option option;
	while (in.left)
		if (!next_option(&in, &option))
			return false;
	return !in.failed;
}

static int row_of(const struct options *o, uint8_t type)
{
	for (int i = 0; i < o->count; i++)
		if (o->table[i].type == type)
			return i;
	return -1;
}

static void write_option(struct writer *out, uint8_t type, const void *value, size_t length)
{
	write_u8(out, type);
	write_u8(out, (uint8_t)(length + 2));
	write_bytes(out, value, length);
}

void options_request(struct options *o, struct writer *out)
{
	struct writer copy = writer_of(o->request, sizeof(o->request));
	for (int i = 0; i < o->count; i++) {
		o->sent[i] = o->ours[i];
		if (o->ours[i].present)
			write_option(&copy, o->table[i].type, o->ours[i].bytes, o->ours[i].length);
	}
	assert(!copy.failed);
	o->request_length = (uint8_t)copy.length;
	write_bytes(out, o->request, o->request_length);
}

/* The three answers while they grow: one of them is sent. */
struct judgement {
	struct writer nak, reject;
	unsigned seen; /* bits of rows */
	struct option_value values[OPTIONS_MAX];
};

static enum option_answer judge_one(struct options *o, const struct wire_option *option,
				    struct judgement *j)
{
	int row = row_of(o, option->type);
	if (row < 0 || j->seen & 1u << row)
		return OPTION_REJECT;
	j->seen |= 1u << row;
	const struct option *rule = &o->table[row];
	if (rule->width != OPTION_WIDTH_ANY && option->value.left != rule->width)
		return OPTION_REJECT;
	uint8_t better_bytes[OPTION_VALUE_MAX];
	struct writer better = writer_of(better_bytes, sizeof(better_bytes));
	enum option_answer answer = rule->judge(o, option->value, &better);
	if (answer == OPTION_NAK && o->naks_sent >= o->max_failure)
		return OPTION_REJECT;
	if (answer == OPTION_NAK)
		write_option(&j->nak, option->type, better_bytes, better.length);
	if (answer == OPTION_ACK && option->value.left <= OPTION_VALUE_MAX)
		option_set(&j->values[row], option->value.next, option->value.left);
	return answer;
}

enum options_verdict options_judge(struct options *o, struct reader request, struct writer *reply)
{
	uint8_t nak[2048], reject[2048];
	struct judgement j = {.nak = writer_of(nak, sizeof(nak)),
			      .reject = writer_of(reject, sizeof(reject))};
	struct reader in = request;
	struct wire_option option;
	if (!all_well_formed(request))
		return OPTIONS_MALFORMED;
	while (in.left && next_option(&in, &option))
		if (judge_one(o, &option, &j) == OPTION_REJECT)
			write_bytes(&j.reject, option.start, option.length);
	if (o->append && !j.reject.length && o->naks_sent < o->max_failure)
		o->append(o, j.seen, &j.nak);
	if (j.nak.failed || j.reject.failed)
		return OPTIONS_MALFORMED;
	if (j.reject.length) {
		write_bytes(reply, reject, j.reject.length);
		return OPTIONS_REJECT;
	}
	if (j.nak.length) {
		o->naks_sent++;
		write_bytes(reply, nak, j.nak.length);
		return OPTIONS_NAK;
	}
	o->naks_sent = 0;
	memcpy(o->peers, j.values, sizeof(o->peers));
	write_bytes(reply, request.next, request.left);
	return OPTIONS_ACK;
}

bool options_on_ack(struct options *o, struct reader reply)
{
	if (reply.left != o->request_length ||
	    (reply.left && memcmp(reply.next, o->request, reply.left)))
		return false;
	o->naks_received = 0;
	return true;
}

/*
 * Walks a Nak's or Reject's options beside our request's: those that we asked for come in the order
 * of the request (a Reject's octet for octet), and in a Nak others may follow which we did not ask.
 */
static bool follows_request(const struct options *o, struct reader reply, bool exactly)
{
	struct reader ours = reader_of(o->request, o->request_length);
	struct wire_option theirs, mine;
	while (reply.left) {
		if (!next_option(&reply, &theirs))
			return false;
		int row = row_of(o, theirs.type);
		if (!exactly && (row < 0 || !o->sent[row].present))
			continue;
		do
			if (!ours.left || !next_option(&ours, &mine))
				return false;
		while (mine.type != theirs.type);
		if (exactly &&
		    (mine.length != theirs.length || memcmp(mine.start, theirs.start, mine.length)))
			return false;
	}
	return true;
}

static void drop_option(struct options *o, int row)
{
	o->ours[row].present = false;
	if (o->table[row].rejected)
		o->table[row].rejected(o);
}

bool options_on_nak(struct options *o, struct reader reply)
{
	struct wire_option option;
	if (!reply.left || !follows_request(o, reply, false) ||
	    o->naks_received >= NAKS_BELIEVED * o->max_failure)
		return false;
	o->naks_received++;
	while (reply.left && next_option(&reply, &option)) {
		int row = row_of(o, option.type);
		if (row < 0)
			continue;
		const struct option *rule = &o->table[row];
		bool asked = o->sent[row].present;
		bool fits = rule->width == OPTION_WIDTH_ANY || option.value.left == rule->width;
		if (rule->naked && fits)
			rule->naked(o, &o->ours[row], asked, option.value);
		else if (!rule->naked && asked)
			drop_option(o, row);
	}
	return true;
}

bool options_on_reject(struct options *o, struct reader reply)
{
	struct wire_option option;
	if (!reply.left || !follows_request(o, reply, true))
		return false;
	while (reply.left && next_option(&reply, &option)) {
		int row = row_of(o, option.type);
		if (row >= 0)
			drop_option(o, row);
	}
	return true;
}
