#include "server/owner.h"

#include "base/base.h"
#include "ip/source.h"
#include "server/engine.h"

static struct path_member *path_of(struct member *member)
{
	return member ? &member->path : NULL;
}

static struct path_member *by_packet(void *context, uint16_t call_id, uint32_t source,
				     uint32_t destination)
{
	const struct engine *engine = context;
	(void)destination; /* all our addresses are one server's */
	return path_of(table_by_call(&engine->table, call_id, source));
}

static struct path_member *by_destination(void *context, const struct ip_view *view,
					  enum drop *drop)
{
	const struct engine *engine = context;
	struct member *member = NULL;
	*drop = DROP_IP_NO_SESSION;
	if (view->version == 4) {
		member = table_by_inner(&engine->table, view->destination);
		if (!member &&
		    (ipv4_is_multicast(view->destination) || ipv4_is_broadcast(view->destination)))
			*drop = DROP_IP_MULTICAST;
	} else if (ipv6_is_multicast(ipv6_destination(view))) {
		*drop = DROP_IP_MULTICAST;
	} else if (ipv6_is_link_local(ipv6_destination(view))) {
		member = table_by_interface(&engine->table, ipv6_destination(view) + 8);
	}
	return path_of(member);
}

static void touched(void *context, struct path_member *member)
{
	engine_touch(context, CONTAINER_OF(member, struct member, path));
}

static void drop_one(void *context, enum drop drop)
{
	engine_drop(context, drop);
}

static void perform(void *context)
{
	engine_perform(context);
	engine_report_drops(context);
}

const struct path_owner engine_owner = {
	.by_packet = by_packet,
	.by_destination = by_destination,
	.touched = touched,
	.drop = drop_one,
	.perform = perform,
};
