/* Connections and sessions come, as fast as was asked for, and go again. */
#include <string.h>

#include "base/base.h"
#include "client/load.h"
#include "io/clock.h"

static uint32_t underway(const struct load *load)
{
	const struct load_options *o = load->options;
	uint64_t begun = MIN_OF((uint64_t)load->begun * o->calls_per_connection, o->sessions);
	return (uint32_t)(begun - load->came_up - load->failed);
}

/* ---- what becomes of a member ---- */

static void member_failed(struct load *load, struct member *member, enum stage stage,
			  const char *cause)
{
	member->state = MEMBER_OVER;
	load->moved_us = clock_now_us();
	if (load->interrupted)
		cause = "interrupted";
	load->failed++;
	failures_add(&load->failures, stage, cause);
}

static void member_up(struct load *load, struct member *member)
{
	member->state = MEMBER_UP;
	load->moved_us = member->since_us;
	member->up_at = load->up_count;
	load->up[load->up_count++] = (uint32_t)(member - load->members);
	load->came_up++;
	durations_add(&load->stages[STAGE_UP], member->since_us - member->group->began_us);
}

static void member_down(struct load *load, struct member *member)
{
	uint32_t last = load->up[--load->up_count];
	load->up[member->up_at] = last;
	load->members[last].up_at = member->up_at;
	member->state = MEMBER_OVER;
	load->moved_us = clock_now_us();
}

/* ---- setting up ---- */

static void begin_call(struct load *load, struct line *line, struct member *member)
{
	struct session_settings *settings = NULL;
	char name[CONNECT_NAME];
	if (strstr(load->options->user, "%d") && (settings = session_settings_new(LINK_CLIENT))) {
		const struct session_settings *model = load->settings;
		*settings = *model;
		settings->references = 1;
		settings->link.auth.our_name = settings->our_name;
		load_user(load->options->user, (uint32_t)(member - load->members) + 1, name,
			  sizeof(name));
		memset(settings->our_name, 0, sizeof(settings->our_name));
		memcpy(settings->our_name, name, strnlen(name, AUTH_NAME_LIMIT));
	}
	member->call = dialer_call(&load->dialer, line, settings, member);
	session_settings_unref(settings);
	if (!member->call) {
		member_failed(load, member, STAGE_CALL, "the connection takes no more calls");
		return;
	}
	member->state = MEMBER_CALLING;
	member->since_us = clock_now_us();
	member->group->calls++;
}

static void on_line_up(void *context, struct line *line)
{
	struct load *load = context;
	struct group *group = line->owner;
	uint64_t now_us = clock_now_us();
	durations_add(&load->stages[STAGE_TCP], line->connected_us - group->began_us);
	durations_add(&load->stages[STAGE_CONTROL], now_us - line->connected_us);
	for (uint32_t i = 0; i < group->count && load->phase == LOAD_CALLING; i++)
		begin_call(load, line, &load->members[group->first + i]);
	if (!group->calls)
		dialer_stop_line(&load->dialer, line, "no call came to be");
}

static void on_stage(void *context, struct call *call, enum stage before)
{
	struct load *load = context;
	struct member *member = call->owner;
	uint64_t now_us = clock_now_us();
	for (unsigned done = before; done < call->stage; done++) {
		durations_add(&load->stages[done], now_us - member->since_us);
		member->since_us = now_us;
	}
	if (call->stage == STAGE_UP && member->state == MEMBER_CALLING)
		member_up(load, member);
}

static uint32_t source_of(const struct load_options *o, uint32_t group)
{
	uint32_t spread = o->source.last - o->source.first;
	return spread == UINT32_MAX ? group : o->source.first + group % (spread + 1);
}

static void begin_group(struct load *load, uint32_t number)
{
	const struct load_options *o = load->options;
	struct group *group = &load->groups[number];
	int error;
	group->first = number * o->calls_per_connection;
	group->count = MIN_OF(o->calls_per_connection, o->sessions - group->first);
	group->began_us = clock_now_us();
	for (uint32_t i = 0; i < group->count; i++)
		load->members[group->first + i].group = group;
	group->line = dialer_open_line(&load->dialer, load->settings, load->server,
				       source_of(o, number), &error);
	if (group->line) {
		group->line->owner = group;
		load->open++;
		return;
	}
	for (uint32_t i = 0; i < group->count; i++)
		member_failed(load, &load->members[group->first + i], STAGE_TCP, strerror(-error));
}

void load_begin_due(struct load *load)
{
	const struct load_options *o = load->options;
	uint64_t due = pace_due(o->rate, clock_now_us() - load->phase_us, o->sessions);
	while (load->begun < load->group_count &&
	       (uint64_t)load->begun * o->calls_per_connection < due && underway(load) < o->at_once)
		begin_group(load, load->begun++);
}

/* ---- the end of them ---- */

static void on_call_over(void *context, struct call *call, const struct link_end *end)
{
	struct load *load = context;
	struct member *member = call->owner;
	struct group *group = member->group;
	const char *cause =
		*end->text ? end->text : link_end_name((enum link_end_reason)end->reason);
	if (member->state == MEMBER_CALLING) {
		member_failed(load, member, call->stage, cause);
	} else if (member->state == MEMBER_UP) {
		member_down(load, member);
		if (load->phase < LOAD_LEAVING) {
			load->lost++;
			failures_add(&load->failures, STAGE_UP, cause);
		}
	}
	member->call = NULL;
	if (!--group->calls && group->line)
		dialer_stop_line(&load->dialer, group->line, "the call is over");
}

static void on_line_down(void *context, struct line *line, enum stage reached, const char *why)
{
	struct load *load = context;
	struct group *group = line->owner;
	group->line = NULL;
	load->open--;
	load->leaving -= group->told;
	load->moved_us = clock_now_us();
	for (uint32_t i = 0; i < group->count; i++)
		if (load->members[group->first + i].state == MEMBER_WAITING)
			member_failed(load, &load->members[group->first + i], reached, why);
}

static void leave_group(struct load *load, struct group *group)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (load->members[group->first + i].call)
			dialer_close_call(&load->dialer, load->members[group->first + i].call,
					  "the load is over");
	if (group->line && !group->calls)
		dialer_stop_line(&load->dialer, group->line, "the load is over");
}

void load_leave_due(struct load *load)
{
	uint32_t calls = load->options->calls_per_connection;
	while (load->left < load->begun && load->leaving * calls < load->options->at_once) {
		struct group *group = &load->groups[load->left++];
		if (!group->line)
			continue;
		group->told = true;
		load->leaving++;
		leave_group(load, group);
	}
}

static void on_network(void *context, struct call *call, bool ipv4, bool up)
{
	(void)context;
	(void)call;
	(void)ipv4;
	(void)up;
}

const struct dialer_events load_events = {
	.on_line_up = on_line_up,
	.on_line_down = on_line_down,
	.on_stage = on_stage,
	.on_network = on_network,
	.on_call_over = on_call_over,
	.on_packet = load_packet,
};
