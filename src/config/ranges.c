#include "config/ranges.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/base.h"

enum { ITEM_LIMIT = 256, ITEMS_LIMIT = 4096 }; /* letters of an item, items of a list */

void address_ranges_fini(struct address_ranges *ranges)
{
	free(ranges->ranges);
	*ranges = (struct address_ranges){0};
}

static void append(struct address_ranges *ranges, struct address_range range)
{
	struct address_range *grown =
		realloc(ranges->ranges, (ranges->length + 1) * sizeof(*grown));
	if (!grown)
		abort();
	ranges->ranges = grown;
	ranges->ranges[ranges->length++] = range;
	ranges->count += range.count;
}

/* One decimal number of at most `high`; false where none stands there. */
static bool take_number(const char **text, unsigned high, unsigned *value)
{
	const char *start = *text;
	*value = 0;
	while (**text >= '0' && **text <= '9' && *text - start < 4)
		*value = *value * 10 + (unsigned)(*(*text)++ - '0');
	return *text > start && *value <= high;
}

enum outcome { IS_NONE, IS_RANGE, IS_BACKWARD, IS_LONG };

/* Four octets, exactly one of them "lo-hi". */
static enum outcome octets_parse(const char *text, struct address_range *range)
{
	uint32_t address = 0;
	*range = (struct address_range){0};
	bool backward = false;
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned low, high;
		if (!take_number(&text, 255, &low))
			return IS_NONE;
		address |= low << shift;
		if (*text == '-') {
			text++;
			if (range->count || !take_number(&text, 255, &high))
				return IS_NONE;
			backward = high < low;
			range->step = 1u << shift;
			range->count = high - low + 1;
		}
		if (*text != (shift ? '.' : 0))
			return IS_NONE;
		text++;
	}
	range->first = address;
	if (backward)
		return IS_BACKWARD;
	return range->step ? IS_RANGE : IS_NONE;
}

/* "10.0.0.1-10.0.39.254" */
static enum outcome addresses_parse(const char *text, struct address_range *range)
{
	char first[ADDRESS_TEXT];
	const char *dash = strchr(text, '-');
	uint32_t last;
	if (!dash || dash - text >= ADDRESS_TEXT)
		return IS_NONE;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = 0;
	if (!address_parse(first, &range->first) || !address_parse(dash + 1, &last))
		return IS_NONE;
	if (last < range->first)
		return IS_BACKWARD;
	if (last - range->first >= ADDRESSES_LIMIT)
		return IS_LONG;
	range->step = 1;
	range->count = last - range->first + 1;
	return IS_RANGE;
}

static bool fail(char *why, size_t size, const char *format, const char *item)
{
	snprintf(why, size, format, item);
	return false;
}

static bool item_parse(struct address_ranges *ranges, const char *item, ranges_resolve *resolve,
		       void *context, char *why, size_t size)
{
	struct address_range range;
	uint32_t address;
	if (!*item)
		return fail(why, size, "an empty place in the list: expected an address%s", "");
	if (strpbrk(item, " \t"))
		return fail(why, size, "blank in '%s': expected a list without blanks", item);
	enum outcome outcome = octets_parse(item, &range);
	if (outcome == IS_NONE)
		outcome = addresses_parse(item, &range);
	if (outcome == IS_BACKWARD)
		return fail(why, size,
			    "'%s' runs backward: expected the lower number first, both in full",
			    item);
	if (outcome == IS_LONG)
		return fail(why, size, "'%s' is more than 1048576 addresses", item);
	if (outcome == IS_RANGE) {
		append(ranges, range);
		return true;
	}
	if (!address_parse(item, &address) &&
	    (!item[strspn(item, "0123456789.-")] || !resolve || !resolve(context, item, &address)))
		return fail(why, size,
			    "'%s' is no address, no range such as 192.168.0.234-238, and no host "
			    "name that is known",
			    item);
	append(ranges, (struct address_range){address, 1, 1});
	return true;
}

static bool list_parse(struct address_ranges *ranges, const char *text, ranges_resolve *resolve,
		       void *context, char *why, size_t size)
{
	for (;;) {
		size_t length = strcspn(text, ",");
		char item[ITEM_LIMIT];
		if (length >= sizeof(item))
			return fail(why, size, "an item of more than 255 letters%s", "");
		memcpy(item, text, length);
		item[length] = 0;
		if (!item_parse(ranges, item, resolve, context, why, size))
			return false;
		if (ranges->length > ITEMS_LIMIT || ranges->count > ADDRESSES_LIMIT)
			return fail(why, size, "more than 1048576 addresses in the list%s", "");
		if (!text[length])
			return true;
		text += length + 1;
	}
}

bool address_ranges_parse(struct address_ranges *ranges, const char *text, ranges_resolve *resolve,
			  void *context, char *why, size_t why_size)
{
	if (list_parse(ranges, text, resolve, context, why, why_size))
		return true;
	address_ranges_fini(ranges);
	return false;
}

uint32_t address_ranges_nth(const struct address_ranges *ranges, uint32_t n)
{
	for (size_t i = 0; i < ranges->length; i++) {
		const struct address_range *range = &ranges->ranges[i];
		if (n < range->count)
			return range->first + n * range->step;
		n -= range->count;
	}
	return 0;
}

static bool range_holds(const struct address_range *range, uint32_t address, uint32_t *n)
{
	uint32_t offset = address - range->first;
	assert(range->step); /* of every range that was parsed */
	if (address < range->first || offset % range->step || offset / range->step >= range->count)
		return false;
	*n = offset / range->step;
	return true;
}

bool address_ranges_find(const struct address_ranges *ranges, uint32_t address, uint32_t *n)
{
	uint32_t before = 0, place;
	for (size_t i = 0; i < ranges->length; i++) {
		if (range_holds(&ranges->ranges[i], address, &place)) {
			if (n)
				*n = before + place;
			return true;
		}
		before += ranges->ranges[i].count;
	}
	return false;
}

/* The first address in both; ranges with a step above 1
 * have at most 256 addresses, so the walk is short. */
static uint32_t range_common(const struct address_range *a, const struct address_range *b)
{
	uint32_t n;
	if (a->step == 1 && b->step == 1) {
		uint32_t first = MAX_OF(a->first, b->first);
		return range_holds(a, first, &n) && range_holds(b, first, &n) ? first : 0;
	}
	const struct address_range *walked = a->step > 1 ? a : b, *other = a->step > 1 ? b : a;
	for (uint32_t i = 0; i < walked->count; i++)
		if (range_holds(other, walked->first + i * walked->step, &n))
			return walked->first + i * walked->step;
	return 0;
}

uint32_t address_ranges_common(const struct address_ranges *a, const struct address_ranges *b)
{
	for (size_t i = 0; i < a->length; i++)
		for (size_t j = 0; j < b->length; j++) {
			uint32_t common = range_common(&a->ranges[i], &b->ranges[j]);
			if (common)
				return common;
		}
	return 0;
}

uint32_t address_ranges_repeated(const struct address_ranges *ranges)
{
	for (size_t i = 0; i < ranges->length; i++)
		for (size_t j = 0; j < i; j++) {
			uint32_t common = range_common(&ranges->ranges[i], &ranges->ranges[j]);
			if (common)
				return common;
		}
	return 0;
}

/* Adds text behind what stands in `to` already, cut to fit. */
static void add(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void add(char *to, size_t size, const char *format, ...)
{
	size_t length = strlen(to);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(to + length, size - length, format, arguments);
	va_end(arguments);
}

static void range_print(const struct address_range *range, char *to, size_t size)
{
	char first[ADDRESS_TEXT], last[ADDRESS_TEXT];
	uint32_t end = range->first + (range->count - 1) * range->step;
	if (range->count == 1) {
		add(to, size, "%s", address_print(range->first, first));
	} else if (range->step == 1 && (range->first ^ end) > 0xff) {
		add(to, size, "%s-%s", address_print(range->first, first),
		    address_print(end, last));
	} else {
		for (int shift = 24; shift >= 0; shift -= 8) {
			unsigned low = range->first >> shift & 0xff;
			add(to, size, "%u", low);
			if (range->step == 1u << shift)
				add(to, size, "-%u", low + range->count - 1);
			if (shift)
				add(to, size, ".");
		}
	}
}

const char *address_ranges_print(const struct address_ranges *ranges, char *to, size_t size)
{
	*to = 0;
	for (size_t i = 0; i < ranges->length; i++) {
		if (i)
			add(to, size, ",");
		range_print(&ranges->ranges[i], to, size);
	}
	return to;
}
