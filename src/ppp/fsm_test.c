#include "ppp/fsm.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

static const struct fsm_settings settings = {3000, 10, 2, 5};

/* RFC 1661 §4.1 as it is printed, written down here
 * once more by hand: states across, events down. */
/* clang-format off */
static const char *const printed[FSM_EVENTS][FSM_STATES] = {
/*         Initial  Starting     Closed       Stopped          Closing  Stopping  Req-Sent     Ack-Rcvd     Ack-Sent     Opened */
/* Up */   {"2",    "irc,scr/6", "-",         "-",             "-",     "-",      "-",         "-",         "-",         "-"},
/* Down */ {"-",    "-",         "0",         "tls/1",         "0",     "1",      "1",         "1",         "1",         "tld/1"},
/* Open */ {"tls/1","1",         "irc,scr/6", "3r",            "5r",    "5r",     "6",         "7",         "8",         "9r"},
/* Close */{"0",    "tlf/0",     "2",         "2",             "4",     "4",      "irc,str/4", "irc,str/4", "irc,str/4", "tld,irc,str/4"},
/* TO+ */  {"-",    "-",         "-",         "-",             "str/4", "str/5",  "scr/6",     "scr/6",     "scr/8",     "-"},
/* TO- */  {"-",    "-",         "-",         "-",             "tlf/2", "tlf/3",  "tlf/3p",    "tlf/3p",    "tlf/3p",    "-"},
/* RCR+ */ {"-",    "-",         "sta/2",     "irc,scr,sca/8", "4",     "5",      "sca/8",     "sca,tlu/9", "sca/8",     "tld,scr,sca/8"},
/* RCR- */ {"-",    "-",         "sta/2",     "irc,scr,scn/6", "4",     "5",      "scn/6",     "scn/7",     "scn/6",     "tld,scr,scn/6"},
/* RCA */  {"-",    "-",         "sta/2",     "sta/3",         "4",     "5",      "irc/7",     "scr/6x",    "irc,tlu/9", "tld,scr/6x"},
/* RCN */  {"-",    "-",         "sta/2",     "sta/3",         "4",     "5",      "irc,scr/6", "scr/6x",    "irc,scr/8", "tld,scr/6x"},
/* RTR */  {"-",    "-",         "sta/2",     "sta/3",         "sta/4", "sta/5",  "sta/6",     "sta/6",     "sta/6",     "tld,zrc,sta/5"},
/* RTA */  {"-",    "-",         "2",         "3",             "tlf/2", "tlf/3",  "6",         "6",         "8",         "tld,scr/6"},
/* RUC */  {"-",    "-",         "scj/2",     "scj/3",         "scj/4", "scj/5",  "scj/6",     "scj/7",     "scj/8",     "scj/9"},
/* RXJ+ */ {"-",    "-",         "2",         "3",             "4",     "5",      "6",         "6",         "8",         "9"},
/* RXJ- */ {"-",    "-",         "tlf/2",     "tlf/3",         "tlf/2", "tlf/3",  "tlf/3",     "tlf/3",     "tlf/3",     "tld,irc,str/5"},
/* RXR */  {"-",    "-",         "2",         "3",             "4",     "5",      "6",         "7",         "8",         "ser/9"},
};
/* clang-format on */

static unsigned action_named(const char *name)
{
	static const struct {
		const char *name;
		unsigned action;
	} names[] = {
		{"tlu", FSM_TLU}, {"tld", FSM_TLD}, {"tls", FSM_TLS}, {"tlf", FSM_TLF},
		{"irc", FSM_IRC}, {"zrc", FSM_ZRC}, {"scr", FSM_SCR}, {"sca", FSM_SCA},
		{"scn", FSM_SCN}, {"str", FSM_STR}, {"sta", FSM_STA}, {"scj", FSM_SCJ},
		{"ser", FSM_SER},
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strncmp(names[i].name, name, 3))
			return names[i].action;
	fail_msg("no action is called %s", name);
	return 0;
}

TEST(fsm_has_the_160_cells_of_rfc_1661)
{
	for (unsigned event = 0; event < FSM_EVENTS; event++)
		for (unsigned state = 0; state < FSM_STATES; state++) {
			const char *cell = printed[event][state], *slash = strchr(cell, '/');
			struct fsm f;
			fsm_init(&f, &settings);
			f.state = state;
			f.restart_count = 5;
			unsigned got = fsm_step(&f, event, 1000);
			if (*cell == '-') {
				assert_int_equal(got, FSM_IMPOSSIBLE);
				assert_int_equal(f.state, state);
				continue;
			}
			unsigned want = 0;
			for (const char *at = cell; slash && at < slash; at += 4)
				want |= action_named(at);
			if (got != want || (int)f.state != atoi(slash ? slash + 1 : cell))
				fail_msg("event %u in state %u: want %s, got %x/%d", event, state,
					 cell, got, f.state);
		}
}

TEST(fsm_asks_ten_times_and_gives_up)
{
	struct fsm f;
	fsm_init(&f, &settings);
	uint64_t now = 500;
	assert_int_equal(fsm_step(&f, FSM_OPEN, now), FSM_TLS);
	assert_int_equal(fsm_step(&f, FSM_UP, now), FSM_IRC | FSM_SCR);
	int requests = 1;
	for (;;) {
		assert_int_equal(f.deadline_ms, now + 3000);
		assert_int_equal(fsm_timed_out(&f, now + 2999), FSM_EVENTS);
		now += 3000;
		unsigned actions = fsm_step(&f, fsm_timed_out(&f, now), now);
		if (actions == FSM_TLF)
			break;
		assert_int_equal(actions, FSM_SCR);
		requests++;
	}
	assert_int_equal(requests, 10);
	assert_int_equal(f.state, FSM_STOPPED);
	assert_true(f.deadline_ms == UINT64_MAX);
}

TEST(fsm_says_goodbye_twice_and_gives_up)
{
	struct fsm f;
	fsm_init(&f, &settings);
	f.state = FSM_OPENED;
	assert_int_equal(fsm_step(&f, FSM_CLOSE, 0), FSM_TLD | FSM_IRC | FSM_STR);
	assert_int_equal(fsm_step(&f, fsm_timed_out(&f, 3000), 3000), FSM_STR);
	assert_int_equal(fsm_step(&f, fsm_timed_out(&f, 6000), 6000), FSM_TLF);
	assert_int_equal(f.state, FSM_CLOSED);
}

TEST(fsm_waits_one_period_after_the_peers_goodbye)
{
	struct fsm f;
	fsm_init(&f, &settings);
	f.state = FSM_OPENED;
	assert_int_equal(fsm_step(&f, FSM_RTR, 100), FSM_TLD | FSM_ZRC | FSM_STA);
	assert_int_equal(f.deadline_ms, 3100);
	assert_int_equal(fsm_timed_out(&f, 3100), FSM_TO_MINUS);
}

TEST(fsm_timer_stops_in_opened)
{
	struct fsm f;
	fsm_init(&f, &settings);
	f.state = FSM_STARTING;
	fsm_step(&f, FSM_UP, 0);
	fsm_step(&f, FSM_RCR_PLUS, 1);
	assert_int_equal(f.deadline_ms, 3000);
	assert_int_equal(fsm_step(&f, FSM_RCA, 2), FSM_IRC | FSM_TLU);
	assert_true(f.deadline_ms == UINT64_MAX);
	assert_string_equal(fsm_state_name(f.state), "Opened");
}
