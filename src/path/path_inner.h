/* What the files of the path share. */
#pragma once
#include "path/path.h"

/* One packet on its way through a batch. */
struct path_entry {
	struct path_member *member;
	struct packet *packet;
	struct session_item item;
};

/* Runs MPPE over the entries, at most PATH_BATCH. */
void path_run(struct path *path, struct path_entry *entries, size_t count);

/* A turn of batches is over: what the port would not take or could not send is counted, what is wanted
 * is carried out. */
void path_rest(struct path *path);

/* receive.c: 0 or -ENOMEM. */
int path_receiving_init(struct path *path);
void path_receiving_fini(struct path *path);
void path_on_gre(void *context, uint32_t events);
/* Receives a batch of what the port has looked at; does so unless a batch was received in this turn of the
 * loop. */
void path_receive_waiting(struct path *path);
void path_end_receiving(struct path *path);

/* send.c: 0 or -ENOMEM. */
int path_sending_init(struct path *path);
void path_sending_fini(struct path *path);
void path_on_tun(void *context, uint32_t events);
/* Whether packets from the TUN device wait here; sends a batch of them; does so unless that was done in
 * this turn of the loop. */
bool path_has_waiting(const struct path *path);
void path_send_waiting(struct path *path);
void path_end_sending(struct path *path);
