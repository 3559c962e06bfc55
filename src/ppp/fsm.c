#include "ppp/fsm.h"

#include <assert.h>

struct cell {
	uint16_t actions;
	uint8_t next;
};

/* Short names, so that a row of the table stays one line beside the RFC's. */
/* clang-format off */
enum {
	TLU = FSM_TLU, TLD = FSM_TLD, TLS = FSM_TLS, TLF = FSM_TLF, IRC = FSM_IRC, ZRC = FSM_ZRC,
	SCR = FSM_SCR, SCA = FSM_SCA, SCN = FSM_SCN, STR = FSM_STR, STA = FSM_STA, SCJ = FSM_SCJ, SER = FSM_SER,
};
#define NONE { FSM_IMPOSSIBLE, 0 }

/* RFC 1661 §4.1, left half; columns 0 Initial, 1 Starting, 2 Closed, 3 Stopped, 4 Closing, 5 Stopping. */
static const struct cell left[FSM_EVENTS][6] = {
/*                   0 Initial   1 Starting         2 Closed           3 Stopped                4 Closing   5 Stopping */
[FSM_UP]        = { {0, 2},     {IRC | SCR, 6},    NONE,              NONE,                    NONE,       NONE       },
[FSM_DOWN]      = { NONE,       NONE,              {0, 0},            {TLS, 1},                {0, 0},     {0, 1}     },
[FSM_OPEN]      = { {TLS, 1},   {0, 1},            {IRC | SCR, 6},    {0, 3},                  {0, 5},     {0, 5}     },
[FSM_CLOSE]     = { {0, 0},     {TLF, 0},          {0, 2},            {0, 2},                  {0, 4},     {0, 4}     },

[FSM_TO_PLUS]   = { NONE,       NONE,              NONE,              NONE,                    {STR, 4},   {STR, 5}   },
[FSM_TO_MINUS]  = { NONE,       NONE,              NONE,              NONE,                    {TLF, 2},   {TLF, 3}   },

[FSM_RCR_PLUS]  = { NONE,       NONE,              {STA, 2},          {IRC | SCR | SCA, 8},    {0, 4},     {0, 5}     },
[FSM_RCR_MINUS] = { NONE,       NONE,              {STA, 2},          {IRC | SCR | SCN, 6},    {0, 4},     {0, 5}     },
[FSM_RCA]       = { NONE,       NONE,              {STA, 2},          {STA, 3},                {0, 4},     {0, 5}     },
[FSM_RCN]       = { NONE,       NONE,              {STA, 2},          {STA, 3},                {0, 4},     {0, 5}     },

[FSM_RTR]       = { NONE,       NONE,              {STA, 2},          {STA, 3},                {STA, 4},   {STA, 5}   },
[FSM_RTA]       = { NONE,       NONE,              {0, 2},            {0, 3},                  {TLF, 2},   {TLF, 3}   },

[FSM_RUC]       = { NONE,       NONE,              {SCJ, 2},          {SCJ, 3},                {SCJ, 4},   {SCJ, 5}   },
[FSM_RXJ_PLUS]  = { NONE,       NONE,              {0, 2},            {0, 3},                  {0, 4},     {0, 5}     },
[FSM_RXJ_MINUS] = { NONE,       NONE,              {TLF, 2},          {TLF, 3},                {TLF, 2},   {TLF, 3}   },

[FSM_RXR]       = { NONE,       NONE,              {0, 2},            {0, 3},                  {0, 4},     {0, 5}     },
};

/* The right half; columns 6 Req-Sent, 7 Ack-Rcvd, 8 Ack-Sent, 9 Opened. */
static const struct cell right[FSM_EVENTS][4] = {
/*                   6 Req-Sent        7 Ack-Rcvd         8 Ack-Sent         9 Opened                */
[FSM_UP]        = { NONE,             NONE,              NONE,              NONE                    },
[FSM_DOWN]      = { {0, 1},           {0, 1},            {0, 1},            {TLD, 1}                },
[FSM_OPEN]      = { {0, 6},           {0, 7},            {0, 8},            {0, 9}                  },
[FSM_CLOSE]     = { {IRC | STR, 4},   {IRC | STR, 4},    {IRC | STR, 4},    {TLD | IRC | STR, 4}    },

[FSM_TO_PLUS]   = { {SCR, 6},         {SCR, 6},          {SCR, 8},          NONE                    },
[FSM_TO_MINUS]  = { {TLF, 3},         {TLF, 3},          {TLF, 3},          NONE                    },

[FSM_RCR_PLUS]  = { {SCA, 8},         {SCA | TLU, 9},    {SCA, 8},          {TLD | SCR | SCA, 8}    },
[FSM_RCR_MINUS] = { {SCN, 6},         {SCN, 7},          {SCN, 6},          {TLD | SCR | SCN, 6}    },
[FSM_RCA]       = { {IRC, 7},         {SCR, 6},          {IRC | TLU, 9},    {TLD | SCR, 6}          },
[FSM_RCN]       = { {IRC | SCR, 6},   {SCR, 6},          {IRC | SCR, 8},    {TLD | SCR, 6}          },

[FSM_RTR]       = { {STA, 6},         {STA, 6},          {STA, 6},          {TLD | ZRC | STA, 5}    },
[FSM_RTA]       = { {0, 6},           {0, 6},            {0, 8},            {TLD | SCR, 6}          },

[FSM_RUC]       = { {SCJ, 6},         {SCJ, 7},          {SCJ, 8},          {SCJ, 9}                },
[FSM_RXJ_PLUS]  = { {0, 6},           {0, 6},            {0, 8},            {0, 9}                  },
[FSM_RXJ_MINUS] = { {TLF, 3},         {TLF, 3},          {TLF, 3},          {TLD | IRC | STR, 5}    },

[FSM_RXR]       = { {0, 6},           {0, 7},            {0, 8},            {SER, 9}                },
};
/* clang-format on */

void fsm_init(struct fsm *f, const struct fsm_settings *settings)
{
	*f = (struct fsm){.settings = settings, .deadline_ms = UINT64_MAX};
}

/* The counter and the timer (RFC 1661 §4.4, §4.6). The timer runs in the states 4 to 8 alone. */
static void count_and_time(struct fsm *f, unsigned actions, uint64_t now_ms)
{
	if (actions & FSM_IRC)
		f->restart_count =
			actions & FSM_STR ? f->settings->max_terminate : f->settings->max_configure;
	if (actions & FSM_ZRC)
		f->restart_count = 0;
	if (actions & (FSM_SCR | FSM_STR) && f->restart_count)
		f->restart_count--;
	if (actions & (FSM_SCR | FSM_STR | FSM_ZRC))
		f->deadline_ms = now_ms + f->settings->restart_ms;
	if (f->state < FSM_CLOSING || f->state == FSM_OPENED)
		f->deadline_ms = UINT64_MAX;
}

unsigned fsm_step(struct fsm *f, enum fsm_event event, uint64_t now_ms)
{
	assert(event < FSM_EVENTS && f->state < FSM_STATES);
	struct cell cell =
		f->state < FSM_REQ_SENT ? left[event][f->state] : right[event][f->state - 6];
	if (cell.actions & FSM_IMPOSSIBLE)
		return FSM_IMPOSSIBLE;
	f->state = cell.next;
	count_and_time(f, cell.actions, now_ms);
	return cell.actions;
}

enum fsm_event fsm_timed_out(const struct fsm *f, uint64_t now_ms)
{
	if (now_ms < f->deadline_ms)
		return FSM_EVENTS;
	return f->restart_count ? FSM_TO_PLUS : FSM_TO_MINUS;
}

const char *fsm_state_name(enum fsm_state state)
{
	static const char *const names[FSM_STATES] = {
		"Initial",  "Starting", "Closed",   "Stopped",  "Closing",
		"Stopping", "Req-Sent", "Ack-Rcvd", "Ack-Sent", "Opened",
	};
	return names[state];
}
