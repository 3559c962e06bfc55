/*
 * The automaton of RFC 1661 §4.1, as the RFC's own table. It knows states, the restart counter and
 * the restart timer, no packets: fsm_step answers with the set of actions of the table's cell, and
 * its owner (protocol.c) carries them out.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum fsm_state {
	FSM_INITIAL,
	FSM_STARTING,
	FSM_CLOSED,
	FSM_STOPPED,
	FSM_CLOSING,
	FSM_STOPPING,
	FSM_REQ_SENT,
	FSM_ACK_RCVD,
	FSM_ACK_SENT,
	FSM_OPENED,
	FSM_STATES
};

enum fsm_event {
	FSM_UP,
	FSM_DOWN,
	FSM_OPEN,
	FSM_CLOSE,
	FSM_TO_PLUS,  /* time-out, counter above 0 */
	FSM_TO_MINUS, /* time-out, counter expired */
	FSM_RCR_PLUS, /* Configure-Request that is acked */
	FSM_RCR_MINUS,
	FSM_RCA,
	FSM_RCN, /* Configure-Nak or -Reject */
	FSM_RTR,
	FSM_RTA,
	FSM_RUC,       /* unknown code */
	FSM_RXJ_PLUS,  /* a reject that can be lived with */
	FSM_RXJ_MINUS, /* one that cannot */
	FSM_RXR,       /* Echo and its kin */
	FSM_EVENTS
};

/* Actions, in the order in which they are carried out where a cell names several. */
enum fsm_action {
	FSM_TLD = 1 << 0, /* this layer down */
	FSM_IRC = 1 << 1, /* done by fsm_step itself, as is zrc */
	FSM_ZRC = 1 << 2,
	FSM_SCR = 1 << 3,
	FSM_STR = 1 << 4,
	FSM_SCA = 1 << 5,
	FSM_SCN = 1 << 6,
	FSM_STA = 1 << 7,
	FSM_SCJ = 1 << 8,
	FSM_SER = 1 << 9,
	FSM_TLU = 1 << 10,        /* this layer up */
	FSM_TLS = 1 << 11,        /* this layer started */
	FSM_TLF = 1 << 12,        /* this layer finished */
	FSM_IMPOSSIBLE = 1 << 13, /* the table's "-": nothing changed */
	FSM_LAYER = FSM_TLD | FSM_TLU | FSM_TLS | FSM_TLF,
};

/* Timers and counters of one control protocol (pppd: lcp-restart and so on). */
struct fsm_settings {
	uint32_t restart_ms;
	uint8_t max_configure, max_terminate, max_failure;
};

struct fsm {
	enum fsm_state state;
	const struct fsm_settings *settings; /* borrowed */
	uint8_t restart_count;
	uint64_t deadline_ms; /* of the restart timer; UINT64_MAX: it does not run */
};

/* Initial state, timer stopped. `settings` outlives *f. */
void fsm_init(struct fsm *f, const struct fsm_settings *settings);

/* One event: changes state, counter and timer, and returns the cell's actions (enum fsm_action). */
unsigned fsm_step(struct fsm *f, enum fsm_event event, uint64_t now_ms);

/* Which of the two time-out events is due; FSM_EVENTS where the timer has not run out. */
enum fsm_event fsm_timed_out(const struct fsm *f, uint64_t now_ms);

static inline bool fsm_is_opened(const struct fsm *f)
{
	return f->state == FSM_OPENED;
}

/* "Req-Sent" and so on, as the RFC prints them. */
const char *fsm_state_name(enum fsm_state state);
