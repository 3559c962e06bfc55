/* IPv4 addresses in host order, as numbers, and their text. 0 is "none". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT = 16 }; /* "255.255.255.255" and its NUL */

struct endpoint {
	uint32_t address; /* IPv4, host order */
	uint16_t port;
};

/* Exactly four decimal octets; "1.2.3" and "1.2.3.4 " are refused. */
bool address_parse(const char *text, uint32_t *address);

/* Writes into `text` and returns it. */
const char *address_print(uint32_t address, char text[static ADDRESS_TEXT]);

/* The mask of a prefix of 0 to 32 bits, host order. */
static inline uint32_t address_mask(unsigned prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

/* RFC 1918's three ranges and RFC 6598's shared one:
 * addresses that need translation on their way out. */
bool address_is_private(uint32_t address);

/* Addresses from first to last, both among them; host order, first <= last. */
struct address_span {
	uint32_t first, last;
};

/* A network: `address` has no bit set behind the prefix. */
struct address_prefix {
	uint32_t address;
	unsigned length; /* 0 to 32 bits */
};

enum { PREFIX_COVER = 62 }; /* prefixes that the most awkward range needs */

/* Covers the range exactly with the fewest prefixes, in order of address. Returns their number. */
size_t address_cover(struct address_span range, struct address_prefix to[static PREFIX_COVER]);

static inline bool address_span_has(struct address_span range, uint32_t address)
{
	return address >= range.first && address <= range.last;
}

static inline struct address_span address_prefix_span(struct address_prefix prefix)
{
	return (struct address_span){prefix.address, prefix.address | ~address_mask(prefix.length)};
}
