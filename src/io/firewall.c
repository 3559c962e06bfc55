#include "io/firewall.h"

#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* Text that grows in a bounded buffer and remembers that it did not fit. */
struct text {
	char *start;
	size_t size, length;
};

static struct text text_of(char *start, size_t size)
{
	return (struct text){.start = start, .size = size};
}

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	if (text->length >= text->size)
		return;
	va_list arguments;
	va_start(arguments, format);
	int more =
		vsnprintf(text->start + text->length, text->size - text->length, format, arguments);
	va_end(arguments);
	text->length += more < 0 ? text->size : (size_t)more;
}

bool firewall_interface_is_usable(const char *name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strlen(name);
	return length && length < IFNAMSIZ && strspn(name, letters) == length &&
	       strcmp(name, ".") && strcmp(name, "..");
}

const char *firewall_table(const char *interface, char name[static FIREWALL_TABLE_NAME])
{
	bool usual = strcmp(interface, "pptp0") == 0;
	snprintf(name, FIREWALL_TABLE_NAME, "poptun%s%.15s", usual ? "" : "_",
		 usual ? "" : interface);
	return name;
}

/* "table" makes it where it is missing, so that "delete" cannot fail. */
static void add_removal(struct text *text, const char *interface)
{
	char table[FIREWALL_TABLE_NAME];
	firewall_table(interface, table);
	add(text, "table inet %s\ndelete table inet %s\n", table, table);
}

static void add_chain(struct text *text, const char *name, const char *type, const char *hook,
		      const char *priority)
{
	add(text, "\tchain %s {\n\t\ttype %s hook %s priority %s; policy accept;\n", name, type,
	    hook, priority);
}

static void add_chain_end(struct text *text)
{
	add(text, "\t}\n");
}

/* "ip daddr 192.0.2.1 ", or nothing where any address will do. */
static void add_address(struct text *text, const char *field, uint32_t address)
{
	char printed[ADDRESS_TEXT];
	if (address)
		add(text, "ip %s %s ", field, address_print(address, printed));
}

static void add_input(struct text *text, const struct firewall_plan *plan)
{
	add_chain(text, "input", "filter", "input", "filter");
	add(text, "\t\t");
	add_address(text, "daddr", plan->listen);
	add(text, "tcp dport 1723 accept\n\t\t");
	add_address(text, "daddr", plan->listen);
	add(text, "ip protocol 47 accept\n");
	add_chain_end(text);
}

static void add_forward(struct text *text, const struct firewall_plan *plan)
{
	add_chain(text, "forward", "filter", "forward", "filter");
	add(text, "\t\tiifname \"%s\" accept\n\t\toifname \"%s\" accept\n", plan->interface,
	    plan->interface);
	add_chain_end(text);
}

/*
 * What the kernel says of itself, and would do harm. Packets from client to client turn round on the
 * interface: it would advise a shorter way which is not there. And while the GRE socket is full, it
 * tells callers that nobody here speaks the protocol (number 47 in the header that the message
 * quotes), which ends some clients' calls.
 */
static void add_output(struct text *text, const struct firewall_plan *plan)
{
	add_chain(text, "output", "filter", "output", "filter");
	add(text, "\t\toifname \"%s\" icmp type redirect drop\n\t\t", plan->interface);
	add_address(text, "saddr", plan->listen);
	add(text,
	    "icmp type destination-unreachable icmp code prot-unreachable @th,136,8 47 drop\n");
	add_chain_end(text);
}

/*
 * Our masquerade turns connection tracking on for all packets; the outer ones, GRE with PPP inside
 * and a key that tracking cannot pair, would only pay for it. Other GRE tunnels stay tracked.
 */
static void add_untracked(struct text *text, const struct firewall_plan *plan)
{
	static const char ppp_in_gre[] = "ip protocol 47 @th,16,16 0x880b ";
	add_chain(text, "untracked_in", "filter", "prerouting", "raw");
	add(text, "\t\t%s", ppp_in_gre);
	if (plan->listen)
		add_address(text, "daddr", plan->listen);
	else
		add(text, "fib daddr type local ");
	add(text, "notrack\n");
	add_chain_end(text);
	add_chain(text, "untracked_out", "filter", "output", "raw");
	add(text, "\t\t%s", ppp_in_gre);
	add_address(text, "saddr", plan->listen);
	add(text, "notrack\n");
	add_chain_end(text);
}

static bool span_is_private(struct address_span range)
{
	return address_is_private(range.first) && address_is_private(range.last);
}

static bool is_masqueraded(const struct firewall_plan *plan, struct address_span range)
{
	return plan->nat == NAT_ON || (plan->nat == NAT_AUTO && span_is_private(range));
}

/*
 * By source for the pool; by interface for clients with an address of their own, which kernels know
 * here since 5.7.
 */
static void add_masquerade(struct text *text, const struct firewall_plan *plan)
{
	char first[ADDRESS_TEXT], last[ADDRESS_TEXT];
	add_chain(text, "postrouting", "nat", "postrouting", "srcnat");
	add(text, "\t\toifname { \"%s\", \"lo\" } accept\n", plan->interface);
	for (size_t i = 0; i < plan->present_count; i++)
		add(text, "\t\tip daddr %s/%u accept\n",
		    address_print(plan->present[i].address, first), plan->present[i].length);
	for (size_t i = 0; i < plan->pool_count; i++)
		if (is_masqueraded(plan, plan->pool[i]))
			add(text, "\t\tip saddr %s-%s masquerade\n",
			    address_print(plan->pool[i].first, first),
			    address_print(plan->pool[i].last, last));
	add(text, "\t\tiifname \"%s\" %smasquerade\n", plan->interface,
	    plan->nat == NAT_ON
		    ? "meta nfproto ipv4 "
		    : "ip saddr { 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16 } ");
	add_chain_end(text);
}

bool firewall_text(const struct firewall_plan *plan, char *text, size_t size)
{
	struct text out = text_of(text, size);
	char table[FIREWALL_TABLE_NAME];
	add_removal(&out, plan->interface);
	add(&out, "table inet %s {\n", firewall_table(plan->interface, table));
	add_input(&out, plan);
	add_forward(&out, plan);
	add_output(&out, plan);
	if (!plan->track_gre)
		add_untracked(&out, plan);
	add_masquerade(&out, plan);
	add(&out, "}\n");
	return out.length < out.size;
}

bool firewall_removal_text(const char *interface, char *text, size_t size)
{
	struct text out = text_of(text, size);
	add_removal(&out, interface);
	return out.length < out.size;
}

bool firewall_is_needed(const struct firewall_plan *plan)
{
	for (size_t i = 0; i < plan->pool_count; i++)
		if (is_masqueraded(plan, plan->pool[i]))
			return true;
	return plan->nat == NAT_ON;
}
