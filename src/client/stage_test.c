/* What is said of a call, and of its failure. */
#include "client/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

static struct failure failure(enum stage stage, enum link_end_reason reason, uint16_t error)
{
	return (struct failure){
		.stage = stage,
		.host = "vpn.example.org",
		.server = {0xcb007105, 1723},
		.why = "Connection refused",
		.end = {.reason = (uint8_t)reason, .auth_error = error, .text = "the text"},
		.gre_came = true,
		.gre_arrived = true,
		.waited_s = 10,
		.offer = AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_PAP),
		.user = "anna",
	};
}

TEST(a_failure_names_stage_cause_and_remedy_and_has_pppds_status)
{
	static const struct {
		enum stage stage;
		enum link_end_reason reason;
		uint16_t error;
		int status;
		bool lasting;
		const char *said[3];
	} rows[] = {
		{STAGE_TCP,
		 0,
		 0,
		 8,
		 false,
		 {"TCP to vpn.example.org (203.0.113.5) port 1723: Connection refused",
		  "firewall"}},
		{STAGE_CONTROL, 0, 0, 8, false, {"TCP stands, the control connection does not"}},
		{STAGE_CALL, LINK_END_PEER, 0, 16, false, {"control connection stands, the call"}},
		{STAGE_LCP, LINK_END_LCP, 0, 10, false, {"lcp failed", "the text"}},
		{STAGE_LCP,
		 LINK_END_PEER,
		 0,
		 10,
		 false,
		 {"perhaps it wants a login method other than ours (pap,mschapv2)", "--auth"}},
		{STAGE_LCP,
		 LINK_END_AUTH_METHOD,
		 0,
		 10,
		 true,
		 {"no login method of ours", "--auth"}},
		{STAGE_LOGIN,
		 LINK_END_AUTH_FAILED,
		 691,
		 19,
		 true,
		 {"login of anna: wrong user name or password", "691"}},
		{STAGE_LOGIN,
		 LINK_END_AUTH_FAILED,
		 648,
		 19,
		 true,
		 {"login of anna: the password has "
		  "expired"}},
		{STAGE_LOGIN, LINK_END_AUTH_FAILED, 647, 19, true, {"disabled"}},
		{STAGE_LOGIN, LINK_END_AUTH_TIMEOUT, 0, 19, false, {"did not answer in time"}},
		{STAGE_ENCRYPTION,
		 LINK_END_MPPE,
		 0,
		 10,
		 true,
		 {"no agreement on encryption", "--mppe"}},
		{STAGE_ADDRESS, LINK_END_NETWORK, 0, 10, false, {"address failed"}},
		{STAGE_ADDRESS, LINK_END_PEER, 0, 10, false, {"address failed", "the text"}},
		{STAGE_UP,
		 LINK_END_PEER,
		 0,
		 16,
		 false,
		 {"the link ended (peer hung up): the text"}},
		{STAGE_UP, LINK_END_ECHO, 0, 15, false, {"the link ended"}},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[1024];
		struct failure f = failure(rows[i].stage, rows[i].reason, rows[i].error);
		failure_print(&f, text, sizeof(text));
		for (size_t k = 0; k < 3 && rows[i].said[k]; k++)
			assert_non_null(strstr(text, rows[i].said[k]));
		assert_int_equal(failure_status(&f), rows[i].status);
		assert_int_equal(failure_is_lasting(&f), rows[i].lasting);
	}
}

TEST(gre_that_never_came_is_named_with_its_protocol)
{
	char text[1024];
	struct failure f = failure(STAGE_LCP, LINK_END_LCP, 0);
	f.gre_came = f.gre_arrived = false;
	failure_print(&f, text, sizeof(text));
	const char *said =
		"control connection stands, no GRE came back in 10 s: protocol 47 is blocked "
		"between here and vpn.example.org";
	assert_memory_equal(text, said, strlen(said));
	assert_int_equal(failure_status(&f), 10);
	f.gre_came = true;
	failure_print(&f, text, sizeof(text));
	assert_non_null(
		strstr(text, "protocol 47 is blocked on the way from here to vpn.example.org"));
	f.gre_errno = 1; /* EPERM */
	failure_print(&f, text, sizeof(text));
	assert_non_null(strstr(text, "this host does not let GRE out (Operation not permitted)"));
}

TEST(what_was_up_once_is_tried_again_and_what_we_ended_is_a_signals_end)
{
	struct failure f = failure(STAGE_LOGIN, LINK_END_AUTH_FAILED, 691);
	f.came_up = true;
	assert_false(failure_is_lasting(&f));
	f.from_us = true;
	assert_int_equal(failure_status(&f), 5);
}

TEST(sentences_end_with_their_buffer)
{
	for (size_t size = 1; size < 200; size++) {
		char text[200];
		memset(text, 'x', sizeof(text));
		struct failure f = failure(STAGE_LCP, LINK_END_AUTH_METHOD, 0);
		failure_print(&f, text, size);
		assert_true(strlen(text) < size);
	}
}
