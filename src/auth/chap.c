#include "auth/chap.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/reader.h"

enum { HEADER = 4, RESERVED = 8 };

bool chap_decode(struct chap_packet *p, const uint8_t *packet, size_t length)
{
	struct reader header = reader_of(packet, length);
	*p = (struct chap_packet){.code = read_u8(&header), .identifier = read_u8(&header)};
	uint16_t total = read_u16(&header);
	if (header.failed || total < HEADER)
		return false;
	struct reader in = read_part(&header, total - HEADER);
	if (p->code < CHAP_CHALLENGE || p->code > CHAP_FAILURE)
		return false;
	if (p->code == CHAP_CHALLENGE || p->code == CHAP_RESPONSE) {
		p->value_length = read_u8(&in);
		p->value = read_bytes(&in, p->value_length);
		if (p->value_length == 0)
			return false;
	}
	p->text_length = (uint16_t)in.left;
	p->text = read_bytes(&in, in.left);
	return !in.failed;
}

void chap_encode(const struct chap_packet *p, struct writer *out)
{
	size_t start = out->length;
	write_u8(out, p->code);
	write_u8(out, p->identifier);
	write_u16(out, 0);
	if (p->code == CHAP_CHALLENGE || p->code == CHAP_RESPONSE) {
		write_u8(out, p->value_length);
		write_bytes(out, p->value, p->value_length);
	}
	write_bytes(out, p->text, p->text_length);
	write_u16_at(out, start + 2, (uint16_t)(out->length - start));
}

bool mschap_response_decode(struct mschap_response *r, const uint8_t *value, size_t length)
{
	struct reader in = reader_of(value, length);
	read_copy(&in, r->lm, sizeof(r->lm));
	read_copy(&in, r->nt, sizeof(r->nt));
	r->use_nt = read_u8(&in);
	return !in.failed && in.left == 0;
}

void mschap_response_encode(const struct mschap_response *r, struct writer *out)
{
	write_bytes(out, r->lm, sizeof(r->lm));
	write_bytes(out, r->nt, sizeof(r->nt));
	write_u8(out, r->use_nt);
}

bool mschapv2_response_decode(struct mschapv2_response *r, const uint8_t *value, size_t length)
{
	struct reader in = reader_of(value, length);
	read_copy(&in, r->peer_challenge, sizeof(r->peer_challenge));
	read_bytes(&in, RESERVED);
	read_copy(&in, r->nt, sizeof(r->nt));
	r->flags = read_u8(&in);
	return !in.failed && in.left == 0;
}

void mschapv2_response_encode(const struct mschapv2_response *r, struct writer *out)
{
	write_bytes(out, r->peer_challenge, sizeof(r->peer_challenge));
	write_zeros(out, RESERVED);
	write_bytes(out, r->nt, sizeof(r->nt));
	write_u8(out, r->flags);
}

/* The decimal number that is the whole of `in`, at most `limit`. */
static bool decimal(struct reader in, uint32_t limit, uint32_t *number)
{
	*number = 0;
	if (in.left == 0 || in.left > 10) /* "need not be 10 digits" */
		return false;
	while (in.left) {
		uint32_t digit = (uint32_t)read_u8(&in) - '0';
		if (digit > MIN_OF(9, limit) || *number > (limit - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

static int hex_digit(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool failure_challenge(struct mschap_failure *f, struct reader in)
{
	if (in.left != 2 * MSCHAP_CHALLENGE && in.left != 2 * MSCHAPV2_CHALLENGE)
		return false;
	for (f->challenge_length = 0; in.left; f->challenge_length++) {
		int high = hex_digit(read_u8(&in)), low = hex_digit(read_u8(&in));
		if (high < 0 || low < 0)
			return false;
		f->challenge[f->challenge_length] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* One word "X=value". */
static bool failure_word(struct mschap_failure *f, struct reader word)
{
	uint8_t letter = read_u8(&word);
	if (read_u8(&word) != '=')
		return true;
	uint32_t number = 0;
	bool good = true;
	switch (letter) {
	case 'E':
		good = decimal(word, UINT16_MAX, &number) && number;
		f->error = (uint16_t)number;
		break;
	case 'R':
		good = decimal(word, 1, &number);
		f->retry = number;
		break;
	case 'C':
		good = failure_challenge(f, word);
		break;
	case 'V':
		good = decimal(word, UINT8_MAX, &number);
		f->version = (uint8_t)number;
		break;
	}
	return good;
}

bool mschap_failure_decode(struct mschap_failure *f, const uint8_t *text, size_t length)
{
	struct reader in = reader_of(text, length);
	*f = (struct mschap_failure){.version = 1}; /* RFC 2433 §8, where V= is missing */
	while (in.left) {
		if (in.left >= 2 && memcmp(in.next, "M=", 2) == 0) {
			f->message = in.next + 2;
			f->message_length = in.left - 2;
			break;
		}
		const uint8_t *blank = memchr(in.next, ' ', in.left);
		size_t word = blank ? (size_t)(blank - in.next) : in.left;
		if (!failure_word(f, read_part(&in, word)))
			return false;
		if (blank)
			read_u8(&in);
	}
	return f->error != 0;
}

void mschap_failure_encode(const struct mschap_failure *f, struct writer *out)
{
	char text[2 * MSCHAPV2_CHALLENGE + 32];
	int length = snprintf(text, sizeof(text), "E=%u R=%u", f->error, f->retry);
	write_bytes(out, text, (size_t)length);
	if (f->challenge_length)
		write_bytes(out, " C=", 3);
	for (size_t i = 0; i < f->challenge_length; i++) {
		snprintf(text, sizeof(text), "%02X", f->challenge[i]);
		write_bytes(out, text, 2);
	}
	length = snprintf(text, sizeof(text), " V=%u", f->version);
	write_bytes(out, text, (size_t)length);
}
