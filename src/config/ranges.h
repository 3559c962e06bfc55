/*
 * An ordered list of IPv4 addresses as it is written in localip and remoteip: the n-th address of a
 * list is that of the n-th slot, so the order counts. All in host order.
 *
 *	list    := item ("," item)*     no blanks
 *	item    := address | host name | range
 *	range   := four octets, one of them "lo-hi"       192.168.0.234-238   192.168-170.1.5
 *	         | address "-" address                     10.0.0.1-10.0.39.254
 *
 * pptpd knows no range between two addresses.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESSES_LIMIT = 1 << 20 }; /* addresses in one item, at most */

/* first, first + step, … : `count` of them. */
struct address_range {
	uint32_t first, step, count;
};

struct address_ranges {
	struct address_range *ranges; /* owned */
	size_t length;                /* of `ranges` */
	uint32_t count;               /* addresses in all */
};

/* Asks for the address of a host name; false where there is none. */
typedef bool ranges_resolve(void *context, const char *name, uint32_t *address);

void address_ranges_fini(struct address_ranges *ranges);

/*
 * Reads a list into *ranges, which is empty before and on failure after. What is no address and no
 * range is asked of `resolve` as a host name (NULL: none is known). On failure false, and `why`
 * says what was found and what was expected.
 */
bool address_ranges_parse(struct address_ranges *ranges, const char *text, ranges_resolve *resolve,
			  void *context, char *why, size_t why_size);

/* The n-th address, from 0 on; 0 beyond the end. */
uint32_t address_ranges_nth(const struct address_ranges *ranges, uint32_t n);

/* Whether the address is in the list; *n (may be NULL) is then its first place. */
bool address_ranges_find(const struct address_ranges *ranges, uint32_t address, uint32_t *n);

/* The first address of `a` that is also in `b`; 0 where there is none. */
uint32_t address_ranges_common(const struct address_ranges *a, const struct address_ranges *b);

/* The first address that stands twice in the list; 0 where none does. */
uint32_t address_ranges_repeated(const struct address_ranges *ranges);

/* The list in words of the grammar above, cut to fit and ended by NUL. Returns `to`. */
const char *address_ranges_print(const struct address_ranges *ranges, char *to, size_t size);
