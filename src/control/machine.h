/* What control.c (the connection) and calls.c (its calls) want of each other; nobody else does. */
#pragma once
#include "control/control.h"

/* A handler of one message that is welcome in this state and role. */
typedef void control_handler(struct control *c, const struct control_message *m, uint64_t now_ms);

/* control.c */
void control_send(struct control *c, const struct control_message *m);
void control_close(struct control *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* calls.c */
control_handler call_on_outgoing_request, call_on_outgoing_reply, call_on_incoming_request,
	call_on_clear_request, call_on_disconnect_notify, call_on_wan_error_notify,
	call_on_set_link_info;
void calls_go_down(struct control *c, const char *reason);
void calls_take_leave(struct control *c); /* tells the peer of each call's end */
uint64_t calls_deadline(const struct control *c);
void calls_on_time(struct control *c, uint64_t now_ms);
