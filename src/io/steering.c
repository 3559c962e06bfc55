#include "io/steering.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "base/writer.h"

_Static_assert(sizeof(struct destination) == 12, "as the program lays it out");

struct destination destination_ipv4(uint32_t address)
{
	struct destination to = {.version = 4};
	struct writer out = writer_of(to.id, sizeof(to.id));
	write_u32(&out, address);
	return to;
}

struct destination destination_ipv6(const uint8_t id[static 8])
{
	struct destination to = {.version = 6};
	memcpy(to.id, id, sizeof(to.id));
	return to;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	int got = (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
	return got < 0 ? -errno : got;
}

static int make_table(uint32_t destinations)
{
	union bpf_attr make = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = sizeof(struct destination),
		.value_size = sizeof(uint32_t),
		.max_entries = destinations,
		.map_flags = BPF_F_NO_PREALLOC,
	};
	return bpf(BPF_MAP_CREATE, &make);
}

/* clang-format off */
#define SET(to, value)       { BPF_ALU64 | BPF_MOV | BPF_K, (to), 0, 0, (value) }
#define COPY(to, from)       { BPF_ALU64 | BPF_MOV | BPF_X, (to), (from), 0, 0 }
#define ADD(to, value)       { BPF_ALU64 | BPF_ADD | BPF_K, (to), 0, 0, (value) }
#define SHIFT_RIGHT(to, by)  { BPF_ALU64 | BPF_RSH | BPF_K, (to), 0, 0, (by) }
#define LOAD(size, to, from) { BPF_LDX | (size) | BPF_MEM, (to), (from), 0, 0 }
#define STORE(place, value)  { BPF_ST | BPF_W | BPF_MEM, STACK, 0, (place), (value) }
#define TABLE(to, fd)        { BPF_LD | BPF_DW | BPF_IMM, (to), BPF_PSEUDO_MAP_FD, 0, (fd) }, { 0, 0, 0, 0, 0 }
#define CALL(function)       { BPF_JMP | BPF_CALL, 0, 0, 0, (function) }
#define RETURN               { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 }
/* Jumps stand at a place that they name: a wrong one overrides its neighbour, which is an error. */
#define GO(here, there)      [here] = { BPF_JMP | BPF_JA, 0, 0, (there) - (here) - 1, 0 }
#define IF(here, a, is, value, there) [here] = { BPF_JMP | (is) | BPF_K, (a), 0, (there) - (here) - 1, (value) }
/* Octets `at` and following of the packet, to a place on the stack; r0 is 0 where it has them. */
#define READ(at, place, length) \
	COPY(BPF_REG_1, BPF_REG_6), SET(BPF_REG_2, (at)), COPY(BPF_REG_3, STACK), \
	ADD(BPF_REG_3, (place)), SET(BPF_REG_4, (length)), CALL(BPF_FUNC_skb_load_bytes)
/* clang-format on */

/* The program of this table: its descriptor, or -errno. */
static int load_program(int table)
{
	enum { STACK = BPF_REG_10 };
	enum { FIRST = -16, KEY = -12, KEY_ID = -8 };        /* places on the stack */
	enum { VERSION = 0, ADDRESS = 16, IDENTIFIER = 32 }; /* places in the packet */
	enum { IPV6 = 25, LOOK = 33, NOWHERE = 41 };
	/* clang-format off */
	const struct bpf_insn program[] = {
		COPY(BPF_REG_6, BPF_REG_1),
		STORE(KEY_ID, 0),
		STORE(KEY_ID + 4, 0),
		READ(VERSION, FIRST, 1),
		IF(9, BPF_REG_0, BPF_JNE, 0, NOWHERE),
		COPY(BPF_REG_7, STACK),
		ADD(BPF_REG_7, FIRST),
		LOAD(BPF_B, BPF_REG_7, BPF_REG_7),
		SHIFT_RIGHT(BPF_REG_7, 4),
		IF(14, BPF_REG_7, BPF_JEQ, 6, IPV6),
		IF(15, BPF_REG_7, BPF_JNE, 4, NOWHERE),
		STORE(KEY, 4),
		READ(ADDRESS, KEY_ID, 4),
		IF(23, BPF_REG_0, BPF_JNE, 0, NOWHERE),
		GO(24, LOOK),
		[IPV6] = STORE(KEY, 6),
		READ(IDENTIFIER, KEY_ID, 8),
		IF(32, BPF_REG_0, BPF_JNE, 0, NOWHERE),
		[LOOK] = TABLE(BPF_REG_1, table),
		COPY(BPF_REG_2, STACK),
		ADD(BPF_REG_2, KEY),
		CALL(BPF_FUNC_map_lookup_elem),
		IF(38, BPF_REG_0, BPF_JEQ, 0, NOWHERE),
		LOAD(BPF_W, BPF_REG_0, BPF_REG_0),
		RETURN,
		[NOWHERE] = SET(BPF_REG_0, 0),
		RETURN,
	};
	/* clang-format on */
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insn_cnt = COUNT_OF(program),
		.insns = (uintptr_t)program,
		.license = (uintptr_t) "GPL",
	};
	return bpf(BPF_PROG_LOAD, &load);
}

static int explain(char *why, int error, const char *what)
{
	if (error == -EPERM || error == -EACCES)
		snprintf(why, WHY_SIZE,
			 "no right to %s (bpf(2)); start as root or with CAP_BPF (in a container: "
			 "--cap-add BPF)",
			 what);
	else if (error == -ENOSYS)
		snprintf(why, WHY_SIZE, "this kernel has no bpf(2)");
	else
		snprintf(why, WHY_SIZE, "the kernel would not %s: %s", what, strerror(-error));
	return error;
}

int steering_open(struct steering *steering, int tun_fd, uint32_t destinations,
		  char why[static WHY_SIZE])
{
	*steering = (struct steering){0};
	int table = make_table(destinations);
	if (table < 0)
		return explain(why, table, "make a table of destinations");
	int program = load_program(table), error = MIN_OF(program, 0);
	if (error) {
		explain(why, error, "load a program that chooses queues");
	} else if (ioctl(tun_fd, TUNSETSTEERINGEBPF, &program) < 0) {
		error = -errno;
		explain(why, error, "choose the TUN device's queues by a program");
	}
	if (program >= 0)
		close(program); /* the device holds it */
	if (error) {
		close(table);
		return error;
	}
	*steering = (struct steering){.table = table, .is_on = true};
	return 0;
}

void steering_close(struct steering *steering)
{
	if (steering->is_on)
		close(steering->table);
	*steering = (struct steering){0};
}

int steering_set(const struct steering *steering, struct destination destination, uint32_t queue)
{
	union bpf_attr set = {
		.map_fd = (uint32_t)steering->table,
		.key = (uintptr_t)&destination,
		.value = (uintptr_t)&queue,
		.flags = BPF_ANY,
	};
	return steering->is_on ? bpf(BPF_MAP_UPDATE_ELEM, &set) : 0;
}

int steering_remove(const struct steering *steering, struct destination destination)
{
	union bpf_attr remove = {
		.map_fd = (uint32_t)steering->table,
		.key = (uintptr_t)&destination,
	};
	return steering->is_on ? bpf(BPF_MAP_DELETE_ELEM, &remove) : 0;
}
