#include "server/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/base.h"
#include "base/log.h"
#include "config/settings.h"
#include "io/clock.h"
#include "io/gre_io.h"

enum { LAST_LINES = 20, RATE_SPAN_MS = 1000 };

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* null where there is none. */
static json_t *address(uint32_t value)
{
	char text[ADDRESS_TEXT];
	return value ? json_string(address_print(value, text)) : json_null();
}

static json_t *addresses(const uint32_t *values, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		if (values[i])
			json_array_append_new(array, address(values[i]));
	return array;
}

json_t *answer_text(const char *text)
{
	char escaped[4 * 4200];
	json_t *plain = json_string(text);
	return plain ? plain
		     : json_string(text_escape(escaped, sizeof(escaped), text, strlen(text)));
}

static json_t *utc(int64_t at_s)
{
	char text[32];
	struct tm parts;
	time_t at = (time_t)at_s;
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &parts));
	return json_string(text);
}

static json_t *drops(const uint64_t *counts)
{
	json_t *object = json_object();
	for (unsigned drop = DROP_NONE + 1; drop < DROP_COUNT; drop++)
		if (counts[drop])
			set(object, drop_name((enum drop)drop), number(counts[drop]));
	return object;
}

/* ---- status ---- */

static json_t *status_sessions(const struct census *census, uint32_t sessions_max)
{
	json_t *object = json_object();
	for (unsigned state = SESSION_CALLING; state < SESSION_ENDED; state++)
		set(object, session_state_name((enum session_state)state),
		    number(census->sessions[state]));
	set(object, "max", number(sessions_max));
	return object;
}

static json_t *status_counters(const struct engine_counters *totals)
{
	json_t *object = json_object();
	for (size_t i = 0; i < COUNTERS; i++)
		set(object, counters[i].name, number(counter_value(&counters[i], totals)));
	return object;
}

static uint64_t per_second(uint64_t now, uint64_t before, uint64_t span_ms)
{
	return now > before ? (now - before) * 1000 / span_ms : 0;
}

/* Over the time since somebody last asked, if that is long
 * enough to tell anything, else since the time before. */
static json_t *status_rates(struct api *api, const struct engine_counters *totals)
{
	uint64_t now_ms = clock_now_ms();
	struct api_sample *older = &api->samples[0], *newer = &api->samples[1];
	if (!newer->at_ms)
		newer->at_ms = api->workers->started_ms;
	if (!older->at_ms)
		older->at_ms = api->workers->started_ms;
	const struct api_sample *from = now_ms - newer->at_ms >= RATE_SPAN_MS ? newer : older;
	uint64_t span_ms = MAX_OF(now_ms - from->at_ms, 1);
	const struct engine_counters *was = &from->totals;
	json_t *rates = json_pack("{sf}", "seconds", (double)span_ms / 1000);
	set(rates, "octets_in", number(per_second(totals->octets_in, was->octets_in, span_ms)));
	set(rates, "octets_out", number(per_second(totals->octets_out, was->octets_out, span_ms)));
	set(rates, "packets_in", number(per_second(totals->packets_in, was->packets_in, span_ms)));
	set(rates, "packets_out",
	    number(per_second(totals->packets_out, was->packets_out, span_ms)));
	if (from == newer) {
		*older = *newer;
		*newer = (struct api_sample){now_ms, *totals};
	}
	return rates;
}

/* Both files know `debug`: pptpd.conf's come first. */
static void add_setting(void *context, const char *keyword, const char *value)
{
	char again[64];
	snprintf(again, sizeof(again), "%s (options file)", keyword);
	set(context, json_object_get(context, keyword) ? again : keyword, answer_text(value));
}

static json_t *status_warnings(const struct api *api)
{
	json_t *array = json_array();
	for (size_t i = 0; i < api->warning_count; i++)
		json_array_append_new(array, answer_text(api->warnings[i]));
	char text[GRE_IO_WARNING];
	if (api->gre_io && gre_io_warning(api->gre_io, text))
		json_array_append_new(array, answer_text(text));
	return array;
}

static json_t *status_listen(const struct api *api, const struct settings *settings)
{
	enum { PPTP_PORT = 1723 };
	struct endpoint at = {settings->listen, PPTP_PORT};
	char ip[ADDRESS_TEXT], text[ADDRESS_TEXT + 8];
	if (api->listener)
		at = listener_endpoint(api->listener);
	snprintf(text, sizeof(text), "%s:%u", address_print(at.address, ip), at.port);
	return json_string(text);
}

static json_t *status_workers(const struct census *census, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct census_worker *worker = &census->workers[i];
		json_array_append_new(
			array, json_pack("{sosososo}", "sessions", number(worker->sessions),
					 "control_connections", number(worker->control_connections),
					 "packets_in", number(worker->packets_in), "packets_out",
					 number(worker->packets_out)));
	}
	return array;
}

json_t *answer_status(struct api *api)
{
	const struct workers *workers = api->workers;
	const struct settings *settings = api->settings(api->context);
	struct census census;
	if (!census_take(&census, api->workers))
		return NULL;
	const struct engine_counters *totals = &census.totals;
	uint64_t seconds = (clock_now_ms() - workers->started_ms) / 1000;
	uint64_t batches = totals->receive_calls;
	json_t *status = json_pack("{ss}", "version", POPTUN_VERSION);
	set(status, "pid", number((uint64_t)getpid()));
	set(status, "since", utc(time(NULL) - (int64_t)seconds));
	set(status, "seconds", number(seconds));
	set(status, "interface", answer_text(settings->interface));
	set(status, "listen", status_listen(api, settings));
	set(status, "sessions", status_sessions(&census, workers->sessions_max));
	set(status, "workers", status_workers(&census, workers->count));
	set(status, "control_connections", number(census.control_connections));
	set(status, "rates", status_rates(api, totals));
	set(status, "counters", status_counters(totals));
	set(status, "drops", drops(totals->drops));
	set(status, "receive_batch_mean",
	    json_real(batches ? (double)totals->receive_packets / (double)batches : 0));
	set(status, "super_segments", json_string(tun_supers_print(census.merges)));
	char kernels[RC4_PLAN_TEXT];
	set(status, "mppe_kernels", json_string(rc4_plan_print(&workers->plan, kernels)));
	char gre_io[GRE_IO_TEXT];
	if (api->gre_io)
		set(status, "gre_io", json_string(gre_io_print(api->gre_io, gre_io)));
	set(status, "warnings", status_warnings(api));
	json_t *config = json_object();
	settings_print(settings, add_setting, config);
	set(status, "config", config);
	return status;
}

/* ---- sessions ---- */

static uint64_t seconds_of(const struct engine *engine, const struct session *session)
{
	uint64_t since_ms = session->up_ms ? session->up_ms : session->started_ms;
	return since_ms ? (engine->loop->now_ms - since_ms) / 1000 : 0;
}

static const char *method_of(const struct session *session)
{
	const struct auth *auth = &session->link.authenticator;
	return auth_method_name(auth->state == AUTH_IDLE ? AUTH_NONE : auth->method);
}

static unsigned bits_of(const struct mppe_direction *direction)
{
	return direction->size == MPPE_128 ? 128 : direction->size == MPPE_56 ? 56 : 40;
}

/* "128 stateless"; "none" where packets go in the clear. */
static json_t *encryption_of(const struct session *session)
{
	const struct mppe_direction *send = &session->link.mppe.send;
	if (!session->link.mppe_on)
		return json_string("none");
	return json_sprintf("%u %s", bits_of(send), send->stateless ? "stateless" : "stateful");
}

json_t *answer_row(const struct engine *engine, const struct session *session)
{
	json_t *row = json_object();
	set(row, "id", number(session->id));
	set(row, "user", answer_text(session->user));
	set(row, "caller", address(session->caller.address));
	set(row, "called", address(session->called));
	set(row, "address", address(session->ipv4_up ? session->addresses.remote : 0));
	set(row, "state", json_string(session_state_name(session->state)));
	set(row, "seconds", number(seconds_of(engine, session)));
	set(row, "octets_in", number(session->account.octets_in));
	set(row, "octets_out", number(session->account.octets_out));
	set(row, "packets_in", number(session->account.packets_in));
	set(row, "packets_out", number(session->account.packets_out));
	set(row, "auth", json_string(method_of(session)));
	set(row, "mppe", encryption_of(session));
	return row;
}

/* A value of an option: LCP's shorts are sizes, IPCP's longs
 * are addresses, the rest is as the wire has it. */
static json_t *option_answer_of(const struct protocol *protocol, const struct option_value *value)
{
	char text[2 * OPTION_VALUE_MAX + 1] = "";
	if (!value->present)
		return json_null();
	if (!value->length)
		return json_true();
	if (protocol->kind->number == 0xc021 && value->length == 2)
		return number(option_number(value, 0));
	if (protocol->kind->number == 0x8021 && value->length == 4)
		return address(option_number(value, 0));
	for (size_t i = 0; i < value->length; i++)
		snprintf(text + 2 * i, 3, "%02x", value->bytes[i]);
	return json_string(text);
}

static json_t *protocol_answer(const struct protocol *protocol)
{
	const struct options *options = &protocol->options;
	json_t *ours = json_object(), *peers = json_object();
	for (size_t i = 0; i < options->count; i++) {
		set(ours, options->table[i].name, option_answer_of(protocol, &options->sent[i]));
		set(peers, options->table[i].name, option_answer_of(protocol, &options->peers[i]));
	}
	return json_pack("{sbsoso}", "opened", protocol_is_opened(protocol), "ours", ours, "peer",
			 peers);
}

static json_t *link_answer(const struct session *session)
{
	const struct link *link = &session->link;
	const struct protocol *all[] = {&link->lcp.protocol, &link->ccp.protocol,
					&link->ipcp.protocol, &link->ipv6cp.protocol};
	json_t *object = json_object();
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i]->kind)
			set(object, all[i]->kind->name, protocol_answer(all[i]));
	return object;
}

static json_t *gre_answer(const struct session *session)
{
	const struct gre_tunnel *gre = &session->gre;
	json_t *object = json_object();
	set(object, "call_id", number(session->call_id));
	set(object, "peer_call_id", number(gre->peer_call_id));
	set(object, "next_sequence", number(gre->next_seq));
	set(object, "newest_received",
	    gre->window.started ? number(gre->window.newest) : json_null());
	set(object, "acknowledged_by_peer",
	    gre->peer_acked_any ? number(gre->peer_acked) : json_null());
	set(object, "lost", number(gre->lost));
	set(object, "ecn", json_boolean(session->carries_ecn));
	return object;
}

static json_t *peer_answer(const struct engine *engine, const struct session *session)
{
	const struct line *line = engine_line(engine, session->connection);
	if (!line)
		return json_null();
	const struct control *control = &line->connection->control;
	return json_pack("{sosososiso}", "host", answer_text(control->peer_host), "vendor",
			 answer_text(control->peer_vendor), "port", number(session->caller.port),
			 "firmware", control->peer_firmware, "connection",
			 number(session->connection));
}

static void add_line(void *context, const struct recent_line *line)
{
	json_array_append_new(context, json_pack("{soso}", "at", utc(line->at_s), "line",
						 answer_text(line->text)));
}

static json_t *lines_of(const struct engine *engine, const struct session *session)
{
	json_t *lines = json_array();
	recent_each(&engine->recent, session->id, LAST_LINES, add_line, lines);
	return lines;
}

static void add_negotiated(json_t *answer, const struct session *session)
{
	const struct link *link = &session->link;
	bool lcp = link->lcp.protocol.kind && protocol_is_opened(&link->lcp.protocol);
	set(answer, "mru",
	    lcp ? number(option_number(&link->lcp.protocol.options.sent[LCP_MRU], LCP_MRU_DEFAULT))
		: json_null());
	set(answer, "peer_mru", lcp ? number(lcp_peer_mru(&link->lcp)) : json_null());
	set(answer, "mtu", lcp ? number(session_mtu(session)) : json_null());
	set(answer, "outer_mtu", number(session->outer_mtu));
	set(answer, "local_address", address(session->ipv4_up ? session->addresses.local : 0));
	set(answer, "ipv6", json_boolean(session->ipv6_up));
	set(answer, "dns", addresses(session->addresses.dns, COUNT_OF(session->addresses.dns)));
	set(answer, "wins", addresses(session->addresses.nbns, COUNT_OF(session->addresses.nbns)));
	set(answer, "mppe_resets_sent", number(link->mppe.resets_sent));
	set(answer, "mppe_resets_received", number(link->mppe.resets_received));
	set(answer, "negotiated", link_answer(session));
}

json_t *answer_session(const struct engine *engine, const struct session *session)
{
	json_t *answer = answer_row(engine, session);
	add_negotiated(answer, session);
	set(answer, "gre", gre_answer(session));
	set(answer, "peer", peer_answer(engine, session));
	set(answer, "drops", drops(session->drops));
	set(answer, "log", lines_of(engine, session));
	return answer;
}
