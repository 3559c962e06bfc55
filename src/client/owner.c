/* What the packet path asks of the dialer. */
#include "base/base.h"
#include "client/dialer.h"

static struct path_member *path_of(struct call *call)
{
	return call ? &call->path : NULL;
}

static struct path_member *by_packet(void *context, uint16_t call_id, uint32_t source,
				     uint32_t destination)
{
	struct dialer *dialer = context;
	struct call *call = dialer_call_by_packet(dialer, call_id, source, destination);
	/* The server's first Configure-Request follows its Outgoing-Call-Reply at once, and may be
	 * read before it: dropped, it would come again only after three seconds. */
	if (call && call->session->state == SESSION_CALLING)
		dialer_hear_line(dialer, call);
	return path_of(call);
}

static struct path_member *by_destination(void *context, const struct ip_view *view,
					  enum drop *drop)
{
	struct dialer *dialer = context;
	*drop = DROP_IP_NO_SESSION;
	return path_of(dialer->events->call_for(dialer->context, view));
}

/* The caller, who may be told now, ends no call before the batch is over. */
static void touched(void *context, struct path_member *member)
{
	struct dialer *dialer = context;
	bool was_performing = dialer->performing;
	dialer->performing = true;
	dialer_touch(dialer, CONTAINER_OF(member, struct call, path));
	dialer->performing = was_performing;
}

static void take(void *context, struct path_member *member, struct packet *p)
{
	struct dialer *dialer = context;
	bool was_performing = dialer->performing;
	dialer->performing = true;
	dialer->events->on_packet(dialer->context, CONTAINER_OF(member, struct call, path), p);
	dialer->performing = was_performing;
}

static void drop_one(void *context, enum drop drop)
{
	struct dialer *dialer = context;
	dialer->drops[drop]++;
}

static void perform(void *context)
{
	dialer_perform(context);
}

const struct path_owner dialer_owner = {
	.by_packet = by_packet,
	.by_destination = by_destination,
	.touched = touched,
	.drop = drop_one,
	.perform = perform,
	.take = take,
};

void dialer_send(struct dialer *dialer, struct call *call, struct packet *p)
{
	path_send(&dialer->path, &call->path, p);
}

void dialer_flush(struct dialer *dialer)
{
	path_settle(&dialer->path);
}
