/*
 * What the two roles of the machine share; nobody outside of this room includes it. auth.c owns the
 * doors and calls the role; authenticator.c asks the other end to prove itself, peer.c proves us.
 */
#pragma once
#include "auth/auth.h"
#include "auth/chap.h"
#include "auth/pap.h"

enum { AUTH_PACKET_LIMIT = 4 + 1 + 255 + 1 + 255 }; /* octets of the longest packet that we send */

void authenticator_start(struct auth *a, uint64_t now_ms);
enum drop authenticator_on_pap(struct auth *a, const struct pap_packet *p);
enum drop authenticator_on_chap(struct auth *a, const struct chap_packet *p);
void authenticator_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms);
void authenticator_on_time(struct auth *a, uint64_t now_ms);

void peer_start(struct auth *a);
enum drop peer_on_pap(struct auth *a, const struct pap_packet *p);
enum drop peer_on_chap(struct auth *a, const struct chap_packet *p, uint64_t now_ms);
void peer_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms);
void peer_on_time(struct auth *a, uint64_t now_ms);

/* Puts AUTH_SEND with the packet. */
void auth_send_pap(struct auth *a, const struct pap_packet *p);
void auth_send_chap(struct auth *a, const struct chap_packet *p);

/* Puts AUTH_ASK with a->proof, and waits for nothing but the verdict. */
void auth_ask(struct auth *a, enum auth_question question);

/* Both final: stop the timers and wipe; AUTH_FAILED is put with `error`. */
void auth_enter_done(struct auth *a);
void auth_enter_refused(struct auth *a, uint16_t error);

/* Counts the patience with the other end from now on. */
void auth_set_patience(struct auth *a, uint64_t now_ms);

/* Octets of the challenge that `method` asks for; 0 where any number will do. */
size_t auth_challenge_length(enum auth_method method);
