#include "tests/replay/ear.h"

#include <string.h>

#include "auth/mschap.h"
#include "auth/proof.h"
#include "base/base.h"
#include "base/secret.h"

enum {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPPE = 0x00fd,
	PPP_CCP = 0x80fd,
	PPP_VJ_COMPRESSED = 0x002d,
	PPP_VJ_UNCOMPRESSED = 0x002f,
	CCP_CONFIGURE_ACK = 2,
	CCP_OPTION_MPPE = 18,
	MPPE_BIT_STATELESS = 0x01000000, /* RFC 3078 §2.1 */
	MPPE_BIT_128 = 0x40,
	MPPE_BIT_40 = 0x20,
};

void ear_init(struct ear *e, const char *password)
{
	*e = (struct ear){.password = password};
}

void ear_fini(struct ear *e)
{
	secret_wipe(e, sizeof(*e));
}

/* The protocol field may be one octet (RFC 1661 §6.5),
 * and address and control may be missing (§6.6). */
static bool ppp_pull(struct packet *p, uint16_t *protocol)
{
	if (p->length >= 2 && p->data[0] == 0xff && p->data[1] == 0x03)
		packet_pull(p, 2);
	if (!p->length)
		return false;
	const size_t octets = p->data[0] & 1 ? 1 : 2;
	if (p->length < octets)
		return false;
	*protocol = octets == 1 ? p->data[0] : (uint16_t)(p->data[0] << 8 | p->data[1]);
	packet_pull(p, octets);
	return true;
}

static bool checksum_is_right(const uint8_t *header, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static bool hear_ipv4(struct ear_direction *d, const struct packet *p)
{
	const size_t header = p->length >= 20 ? (size_t)(p->data[0] & 15) * 4 : 0;
	if (header < 20 || p->data[0] >> 4 != 4 || p->length < header ||
	    !checksum_is_right(p->data, header))
		return false;
	if (p->data[9] == 1 && p->length > header) {
		d->pings += p->data[header] == 8;
		d->pongs += p->data[header] == 0;
	}
	return true;
}

/* Did decryption give something that a PPP link carries? */
static bool hear_inside(struct ear_direction *d, struct packet *p)
{
	uint16_t protocol;
	if (!ppp_pull(p, &protocol))
		return false;
	if (protocol == PPP_IPV4)
		return hear_ipv4(d, p);
	return protocol == PPP_IPV6 || protocol == PPP_VJ_COMPRESSED ||
	       protocol == PPP_VJ_UNCOMPRESSED;
}

/* A packet that was heard twice finds its key used, as it should;
 * under a fresh link it decrypts once more. */
static void hear_mppe(struct ear *e, struct packet *p, bool from_client, bool repeated)
{
	struct ear_direction *d = from_client ? &e->from_client : &e->from_server;
	struct mppe again = from_client ? e->fresh_server : e->fresh_turned;
	struct mppe *link = repeated ? &again : from_client ? &e->server : &e->turned;
	struct mppe_item item, *items[] = {&item};
	bool reset;
	d->encrypted++;
	if (!e->keyed || mppe_admit(link, p, &item, 0, &reset) != DROP_NONE)
		return;
	mppe_run(items, COUNT_OF(items));
	if (!hear_inside(d, p))
		return;
	mppe_commit(link, &item);
	d->decrypted++;
}

static void take_keys(struct ear *e)
{
	const enum mppe_size size = e->supported_bits & MPPE_BIT_128  ? MPPE_128
				    : e->supported_bits & MPPE_BIT_40 ? MPPE_40
								      : MPPE_56;
	const bool stateless = e->supported_bits & MPPE_BIT_STATELESS;
	struct auth_keys turned = e->verdict.keys;
	if (!e->success || !e->supported_bits || !e->verdict.keys.present || e->keyed)
		return;
	mschap_keys_turn(&turned);
	mppe_init(&e->server, &e->verdict.keys, size, stateless);
	mppe_init(&e->turned, &turned, size, stateless);
	secret_wipe(&turned, sizeof(turned));
	e->fresh_server = e->server;
	e->fresh_turned = e->turned;
	e->keyed = true;
}

static void hear_ccp(struct ear *e, const struct packet *p)
{
	struct reader in = reader_of(p->data, p->length);
	const uint8_t code = read_u8(&in);
	read_bytes(&in, 3); /* identifier, length */
	const uint8_t option = read_u8(&in), octets = read_u8(&in);
	const uint32_t bits = read_u32(&in);
	if (in.failed || code != CCP_CONFIGURE_ACK || option != CCP_OPTION_MPPE || octets != 6)
		return;
	e->supported_bits = bits;
	take_keys(e);
}

static void hear_response(struct ear *e, const struct chap_packet *chap, uint32_t source)
{
	struct auth_proof *proof = &e->proof;
	e->client = source;
	proof->identifier = chap->identifier;
	proof->method = chap->value_length != MSCHAP_VALUE            ? AUTH_CHAP_MD5
			: proof->challenge.length == MSCHAP_CHALLENGE ? AUTH_MSCHAP
								      : AUTH_MSCHAPV2;
	memcpy(proof->response.bytes, chap->value, chap->value_length);
	proof->response.length = chap->value_length;
	const size_t length = MIN_OF((size_t)chap->text_length, sizeof(proof->name) - 1);
	memcpy(proof->name, chap->text, length);
	proof->name[length] = 0;
	auth_verify(proof, e->password, strlen(e->password), &e->verdict);
}

static void hear_chap(struct ear *e, const struct packet *p, uint32_t source)
{
	struct chap_packet chap;
	if (!chap_decode(&chap, p->data, p->length))
		return;
	switch (chap.code) {
	case CHAP_CHALLENGE:
		memcpy(e->proof.challenge.bytes, chap.value, chap.value_length);
		e->proof.challenge.length = chap.value_length;
		break;
	case CHAP_RESPONSE:
		hear_response(e, &chap, source);
		break;
	case CHAP_SUCCESS:
		e->success = true;
		e->signature_is_right =
			e->verdict.message.length == MSCHAP_SIGNATURE &&
			chap.text_length >= MSCHAP_SIGNATURE &&
			!memcmp(chap.text, e->verdict.message.bytes, MSCHAP_SIGNATURE);
		take_keys(e);
		break;
	}
}

void ear_hear(struct ear *e, const struct pcap_item *item)
{
	struct packet p;
	struct gre_header header;
	uint16_t protocol;
	packet_reset(&p);
	if (item->length > packet_room(&p))
		return;
	memcpy(p.data, item->payload, item->length);
	p.length = item->length;
	if (!gre_pull(&p, &header)) {
		e->malformed++;
		return;
	}
	if (!p.length || !ppp_pull(&p, &protocol))
		return;
	struct ear_direction *d = item->source == e->client ? &e->from_client : &e->from_server;
	const bool repeated = e->keyed && gre_window_accept(&d->window, header.seq) != DROP_NONE;
	d->repeated += repeated;
	if (protocol == CHAP_PROTOCOL)
		hear_chap(e, &p, item->source);
	else if (protocol == PPP_CCP)
		hear_ccp(e, &p);
	else if (protocol == PPP_MPPE)
		hear_mppe(e, &p, d == &e->from_client, repeated);
}

unsigned ear_hear_all(struct ear *e, struct pcap *p)
{
	struct pcap_item item;
	unsigned heard = 0;
	while (pcap_next(p, &item))
		if (item.protocol == PCAP_GRE) {
			heard++;
			ear_hear(e, &item);
		}
	pcap_close(p);
	return heard;
}
