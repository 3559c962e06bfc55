#include "tests/replay/wire.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "control/control.h"

enum { PPTP_PORT = 1723 };

static struct wire_stream *stream_of(struct wire *w, const struct pcap_item *item)
{
	for (size_t i = 0; i < w->count; i++) {
		struct wire_stream *s = &w->streams[i];
		if (s->source == item->source && s->destination == item->destination &&
		    s->source_port == item->source_port &&
		    s->destination_port == item->destination_port)
			return s;
	}
	if (w->count == WIRE_STREAMS_MAX)
		return NULL;
	struct wire_stream *s = &w->streams[w->count++];
	s->source = item->source;
	s->destination = item->destination;
	s->source_port = item->source_port;
	s->destination_port = item->destination_port;
	s->from_client = item->destination_port == PPTP_PORT;
	s->next_seq = item->tcp_seq;
	return s;
}

static void hear_message(struct wire_stream *s, const uint8_t *bytes, size_t length)
{
	struct control_message m;
	uint8_t again[CONTROL_MESSAGE_MAX];
	if (!control_decode(&m, bytes, length)) {
		s->broken = true;
		return;
	}
	s->changed |= control_encode(&m, again) != length || memcmp(again, bytes, length) != 0;
	const size_t used = strlen(s->types);
	snprintf(s->types + used, sizeof(s->types) - used, "%s%u", used ? "," : "",
		 (unsigned)m.type);
}

static void hear_portion(struct wire *w, struct wire_stream *s, const uint8_t *bytes, size_t octets)
{
	struct reader in = reader_of(bytes, octets);
	const uint8_t *message;
	size_t length;
	enum framer_answer answer;
	if (w->sink)
		w->sink(w->context, s, bytes, octets);
	while ((answer = framer_next(&s->framer, &in, &message, &length)) == FRAMER_MESSAGE)
		hear_message(s, message, length);
	s->broken |= answer != FRAMER_MORE;
}

void wire_hear_all(struct wire *w, struct pcap *p)
{
	struct pcap_item item;
	while (pcap_next(p, &item)) {
		if (item.protocol != PCAP_TCP || !item.length ||
		    (item.source_port != PPTP_PORT && item.destination_port != PPTP_PORT))
			continue;
		struct wire_stream *s = stream_of(w, &item);
		if (!s || item.tcp_seq != s->next_seq)
			continue;
		s->next_seq += (uint32_t)item.length;
		hear_portion(w, s, item.payload, item.length);
	}
	pcap_close(p);
}

const char *wire_print(const struct wire *w, char *to, size_t size)
{
	size_t used = 0;
	to[0] = 0;
	for (size_t i = 0; i < w->count && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, "%s%c%s", i ? " | " : "",
					 w->streams[i].from_client ? 'C' : 'S',
					 w->streams[i].types);
	return to;
}
