/*
 * One call's two directions: numbers and acknowledgements, RFC 2637 §4.2-4.4.
 *
 * The peer's Packet Receive Window is not obeyed: data is never held back for a missing
 * acknowledgement. Windows sends past any window and acknowledges late, Linux's pptp.ko sends no
 * bare acknowledgements at all, Cisco announces 16 packets and pptp-linux 3; a sender that waits
 * for them stands still, and nothing is ever sent again anyway: TCP inside does that. Our own
 * acknowledgements are punctual all the same, for the peers that do wait.
 */
#include "gre/gre.h"

void gre_tunnel_init(struct gre_tunnel *g, uint16_t peer_call_id)
{
	*g = (struct gre_tunnel){.peer_call_id = peer_call_id};
}

enum drop gre_on_data(struct gre_tunnel *g, uint32_t seq, uint64_t now_ms)
{
	uint32_t lost = gre_window_loss(&g->window, seq);
	enum drop drop = gre_window_accept(&g->window, seq);
	if (drop != DROP_NONE)
		return drop;
	g->lost += lost;
	if (!g->ack_owed) { /* the oldest debt sets the time: later data does not put it off */
		g->ack_owed = true;
		g->ack_due_ms = now_ms + GRE_ACK_DELAY_MS;
	}
	return DROP_NONE;
}

void gre_on_unproved(struct gre_tunnel *g, uint32_t seq, uint64_t now_ms)
{
	uint32_t ahead = seq - g->window.newest;
	if (!g->window.started || ahead <= GRE_CLEAR_STEP || ahead > INT32_MAX)
		gre_on_data(g, seq, now_ms);
}

bool gre_on_ack(struct gre_tunnel *g, uint32_t ack)
{
	/* Cisco acknowledges 0xffffffff before anything was sent: harmless, and ignored. */
	uint32_t back = g->next_seq - ack;
	bool was_sent = g->wrapped ? back - 1 < INT32_MAX : ack < g->next_seq;
	if (!was_sent)
		return false;
	if (!g->peer_acked_any || ack - g->peer_acked <= INT32_MAX)
		g->peer_acked = ack;
	g->peer_acked_any = true;
	return true;
}

void gre_send(struct gre_tunnel *g, struct packet *p)
{
	gre_push(p, &(struct gre_header){.call_id = g->peer_call_id,
					 .has_seq = true,
					 .seq = g->next_seq,
					 .has_ack = g->ack_owed,
					 .ack = g->window.newest});
	g->ack_owed = false;
	if (++g->next_seq == 0)
		g->wrapped = true;
}

bool gre_send_ack(struct gre_tunnel *g, struct packet *p)
{
	if (!g->ack_owed)
		return false;
	gre_push(p, &(struct gre_header){
			    .call_id = g->peer_call_id, .has_ack = true, .ack = g->window.newest});
	g->ack_owed = false;
	return true;
}

uint64_t gre_deadline(const struct gre_tunnel *g)
{
	return g->ack_owed ? g->ack_due_ms : UINT64_MAX;
}
